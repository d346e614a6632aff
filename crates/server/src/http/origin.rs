use actix_web::HttpRequest;
use keyfold_wire::v1::ProblemCode;

use super::error::Refusal;
use crate::serve::Cut;

/// The connection that a request came on.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Whether it is the plain listener's, whose clients are proxies.
    pub(crate) proxy: bool,
    /// Ends it.
    pub(crate) cut: Cut,
}

impl Origin {
    pub(super) fn of(request: &HttpRequest) -> Result<&Self, Refusal> {
        request.conn_data().ok_or_else(|| Refusal::new(ProblemCode::Internal, "the server is not wired"))
    }
}
