use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder, body::BoxBody, dev::Payload, http::header, web::Data,
};
use bytes::Bytes;
use keyfold_assurance::{
    answers::Repeatable,
    relying_parties::{Client, Scopes},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Problem, problem::Kind};
use crate::{
    http::{
        State,
        address::address,
        body::{Body, Memory, Sender},
        incoming::{Anonymous, Nothing as NoBody, state},
        query::{NoQuery, query},
    },
    rates::network,
};

/// What a route wants to know of who asks.
pub(super) trait Asked: DeserializeOwned + 'static {
    /// What the access token must be for.
    const SCOPE: Scopes;
}

/// A request of a client that has shown who it is, with a JSON body.
pub(super) struct FromClient<T> {
    pub(super) client: Client,
    pub(super) asked: T,
    /// Where the client wants the same answer to the same request.
    pub(super) repeatable: Option<Repeatable>,
    /// Given back when the request is done.
    _memory: Memory,
}

/// A request that anybody may make, with neither a query nor a body, counted by address.
pub(super) struct FromAnybody;

/// No body.
#[derive(serde::Deserialize)]
pub(super) struct Nothing;

/// JSON as an answer, to nobody else.
pub(super) struct Json(pub(super) String);

impl Json {
    pub(super) fn of(value: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_string(value).map(Self).map_err(|error| {
            tracing::error!(%error, "an answer");
            Problem::new(Kind::Internal, "the answer cannot be written")
        })
    }
}

impl Responder for Json {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .body(self.0)
    }
}

impl<T: Asked> FromRequest for FromClient<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state(&request)?;
            let client = recognised(&request, &state, T::SCOPE).await?;
            query::<NoQuery>(&request)?;
            let has_body = size_of::<T>() > 0;
            if has_body && !is(&request, "application/json") {
                return Err(Problem::new(Kind::MediaType, "the body is application/json"));
            }
            let sender = Sender::Stranger(network(address(&request, &state)));
            let limit = if has_body { LONGEST } else { 0 };
            let Body { bytes, memory } = state.bodies.read(&request, &mut payload, sender, limit).await?;
            let body = if has_body { &bytes } else { &Bytes::from_static(b"null") };
            let asked = serde_json::from_slice(body).map_err(|error| Problem::new(Kind::Malformed, error))?;
            let repeatable = repeatable(&request, &bytes)?;
            Ok(Self { client, asked, repeatable, _memory: memory })
        })
    }
}

impl FromRequest for FromAnybody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = Anonymous::<NoBody>::from_request(request, payload);
        Box::pin(async move { Ok(request.await.map(|_| Self)?) })
    }
}

/// Who asks: counted by client, and by address until it is known which.
async fn recognised(request: &HttpRequest, state: &Data<State>, needs: Scopes) -> Result<Client, Problem> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let Some(token) = token else {
        state.rates.anonymous(address(request, state)).await?;
        return Err(Problem::new(Kind::Unauthenticated, "send Authorization: Bearer and an access token"));
    };
    match state.assurance.relying_parties.recognise(token, needs).await {
        Ok(client) => {
            state.rates.client(client.tenant, client.id).await?;
            Ok(client)
        }
        Err(refused) => {
            state.rates.anonymous(address(request, state)).await?;
            Err(refused.into())
        }
    }
}

/// Whether the body is said to be of this type.
pub(super) fn is(request: &HttpRequest, kind: &str) -> bool {
    let told = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    told.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

fn repeatable(request: &HttpRequest, body: &[u8]) -> Result<Option<Repeatable>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| Problem::new(Kind::Malformed, "the idempotency key is not text"))?;
    Ok(Some(Repeatable::new(request.path(), key, body)?))
}

/// Of a body: a registration with an attestation of several certificates.
const LONGEST: usize = 64 * 1_024;
