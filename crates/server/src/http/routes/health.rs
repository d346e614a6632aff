use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::http::State;

/// GET /healthz: the process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// GET /readyz: the database answers too, and the server is not stopping.
pub(super) async fn ready(state: Data<State>) -> HttpResponse {
    if *state.stopping.borrow() {
        return not_ready("stopping");
    }
    if state.database_answers().await {
        HttpResponse::Ok().json(json!({ "status": "ready" }))
    } else {
        not_ready("the database does not answer")
    }
}

/// RFC 9457.
fn not_ready(detail: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("application/problem+json").body(
        json!({ "type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail }).to_string(),
    )
}
