use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use keyfold_vault::{Caller, Subscription};
use tokio::time::sleep;

use crate::http::{State, error::Refusal, incoming::Nothing, lasting::Lasting, signed::FromDevice};

/// GET /v1/hints: server-sent events that say only that a head may have moved.
pub(super) async fn listen(
    state: Data<State>,
    request: HttpRequest,
    signed: FromDevice<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let caller = signed.caller();
    let subscription = state.services.heads.listen(&caller);
    let heads = state.run(async move |services| Ok(services.heads.poll(&caller).await?)).await?;
    let left = Duration::from_millis(signed.session.expires_at.saturating_sub(state.services.now()));
    let lasting = Lasting::begin(&state, &request, caller, left, &state.seats.hints)?;
    let listener = Listener { subscription, caller, state, heads };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(lasting.body(events(listener))))
}

struct Listener {
    state: Data<State>,
    caller: Caller,
    subscription: Box<dyn Subscription>,
    /// Where the account stood at the last look.
    heads: Bytes,
}

impl Listener {
    /// The next thing to say; `None` to who is a member no more.
    async fn next(&mut self) -> Option<&'static str> {
        let told = tokio::select! {
            () = self.subscription.moved() => true,
            () = sleep(KEEP_ALIVE) => false,
        };
        let before = self.heads.clone();
        self.heads = self.state.services.heads.poll(&self.caller).await.ok()?;
        // A word may have been lost on its way from another replica.
        Some(if told || self.heads != before { MOVED } else { STILL_HERE })
    }
}

fn events(listener: Listener) -> impl Stream<Item = Result<Bytes, Refusal>> {
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
