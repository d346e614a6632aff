use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field::Empty};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::error::Refusal;

/// The span of a request: its id, method, route and status. Paths and queries hold ids that open something, and bodies
/// hold everything else: none of them is logged.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
        tracing::info_span!("request", id, method = %request.method(), route, status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        let _entered = span.enter();
        let error = match outcome {
            Ok(response) => response.response().error(),
            Err(error) => Some(error),
        };
        // Only our own words: what a framework says of a request may quote it.
        match error.map(|error| error.as_error::<Refusal>()) {
            None => tracing::debug!("answered"),
            Some(Some(refusal)) => tracing::info!(%refusal, "refused"),
            Some(None) => tracing::info!("refused"),
        }
    }
}
