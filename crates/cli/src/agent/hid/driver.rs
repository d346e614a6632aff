use std::{io, sync::Arc, time::Duration};

use keyfold_client::authenticator::{
    Channel, CtapError,
    hid::{Act, Bytes, Protocol},
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::agent::{
    authenticator::Shared,
    cancel::{Cancel, CancelOnDrop},
};

/// Carries packets.
pub(super) trait Line {
    /// The next packet, of whatever kind. It may be dropped before it is there, and loses nothing then.
    async fn receive(&mut self) -> io::Result<Received>;

    /// Sends a packet to whoever sent the last one that was received.
    async fn send(&mut self, packet: &Bytes) -> io::Result<()>;
}

/// What came.
pub(super) enum Received {
    Packet(Box<Bytes>),
    /// The power went and came back.
    PowerCycle,
    /// Something that is no packet.
    Nothing,
}

/// A request that is being served. It is brought to its end even if nobody waits for that: the authenticator is in it.
struct Serving {
    answer: JoinHandle<Vec<u8>>,
    cancel: CancelOnDrop,
}

/// Drives the protocol over a line, until the line fails. Its channels are numbered from `first` on.
pub(super) async fn drive(line: &mut impl Line, first: u64, shared: Arc<Shared>) -> io::Result<()> {
    let mut protocol = Protocol::default();
    let mut serving: Option<Serving> = None;
    let mut keep_alive = Instant::now();
    loop {
        let expires = protocol.expires_at().map(Instant::from_std);
        let acts = tokio::select! {
            received = line.receive() => match received? {
                Received::Packet(packet) => protocol.receive(&packet, std::time::Instant::now()),
                Received::PowerCycle => {
                    serving = None;
                    protocol = Protocol::default();
                    // What it comes back as tells of a failure at the next request.
                    drop(shared.power_cycle().await);
                    Vec::new()
                }
                Received::Nothing => Vec::new(),
            },
            answer = answer_of(&mut serving) => {
                serving = None;
                send_all(line, protocol.answered(&answer).unwrap_or_default()).await?;
                Vec::new()
            }
            () = sleep_until(keep_alive), if serving.is_some() => {
                keep_alive = Instant::now() + KEEP_ALIVE;
                send_all(line, protocol.keep_alive().unwrap_or_default()).await?;
                Vec::new()
            }
            () = sleep_until(expires.unwrap_or_else(Instant::now)), if expires.is_some() => {
                protocol.expire(std::time::Instant::now())
            }
        };
        for act in acts {
            match act {
                Act::Send(packets) => send_all(line, packets).await?,
                Act::Cancel => {
                    if let Some(serving) = &serving {
                        serving.cancel.0.cancel();
                    }
                }
                Act::Serve(channel, request) => {
                    let channel = Channel(first | u64::from(channel));
                    serving = Some(Serving::begin(&shared, channel, request));
                    keep_alive = Instant::now() + KEEP_ALIVE;
                }
            }
        }
    }
}

impl Serving {
    fn begin(shared: &Arc<Shared>, channel: Channel, request: Vec<u8>) -> Self {
        let (shared, cancel) = (Arc::clone(shared), Cancel::default());
        let answer = tokio::spawn({
            let cancel = cancel.clone();
            async move { shared.call(channel, request, cancel).await }
        });
        Self { answer, cancel: CancelOnDrop(cancel) }
    }
}

/// The answer, once it is there; never, if nothing is being served.
async fn answer_of(serving: &mut Option<Serving>) -> Vec<u8> {
    match serving {
        Some(serving) => (&mut serving.answer).await.unwrap_or_else(|_| vec![CtapError::Other.code()]),
        None => std::future::pending().await,
    }
}

async fn send_all(line: &mut impl Line, packets: Vec<Bytes>) -> io::Result<()> {
    for packet in packets {
        line.send(&packet).await?;
    }
    Ok(())
}

const KEEP_ALIVE: Duration = Duration::from_millis(100);
