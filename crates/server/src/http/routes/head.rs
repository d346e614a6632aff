use actix_web::web::Data;

use crate::http::{State, answer::Encoded, error::Refusal, incoming::Nothing, signed::FromDevice};

/// GET /v1/head
pub(super) async fn poll(state: Data<State>, request: FromDevice<Nothing>) -> Result<Encoded, Refusal> {
    state.run(async move |services| Ok(Encoded(services.heads.poll(&request.caller()).await?))).await
}
