//! What is measured: one file for each measurement, which says how.

mod delta;
mod evidence;
mod flood;
mod get;
mod growth;
mod hints;
mod idle;
mod opening;
mod poll;
mod pull;
mod push;
mod silent;

use crate::{failure::Failure, measurement::Measurement, report::Row, stage::Stage};

/// Measures it.
pub(crate) async fn measure(measurement: Measurement, stage: &Stage) -> Result<Vec<Row>, Failure> {
    match measurement {
        Measurement::Idle => idle::measure(stage).await,
        Measurement::Poll => poll::measure(stage).await,
        Measurement::Push => push::one(stage).await,
        Measurement::PushMany => push::many(stage).await,
        Measurement::PushPostgres => push::on_postgres(stage).await,
        Measurement::Delta => delta::measure(stage).await,
        Measurement::Pull => pull::measure(stage).await,
        Measurement::Growth => growth::measure(stage).await,
        Measurement::Opening => opening::measure(stage).await,
        Measurement::Get => get::measure(stage).await,
        Measurement::Evidence => evidence::measure(stage).await,
        Measurement::Hints => hints::measure(stage).await,
        Measurement::Silent => silent::measure(stage).await,
        Measurement::Flood => flood::measure(stage).await,
    }
}
