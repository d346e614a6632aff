//! The API of relying parties and other programs that a tenant lets ask: JSON, described by OpenAPI; refusals are problem details
//! (RFC 9457).

mod assertions;
mod base64url;
mod client;
mod compliance;
mod evidence;
mod judgement;
mod openapi;
mod problem;
mod registrations;
mod tenants;
mod tokens;

pub(crate) use problem::Problem;

use actix_web::web::{ServiceConfig, get, post, resource, route};

/// The routes of this API.
pub(super) fn routes(app: &mut ServiceConfig) {
    let other = |takes| route().to(move || problem::method(takes));
    app.service(resource("/v1/openapi.json").route(get().to(openapi::document)).default_service(other("GET")))
        .service(resource("/v1/tenants/{tenant}").route(get().to(tenants::configuration)).default_service(other("GET")))
        .service(resource("/v1/tenants/{tenant}/jwks").route(get().to(tenants::keys)).default_service(other("GET")))
        .service(
            resource("/v1/tenants/{tenant}/metadata").route(get().to(tenants::metadata)).default_service(other("GET")),
        )
        .service(resource("/v1/tenants/{tenant}/token").route(post().to(tokens::grant)).default_service(other("POST")))
        .service(
            resource("/v1/rp/status/{tenant}/{list}").route(get().to(tenants::status)).default_service(other("GET")),
        )
        .service(resource("/v1/rp/evidence").route(post().to(evidence::report)).default_service(other("POST")))
        .service(resource("/v1/rp/registrations").route(post().to(registrations::judge)).default_service(other("POST")))
        .service(resource("/v1/rp/assertions").route(post().to(assertions::judge)).default_service(other("POST")))
        .service(
            resource("/v1/devices/{device}/compliance")
                .route(get().to(compliance::of_device))
                .default_service(other("GET")),
        )
        // What is no route here is refused as what is one.
        .service(resource("/v1/rp/{rest:.*}").to(problem::path))
        .service(resource("/v1/devices/{rest:.*}").to(problem::path));
}
