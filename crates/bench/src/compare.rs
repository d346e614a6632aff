//! By turns: what is measured and its limit see the same machine, also if it has other work for a while.

use std::time::Duration;

use crate::{failure::Failure, stage::Stage};

/// Runs the limit and the subject by turns, [`ROUNDS`] times, each for its part of the stage's time; the median rate of
/// each, as (subject, limit).
pub(crate) async fn by_turns(
    stage: &Stage,
    mut limit: impl AsyncFnMut(Duration) -> Result<f64, Failure>,
    mut subject: impl AsyncFnMut(Duration) -> Result<f64, Failure>,
) -> Result<(f64, f64), Failure> {
    let time = stage.time / ROUNDS;
    let (mut limits, mut subjects) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        limits.push(limit(time).await?);
        subjects.push(subject(time).await?);
    }
    Ok((median(subjects), median(limits)))
}

/// The value in the middle of an odd number of values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Odd, so that one of them is in the middle.
pub(crate) const ROUNDS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_round_that_was_disturbed_does_not_count() {
        assert_eq!(median(vec![100.0, 3.0, 101.0]), 100.0);
        assert!(median(Vec::new()).is_nan());
    }
}
