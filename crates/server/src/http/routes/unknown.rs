use actix_web::{HttpResponse, http::StatusCode};
use keyfold_wire::v1::ProblemCode;

use crate::http::error::Refusal;

/// No such route.
pub(super) async fn path() -> Result<HttpResponse, Refusal> {
    Err(Refusal::new(ProblemCode::NotFound, "there is no such route"))
}

/// A route that does not take this method.
pub(super) async fn method() -> HttpResponse {
    HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED).finish()
}
