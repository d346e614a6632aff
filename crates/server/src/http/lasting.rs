use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{HttpRequest, web::Data};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream::iter};
use keyfold_vault::Caller;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

use super::{
    Origin, State,
    error::Refusal,
    shares::{Share, Shares},
};
use crate::config::HttpSettings;

/// How many answers that last there may be at once.
pub(crate) struct Seats {
    pub(super) pulls: Arc<Shares<Caller>>,
    pub(super) hints: Arc<Shares<Caller>>,
}

/// An answer that lasts. It ends when its time is over, with the caller's membership and with the server: by itself where its
/// client reads, and with its connection where the client does not.
pub(super) struct Lasting {
    end: oneshot::Receiver<()>,
    watch: Watch,
    seat: Share<Caller>,
}

/// Gone with the answer that it watches.
struct Watch(JoinHandle<()>);

impl Seats {
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self { pulls: Shares::new(PULLS, settings.pulls), hints: Shares::new(HINTS, settings.hints) }
    }
}

impl Lasting {
    /// Takes a seat, for this long.
    pub(super) fn begin(
        state: &Data<State>,
        request: &HttpRequest,
        caller: Caller,
        time: Duration,
        seats: &Arc<Shares<Caller>>,
    ) -> Result<Self, Refusal> {
        let full = || Refusal::later("too many answers of this kind are open", Duration::from_secs(1));
        let seat = seats.take(caller, 1).ok_or_else(full)?;
        let cut = Origin::of(request)?.cut.clone();
        let (tell, end) = oneshot::channel();
        let over = over(Arc::clone(state), caller, time);
        let watch = tokio::spawn(async move {
            over.await;
            // A client that reads is told properly; after that this watch is gone.
            let _ = tell.send(());
            sleep(GRACE).await;
            cut.cut();
        });
        Ok(Self { end, watch: Watch(watch), seat })
    }

    /// The answer's body, in pieces that a client takes one by one: no more than that is held for it.
    pub(super) fn body(
        self,
        chunks: impl Stream<Item = Result<Bytes, Refusal>>,
    ) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
        let Self { end, watch, seat } = self;
        let pieces = chunks.map_ok(|chunk| iter(pieces(chunk).map(Ok))).try_flatten();
        pieces.take_until(end).map_err(move |refusal: Refusal| {
            let _held = (&watch, &seat);
            refusal.into()
        })
    }
}

/// Returns once whatever this caller began must end.
fn over(state: Arc<State>, caller: Caller, time: Duration) -> impl Future<Output = ()> {
    let mut heads = state.services.heads.listen(&caller);
    async move {
        let watched = async {
            while state.services.heads.poll(&caller).await.is_ok() {
                tokio::select! {
                    () = heads.moved() => {}
                    // In case a word was lost.
                    () = sleep(state.services.heads.patience()) => {}
                }
            }
        };
        tokio::select! {
            () = watched => {}
            () = sleep(time) => {}
            () = state.stop() => {}
        }
    }
}

fn pieces(chunk: Bytes) -> impl Iterator<Item = Bytes> {
    (0..chunk.len()).step_by(PIECE).map(move |start| chunk.slice(start..chunk.len().min(start + PIECE)))
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Of one device at once: one goes on while the device believes it lost, and more on a network that flaps.
const PULLS: usize = 2;
const HINTS: usize = 4;
/// What the connection holds of an answer beside this is of the same size.
const PIECE: usize = 256 * 1024;
const GRACE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_travels_in_pieces_and_whole() {
        let chunk = Bytes::from_iter((0..3 * PIECE + 5).map(|place| u8::try_from(place % 251).unwrap()));
        let pieces: Vec<Bytes> = pieces(chunk.clone()).collect();
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, PIECE, 5]);
        assert_eq!(pieces.concat(), chunk);
    }
}
