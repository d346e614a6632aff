//! The one place where what the informed half refuses becomes an answer to programs that speak JSON.

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, Responder, ResponseError,
    http::{StatusCode, header},
};
use keyfold_assurance::{
    AuthorityUnavailable, TenantUnavailable, answers::AnswerError, devices::DeviceError,
    relying_parties::AccessRefused, reports::ReportRefused, statuses::NoStatusList, storage::StorageError,
    verdicts::VerdictError,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::error::Refusal, rates::TooOften};

/// A request that was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What is wrong: a URI that stays the same.
    #[serde(rename = "type")]
    #[schema(example = "urn:keyfold:problem:not-proved")]
    kind: String,
    /// The same in words that stay the same.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 403)]
    status: u16,
    /// What is wrong this time, for a person.
    detail: String,
    #[serde(skip)]
    retry_after: Duration,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    TooLarge,
    Unauthenticated,
    Insufficient,
    NotProved,
    NotFound,
    Method,
    MediaType,
    NonceUsed,
    KeyUsed,
    Refused,
    TooOften,
    NotCertified,
    Unavailable,
    Internal,
}

impl Kind {
    const fn told(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => ("malformed", "The request is not of its form", StatusCode::BAD_REQUEST),
            Self::TooLarge => ("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Unauthenticated => {
                ("unauthenticated", "The access token is missing or not valid", StatusCode::UNAUTHORIZED)
            }
            Self::Insufficient => ("insufficient-scope", "The client may not ask this", StatusCode::FORBIDDEN),
            Self::NotProved => ("not-proved", "The client has not proved to own this RP id", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            Self::Method => ("method", "The route does not take this method", StatusCode::METHOD_NOT_ALLOWED),
            Self::MediaType => ("media-type", "The body is not of this type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::NonceUsed => ("nonce-used", "The nonce was used before", StatusCode::CONFLICT),
            Self::KeyUsed => (
                "idempotency-key-used",
                "The idempotency key was sent with another request",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::Refused => ("ceremony-refused", "The response is refused", StatusCode::UNPROCESSABLE_ENTITY),
            Self::TooOften => ("too-often", "Too many requests", StatusCode::TOO_MANY_REQUESTS),
            Self::NotCertified => (
                "not-certified",
                "The tenant's root has certified no key that counts now",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::Unavailable => ("unavailable", "The server cannot answer now", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", "The server failed", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl fmt::Display) -> Self {
        let (name, title, status) = kind.told();
        let (kind, status) = (format!("urn:keyfold:problem:{name}"), status.as_u16());
        Self { kind, title, status, detail: detail.to_string(), retry_after: Duration::ZERO }
    }

    pub(super) fn no_tenant() -> Self {
        Self::new(Kind::NotFound, "there is no such tenant here")
    }
}

/// A route that takes these methods and not this one (RFC 9110 §15.5.6).
pub(super) async fn method(takes: &'static str) -> impl Responder {
    Problem::new(Kind::Method, "see /v1/openapi.json").customize().insert_header((header::ALLOW, takes))
}

/// No such route.
pub(super) async fn path() -> Problem {
    Problem::new(Kind::NotFound, "see /v1/openapi.json")
}

impl Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &actix_web::HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if !self.retry_after.is_zero() {
            answer.insert_header((header::RETRY_AFTER, self.retry_after.as_secs().saturating_add(1).to_string()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.content_type("application/problem+json").body(serde_json::to_string(self).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // For the log, where a line is a line whatever a detail quotes.
        write!(f, "{}: {}", self.kind, self.detail.escape_debug())
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::error!(%error, "storage");
        match error {
            StorageError::Unavailable(_) => {
                Self::new(Kind::Unavailable, "storage is not available; nothing is lost, try again")
            }
            StorageError::Damaged(_) => {
                Self::new(Kind::Internal, "the server's database is damaged: tell its operator")
            }
        }
    }
}

impl From<TooOften> for Problem {
    fn from(TooOften(wait): TooOften) -> Self {
        Self { retry_after: wait, ..Self::new(Kind::TooOften, "too many requests") }
    }
}

/// What reading a body refuses.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, told) = refusal.answer();
        let kind = match status {
            413 => Kind::TooLarge,
            429 => Kind::TooOften,
            500.. => Kind::Internal,
            _ => Kind::Malformed,
        };
        Self { retry_after: Duration::from_millis(told.retry_after), ..Self::new(kind, told.detail) }
    }
}

impl From<AccessRefused> for Problem {
    fn from(error: AccessRefused) -> Self {
        match error {
            AccessRefused::Storage(error) => error.into(),
            AccessRefused::Insufficient(_) => Self::new(Kind::Insufficient, error),
            AccessRefused::Client(_) | AccessRefused::Scope | AccessRefused::Token => {
                Self::new(Kind::Unauthenticated, error)
            }
        }
    }
}

impl From<AuthorityUnavailable> for Problem {
    fn from(error: AuthorityUnavailable) -> Self {
        match error {
            AuthorityUnavailable::Tenant(TenantUnavailable::Unknown) => Self::no_tenant(),
            AuthorityUnavailable::Storage(error) | AuthorityUnavailable::Tenant(TenantUnavailable::Storage(error)) => {
                error.into()
            }
            AuthorityUnavailable::NotCertified => Self::new(Kind::NotCertified, error),
            error => {
                tracing::error!(%error, "a tenant's keys");
                Self::new(Kind::Internal, "the server cannot use its keys: tell its operator")
            }
        }
    }
}

impl From<NoStatusList> for Problem {
    fn from(error: NoStatusList) -> Self {
        match error {
            NoStatusList::Unknown => Self::new(Kind::NotFound, error),
            NoStatusList::Authority(error) => error.into(),
            NoStatusList::Storage(error) => error.into(),
        }
    }
}

impl From<ReportRefused> for Problem {
    fn from(error: ReportRefused) -> Self {
        match error {
            ReportRefused::NotProved => Self::new(Kind::NotProved, error),
            ReportRefused::PublicKey(_) | ReportRefused::Nonce => Self::new(Kind::Malformed, error),
            ReportRefused::NonceUsed => Self::new(Kind::NonceUsed, error),
            ReportRefused::Unknown => Self::new(Kind::NotFound, error),
            ReportRefused::NoPlace => Self::new(Kind::Unavailable, error),
            ReportRefused::Authority(error) => error.into(),
            ReportRefused::Random(error) => Self::new(Kind::Internal, error),
            ReportRefused::Storage(error) => error.into(),
        }
    }
}

impl From<VerdictError> for Problem {
    fn from(error: VerdictError) -> Self {
        match error {
            VerdictError::NotProved => Self::new(Kind::NotProved, error),
            VerdictError::Registration(_) | VerdictError::Assertion(_) => Self::new(Kind::Refused, error),
            VerdictError::PublicKey(_) | VerdictError::Root(_) => Self::new(Kind::Malformed, error),
            VerdictError::Authority(error) => error.into(),
            VerdictError::Storage(error) => error.into(),
        }
    }
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::NoDevice => Self::new(Kind::NotFound, error),
            DeviceError::Posture(_) => Self::new(Kind::Malformed, error),
            DeviceError::Storage(error) => error.into(),
        }
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Key => Self::new(Kind::Malformed, error),
            AnswerError::OtherRequest => Self::new(Kind::KeyUsed, error),
            AnswerError::Storage(error) => error.into(),
        }
    }
}
