use std::{sync::Arc, time::Duration};

use keyfold_crypto::exact;
use keyfold_wire::{
    AccountId, EnrolmentId, TenantId,
    v1::{
        Accepted, EnrolmentCompletion, EnrolmentState, Heads, LeafBatch, LeafRequest, ProblemCode, Signed,
        TenantCompliance, TenantInvitation, TenantInvite, TenantMembership,
    },
};
use prost::Message;
use tokio::sync::Mutex;

use super::{
    Api, ApiError, Hints, PullStream,
    anonymous::{MAX_ANSWER, decode, request},
    session::Session,
};
use crate::{
    device::DeviceKeys,
    transport::{Answer, Method, TransportError},
};

/// Who calls.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) account: AccountId,
    pub(super) keys: Arc<DeviceKeys>,
}

/// The routes of a member: a session is opened when one is needed, and renewed when it ends.
pub struct MemberApi {
    api: Api,
    member: Member,
    session: Mutex<Option<Arc<Session>>>,
}

/// Where a pull begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFrom {
    /// Everything, from genesis and commit 1 on.
    Nothing,
    /// What came after these.
    Since {
        /// The last roster entry held.
        roster: u64,
        /// The last commit held.
        vault: u64,
        /// Without what the caller can fill in: see [`keyfold_ledger::brief`].
        brief: bool,
    },
    /// The vault as it was when the roster entry with this seq added the device, and all that came after.
    Snapshot(u64),
}

impl MemberApi {
    /// The API for one device of an account.
    #[must_use]
    pub fn new(api: Api, account: AccountId, keys: Arc<DeviceKeys>) -> Self {
        Self { api, member: Member { account, keys }, session: Mutex::new(None) }
    }

    /// The routes that need no session.
    #[must_use]
    pub const fn anonymous(&self) -> &Api {
        &self.api
    }

    /// GET /v1/head
    pub async fn head(&self) -> Result<Heads, ApiError> {
        self.call(Method::Get, "/v1/head", &[]).await
    }

    /// POST /v1/roster with the bytes of an `AppendEntry`.
    pub async fn append(&self, message: &[u8]) -> Result<Accepted, ApiError> {
        self.call(Method::Post, "/v1/roster", message).await
    }

    /// POST /v1/commits with the bytes of a `Push`.
    pub async fn push(&self, message: &[u8]) -> Result<Accepted, ApiError> {
        self.call(Method::Post, "/v1/commits", message).await
    }

    /// POST /v1/offers with the frames of a pull.
    pub async fn offer(&self, frames: &[u8]) -> Result<Accepted, ApiError> {
        self.call(Method::Post, "/v1/offers", frames).await
    }

    /// POST /v1/offers/end with the bytes of an `AppendEntry`, a rotation.
    pub async fn end_offers(&self, message: &[u8]) -> Result<Accepted, ApiError> {
        self.call(Method::Post, "/v1/offers/end", message).await
    }

    /// GET /v1/pull
    pub async fn pull(&self, from: PullFrom) -> Result<PullStream, ApiError> {
        let path = match from {
            PullFrom::Nothing => "/v1/pull".to_owned(),
            PullFrom::Since { roster, vault, brief } => {
                let brief = if brief { "&form=brief" } else { "" };
                format!("/v1/pull?roster_since={roster}&vault_since={vault}{brief}")
            }
            PullFrom::Snapshot(seq) => format!("/v1/pull?snapshot={seq}"),
        };
        let brief = matches!(from, PullFrom::Since { brief: true, .. });
        Ok(PullStream::new(self.exchange(Method::Get, &path, &[]).await?, brief))
    }

    /// GET /v1/hints
    pub async fn hints(&self) -> Result<Hints, ApiError> {
        Ok(Hints::new(self.exchange(Method::Get, "/v1/hints", &[]).await?))
    }

    /// GET /v1/enrolments?code=…
    pub async fn enrolment_by_code(&self, code: &str) -> Result<EnrolmentState, ApiError> {
        self.call(Method::Get, &format!("/v1/enrolments?code={code}"), &[]).await
    }

    /// GET /v1/enrolments/{id}: answers once the enrolment is past the step `known`, or after `wait`.
    pub async fn enrolment(&self, id: EnrolmentId, known: &str, wait: Duration) -> Result<EnrolmentState, ApiError> {
        let path = format!("/v1/enrolments/{id}?known={known}&wait={}", wait.as_secs());
        let answer = self.exchange_for(Method::Get, &path, &[], wait).await?;
        decode(&answer.read(MAX_ANSWER).await?)
    }

    /// POST /v1/enrolments/{id}/approval with the bytes of an `EnrolmentApproval`.
    pub async fn approve_enrolment(&self, id: EnrolmentId, approval: &[u8]) -> Result<(), ApiError> {
        self.tell(&format!("/v1/enrolments/{id}/approval"), approval).await
    }

    /// POST /v1/enrolments/{id}/completion
    pub async fn complete_enrolment(&self, id: EnrolmentId, last: &EnrolmentCompletion) -> Result<(), ApiError> {
        self.tell(&format!("/v1/enrolments/{id}/completion"), &last.encode_to_vec()).await
    }

    /// POST /v1/enrolments/{id}/failure: burns the enrolment.
    pub async fn fail_enrolment(&self, id: EnrolmentId) -> Result<(), ApiError> {
        self.tell(&format!("/v1/enrolments/{id}/failure"), &[]).await
    }

    /// POST /v1/invitations
    pub async fn invitation(&self, invite: &TenantInvite) -> Result<TenantInvitation, ApiError> {
        self.call(Method::Post, "/v1/invitations", &invite.encode_to_vec()).await
    }

    /// POST /v1/tenants/{tenant}/join
    pub async fn join(&self, tenant: TenantId, invite: &TenantInvite) -> Result<(), ApiError> {
        self.tell(&format!("/v1/tenants/{tenant}/join"), &invite.encode_to_vec()).await
    }

    /// GET /v1/tenants/{tenant}/membership
    pub async fn membership(&self, tenant: TenantId) -> Result<TenantMembership, ApiError> {
        let path = format!("/v1/tenants/{tenant}/membership");
        let answer = self.exchange(Method::Get, &path, &[]).await?.read(MAX_MEMBERSHIP).await?;
        exact::decode(&answer, MAX_MEMBERSHIP).map_err(|_| ApiError::BadAnswer("not the message that this route gives"))
    }

    /// POST /v1/tenants/{tenant}/posture
    pub async fn posture(&self, tenant: TenantId, report: &Signed) -> Result<TenantCompliance, ApiError> {
        self.call(Method::Post, &format!("/v1/tenants/{tenant}/posture"), &report.encode_to_vec()).await
    }

    /// POST /v1/tenants/{tenant}/leaves
    pub async fn leaves(&self, tenant: TenantId, request: &LeafRequest) -> Result<LeafBatch, ApiError> {
        let path = format!("/v1/tenants/{tenant}/leaves");
        let answer = self.exchange(Method::Post, &path, &request.encode_to_vec()).await?.read(MAX_LEAVES).await?;
        exact::decode(&answer, MAX_LEAVES).map_err(|_| ApiError::BadAnswer("not the message that this route gives"))
    }

    /// POST /v1/tenants/{tenant}/statements with the bytes of a signed statement.
    pub async fn state(&self, tenant: TenantId, statement: &[u8]) -> Result<(), ApiError> {
        self.tell(&format!("/v1/tenants/{tenant}/statements"), statement).await
    }

    /// POST /v1/tenants/{tenant}/exports
    pub async fn exported(&self, tenant: TenantId, record: &Signed) -> Result<(), ApiError> {
        self.tell(&format!("/v1/tenants/{tenant}/exports"), &record.encode_to_vec()).await
    }

    async fn tell(&self, path: &str, body: &[u8]) -> Result<(), ApiError> {
        self.exchange(Method::Post, path, body).await?.read(MAX_ANSWER).await?;
        Ok(())
    }

    async fn call<M: Message + Default>(&self, method: Method, path: &str, body: &[u8]) -> Result<M, ApiError> {
        decode(&self.exchange(method, path, body).await?.read(MAX_ANSWER).await?)
    }

    async fn exchange(&self, method: Method, path: &str, body: &[u8]) -> Result<Answer, ApiError> {
        self.exchange_for(method, path, body, Duration::ZERO).await
    }

    async fn exchange_for(&self, method: Method, path: &str, body: &[u8], wait: Duration) -> Result<Answer, ApiError> {
        let (mut attempt, mut renewed) = (0_u32, false);
        loop {
            attempt += 1;
            let session = self.session().await?;
            let mut request = request(method, path.to_owned(), body.to_vec(), wait);
            session.sign(&self.api, &mut request);
            match self.api.exchange(request).await {
                // The server forgot its key or its clock runs ahead: a new session, once.
                // Who was removed is shown by whom when it asks for one.
                Err(error) if wants_another_session(&error) && !renewed => {
                    *self.session.lock().await = None;
                    renewed = true;
                }
                // It has just opened a session for this device: another replica has yet to hear that it is a member.
                Err(error) if error.code() == Some(ProblemCode::NotAMember) => {
                    return Err(ApiError::BadAnswer("it opens a session and says that this device is no member"));
                }
                // The server closed the connection as the request was on its way: signed anew, it goes again.
                Err(ApiError::Transport(TransportError::Broken(_))) if attempt == 1 => {}
                Err(ApiError::Refused(refusal)) if attempt < MAX_ATTEMPTS => match pause(&refusal, attempt) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(ApiError::Refused(refusal)),
                },
                answered => return answered,
            }
        }
    }

    async fn session(&self) -> Result<Arc<Session>, ApiError> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref().filter(|session| session.is_good_at(self.api.now())) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::open(&self.api, &self.member).await?);
        *held = Some(Arc::clone(&session));
        Ok(session)
    }
}

fn wants_another_session(error: &ApiError) -> bool {
    matches!(error.code(), Some(ProblemCode::Unauthenticated | ProblemCode::NotAMember))
}

/// How long to wait before asking again; `None` if waiting does not help.
fn pause(refusal: &super::Refusal, attempt: u32) -> Option<Duration> {
    let asked = Duration::from_millis(refusal.retry_after);
    match refusal.code {
        ProblemCode::RateLimited | ProblemCode::Unavailable if asked <= MAX_PAUSE => {
            Some(asked.max(Duration::from_millis(100 << attempt)))
        }
        _ => None,
    }
}

/// Ten thousand RP ids of 26 bytes.
const MAX_MEMBERSHIP: usize = 320 * 1024;
/// 64 leaves and who issued them.
const MAX_LEAVES: usize = 96 * 1024;
const MAX_ATTEMPTS: u32 = 5;
const MAX_PAUSE: Duration = Duration::from_secs(10);
