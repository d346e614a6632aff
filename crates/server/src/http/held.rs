use std::time::Duration;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use tokio::time::sleep;

/// Whoever asks too often, or under no signature that holds, hears so a moment later: a client that floods sends its next
/// request no sooner, and one that is honest does not notice.
pub(crate) async fn hold_refusals<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(answer) => answer.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) {
        sleep(HELD).await;
    }
    answer
}

const HELD: Duration = Duration::from_millis(100);
