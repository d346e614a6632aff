//! Pulls over lines and from servers of all kinds.

use std::time::Duration;

use keyfold_wire::v1::{Heads, PullEnd};
use prost::Message;

use super::*;
use crate::transport::{TransportError, slow::Slow};

const TOO_SLOW: ApiError = ApiError::Transport(TransportError::Timeout);

/// A frame as it travels.
fn framed(frame: Frame) -> Vec<u8> {
    let frame = PullFrame { frame: Some(frame) }.encode_to_vec();
    [&u32::try_from(frame.len()).unwrap().to_be_bytes(), frame.as_slice()].concat()
}

fn heads() -> Vec<u8> {
    framed(Frame::Heads(Heads::default()))
}

/// An envelope's frame, 4 KiB in all.
fn envelope() -> Vec<u8> {
    framed(Frame::Envelope(vec![7; 4_089]))
}

/// Heads at once, then whatever the server sends, and when.
fn pull(mut next: impl FnMut() -> Option<(Duration, Vec<u8>)> + Send + 'static) -> PullStream {
    let mut heads = Some(heads());
    let answer = Slow(move || heads.take().map(|heads| (Duration::ZERO, heads)).or_else(&mut next)).answer();
    PullStream::new(answer, false)
}

/// These bytes, so many at a time.
fn in_pieces(bytes: &[u8], piece: usize) -> PullStream {
    let mut pieces: Vec<Vec<u8>> = bytes.rchunks(piece).map(<[u8]>::to_vec).collect();
    PullStream::new(Slow(move || pieces.pop().map(|piece| (Duration::ZERO, piece))).answer(), false)
}

fn three_frames() -> Vec<u8> {
    [heads(), framed(Frame::Envelope(vec![7; 300])), framed(Frame::End(PullEnd { moved: true }))].concat()
}

#[tokio::test(start_paused = true)]
async fn frames_arrive_whole_whatever_the_pieces() {
    for piece in [1, 3, 100, 1_000] {
        let mut stream = in_pieces(&three_frames(), piece);
        assert_eq!(stream.frame().await.unwrap(), Some(Frame::Heads(Heads::default())));
        assert_eq!(stream.frame().await.unwrap(), Some(Frame::Envelope(vec![7; 300])));
        assert_eq!(stream.frame().await.unwrap(), Some(Frame::End(PullEnd { moved: true })));
        assert_eq!(stream.frame().await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_short_is_not_taken_for_its_end() {
    let bytes = three_frames();
    for length in 1..4 {
        let mut stream = in_pieces(&bytes[..bytes.len() - length], 50);
        assert!(stream.frame().await.is_ok() && stream.frame().await.is_ok());
        assert_eq!(stream.frame().await, Err(CUT_SHORT));
    }
}

#[tokio::test]
async fn a_huge_frame_is_refused_before_it_is_read() {
    assert_eq!(in_pieces(&[0xff; 8], 8).frame().await, Err(ApiError::BadAnswer("a frame that is too long")));
}

#[tokio::test]
async fn frames_that_mean_nothing_are_refused() {
    let mut stream = pull(|| Some((Duration::ZERO, heads())));
    assert!(stream.frame().await.is_ok());
    assert!(matches!(stream.frame().await, Err(ApiError::BadAnswer(_))));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dribbles_a_pull_is_not_waited_for() {
    for pause in [Duration::from_secs(29), Duration::MAX] {
        let mut dribble = pull(move || Some((pause, vec![0])));
        assert!(dribble.frame().await.is_ok());
        assert_eq!(dribble.frame().await, Err(TOO_SLOW));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_cannot_dribble_because_it_was_fast_before() {
    let mut fast = 1_000;
    let mut stream = pull(move || {
        fast -= 1;
        Some(if fast >= 0 { (Duration::ZERO, envelope()) } else { (Duration::from_secs(29), vec![0]) })
    });
    for _ in 0..1_001 {
        assert!(stream.frame().await.is_ok());
    }
    assert_eq!(stream.frame().await, Err(TOO_SLOW));
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_with_pauses_brings_a_long_pull_to_its_end() {
    let mut left = 10_000_u32;
    let mut stream = pull(move || {
        left = left.checked_sub(1)?;
        let pause = if left.is_multiple_of(100) { Duration::from_secs(25) } else { Duration::from_millis(700) };
        Some((pause, envelope()))
    });
    let mut frames = 0;
    while stream.frame().await.unwrap().is_some() {
        frames += 1;
    }
    assert_eq!(frames, 10_001);
}

#[tokio::test(start_paused = true)]
async fn what_this_device_takes_to_store_a_frame_is_not_the_servers_fault() {
    let mut stream = pull(|| Some((Duration::from_millis(900), envelope())));
    for _ in 0..100 {
        assert!(stream.frame().await.is_ok());
        tokio::time::advance(Duration::from_secs(60)).await;
    }
}
