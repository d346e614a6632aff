use std::{
    cmp::min,
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::judge::Outcome;
use crate::{PolicyId, RuleId, UnixMillis};

/// Since when each rule has been failing for a device. Whoever evaluates keeps it from one evaluation to the next.
///
/// Grace is had once, not anew with each change back and forth: a mark goes only when its rule has been found to hold by reports
/// at least 24 hours apart, with nothing else found in between. Being silent, or of another platform for a while, frees of
/// nothing. A mark goes with its rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Mark>", into = "Vec<Mark>")]
pub struct FailingSince(BTreeMap<(PolicyId, RuleId), Times>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    since: UnixMillis,
    /// When an evaluation found it to hold, as all have done since.
    held_since: Option<UnixMillis>,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Mark {
    policy: PolicyId,
    rule: RuleId,
    since: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held_since: Option<UnixMillis>,
}

/// What one evaluation saw of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Holding { as_of: UnixMillis },
    Nothing,
    Failing,
}

impl FailingSince {
    /// Since when a rule has been failing, even if it holds right now.
    #[must_use]
    pub fn since(&self, policy: &PolicyId, rule: &RuleId) -> Option<UnixMillis> {
        self.0.get(&(policy.clone(), rule.clone())).map(|times| times.since)
    }

    /// Whether no rule fails, or has done lately.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is kept until the next evaluation.
    pub(super) fn after(&self, seen: BTreeMap<(PolicyId, RuleId), Seen>, now: UnixMillis) -> Self {
        let next = |(key, seen): (_, Seen)| {
            let times = self.0.get(&key).copied();
            Some((key, Times::after(times, seen, now)?))
        };
        Self(seen.into_iter().filter_map(next).collect())
    }
}

impl Times {
    fn after(before: Option<Self>, seen: Seen, now: UnixMillis) -> Option<Self> {
        // A clock that was ahead once gives nobody time.
        let since = before.map(|before| min(before.since, now));
        let as_of = match seen {
            Seen::Failing => return Some(Self { since: since.unwrap_or(now), held_since: None }),
            Seen::Nothing => return Some(Self { since: since?, held_since: None }),
            Seen::Holding { as_of } => as_of,
        };
        let held_since = before?.held_since.unwrap_or(now);
        let holds = as_of >= held_since.plus(TO_HOLD);
        if holds { None } else { Some(Self { since: since?, held_since: Some(held_since) }) }
    }
}

impl Seen {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Holds { as_of } => Self::Holding { as_of: *as_of },
            Outcome::Fails(_) | Outcome::NotKnown(_) => Self::Failing,
            Outcome::Unseen(_) | Outcome::Error(_) => Self::Nothing,
        }
    }

    /// What is seen of a rule that is given twice.
    pub(super) fn or_worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failing, _) | (_, Self::Failing) => Self::Failing,
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Holding { as_of: one }, Self::Holding { as_of: two }) => Self::Holding { as_of: min(one, two) },
        }
    }
}

impl From<Vec<Mark>> for FailingSince {
    fn from(marks: Vec<Mark>) -> Self {
        let mut all = BTreeMap::new();
        for Mark { policy, rule, since, held_since } in marks {
            let times = Times { since, held_since };
            match all.entry((policy, rule)) {
                Entry::Vacant(entry) => {
                    entry.insert(times);
                }
                // Nobody stores two; if somebody does, the one that gives less time counts.
                Entry::Occupied(mut entry) => {
                    let other: &mut Times = entry.get_mut();
                    *other = Times { since: min(other.since, since), held_since: None };
                }
            }
        }
        Self(all)
    }
}

impl From<FailingSince> for Vec<Mark> {
    fn from(failing: FailingSince) -> Self {
        let mark = |((policy, rule), Times { since, held_since })| Mark { policy, rule, since, held_since };
        failing.0.into_iter().map(mark).collect()
    }
}

/// How long a rule must hold until its failing is forgotten.
const TO_HOLD: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> (PolicyId, RuleId) {
        ("laptops".parse().unwrap(), "disk".parse().unwrap())
    }

    #[test]
    fn marks_have_one_form_in_json() {
        let failing = FailingSince::default().after(BTreeMap::from([(key(), Seen::Failing)]), UnixMillis(5));
        let json = serde_json::json!([{"policy": "laptops", "rule": "disk", "since": 5}]);
        assert_eq!(serde_json::to_value(&failing).unwrap(), json);
        assert_eq!(serde_json::from_value::<FailingSince>(json).unwrap(), failing);

        let holding = BTreeMap::from([(key(), Seen::Holding { as_of: UnixMillis(6) })]);
        let holding = failing.after(holding, UnixMillis(7));
        let json = serde_json::json!([{"policy": "laptops", "rule": "disk", "since": 5, "held-since": 7}]);
        assert_eq!(serde_json::to_value(&holding).unwrap(), json);
        assert_eq!(serde_json::from_value::<FailingSince>(json).unwrap(), holding);
    }

    #[test]
    fn of_two_marks_the_one_that_gives_less_time_counts() {
        let twice = serde_json::json!([
            {"policy": "laptops", "rule": "disk", "since": 5},
            {"policy": "laptops", "rule": "disk", "since": 3, "held-since": 4},
        ]);
        let failing: FailingSince = serde_json::from_value(twice).unwrap();
        let once = serde_json::json!([{"policy": "laptops", "rule": "disk", "since": 3}]);
        assert_eq!(serde_json::to_value(failing).unwrap(), once);
    }

    #[test]
    fn of_two_things_seen_the_worse_counts() {
        let [old, new] = [1, 2].map(|at| Seen::Holding { as_of: UnixMillis(at) });
        for (worse, better) in [(Seen::Failing, Seen::Nothing), (Seen::Failing, old), (Seen::Nothing, new), (old, new)]
        {
            assert_eq!(worse.or_worse(better), worse);
            assert_eq!(better.or_worse(worse), worse);
        }
    }

    #[test]
    fn a_clock_that_was_ahead_gives_nobody_time() {
        let failing = BTreeMap::from([(key(), Seen::Failing)]);
        let marks = FailingSince::default().after(failing.clone(), UnixMillis(1_000));
        let (policy, rule) = key();
        assert_eq!(marks.after(failing, UnixMillis(10)).since(&policy, &rule), Some(UnixMillis(10)));
    }
}
