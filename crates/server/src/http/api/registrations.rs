use actix_web::web::Data;
use keyfold_assurance::{
    evidence::{Asked as CeremonyOf, Registration},
    relying_parties::Scopes,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem,
    base64url::Base64Url,
    client::{Asked, FromClient, Json},
    judgement::{CeremonyAsked, Verdict, frames},
    problem::Kind,
};
use crate::http::State;

/// A registration, and what it is to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationRequest {
    /// What was asked for.
    asked: CeremonyAsked,
    /// Roots (X.509, DER) that the client trusts for other makers' attestations; without any they are not looked at.
    #[serde(default)]
    #[schema(max_items = 32)]
    attestation_roots: Vec<Base64Url>,
    /// `RegistrationResponseJSON` (WebAuthn L3 §5.1), as the browser gave it.
    response: RegistrationResponseJson,
}

/// What is read of a registration response; its other members are passed over.
#[derive(Deserialize, ToSchema)]
pub(super) struct RegistrationResponseJson {
    #[serde(rename = "rawId")]
    raw_id: Base64Url,
    response: AttestationResponseJson,
}

/// Of which only what is signed is looked at.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttestationResponseJson {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url,
    attestation_object: Base64Url,
}

/// A registration that is as WebAuthn wants it.
#[derive(Serialize, ToSchema)]
pub(super) struct RegistrationAnswer {
    /// To be kept.
    credential: CredentialTold,
    /// What the passkey is.
    verdict: Verdict,
}

/// A new credential.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialTold {
    id: Base64Url,
    /// `COSE_Key`.
    public_key: Base64Url,
    /// COSE's number of its algorithm: see that it is one that was asked for.
    #[schema(example = -7)]
    algorithm: i64,
    aaguid: String,
    /// Fixed from now on.
    backup_eligible: bool,
    backup_state: bool,
    user_verified: bool,
    #[schema(format = Int64, maximum = 4_294_967_295_u32)]
    sign_count: u32,
}

impl Asked for RegistrationRequest {
    const SCOPE: Scopes = Scopes::EVIDENCE;
}

/// Judges a registration
///
/// Verifies it as WebAuthn L3 §7.1 wants it, and says what the new passkey is and why.
#[utoipa::path(
    post, operation_id = "judge_registration", path = "/v1/rp/registrations", tag = "relying parties", request_body = RegistrationRequest,
    responses(
        (status = 200, description = "The credential and the verdict", body = RegistrationAnswer),
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
pub(super) async fn judge(state: Data<State>, request: FromClient<RegistrationRequest>) -> Result<Json, Problem> {
    let RegistrationRequest { asked, attestation_roots, response } = &request.asked;
    let (origins, top_origins) = (asked.origins()?, asked.top_origins());
    let ceremony = CeremonyOf {
        rp_id: &asked.rp_id,
        origins: &origins,
        challenge: &asked.challenge.0,
        user_verification: asked.user_verification(),
        frames: frames(top_origins.as_deref()),
    };
    let registration = Registration {
        attestation_object: &response.response.attestation_object.0,
        client_data_json: &response.response.client_data_json.0,
    };
    if attestation_roots.len() > MOST_ROOTS {
        return Err(Problem::new(Kind::Malformed, "at most 32 roots"));
    }
    let roots: Vec<&[u8]> = attestation_roots.iter().map(|root| root.0.as_slice()).collect();
    let verdict = state.assurance.verdicts.registration(&request.client, &ceremony, &registration, &roots).await?;
    let registered = verdict.registered;
    if registered.credential_id != response.raw_id.0 {
        return Err(Problem::new(Kind::Refused, "rawId is not the credential's id"));
    }
    Json::of(&RegistrationAnswer {
        credential: CredentialTold {
            public_key: Base64Url(registered.public_key.as_cose().to_vec()),
            algorithm: registered.public_key.algorithm(),
            id: Base64Url(registered.credential_id),
            aaguid: registered.aaguid.to_string(),
            backup_eligible: registered.flags.backup_eligible(),
            backup_state: registered.flags.backed_up(),
            user_verified: registered.flags.user_verified(),
            sign_count: registered.sign_count,
        },
        verdict: verdict.judgement.into(),
    })
}

const MOST_ROOTS: usize = 32;
