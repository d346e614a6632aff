use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Whether something answers, asked at most once a second however many want to know.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat(Mutex<Option<(Instant, bool)>>);

impl Heartbeat {
    /// What it said in the second before `now`, or says now. Whoever comes meanwhile waits for that answer.
    pub(crate) async fn answers(&self, now: Instant, ask: impl AsyncFnOnce() -> bool) -> bool {
        let mut last = self.0.lock().await;
        if let Some((asked, answered)) = *last
            && now.saturating_duration_since(asked) < FRESH
        {
            return answered;
        }
        let answered = ask().await;
        *last = Some((now, answered));
        answered
    }
}

const FRESH: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question() {
        let heartbeat = Heartbeat::default();
        let asked = Cell::new(0);
        let ask = async || {
            asked.set(asked.get() + 1);
            asked.get() == 1
        };
        let now = Instant::now();
        assert!(heartbeat.answers(now, ask).await && heartbeat.answers(now, ask).await);
        assert_eq!(asked.get(), 1);
        assert!(!heartbeat.answers(now + FRESH, ask).await);
        assert_eq!(asked.get(), 2);
    }
}
