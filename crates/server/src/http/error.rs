//! The one place where what a service refuses becomes an answer.
//!
//! The status of a [`Refusal`] follows from its code, as `device_api.proto` says. Storage failures are logged here and
//! told to nobody; every other detail is meant for the person at the device.

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use keyfold_assurance::{
    AuthorityUnavailable, TenantUnavailable, devices::DeviceError, leaves::LeavesRefused, members::MemberError,
    statements::StatementRefused, storage::StorageError as AssuranceStorageError,
};
use keyfold_vault::{
    AccountUnavailable, Clock, HeadError, LimitError, NotSigned, RecoveryError, SystemClock,
    accounts::{CreateAccountError, DeleteAccountError},
    chains::{AppendError, Behind, NotAnOffer, NotBehind, NotItsTurn, OfferError, PushError, Stale},
    enrolments::{AddDeviceRefused, EnrolmentError},
    exact::Malformed,
    pull::PullError,
    sessions::{OpenSessionError, RequestRefused},
    storage::StorageError,
};
use keyfold_wire::v1::{Heads, Problem, ProblemCode, Signed};
use prost::Message;

use super::answer::PROTOBUF;
use crate::rates::TooOften;

/// A request that was refused.
#[derive(Debug)]
pub struct Refusal {
    code: ProblemCode,
    detail: String,
    heads: Option<Box<Heads>>,
    removal: Option<Box<Signed>>,
    retry_after: Duration,
}

impl Refusal {
    pub(crate) fn new(code: ProblemCode, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string(), heads: None, removal: None, retry_after: Duration::ZERO }
    }

    pub(crate) fn later(detail: impl fmt::Display, retry_after: Duration) -> Self {
        Self { retry_after, ..Self::new(ProblemCode::RateLimited, detail) }
    }

    /// What the caller is told: the HTTP status, and the body.
    #[must_use]
    pub fn answer(&self) -> (u16, Problem) {
        let problem = Problem {
            code: self.code.into(),
            detail: self.detail.clone(),
            heads: self.heads.as_deref().cloned(),
            time: SystemClock.now(),
            removal: self.removal.as_deref().cloned(),
            retry_after: u64::try_from(self.retry_after.as_millis()).unwrap_or(u64::MAX),
        };
        (self.status_code().as_u16(), problem)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self.code {
            ProblemCode::Malformed => StatusCode::BAD_REQUEST,
            ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ProblemCode::Unauthenticated | ProblemCode::ClockSkew | ProblemCode::Replayed => StatusCode::UNAUTHORIZED,
            ProblemCode::NotAMember
            | ProblemCode::SignUpClosed
            | ProblemCode::InviteInvalid
            | ProblemCode::NotCompliant => StatusCode::FORBIDDEN,
            ProblemCode::NotFound => StatusCode::NOT_FOUND,
            ProblemCode::HeadMoved
            | ProblemCode::Behind
            | ProblemCode::NotBehind
            | ProblemCode::AccountExists
            | ProblemCode::EnrolmentStep => StatusCode::CONFLICT,
            ProblemCode::RuleBroken | ProblemCode::BadTime => StatusCode::UNPROCESSABLE_ENTITY,
            ProblemCode::QuotaExceeded => StatusCode::INSUFFICIENT_STORAGE,
            ProblemCode::RateLimited | ProblemCode::TooManyGuesses => StatusCode::TOO_MANY_REQUESTS,
            ProblemCode::EnrolmentEnded | ProblemCode::AccountDeleted => StatusCode::GONE,
            ProblemCode::Unavailable | ProblemCode::NotCertified => StatusCode::SERVICE_UNAVAILABLE,
            ProblemCode::Internal | ProblemCode::Unspecified => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (_, problem) = self.answer();
        let mut response = HttpResponse::build(self.status_code());
        if !self.retry_after.is_zero() {
            response.insert_header((header::RETRY_AFTER, self.retry_after.as_secs().saturating_add(1).to_string()));
        }
        response.content_type(PROTOBUF).body(problem.encode_to_vec())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // For the log, where a line is a line whatever a detail quotes.
        write!(f, "{}: {}", self.code.as_str_name(), self.detail.escape_debug())
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) => {
                tracing::error!(%error, "storage");
                Self::new(ProblemCode::Unavailable, "storage is not available; nothing is lost, try again")
            }
            StorageError::Damaged(_) => {
                tracing::error!(%error, "storage");
                Self::new(ProblemCode::Internal, "the server's database is damaged: tell its operator")
            }
        }
    }
}

impl From<AccountUnavailable> for Refusal {
    fn from(error: AccountUnavailable) -> Self {
        match error {
            AccountUnavailable::Unknown => Self::new(ProblemCode::NotFound, error),
            AccountUnavailable::Deleted => Self::new(ProblemCode::AccountDeleted, error),
            AccountUnavailable::Storage(error) => error.into(),
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        match error {
            Malformed::TooLong { .. } => Self::new(ProblemCode::TooLarge, error),
            Malformed::NotCanonical => Self::new(ProblemCode::Malformed, error),
        }
    }
}

impl From<TooOften> for Refusal {
    fn from(TooOften(wait): TooOften) -> Self {
        Self::later("too many requests", wait)
    }
}

impl From<Stale> for Refusal {
    fn from(error: Stale) -> Self {
        let refusal = Self::new(ProblemCode::HeadMoved, &error);
        Self { heads: Some(error.0), ..refusal }
    }
}

impl From<NotItsTurn> for Refusal {
    fn from(error: NotItsTurn) -> Self {
        Self::later(error, error.0)
    }
}

impl From<Behind> for Refusal {
    fn from(error: Behind) -> Self {
        let refusal = Self::new(ProblemCode::Behind, &error);
        Self { heads: Some(error.0), ..refusal }
    }
}

impl From<NotBehind> for Refusal {
    fn from(error: NotBehind) -> Self {
        let refusal = Self::new(ProblemCode::NotBehind, &error);
        Self { heads: Some(error.0), ..refusal }
    }
}

impl From<NotAnOffer> for Refusal {
    fn from(error: NotAnOffer) -> Self {
        match error {
            NotAnOffer::TooLarge => Self::new(ProblemCode::TooLarge, error),
            NotAnOffer::Frames => Self::new(ProblemCode::Malformed, error),
        }
    }
}

impl From<OfferError> for Refusal {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Form(_) => Self::new(ProblemCode::Malformed, error),
            OfferError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            OfferError::NotBehind(error) => error.into(),
            OfferError::Stale(error) => error.into(),
            OfferError::Receipt(_)
            | OfferError::OtherHeads
            | OfferError::Rule(_)
            | OfferError::Refused(_)
            | OfferError::Sealed(_)
            | OfferError::OtherEnvelope
            | OfferError::MissingEnvelope => Self::new(ProblemCode::RuleBroken, error),
            OfferError::BadTime => Self::new(ProblemCode::BadTime, error),
            OfferError::Limit(error) => error.into(),
            OfferError::Account(error) => error.into(),
            OfferError::Storage(error) => error.into(),
        }
    }
}

impl From<LimitError> for Refusal {
    fn from(error: LimitError) -> Self {
        let code = match error {
            LimitError::Changes(_) | LimitError::Envelope(_) | LimitError::Push(_) => ProblemCode::TooLarge,
            LimitError::Devices(_)
            | LimitError::Items(_)
            | LimitError::AccountBytes(_)
            | LimitError::RosterEntries(_) => ProblemCode::QuotaExceeded,
        };
        Self::new(code, error)
    }
}

impl From<RequestRefused> for Refusal {
    fn from(error: RequestRefused) -> Self {
        match error {
            RequestRefused::Unauthenticated | RequestRefused::Expired => Self::new(ProblemCode::Unauthenticated, error),
            RequestRefused::ClockSkew => Self::new(ProblemCode::ClockSkew, error),
            RequestRefused::Replayed => Self::new(ProblemCode::Replayed, error),
            RequestRefused::Busy => Self::later(error, Duration::from_secs(1)),
            RequestRefused::Storage(error) => error.into(),
        }
    }
}

impl From<OpenSessionError> for Refusal {
    fn from(error: OpenSessionError) -> Self {
        match error {
            OpenSessionError::Malformed(error) => error.into(),
            OpenSessionError::Field => Self::new(ProblemCode::Malformed, error),
            OpenSessionError::OtherServer(_) | OpenSessionError::Signature => {
                Self::new(ProblemCode::Unauthenticated, error)
            }
            OpenSessionError::ClockSkew => Self::new(ProblemCode::ClockSkew, error),
            OpenSessionError::Account(error) => error.into(),
            OpenSessionError::Removed(ref removal) => {
                let removal = Some(removal.clone());
                Self { removal, ..Self::new(ProblemCode::NotAMember, error) }
            }
            OpenSessionError::Replayed => Self::new(ProblemCode::Replayed, error),
            OpenSessionError::Storage(error) => error.into(),
        }
    }
}

impl From<CreateAccountError> for Refusal {
    fn from(error: CreateAccountError) -> Self {
        match error {
            CreateAccountError::Form(_) => Self::new(ProblemCode::Malformed, error),
            CreateAccountError::Rule(_)
            | CreateAccountError::OtherLogKey
            | CreateAccountError::Sealed(_)
            | CreateAccountError::NeverHere(_) => Self::new(ProblemCode::RuleBroken, error),
            CreateAccountError::BadTime => Self::new(ProblemCode::BadTime, error),
            CreateAccountError::Exists => Self::new(ProblemCode::AccountExists, error),
            CreateAccountError::Deleted => Self::new(ProblemCode::AccountDeleted, error),
            CreateAccountError::SignUpClosed => Self::new(ProblemCode::SignUpClosed, error),
            CreateAccountError::InviteInvalid => Self::new(ProblemCode::InviteInvalid, error),
            CreateAccountError::Storage(error) => error.into(),
        }
    }
}

impl From<DeleteAccountError> for Refusal {
    fn from(error: DeleteAccountError) -> Self {
        match error {
            DeleteAccountError::Malformed(error) => error.into(),
            DeleteAccountError::Field => Self::new(ProblemCode::Malformed, error),
            DeleteAccountError::Account(error) => error.into(),
            DeleteAccountError::HeadMoved(ref heads) => {
                let heads = Some(heads.clone());
                Self { heads, ..Self::new(ProblemCode::HeadMoved, error) }
            }
            DeleteAccountError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            DeleteAccountError::Signature => Self::new(ProblemCode::Unauthenticated, error),
            DeleteAccountError::BadTime => Self::new(ProblemCode::BadTime, error),
            DeleteAccountError::Storage(error) => error.into(),
        }
    }
}

impl From<HeadError> for Refusal {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Account(error) => error.into(),
            HeadError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            HeadError::Storage(error) => error.into(),
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Form(_) => Self::new(ProblemCode::Malformed, error),
            AppendError::Stale(error) => error.into(),
            AppendError::NotItsTurn(error) => error.into(),
            AppendError::Behind(error) => error.into(),
            AppendError::NotBehind(error) => error.into(),
            AppendError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            AppendError::NotARotation
            | AppendError::OtherAuthor
            | AppendError::OtherLogKey
            | AppendError::Rule(_)
            | AppendError::Sealed(_) => Self::new(ProblemCode::RuleBroken, error),
            AppendError::BadTime => Self::new(ProblemCode::BadTime, error),
            AppendError::Enrolment(error) => error.into(),
            AppendError::Limit(error) => error.into(),
            AppendError::Account(error) => error.into(),
            AppendError::Storage(error) => error.into(),
        }
    }
}

impl From<AddDeviceRefused> for Refusal {
    fn from(error: AddDeviceRefused) -> Self {
        match error {
            AddDeviceRefused::Ended => Self::new(ProblemCode::EnrolmentEnded, error),
            AddDeviceRefused::Step => Self::new(ProblemCode::EnrolmentStep, error),
            AddDeviceRefused::OtherTranscript => Self::new(ProblemCode::RuleBroken, error),
            AddDeviceRefused::Storage(error) => error.into(),
        }
    }
}

impl From<PushError> for Refusal {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Form(_) | PushError::ShortEnvelope => Self::new(ProblemCode::Malformed, error),
            PushError::Stale(error) => error.into(),
            PushError::NotItsTurn(error) => error.into(),
            PushError::Behind(error) => error.into(),
            PushError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            PushError::OtherAuthor | PushError::Envelopes | PushError::Rule(_) => {
                Self::new(ProblemCode::RuleBroken, error)
            }
            PushError::BadTime => Self::new(ProblemCode::BadTime, error),
            PushError::Limit(error) => error.into(),
            PushError::Account(error) => error.into(),
            PushError::Storage(error) => error.into(),
        }
    }
}

impl From<RecoveryError> for Refusal {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Field => Self::new(ProblemCode::Malformed, error),
            RecoveryError::Unknown => Self::new(ProblemCode::NotFound, error),
            RecoveryError::Storage(error) => error.into(),
        }
    }
}

impl From<PullError> for Refusal {
    fn from(error: PullError) -> Self {
        match error {
            PullError::Account(error) => error.into(),
            PullError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            PullError::NoSuchEntry(_) => Self::new(ProblemCode::NotFound, error),
            PullError::Storage(error) => error.into(),
        }
    }
}

impl From<EnrolmentError> for Refusal {
    fn from(error: EnrolmentError) -> Self {
        match error {
            EnrolmentError::Malformed(error) => error.into(),
            EnrolmentError::Field(_) => Self::new(ProblemCode::Malformed, error),
            EnrolmentError::Unknown => Self::new(ProblemCode::NotFound, error),
            EnrolmentError::Ended => Self::new(ProblemCode::EnrolmentEnded, error),
            EnrolmentError::Step => Self::new(ProblemCode::EnrolmentStep, error),
            EnrolmentError::Contradiction(_) => Self::new(ProblemCode::RuleBroken, error),
            EnrolmentError::RosterMoved(ref heads) => {
                let heads = Some(heads.clone());
                Self { heads, ..Self::new(ProblemCode::HeadMoved, error) }
            }
            EnrolmentError::NotAMember => Self::new(ProblemCode::NotAMember, error),
            EnrolmentError::TooManyGuesses => Self::new(ProblemCode::TooManyGuesses, error),
            EnrolmentError::Account(error) => error.into(),
            EnrolmentError::Storage(error) => error.into(),
        }
    }
}

impl From<NotSigned> for Refusal {
    fn from(error: NotSigned) -> Self {
        match error {
            NotSigned::Account(error) => error.into(),
            NotSigned::NotAMember => Self::new(ProblemCode::NotAMember, error),
            NotSigned::Signature(_) => Self::new(ProblemCode::Unauthenticated, error),
        }
    }
}

impl From<AssuranceStorageError> for Refusal {
    fn from(error: AssuranceStorageError) -> Self {
        match error {
            AssuranceStorageError::Unavailable(error) => StorageError::Unavailable(error).into(),
            AssuranceStorageError::Damaged(what) => StorageError::Damaged(what).into(),
        }
    }
}

impl From<TenantUnavailable> for Refusal {
    fn from(error: TenantUnavailable) -> Self {
        match error {
            TenantUnavailable::Unknown => Self::new(ProblemCode::NotFound, error),
            TenantUnavailable::Token(_) => keys_fail(&error),
            TenantUnavailable::Storage(error) => error.into(),
        }
    }
}

impl From<AuthorityUnavailable> for Refusal {
    fn from(error: AuthorityUnavailable) -> Self {
        match error {
            AuthorityUnavailable::Tenant(error) => error.into(),
            AuthorityUnavailable::NotCertified => {
                Self::new(ProblemCode::NotCertified, "the tenant gives no evidence now: tell its administrator")
            }
            AuthorityUnavailable::Storage(error) => error.into(),
            AuthorityUnavailable::Key(_)
            | AuthorityUnavailable::Leaf(_)
            | AuthorityUnavailable::Token(_)
            | AuthorityUnavailable::Random(_) => keys_fail(&error),
        }
    }
}

fn keys_fail(error: &dyn fmt::Display) -> Refusal {
    tracing::error!(%error, "a tenant's keys");
    Refusal::new(ProblemCode::Internal, "the server cannot use its keys: tell its operator")
}

impl From<MemberError> for Refusal {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::NoTenant => Self::new(ProblemCode::NotFound, error),
            MemberError::Name(_) => Self::new(ProblemCode::Malformed, error),
            MemberError::Invite => Self::new(ProblemCode::InviteInvalid, error),
            MemberError::NotSigned => Self::new(ProblemCode::RuleBroken, error),
            MemberError::NoMember | MemberError::NoDevice => Self::new(ProblemCode::NotAMember, error),
            MemberError::Random(_) => Self::new(ProblemCode::Internal, error),
            MemberError::Storage(error) => error.into(),
        }
    }
}

impl From<DeviceError> for Refusal {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::NoDevice => Self::new(ProblemCode::NotAMember, error),
            DeviceError::Posture(_) => Self::new(ProblemCode::Malformed, error),
            DeviceError::Storage(error) => error.into(),
        }
    }
}

impl From<LeavesRefused> for Refusal {
    fn from(error: LeavesRefused) -> Self {
        match error {
            LeavesRefused::NotCompliant(_) => Self::new(ProblemCode::NotCompliant, error),
            LeavesRefused::Count | LeavesRefused::Twice => Self::new(ProblemCode::Malformed, error),
            LeavesRefused::Possession(_) => Self::new(ProblemCode::RuleBroken, error),
            LeavesRefused::Full => Self::new(ProblemCode::QuotaExceeded, error),
            LeavesRefused::NoPlace => Self::new(ProblemCode::Unavailable, error),
            LeavesRefused::Random(_) => Self::new(ProblemCode::Internal, error),
            LeavesRefused::Device(error) => error.into(),
            LeavesRefused::Authority(error) => error.into(),
            LeavesRefused::Storage(error) => error.into(),
        }
    }
}

impl From<StatementRefused> for Refusal {
    fn from(error: StatementRefused) -> Self {
        match error {
            StatementRefused::Malformed(_) => Self::new(ProblemCode::Malformed, error),
            StatementRefused::NoDevice => Self::new(ProblemCode::NotAMember, error),
            StatementRefused::Full => Self::new(ProblemCode::QuotaExceeded, error),
            StatementRefused::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_of_the_log() {
        let refusal = Refusal::new(ProblemCode::Malformed, "a name\n2026-01-01 INFO forged");
        assert_eq!(refusal.to_string().lines().count(), 1);
    }
}
