use actix_web::web::Data;
use keyfold_wire::v1::{Accepted, AppendEntry, Push};

use crate::http::{
    State,
    answer::{Answer, to_its_end},
    error::Refusal,
    signed::FromDevice,
};

/// POST /v1/roster
pub(super) async fn append(state: Data<State>, request: FromDevice<AppendEntry>) -> Result<Answer<Accepted>, Refusal> {
    to_its_end(async move { Ok(Answer(state.services.chains.append(&request.caller(), request.message).await?)) }).await
}

/// POST /v1/commits
pub(super) async fn push(state: Data<State>, request: FromDevice<Push>) -> Result<Answer<Accepted>, Refusal> {
    to_its_end(async move { Ok(Answer(state.services.chains.push(&request.caller(), request.message).await?)) }).await
}
