use actix_web::web::Data;
use keyfold_wire::v1::{SessionOpened, Signed};

use crate::http::{State, answer::Answer, error::Refusal, incoming::Anonymous};

/// POST /v1/sessions
pub(super) async fn open(state: Data<State>, request: Anonymous<Signed>) -> Result<Answer<SessionOpened>, Refusal> {
    state.run(async move |services| Ok(Answer(services.sessions.open(&request.message).await?))).await
}
