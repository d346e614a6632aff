use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
    web::Bytes,
};
use futures_util::{Stream, StreamExt as _};

/// A request's body, which its handler reads and its answer keeps.
#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(task)
    }
}

/// An answer's body, and what may be left of the request's.
pub(crate) struct Answering {
    body: BoxBody,
    _request: Option<Shared>,
}

impl MessageBody for Answering {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(task)
    }
}

/// Keeps a chunked body until the answer is sent.
///
/// What is left of a body that was dropped by then is read for as long as the client likes to send it, without an end.
/// What is left of one that is still there ends the connection, after a moment in which the client can read the answer.
pub(crate) async fn keep_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answering>, Error> {
    let kept = request.headers().contains_key(header::TRANSFER_ENCODING).then(|| {
        let body = Shared(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
        body
    });
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| Answering { body: body.boxed(), _request: kept }))
}
