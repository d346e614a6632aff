use actix_web::web::Data;
use keyfold_wire::v1::{Accepted, AppendEntry, Push};

use crate::http::{State, answer::Answer, error::Refusal, signed::FromDevice};

/// POST /v1/roster
pub(super) async fn append(state: Data<State>, request: FromDevice<AppendEntry>) -> Result<Answer<Accepted>, Refusal> {
    state.run(async move |services| Ok(Answer(services.chains.append(&request.caller(), request.message).await?))).await
}

/// POST /v1/commits
pub(super) async fn push(state: Data<State>, request: FromDevice<Push>) -> Result<Answer<Accepted>, Refusal> {
    state.run(async move |services| Ok(Answer(services.chains.push(&request.caller(), request.message).await?))).await
}
