use actix_web::web::Data;
use keyfold_assurance::{
    evidence::{Asked as CeremonyOf, Assertion},
    relying_parties::Scopes,
    verdicts::OnRecord,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem,
    base64url::Base64Url,
    client::{Asked, FromClient, Json},
    judgement::{CeremonyAsked, DeviceTold, Verdict, frames},
};
use crate::http::State;

/// A sign-in, and what it is to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssertionRequest {
    /// What was asked for.
    asked: CeremonyAsked,
    /// The credential that the relying party has on record.
    credential: CredentialOnRecord,
    /// `AuthenticationResponseJSON` (WebAuthn L3 §5.1), as the browser gave it.
    response: AuthenticationResponseJson,
}

/// A credential that is on record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialOnRecord {
    /// `COSE_Key`.
    public_key: Base64Url,
    /// As it was made.
    backup_eligible: bool,
    /// Of its last sign-in.
    #[schema(format = Int64, maximum = 4_294_967_295_u32)]
    sign_count: u32,
}

/// What is read of an authentication response; its other members are passed over.
#[derive(Deserialize, ToSchema)]
pub(super) struct AuthenticationResponseJson {
    #[serde(rename = "rawId")]
    raw_id: Base64Url,
    response: AssertionResponseJson,
}

/// What is signed, and the signature.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssertionResponseJson {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url,
    authenticator_data: Base64Url,
    signature: Base64Url,
}

/// A sign-in that is as WebAuthn wants it.
#[derive(Serialize, ToSchema)]
pub(super) struct AssertionAnswer {
    user_verified: bool,
    backup_state: bool,
    /// To be kept with the credential.
    #[schema(format = Int64, maximum = 4_294_967_295_u32)]
    sign_count: u32,
    /// Which device signed.
    device: DeviceTold,
    /// What the passkey is.
    verdict: Verdict,
}

impl Asked for AssertionRequest {
    const SCOPE: Scopes = Scopes::EVIDENCE;
}

/// Judges a sign-in
///
/// Verifies it as WebAuthn L3 §7.2 wants it, and says which device signed and what the passkey is.
#[utoipa::path(
    post, operation_id = "judge_assertion", path = "/v1/rp/assertions", tag = "relying parties", request_body = AssertionRequest,
    responses(
        (status = 200, description = "The sign-in and the verdict", body = AssertionAnswer),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "unauthenticated", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "not-proved, insufficient-scope", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "media-type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "ceremony-refused", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable, not-certified", body = Problem, content_type = "application/problem+json"),
    ),
    security(("access_token" = ["evidence"]))
)]
pub(super) async fn judge(state: Data<State>, request: FromClient<AssertionRequest>) -> Result<Json, Problem> {
    let AssertionRequest { asked, credential, response } = &request.asked;
    let (origins, top_origins) = (asked.origins()?, asked.top_origins());
    let ceremony = CeremonyOf {
        rp_id: &asked.rp_id,
        origins: &origins,
        challenge: &asked.challenge.0,
        user_verification: asked.user_verification(),
        frames: frames(top_origins.as_deref()),
    };
    let on_record = OnRecord {
        public_key: &credential.public_key.0,
        backup_eligible: credential.backup_eligible,
        sign_count: credential.sign_count,
    };
    let assertion = Assertion {
        credential_id: &response.raw_id.0,
        authenticator_data: &response.response.authenticator_data.0,
        client_data_json: &response.response.client_data_json.0,
        signature: &response.response.signature.0,
    };
    let verdict = state.assurance.verdicts.assertion(&request.client, &ceremony, &on_record, &assertion).await?;
    Json::of(&AssertionAnswer {
        user_verified: verdict.signed_in.flags.user_verified(),
        backup_state: verdict.signed_in.flags.backed_up(),
        sign_count: verdict.signed_in.sign_count,
        device: verdict.device.into(),
        verdict: verdict.judgement.into(),
    })
}
