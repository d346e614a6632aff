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

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, middleware::from_fn, test, web};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_who_asks_too_often_or_without_a_signature_waits() {
        let status = |path: web::Path<u16>| async move {
            HttpResponse::build(StatusCode::from_u16(path.into_inner()).unwrap()).finish()
        };
        let app = App::new().wrap(from_fn(hold_refusals)).route("/{status}", web::get().to(status));
        let app = test::init_service(app).await;
        for (status, held) in [(200, false), (403, false), (409, false), (401, true), (429, true)] {
            let begun = Instant::now();
            let request = test::TestRequest::get().uri(&format!("/{status}")).to_request();
            let answer = test::call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status);
            // The clock stands still but for what waits.
            assert_eq!(begun.elapsed() >= HELD, held, "{status}");
        }
    }
}
