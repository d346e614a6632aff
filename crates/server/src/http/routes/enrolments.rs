use std::time::Duration;

use actix_web::web::{Data, Path};
use keyfold_vault::storage::EnrolmentStep;
use keyfold_wire::{
    EnrolmentId,
    v1::{BeginEnrolment, BegunEnrolment, EnrolmentState, ProblemCode},
};
use serde::Deserialize;
use tokio::time::sleep;

use crate::http::{
    State,
    answer::{Answer, Done, LONGEST_WAIT},
    error::Refusal,
    incoming::{Anonymous, Exact, Nothing},
    signed::FromDevice,
};

/// POST /v1/enrolments
pub(super) async fn begin(
    state: Data<State>,
    request: Anonymous<BeginEnrolment>,
) -> Result<Answer<BegunEnrolment>, Refusal> {
    state.run(async move |services| Ok(Answer(services.enrolments.begin(&request.message).await?))).await
}

/// The name that a person typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
}

/// GET /v1/enrolments?code=…
pub(super) async fn find(
    state: Data<State>,
    request: FromDevice<Nothing, Code>,
) -> Result<Answer<EnrolmentState>, Refusal> {
    state
        .run(async move |services| Ok(Answer(services.enrolments.find(&request.caller(), &request.query.code).await?)))
        .await
}

/// How long to wait for news, and what is no news.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// Seconds.
    #[serde(default)]
    wait: u64,
    /// Absent: as it stands now.
    known: Option<Step>,
}

/// A step's name.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Begun,
    Approved,
    Opened,
    Completed,
}

/// GET /v1/enrolments/{id}: its id is what gives access, to the new device and to the approver.
pub(super) async fn state(
    state: Data<State>,
    id: Path<String>,
    request: Anonymous<Nothing, Wait>,
) -> Result<Answer<EnrolmentState>, Refusal> {
    let id = enrolment_id(&id)?;
    let wait = Duration::from_secs(request.query.wait).min(LONGEST_WAIT);
    let deadline = async {
        tokio::select! {
            () = sleep(wait) => {}
            () = state.stop() => {}
        }
    };
    let known = request.query.known.map(EnrolmentStep::from);
    Ok(Answer(state.services.enrolments.wait(id, known, deadline).await?))
}

/// POST /v1/enrolments/{id}/approval
pub(super) async fn approve(state: Data<State>, id: Path<String>, request: FromDevice<Exact>) -> Result<Done, Refusal> {
    let id = enrolment_id(&id)?;
    state
        .run(async move |services| {
            services.enrolments.approve(&request.caller(), id, &request.message.0).await?;
            Ok(Done)
        })
        .await
}

/// POST /v1/enrolments/{id}/opening
pub(super) async fn open(state: Data<State>, id: Path<String>, request: Anonymous<Exact>) -> Result<Done, Refusal> {
    let id = enrolment_id(&id)?;
    state
        .run(async move |services| {
            services.enrolments.open(id, &request.message.0).await?;
            Ok(Done)
        })
        .await
}

/// POST /v1/enrolments/{id}/completion
pub(super) async fn complete(
    state: Data<State>,
    id: Path<String>,
    request: FromDevice<Exact>,
) -> Result<Done, Refusal> {
    let id = enrolment_id(&id)?;
    state
        .run(async move |services| {
            services.enrolments.complete(&request.caller(), id, &request.message.0).await?;
            Ok(Done)
        })
        .await
}

/// POST /v1/enrolments/{id}/failure
pub(super) async fn fail(state: Data<State>, id: Path<String>, _: Anonymous<Nothing>) -> Result<Done, Refusal> {
    let id = enrolment_id(&id)?;
    state
        .run(async move |services| {
            services.enrolments.fail(id).await?;
            Ok(Done)
        })
        .await
}

fn enrolment_id(text: &str) -> Result<EnrolmentId, Refusal> {
    text.parse().map_err(|_| Refusal::new(ProblemCode::NotFound, "there is no such enrolment"))
}

impl From<Step> for EnrolmentStep {
    fn from(step: Step) -> Self {
        match step {
            Step::Begun => Self::Begun,
            Step::Approved => Self::Approved,
            Step::Opened => Self::Opened,
            Step::Completed => Self::Completed,
        }
    }
}
