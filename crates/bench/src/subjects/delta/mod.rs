//! Two devices on the SDK, over TLS as people run them, with 1,000 passkeys between them. One gives a passkey another
//! label; what the other receives when it syncs, every body of every answer, is held against the envelope among it.

mod member;
mod wire;

use keyfold_client::item::FieldTag;
use keyfold_wire::v1::{PullFrame, pull_frame::Frame};
use prost::Message;

use crate::{
    failure::Failure,
    output,
    report::{Row, Target},
    server::Server,
    stage::Stage,
};
use member::Member;

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let server = Server::start(stage, &[]).await?;
    output::progress("making 1,000 passkeys and letting a second device in");
    let first = Member::founded(&server).await?;
    let mut items = Vec::new();
    for number in 0..ITEMS {
        items.push(first.add(number).await?);
    }
    first.sync().await?;
    let second = Member::enrolled(&server, &first).await?;
    second.sync().await?;

    let changed = items.get(ITEMS / 2).copied().ok_or(Failure::client("an item")("it is not there"))?;
    let label = b"the one for work".to_vec();
    first.vault().set(changed, FieldTag::Label, label).await.map_err(Failure::client("a label"))?;
    first.sync().await?;
    second.wire.forget();
    second.sync().await?;

    let bodies = second.wire.received();
    let fetched: usize = bodies.iter().map(|(_, body)| body.len()).sum();
    let mut envelope = 0;
    for (path, body) in &bodies {
        output::progress(&format!("{path}: {} bytes", body.len()));
        for (kind, bytes) in frames(body) {
            output::progress(&format!("  of which {kind}: {bytes}"));
            envelope += if kind == ENVELOPE { bytes } else { 0 };
        }
    }
    let row = (fetched as f64, envelope as f64, "bytes");
    Ok(vec![Row::new("delta", row, Target::AtMost(1.5), "the envelope of the changed item")])
}

/// What a pull's frames carry, and how many bytes of it; the envelope's without its frame.
fn frames(mut stream: &[u8]) -> Vec<(&'static str, usize)> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((frame, rest)) = rest.split_at_checked(length) else { break };
        stream = rest;
        frames.push(match PullFrame::decode(frame).ok().and_then(|frame| frame.frame) {
            Some(Frame::Envelope(envelope)) => (ENVELOPE, envelope.len()),
            Some(Frame::Heads(_) | Frame::BriefHeads(_)) => ("heads and receipts", length),
            Some(Frame::Commit(_) | Frame::BriefCommit(_)) => ("commit", length),
            _ => ("other", length),
        });
    }
    frames
}

const ENVELOPE: &str = "envelope";
const ITEMS: usize = 1_000;
