use std::{sync::Arc, time::Duration};

use keyfold_vault::storage::StorageError;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{http::State, meters::Chore};

/// Tells the informed half, within a second, whose roster has moved, and has it judge devices whose judgement has expired. Each
/// replica does so: what two of them look at at once comes to the same.
pub(super) async fn run(state: Arc<State>, mut stopping: watch::Receiver<bool>) {
    let mut rounds = interval(SECOND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = rounds.tick() => {}
        }
        if let Err(error) = tell(&state).await {
            tracing::error!(%error, "news of rosters");
            state.meters.failed(Chore::News);
        }
        if let Err(error) = state.assurance.devices.judge_due().await {
            tracing::error!(%error, "judgements of devices");
            state.meters.failed(Chore::News);
        }
    }
}

async fn tell(state: &State) -> Result<(), StorageError> {
    loop {
        let news = state.services.informing.news().await?;
        if news.is_empty() {
            return Ok(());
        }
        for news in news {
            let refreshed = state.assurance.members.refresh(news.account).await;
            refreshed.map_err(|error| StorageError::Unavailable(Box::new(error)))?;
            state.services.informing.heard(news).await?;
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
