use std::sync::Arc;

use actix_web::{HttpResponse, web::Data};

use crate::{http::State, meters::InUse, process::ProcessUse};

/// GET /metrics, on a listener of its own: Prometheus's text format, version 0.0.4.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    let in_use = InUse {
        database_answers: state.database_answers().await,
        database: state.database.in_use(),
        bus_is_up: state.bus.is_up(),
        bus_waiting: state.bus.waiting(),
        connections: Arc::strong_count(&state.connections).saturating_sub(1),
        pulls: state.seats.pulls.in_use(),
        hints: state.seats.hints.in_use(),
        bodies: state.bodies.in_use(),
        process: ProcessUse::now(),
    };
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.meters.render(in_use))
}
