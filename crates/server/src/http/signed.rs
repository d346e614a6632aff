use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use keyfold_vault::{
    Caller, SignedHeaders,
    sessions::{Session, SignedRequest},
};
use keyfold_wire::v1::ProblemCode;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    body::Body,
    error::Refusal,
    incoming::{Incoming, state},
};

/// A request that a device signed under its session, counted by device.
pub(super) struct FromDevice<T> {
    pub(super) session: Session,
    pub(super) message: T,
    /// The body's share of memory, given back when the request is done.
    pub(super) _share: Option<OwnedSemaphorePermit>,
}

impl<T> FromDevice<T> {
    pub(super) const fn caller(&self) -> Caller {
        self.session.caller
    }
}

impl<T: Incoming> FromRequest for FromDevice<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state(&request)?;
            // Before the body is read: who has no signature to show sends nothing more.
            let headers = headers(&request)?;
            let Body { bytes, share } = state.bodies.read(&request, &mut payload, T::LIMIT).await?;
            let signed = SignedRequest {
                method: request.method().as_str(),
                path_and_query: path_and_query(&request),
                body: &bytes,
                headers: &headers,
            };
            let session = state.services.sessions.authenticate(&signed).await?;
            state.rates.device(&session.caller)?;
            Ok(Self { session, message: T::parse(&bytes)?, _share: share })
        })
    }
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
