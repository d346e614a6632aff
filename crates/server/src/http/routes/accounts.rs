use actix_web::web::Data;
use keyfold_wire::v1::{Accepted, CreateAccount, Signed};

use crate::http::{
    State,
    answer::{Answer, Done},
    error::Refusal,
    incoming::Anonymous,
};

/// POST /v1/accounts
pub(super) async fn create(state: Data<State>, request: Anonymous<CreateAccount>) -> Result<Answer<Accepted>, Refusal> {
    state.run(async move |services| Ok(Answer(services.accounts.create(request.message).await?))).await
}

/// POST /v1/accounts/delete
pub(super) async fn delete(state: Data<State>, request: Anonymous<Signed>) -> Result<Done, Refusal> {
    state
        .run(async move |services| {
            services.accounts.delete(&request.message).await?;
            Ok(Done)
        })
        .await
}
