use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};
use bytes::Bytes;
use prost::Message;

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

/// The longest that a request may ask to be held.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(25);
