use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::UPKEEP;
use crate::{http::State, meters::Chore, tls::Certificates};

/// Does what time makes due until the server stops. What fails is logged and tried again the next time.
pub(super) async fn run(state: Arc<State>, certificates: Arc<Certificates>, mut stopping: watch::Receiver<bool>) {
    let mut rounds = interval(UPKEEP);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut until_renewal = RENEWAL;
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = rounds.tick() => {}
        }
        state.rates.forget();
        state.meters.upkeep();
        if let Err(error) = state.services.upkeep().await {
            tracing::error!(%error, "upkeep");
            state.meters.failed(Chore::Sweep);
        }
        if let Err(error) = state.assurance.upkeep().await {
            tracing::error!(%error, "upkeep of tenants");
            state.meters.failed(Chore::Tenants);
        }
        until_renewal = until_renewal.saturating_sub(UPKEEP);
        if until_renewal.is_zero() {
            until_renewal = RENEWAL;
            if let Err(error) = certificates.renew() {
                tracing::error!(%error, "the certificate was not renewed; the old one goes on");
                state.meters.failed(Chore::Certificate);
            }
        }
    }
}

/// A local certificate lives 90 days, and files may be replaced by whoever renews them: both are looked at each hour.
const RENEWAL: Duration = Duration::from_secs(60 * 60);
