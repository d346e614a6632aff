use actix_web::web::Data;
use keyfold_wire::v1::{RecoveryFound, RecoveryLookup};

use crate::http::{State, answer::Answer, error::Refusal, incoming::Anonymous};

/// POST /v1/recovery
pub(super) async fn find(
    state: Data<State>,
    request: Anonymous<RecoveryLookup>,
) -> Result<Answer<RecoveryFound>, Refusal> {
    state.run(async move |services| Ok(Answer(services.recovery.find(&request.message).await?))).await
}
