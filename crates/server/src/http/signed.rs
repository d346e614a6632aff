use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{self, Data},
};
use bytes::Bytes;
use keyfold_vault::{
    Caller, SignedHeaders,
    sessions::{Recognised, Session, SignedRequest},
};
use keyfold_wire::v1::ProblemCode;
use serde::de::DeserializeOwned;

use super::{
    State,
    body::{Body, Memory, Sender, charged},
    error::Refusal,
    incoming::{Incoming, state},
    query::{NoQuery, query},
};

/// A request that a device signed under its session, counted by device.
pub(super) struct FromDevice<T, Q = NoQuery> {
    pub(super) session: Session,
    pub(super) message: T,
    pub(super) query: Q,
    /// Given back when the request is done.
    pub(super) _memory: Memory,
}

impl<T, Q> FromDevice<T, Q> {
    pub(super) const fn caller(&self) -> Caller {
        self.session.caller
    }
}

impl<T: Incoming, Q: DeserializeOwned + 'static> FromRequest for FromDevice<T, Q> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state(&request)?;
            // Before the body is read: who is no device, or asks too often, has nothing more read.
            let headers = headers(&request)?;
            let signed = SignedRequest {
                method: request.method().as_str(),
                path_and_query: path_and_query(&request),
                headers: &headers,
            };
            let recognised = state.services.sessions.recognise(&signed).await?;
            state.rates.device(&recognised.caller()).await?;
            let query = query(&request)?;
            let sender = Sender::Device(recognised.caller());
            let Body { bytes, memory } = state.bodies.read(&request, &mut payload, sender, T::LIMIT).await?;
            let (session, message) = admit(state, recognised, bytes).await?;
            Ok(Self { session, message, query, _memory: memory })
        })
    }
}

/// Holds the body against its digest and reads it; a large one where it holds up nobody else.
async fn admit<T: Incoming>(state: Data<State>, recognised: Recognised, bytes: Bytes) -> Result<(Session, T), Refusal> {
    let large = charged(bytes.len()) > 0;
    let admit = move || Ok((state.services.sessions.admit(&recognised, &bytes)?, T::parse(&bytes)?));
    if !large {
        return admit();
    }
    web::block(admit).await.map_err(|error| {
        tracing::error!(%error, "a body was not read");
        Refusal::new(ProblemCode::Internal, "the server failed; nothing is lost, try again")
    })?
}

fn path_and_query(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

fn headers(request: &HttpRequest) -> Result<SignedHeaders, Refusal> {
    Ok(SignedHeaders {
        content_digest: header(request, "content-digest")?,
        signature_input: header(request, "signature-input")?,
        signature: header(request, "signature")?,
    })
}

/// A field that stands exactly once.
fn header(request: &HttpRequest, name: &'static str) -> Result<String, Refusal> {
    let mut values = request.headers().get_all(name);
    let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
    let missing = || Refusal::new(ProblemCode::Unauthenticated, format_args!("the request has not one {name} field"));
    value.map(ToOwned::to_owned).ok_or_else(missing)
}
