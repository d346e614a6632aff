use actix_web::{HttpResponse, web::Data};

use crate::{http::State, meters::InUse};

/// GET /metrics, on a listener of its own: Prometheus's text format, version 0.0.4.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    let in_use = InUse {
        database_answers: state.database_answers().await,
        pulls: state.seats.pulls.in_use(),
        hints: state.seats.hints.in_use(),
        bodies: state.bodies.in_use(),
    };
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.meters.render(in_use))
}
