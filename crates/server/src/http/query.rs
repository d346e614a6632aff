use actix_web::{HttpRequest, web::Query};
use keyfold_wire::v1::ProblemCode;
use serde::{Deserialize, de::DeserializeOwned};

use super::error::Refusal;

/// What a route takes that has no query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// Reads a query strictly. What was wrong with it is not said: it may hold what opens something.
pub(super) fn query<Q: DeserializeOwned>(request: &HttpRequest) -> Result<Q, Refusal> {
    let parsed = Query::<Q>::from_query(request.query_string());
    parsed.map(Query::into_inner).map_err(|_| Refusal::new(ProblemCode::Malformed, "not a query that this route has"))
}
