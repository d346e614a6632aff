//! One file for each group of routes. Each handler is its extractors and one service call.

mod accounts;
mod chains;
mod enrolments;
mod head;
mod health;
mod hints;
mod metrics;
mod pull;
mod recovery;
mod server;
mod sessions;
mod tenants;
mod unknown;

use actix_web::web::{PathConfig, ServiceConfig, get, post, resource, route};
use keyfold_wire::v1::ProblemCode;

use super::{api, error::Refusal};

/// All routes of the device API, and the two for whoever watches the process.
pub(crate) fn routes(app: &mut ServiceConfig) {
    let other = |takes| route().to(move || unknown::method(takes));
    let no_id = || Refusal::new(ProblemCode::NotFound, "there is no such enrolment");
    app.app_data(PathConfig::default().error_handler(move |_, _| no_id().into()));
    app.service(resource("/v1/server").route(get().to(server::info)).default_service(other("GET")))
        .service(resource("/v1/accounts").route(post().to(accounts::create)).default_service(other("POST")))
        .service(resource("/v1/accounts/delete").route(post().to(accounts::delete)).default_service(other("POST")))
        .service(resource("/v1/sessions").route(post().to(sessions::open)).default_service(other("POST")))
        .service(resource("/v1/recovery").route(post().to(recovery::find)).default_service(other("POST")))
        .service(resource("/v1/head").route(get().to(head::poll)).default_service(other("GET")))
        .service(resource("/v1/hints").route(get().to(hints::listen)).default_service(other("GET")))
        .service(resource("/v1/roster").route(post().to(chains::append)).default_service(other("POST")))
        .service(resource("/v1/commits").route(post().to(chains::push)).default_service(other("POST")))
        .service(resource("/v1/offers").route(post().to(chains::offer)).default_service(other("POST")))
        .service(resource("/v1/offers/end").route(post().to(chains::end_offers)).default_service(other("POST")))
        .service(resource("/v1/pull").route(get().to(pull::pull)).default_service(other("GET")))
        .service(
            resource("/v1/enrolments")
                .route(post().to(enrolments::begin))
                .route(get().to(enrolments::find))
                .default_service(other("GET, POST")),
        )
        .service(resource("/v1/enrolments/{id}").route(get().to(enrolments::state)).default_service(other("GET")))
        .service(step("approval").route(post().to(enrolments::approve)).default_service(other("POST")))
        .service(step("opening").route(post().to(enrolments::open)).default_service(other("POST")))
        .service(step("completion").route(post().to(enrolments::complete)).default_service(other("POST")))
        .service(step("failure").route(post().to(enrolments::fail)).default_service(other("POST")))
        .service(resource("/v1/invitations").route(post().to(tenants::invitation)).default_service(other("POST")))
        .service(tenant("join").route(post().to(tenants::join)).default_service(other("POST")))
        .service(tenant("membership").route(get().to(tenants::membership)).default_service(other("GET")))
        .service(tenant("posture").route(post().to(tenants::posture)).default_service(other("POST")))
        .service(tenant("leaves").route(post().to(tenants::leaves)).default_service(other("POST")))
        .service(tenant("statements").route(post().to(tenants::state)).default_service(other("POST")))
        .service(tenant("exports").route(post().to(tenants::exported)).default_service(other("POST")))
        .configure(api::routes)
        .configure(probes)
        .default_service(route().to(unknown::path));
}

/// The routes for whoever watches the process, and counts what it does.
pub(crate) fn metrics_routes(app: &mut ServiceConfig) {
    app.service(resource("/metrics").route(get().to(metrics::metrics)))
        .configure(probes)
        .default_service(route().to(unknown::path));
}

fn probes(app: &mut ServiceConfig) {
    let other = |takes| route().to(move || unknown::method(takes));
    app.service(resource("/healthz").route(get().to(health::alive)).default_service(other("GET")))
        .service(resource("/readyz").route(get().to(health::ready)).default_service(other("GET")));
}

fn tenant(name: &str) -> actix_web::Resource {
    resource(format!("/v1/tenants/{{tenant}}/{name}"))
}

fn step(name: &str) -> actix_web::Resource {
    resource(format!("/v1/enrolments/{{id}}/{name}"))
}
