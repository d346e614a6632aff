use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use data_encoding::BASE64;
use keyfold_wire::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Problem,
    client::{FromAnybody, Json},
    problem::Kind,
};
use crate::http::{State, get_info};

/// Where everything of a tenant is, and whom to trust for it. Get the root from the tenant's operator, or hold this against what the
/// operator says.
#[derive(Serialize, ToSchema)]
pub(super) struct Configuration {
    /// The `iss` of its tokens: this URL.
    issuer: String,
    /// What the tenant is called.
    name: String,
    /// Its keys for tokens (RFC 7517).
    jwks_uri: String,
    /// Where clients get access tokens.
    token_endpoint: String,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    scopes_supported: Vec<&'static str>,
    evidence_endpoint: String,
    registrations_endpoint: String,
    assertions_endpoint: String,
    /// The signed metadata of both models (FIDO MDS 3.1).
    metadata_uri: String,
    /// Who signs leaves; absent before the tenant's root is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    authority: Option<AuthorityTold>,
}

/// Certificates are X.509, DER, base64.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorityTold {
    root: String,
    /// Those that it has certified.
    issuers: Vec<String>,
    /// The list of those that it takes back (RFC 5280 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked: Option<String>,
    /// The root under which metadata is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    metadata_root: Option<String>,
}

/// Says where everything of a tenant is
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$")),
    responses(
        (status = 200, description = "The configuration", body = Configuration),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn configuration(state: Data<State>, tenant: Path<String>, _: FromAnybody) -> Result<Json, Problem> {
    let tenant = tenant_id(&tenant)?;
    let told = state.assurance.authorities.told(tenant).await?;
    let (issuer, public_url) = (state.assurance.tenants.url(tenant), &state.services.info().public_url);
    Json::of(&Configuration {
        name: told.name,
        jwks_uri: format!("{issuer}/jwks"),
        token_endpoint: format!("{issuer}/token"),
        token_endpoint_auth_methods_supported: vec!["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported: vec!["ES256", "ES384", "EdDSA", "PS256", "RS256"],
        scopes_supported: vec!["evidence", "compliance"],
        evidence_endpoint: format!("{public_url}/v1/rp/evidence"),
        registrations_endpoint: format!("{public_url}/v1/rp/registrations"),
        assertions_endpoint: format!("{public_url}/v1/rp/assertions"),
        metadata_uri: format!("{issuer}/metadata"),
        authority: told.root.map(|root| AuthorityTold {
            root: BASE64.encode(&root),
            issuers: told.issuers.iter().map(|der| BASE64.encode(der)).collect(),
            revoked: told.revoked.map(|der| BASE64.encode(&der)),
            metadata_root: told.metadata_root.map(|der| BASE64.encode(&der)),
        }),
        issuer,
    })
}

/// Gives a tenant's keys for tokens
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jwks", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$")),
    responses(
        (status = 200, description = "A JWK set (RFC 7517 §5)", body = Object, content_type = "application/jwk-set+json"),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn keys(state: Data<State>, tenant: Path<String>, _: FromAnybody) -> Result<HttpResponse, Problem> {
    let keys = state.assurance.authorities.jwks(tenant_id(&tenant)?).await?;
    Ok(cached("application/jwk-set+json", KEYS_FRESH, keys.to_string()))
}

/// Gives a tenant's metadata
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/metadata", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$")),
    responses(
        (status = 200, description = "A metadata BLOB (FIDO MDS 3.1), a JWT", body = String, content_type = "application/jwt"),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not-certified, unavailable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metadata(
    state: Data<State>,
    tenant: Path<String>,
    _: FromAnybody,
) -> Result<HttpResponse, Problem> {
    let blob = state.assurance.authorities.metadata(tenant_id(&tenant)?, &get_info::get_info).await?;
    Ok(cached("application/jwt", METADATA_FRESH, blob))
}

/// Says whether leaves and reports still hold
#[utoipa::path(
    get, path = "/v1/rp/status/{tenant}/{list}", tag = "relying parties",
    params(
        ("tenant" = String, Path, description = "The tenant's id", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$"),
        ("list" = u32, Path, description = "The list's number"),
    ),
    responses(
        (status = 200, description = "A token status list", body = String, content_type = "application/statuslist+jwt"),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(
    state: Data<State>,
    path: Path<(String, String)>,
    _: FromAnybody,
) -> Result<HttpResponse, Problem> {
    let (tenant, list) = path.into_inner();
    let list = list.parse().map_err(|_| Problem::new(Kind::NotFound, "the tenant has no such status list"))?;
    let token = state.assurance.statuses.list(tenant_id(&tenant)?, list).await?;
    Ok(cached("application/statuslist+jwt", STATUS_FRESH, token.to_string()))
}

fn tenant_id(text: &str) -> Result<TenantId, Problem> {
    text.parse().map_err(|_| Problem::no_tenant())
}

fn cached(kind: &str, seconds: u32, body: String) -> HttpResponse {
    let fresh = format!("public, max-age={seconds}");
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, fresh)).content_type(kind).body(body)
}

const KEYS_FRESH: u32 = 600;
const METADATA_FRESH: u32 = 3_600;
const STATUS_FRESH: u32 = 1;
