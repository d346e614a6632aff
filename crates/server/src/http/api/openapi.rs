use std::sync::LazyLock;

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityScheme},
    },
};

use super::{assertions, compliance, evidence, registrations, tenants, tokens};

/// What this API takes and gives.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Keyfold for relying parties",
        description = "What passkeys are, where they are, and which device used them. Refusals are problem details (RFC 9457) whose \
                       `type` is `urn:keyfold:problem:NAME`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(
        document,
        tenants::configuration,
        tenants::keys,
        tenants::metadata,
        tenants::status,
        tokens::grant,
        evidence::report,
        registrations::judge,
        assertions::judge,
        compliance::of_device,
    ),
    modifiers(&AccessToken)
)]
struct Api;

struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, document: &mut Document) {
        let scopes = [("evidence", "Evidence of passkeys"), ("compliance", "Whether devices keep the rules")];
        let flow = ClientCredentials::new("/v1/tenants/{tenant}/token", Scopes::from_iter(scopes));
        let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(flow)]));
        document.components.get_or_insert_default().add_security_scheme("access token", scheme);
    }
}

/// This document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| Api::openapi().to_json().unwrap_or_default());
