use std::sync::Arc;

use actix_web::web::Data;
use keyfold_vault::{Services, chains::Offer};
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

/// POST /v1/offers
pub(super) async fn offer(state: Data<State>, request: FromDevice<Offer>) -> Result<Answer<Accepted>, Refusal> {
    state.run(async move |services| Ok(Answer(services.chains.offer(&request.caller(), request.message).await?))).await
}

/// POST /v1/offers/end
pub(super) async fn end_offers(
    state: Data<State>,
    request: FromDevice<AppendEntry>,
) -> Result<Answer<Accepted>, Refusal> {
    let ends = async move |services: Arc<Services>| {
        Ok(Answer(services.chains.end_offers(&request.caller(), request.message).await?))
    };
    state.run(ends).await
}
