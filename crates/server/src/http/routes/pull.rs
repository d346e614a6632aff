use actix_web::{HttpResponse, web::Data};
use futures_util::TryStreamExt;
use keyfold_vault::pull::Since;
use keyfold_wire::v1::ProblemCode;
use serde::Deserialize;

use crate::http::{State, answer::PROTOBUF, error::Refusal, incoming::Nothing, signed::FromDevice};

/// What the caller has already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    roster_since: Option<u64>,
    vault_since: Option<u64>,
    /// Seq of the roster entry by which the caller was added.
    snapshot: Option<u64>,
}

/// GET /v1/pull
pub(super) async fn pull(
    state: Data<State>,
    request: FromDevice<Nothing, Parameters>,
) -> Result<HttpResponse, Refusal> {
    let frames = state.services.pulls.pull(&request.caller(), request.query.since()?).await?;
    let frames = frames.map_err(Refusal::from).map_err(actix_web::Error::from);
    Ok(HttpResponse::Ok().content_type(PROTOBUF).streaming(frames))
}

impl Parameters {
    fn since(&self) -> Result<Since, Refusal> {
        match (self.roster_since, self.vault_since, self.snapshot) {
            (None, None, None) => Ok(Since::Nothing),
            (Some(roster), Some(vault), None) => Ok(Since::Heads { roster, vault }),
            (None, None, Some(seq)) => Ok(Since::AddedBy(seq)),
            _ => Err(Refusal::new(
                ProblemCode::Malformed,
                "a pull takes roster_since and vault_since together, or snapshot, or neither",
            )),
        }
    }
}
