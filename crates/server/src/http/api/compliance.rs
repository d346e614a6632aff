use actix_web::web::{Data, Path};
use keyfold_assurance::relying_parties::Scopes;
use keyfold_wire::MemberId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Problem,
    client::{Asked, FromClient, Json, Nothing},
    problem::Kind,
};
use crate::http::State;

/// Where a device stands to its tenant's rules.
#[derive(Serialize, ToSchema)]
pub(super) struct ComplianceTold {
    device: String,
    /// `compliant`, `in-grace-period`, `unknown`, `non-compliant` or `error`; only the first two are good.
    #[schema(example = "compliant")]
    state: &'static str,
    /// RFC 3339: until when that counts.
    expires_at: String,
    /// What each rule found.
    results: Vec<RuleTold>,
}

/// What a rule found.
#[derive(Serialize, ToSchema)]
pub(super) struct RuleTold {
    policy: String,
    rule: String,
    state: &'static str,
    reason: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    grace_until: Option<String>,
}

impl Asked for Nothing {
    const SCOPE: Scopes = Scopes::COMPLIANCE;
}

/// Tells whether a device keeps its tenant's rules
#[utoipa::path(
    get, path = "/v1/devices/{device}/compliance", tag = "devices",
    params(("device" = String, Path, description = "A device's id, 26 letters and digits", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$")),
    responses(
        (status = 200, description = "Where it stands", body = ComplianceTold),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "unauthenticated", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "insufficient-scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable", body = Problem, content_type = "application/problem+json"),
    ),
    security(("access_token" = ["compliance"]))
)]
pub(super) async fn of_device(
    state: Data<State>,
    device: Path<String>,
    request: FromClient<Nothing>,
) -> Result<Json, Problem> {
    let none = || Problem::new(Kind::NotFound, "the tenant knows no such device, or it was removed");
    let device: MemberId = device.parse().map_err(|_| none())?;
    let found = state.assurance.devices.worst(request.client.tenant, device).await?;
    let result = |result: &keyfold_assurance::policy::compliance::RuleResult| RuleTold {
        policy: result.policy.to_string(),
        rule: result.rule.to_string(),
        state: result.state.name(),
        reason: result.reason.to_string(),
        grace_until: result.grace_until.map(|until| rfc3339(until.0)),
    };
    Json::of(&ComplianceTold {
        device: device.to_string(),
        state: found.state.name(),
        expires_at: rfc3339(found.expires_at),
        results: found.results.iter().map(result).collect(),
    })
}

fn rfc3339(millis: u64) -> String {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    let seconds = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}
