use actix_web::web::Data;

use crate::http::{State, answer::Encoded, error::Refusal, incoming::Nothing, signed::FromDevice};

/// GET /v1/head
pub(super) async fn poll(state: Data<State>, request: FromDevice<Nothing>) -> Result<Encoded, Refusal> {
    let caller = request.caller();
    // Most are answered from memory, which nobody has to wait for.
    if let Some(known) = state.services.heads.known(&caller) {
        return Ok(Encoded(known?));
    }
    state.run(async move |services| Ok(Encoded(services.heads.poll(&caller).await?))).await
}
