use std::{future::Future, time::Duration};

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};
use bytes::Bytes;
use keyfold_wire::v1::ProblemCode;
use prost::Message;

use super::error::Refusal;

/// What the device API speaks.
pub(super) const PROTOBUF: &str = "application/x-protobuf";

/// A message as an answer.
pub(super) struct Answer<M>(pub(super) M);

/// An encoded message as an answer.
pub(super) struct Encoded(pub(super) Bytes);

/// Nothing to say but that it was done.
pub(super) struct Done;

impl<M: Message> Responder for Answer<M> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        Encoded(self.0.encode_to_vec().into()).respond_to(request)
    }
}

impl Responder for Encoded {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type(PROTOBUF).body(self.0)
    }
}

impl Responder for Done {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

/// Carries a write to its end, also when the client goes away in the middle: whoever listens is told of it then too.
pub(super) async fn to_its_end<T: 'static>(
    write: impl Future<Output = Result<T, Refusal>> + 'static,
) -> Result<T, Refusal> {
    actix_web::rt::spawn(write).await.map_err(|error| {
        tracing::error!(%error, "a write ended early");
        Refusal::new(ProblemCode::Internal, "the server failed; nothing is lost, try again")
    })?
}

/// The longest that a request may ask to be held.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(25);
