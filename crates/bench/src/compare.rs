//! By turns: what is measured and its limit see the same machine, also if it has other work for a while.
//!
//! Turns are short and many, since a busy disk may be ten times slower from one second to the next. Where the turns of a
//! limit still disagree, that is said: a limit that does not stand still makes a ratio that means nothing.

use std::time::Duration;

use crate::{failure::Failure, output, stage::Stage};

/// Runs the limit and the subject by turns, once without counting and then [`ROUNDS`] times, each for its part of the
/// stage's time; the median rate of each, as (subject, limit).
pub(crate) async fn by_turns(
    stage: &Stage,
    mut limit: impl AsyncFnMut(Duration) -> Result<f64, Failure>,
    mut subject: impl AsyncFnMut(Duration) -> Result<f64, Failure>,
) -> Result<(f64, f64), Failure> {
    let time = stage.time / ROUNDS;
    let (mut limits, mut subjects) = (Vec::new(), Vec::new());
    limit(time).await?;
    subject(time).await?;
    for _ in 0..ROUNDS {
        limits.push(limit(time).await?);
        subjects.push(subject(time).await?);
    }
    Ok((steady("what is measured", subjects), steady("its limit", limits)))
}

/// The median of the turns; says so where they disagree.
pub(crate) fn steady(whose: &str, turns: Vec<f64>) -> f64 {
    let spread = spread(turns.clone());
    if spread > DISAGREE {
        output::progress(&format!(
            "{whose} varied {spread:.1}-fold from turn to turn: the machine has other work, and this ratio means little"
        ));
    }
    median(turns)
}

/// The value in the middle of an odd number of values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many times the first quartile the third is.
fn spread(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let quartile = |quarter: usize| values.get(values.len() * quarter / 4).copied().unwrap_or(f64::NAN);
    quartile(3) / quartile(1)
}

/// Odd, so that one of them is in the middle.
pub(crate) const ROUNDS: u32 = 15;
/// Half of the turns of a machine that does nothing else are nearer to each other than that.
const DISAGREE: f64 = 1.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_round_that_was_disturbed_does_not_count() {
        assert_eq!(median(vec![100.0, 3.0, 101.0]), 100.0);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn turns_that_disagree_are_noticed_and_one_alone_is_not() {
        assert!(spread(vec![100.0, 900.0, 120.0, 800.0, 110.0]) > DISAGREE);
        assert!(spread(vec![100.0, 900.0, 101.0, 102.0, 99.0]) < DISAGREE);
    }
}
