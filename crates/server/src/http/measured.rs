use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use super::State;

/// Counts each request with its route, its status and how long it took until its answer began.
pub(crate) async fn measured<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let state = request.app_data::<Data<State>>().cloned();
    let method = request.method().clone();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let answer = next.call(request).await;
    if let Some(state) = state {
        let status = match &answer {
            Ok(answer) => answer.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        state.meters.answered(&method, &route, status, began.elapsed());
    }
    answer
}
