use actix_web::web::Data;
use keyfold_wire::v1::{Accepted, CreateAccount, Signed};

use crate::http::{
    State,
    answer::{Answer, Done, to_its_end},
    error::Refusal,
    incoming::Anonymous,
};

/// POST /v1/accounts
pub(super) async fn create(state: Data<State>, request: Anonymous<CreateAccount>) -> Result<Answer<Accepted>, Refusal> {
    to_its_end(async move { Ok(Answer(state.services.accounts.create(request.message).await?)) }).await
}

/// POST /v1/accounts/delete
pub(super) async fn delete(state: Data<State>, request: Anonymous<Signed>) -> Result<Done, Refusal> {
    to_its_end(async move {
        state.services.accounts.delete(&request.message).await?;
        Ok(Done)
    })
    .await
}
