use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Header, ObjectBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Type,
        security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityScheme},
    },
};

use super::{Problem, assertions, compliance, evidence, registrations, tenants, tokens};
use crate::http::query::{NoQuery, query};

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
    modifiers(&AccessToken, &Everywhere)
)]
struct Api;

struct AccessToken;

/// What each operation has.
struct Everywhere;

impl Modify for AccessToken {
    fn modify(&self, document: &mut Document) {
        let scopes = [("evidence", "Evidence of passkeys"), ("compliance", "Whether devices keep the rules")];
        let flow = ClientCredentials::new("/v1/tenants/{tenant}/token", Scopes::from_iter(scopes));
        let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(flow)]));
        document.components.get_or_insert_default().add_security_scheme("access_token", scheme);
    }
}

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let failed =
            ResponseBuilder::new().description("internal").content("application/problem+json", content).build();
        let seconds = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).description(Some("Seconds"));
        for path in document.paths.paths.values_mut() {
            for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
                let answers = &mut operation.responses.responses;
                answers.insert("500".to_owned(), failed.clone().into());
                if let Some(RefOr::T(too_often)) = answers.get_mut("429") {
                    too_often.headers.insert("Retry-After".to_owned(), Header::new(seconds()).into());
                }
            }
        }
    }
}

/// This document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "about",
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn document(request: HttpRequest) -> Result<HttpResponse, Problem> {
    query::<NoQuery>(&request)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str()))
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| Api::openapi().to_json().unwrap_or_default());
