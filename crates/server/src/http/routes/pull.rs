use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream::try_unfold};
use keyfold_vault::{
    Caller,
    pull::{FrameStream, Since},
};
use keyfold_wire::v1::ProblemCode;
use serde::Deserialize;

use crate::http::{State, answer::PROTOBUF, error::Refusal, incoming::Nothing, lasting::Lasting, signed::FromDevice};

/// What the caller has already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    roster_since: Option<u64>,
    vault_since: Option<u64>,
    form: Option<Form>,
    /// Seq of the roster entry by which the caller was added.
    snapshot: Option<u64>,
}

/// How it wants it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// Without what it can fill in.
    Brief,
}

/// GET /v1/pull
pub(super) async fn pull(
    state: Data<State>,
    request: HttpRequest,
    signed: FromDevice<Nothing, Parameters>,
) -> Result<HttpResponse, Refusal> {
    let since = signed.query.since()?;
    let caller = signed.caller();
    let lasting = Lasting::begin(&state, &request, caller, LONGEST, &state.seats.pulls)?;
    let frames = state.run(async move |services| Ok(services.pulls.pull(&caller, since).await?)).await?;
    let pages = pages(state, caller, frames);
    Ok(HttpResponse::Ok().content_type(PROTOBUF).streaming(lasting.body(pages)))
}

/// Reads a page only for a member.
fn pages(state: Data<State>, caller: Caller, frames: FrameStream) -> impl Stream<Item = Result<Bytes, Refusal>> {
    try_unfold((state, frames), move |(state, mut frames)| async move {
        state.services.heads.poll(&caller).await?;
        Ok(frames.try_next().await?.map(|page| (page, (state, frames))))
    })
}

impl Parameters {
    fn since(&self) -> Result<Since, Refusal> {
        match (self.roster_since, self.vault_since, self.snapshot, self.form) {
            (None, None, None, None) => Ok(Since::Nothing),
            (Some(roster), Some(vault), None, form) => {
                Ok(Since::Heads { roster, vault, brief: matches!(form, Some(Form::Brief)) })
            }
            (None, None, Some(seq), None) => Ok(Since::AddedBy(seq)),
            _ => Err(Refusal::new(
                ProblemCode::Malformed,
                "a pull takes roster_since and vault_since together, and a form with them, or snapshot, or none of them",
            )),
        }
    }
}

/// The largest account, over a slow line. Whoever asked was let in, and is looked at again for each page.
const LONGEST: Duration = Duration::from_secs(3_600);
