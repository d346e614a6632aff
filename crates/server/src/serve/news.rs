use std::{sync::Arc, time::Duration};

use keyfold_assurance::storage::DeviceKey;
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
        match state.assurance.devices.judge_due().await {
            Ok(judged) => {
                for (DeviceKey { tenant, account, device }, error) in judged.failed {
                    tracing::error!(%tenant, %account, %device, %error, "judgement of a device");
                    state.meters.failed(Chore::News);
                }
            }
            Err(error) => {
                tracing::error!(%error, "judgements of devices");
                state.meters.failed(Chore::News);
            }
        }
    }
}

/// One pass over all that is new: what cannot be read of one account is tried again with the next, and holds up nobody else's.
async fn tell(state: &State) -> Result<(), StorageError> {
    let mut after = None;
    loop {
        let page = state.services.informing.news(after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.account);
        for news in page {
            let account = news.account;
            match state.assurance.members.refresh(account).await {
                Ok(()) => state.services.informing.heard(news).await?,
                Err(error) => {
                    tracing::error!(%account, %error, "news of a roster");
                    state.meters.failed(Chore::News);
                }
            }
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
