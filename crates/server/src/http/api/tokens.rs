//! The token endpoint (RFC 6749 §3.2): its refusals are as §5.2 has them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path, Payload},
};
use keyfold_assurance::relying_parties::{AccessRefused, ClientAssertion};
use keyfold_wire::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, client::is};
use crate::{
    http::{
        State,
        address::address,
        body::{Body, Sender},
        query::{NoQuery, query},
    },
    rates::network,
};

/// A client shows who it is (RFC 7523 §2.2).
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`
    #[schema(example = "client_credentials", pattern = "^client_credentials$")]
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`
    #[schema(
        example = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        pattern = "^urn:ietf:params:oauth:client-assertion-type:jwt-bearer$"
    )]
    client_assertion_type: String,
    /// A JWT: `iss` and `sub` the client's id, `aud` the tenant's URL or this one, `exp` within five minutes, `jti` drawn for it.
    client_assertion: String,
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Of these, with spaces between them; absent: all that the client has.
    #[schema(nullable = false, example = "evidence", pattern = "^(evidence|compliance)( (evidence|compliance))*$")]
    scope: Option<String>,
}

/// An access token (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    scope: String,
}

/// Why there is none (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenRefused {
    /// `invalid_request`, `invalid_client`, `invalid_scope` or `unsupported_grant_type`
    error: &'static str,
    error_description: String,
}

/// Gives an access token to a client
///
/// What is wrong with the request or with the client is told as RFC 6749 §5.2 has it, all else by problem details.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/token", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's id", min_length = 26, max_length = 26, pattern = "^[a-z2-7]{25}[aeimquy4]$")),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "An access token, good for five minutes", body = TokenAnswer),
        (status = 400, description = "invalid_request, invalid_scope, unsupported_grant_type", body = TokenRefused),
        (status = 401, description = "invalid_client", body = TokenRefused),
        (status = 404, description = "not-found", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "too-often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "unavailable", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn grant(
    state: Data<State>,
    tenant: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let from = address(&request, &state);
    state.rates.anonymous(from).await?;
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::no_tenant())?;
    if query::<NoQuery>(&request).is_err() {
        return Ok(refused("invalid_request", "the token endpoint has no query"));
    }
    if !is(&request, "application/x-www-form-urlencoded") {
        return Ok(refused("invalid_request", "the body is application/x-www-form-urlencoded"));
    }
    let mut payload = payload.into_inner();
    let sender = Sender::Stranger(network(from));
    let Body { bytes, memory: _memory } = state.bodies.read(&request, &mut payload, sender, LONGEST).await?;
    let form = actix_web::web::Query::<TokenRequest>::from_query(std::str::from_utf8(&bytes).unwrap_or("%"));
    let Ok(form) = form else { return Ok(refused("invalid_request", "the form is not one of a token request")) };
    if form.grant_type != "client_credentials" {
        return Ok(refused("unsupported_grant_type", "the grant is client_credentials"));
    }
    if form.client_assertion_type != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Ok(refused("invalid_request", "clients show who they are by private_key_jwt (RFC 7523)"));
    }
    let shown = ClientAssertion {
        assertion: &form.client_assertion,
        client_id: form.client_id.as_deref(),
        scope: form.scope.as_deref(),
    };
    match state.assurance.relying_parties.grant(tenant, &shown).await {
        Ok(granted) => Ok(answer(
            StatusCode::OK,
            &TokenAnswer {
                access_token: granted.token,
                token_type: "Bearer",
                expires_in: granted.expires_in,
                scope: granted.scopes.to_string(),
            },
        )),
        Err(AccessRefused::Storage(error)) => Err(error.into()),
        Err(AccessRefused::Client(reason)) => {
            // Whoever is a stranger hears no more than that; whoever operates the client asks here.
            tracing::info!(%reason, "a client assertion is refused");
            Ok(refused("invalid_client", "the client assertion is refused; the server's log says why"))
        }
        Err(error) => Ok(refused("invalid_scope", error)),
    }
}

fn refused(error: &'static str, description: impl std::fmt::Display) -> HttpResponse {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    answer(status, &TokenRefused { error, error_description: description.to_string() })
}

fn answer(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(serde_json::to_string(body).unwrap_or_default())
}

const LONGEST: usize = 16 * 1_024;
