use actix_web::web::Data;
use keyfold_assurance::{relying_parties::Scopes, reports::AskedFor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem,
    base64url::Base64Url,
    client::{Asked, FromClient, Json},
};
use crate::http::State;

/// A passkey, as its relying party knows it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceRequest {
    /// Its RP id, which the client has proved to own.
    #[schema(example = "shop.example")]
    rp_id: String,
    /// Its credential id.
    credential_id: Base64Url,
    /// Its public key: the `COSE_Key` of its registration, to the byte.
    public_key: Base64Url,
    /// Drawn for this report alone.
    #[schema(pattern = "^[ -~]{8,88}$")]
    nonce: String,
}

/// What is reported.
#[derive(Serialize, ToSchema)]
pub(super) struct EvidenceAnswer {
    /// An Entity Attestation Token (RFC 9711), a JWT of type `eat+jwt`.
    report: String,
}

impl Asked for EvidenceRequest {
    const SCOPE: Scopes = Scopes::EVIDENCE;
}

/// Reports a passkey
///
/// What the tenant knows of a passkey that the client knows, signed for this client and this nonce: synced or device-bound, how many
/// devices hold it, how many of those keep the tenant's rules. With an `Idempotency-Key` the same request gets the same report.
#[utoipa::path(
    post, path = "/v1/rp/evidence", tag = "relying parties", request_body = EvidenceRequest,
    params((
        "Idempotency-Key" = Option<String>, Header, description = "Drawn for this request alone; kept for a day",
        nullable = false, min_length = 1, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$"
    )),
    responses(
        (status = 200, description = "The report", body = EvidenceAnswer),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "unauthenticated", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "not-proved, insufficient-scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found: nothing is known of it", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "nonce-used", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "media-type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "idempotency-key-used", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable, not-certified", body = Problem, content_type = "application/problem+json"),
    ),
    security(("access_token" = ["evidence"]))
)]
pub(super) async fn report(state: Data<State>, request: FromClient<EvidenceRequest>) -> Result<Json, Problem> {
    let FromClient { client, asked, repeatable, .. } = &request;
    let answers = &state.assurance.answers;
    if let Some(repeatable) = repeatable
        && let Some(answer) = answers.before(client, repeatable).await?
    {
        return Ok(Json(answer));
    }
    let asked_for =
        AskedFor { rp_id: &asked.rp_id, credential_id: &asked.credential_id.0, public_key: &asked.public_key.0 };
    let report = state.assurance.reports.report(client, &asked_for, &asked.nonce).await?;
    let answer = Json::of(&EvidenceAnswer { report })?;
    match repeatable {
        Some(repeatable) => Ok(Json(answers.keep(client, repeatable, answer.0).await?)),
        None => Ok(answer),
    }
}
