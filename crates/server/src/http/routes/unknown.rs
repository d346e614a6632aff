use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use keyfold_wire::v1::ProblemCode;

use crate::http::error::Refusal;

/// No such route.
pub(super) async fn path() -> Result<HttpResponse, Refusal> {
    Err(Refusal::new(ProblemCode::NotFound, "there is no such route"))
}

/// A route that takes these methods and not this one (RFC 9110 §15.5.6).
pub(super) async fn method(takes: &'static str) -> HttpResponse {
    HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED).insert_header((header::ALLOW, takes)).finish()
}
