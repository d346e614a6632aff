use std::time::Duration;

use actix_web::{HttpResponse, http::header, web::Data};
use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use keyfold_vault::{Caller, Subscription, sessions::Session};
use tokio::time::{Instant, sleep_until};

use crate::http::{State, error::Refusal, incoming::Nothing, signed::FromDevice};

/// GET /v1/hints: server-sent events that say only that a head may have moved.
///
/// The stream ends with the session, with the server, and once the device is no longer a member.
pub(super) async fn listen(state: Data<State>, request: FromDevice<Nothing>) -> Result<HttpResponse, Refusal> {
    let listener = Listener::new(state, &request.session);
    listener.state.services.heads.poll(&listener.caller).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(events(listener)))
}

struct Listener {
    state: Data<State>,
    caller: Caller,
    subscription: Box<dyn Subscription>,
    expires: Instant,
}

impl Listener {
    fn new(state: Data<State>, session: &Session) -> Self {
        let left = Duration::from_millis(session.expires_at.saturating_sub(state.services.now()));
        let subscription = state.services.heads.listen(&session.caller);
        Self { subscription, caller: session.caller, expires: Instant::now() + left, state }
    }

    /// The next thing to say; `None` where the stream ends.
    async fn next(&mut self) -> Option<&'static str> {
        let quiet = Instant::now() + KEEP_ALIVE;
        tokio::select! {
            () = self.state.stop() => None,
            () = sleep_until(self.expires) => None,
            () = self.subscription.moved() => self.is_member().await.then_some(MOVED),
            () = sleep_until(quiet) => self.is_member().await.then_some(STILL_HERE),
        }
    }

    async fn is_member(&self) -> bool {
        self.state.services.heads.poll(&self.caller).await.is_ok()
    }
}

fn events(listener: Listener) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    unfold((listener, Some(LISTENING)), |(mut listener, first)| async move {
        let said = match first {
            Some(first) => first,
            None => listener.next().await?,
        };
        Some((Ok(Bytes::from_static(said.as_bytes())), (listener, None)))
    })
}

/// Tells the client that it is heard from here on: it polls once, and misses nothing.
const LISTENING: &str = ": listening\n\n";
const MOVED: &str = "event: moved\ndata: moved\n\n";
const STILL_HERE: &str = ":\n\n";
const KEEP_ALIVE: Duration = Duration::from_secs(20);
