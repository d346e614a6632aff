use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    CompliancePolicy, External, FailingSince, Posture, Reason, Rule, Severity, State,
    failing_since::Seen,
    judge::{Finding, Known, Outcome},
};
use crate::{PolicyId, RuleId, UnixMillis};

/// How a device stands to all that its tenant requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evaluation {
    /// The worst of what is required; unknown, where nothing is.
    pub state: State,
    /// What each rule found, by policy and rule.
    pub results: Vec<RuleResult>,
    /// The state counts before then: by then a report will have expired, or grace will have ended.
    pub expires_at: UnixMillis,
    /// For the next evaluation of this device.
    pub failing_since: FailingSince,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleResult {
    /// Of which policy.
    pub policy: PolicyId,
    /// Which one.
    pub rule: RuleId,
    /// Whether its state counts for the device's.
    pub severity: Severity,
    /// How the device stands to it.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// When grace ends, or has ended, for what is known to be wrong.
    pub grace_until: Option<UnixMillis>,
}

/// How a device stands to the policies that its user is assigned.
///
/// `posture` is the device's last report, `external` the last word of another device management, `history` the
/// [`Evaluation::failing_since`] of the evaluation before. Policies for other platforms belong in `policies` too: which of them a
/// device is judged by is found here, and what it failed of them is remembered. An id that is given twice counts both times.
#[must_use]
pub fn evaluate(
    posture: Option<&Posture>,
    policies: &[CompliancePolicy],
    history: &FailingSince,
    external: Option<&External>,
    now: UnixMillis,
) -> Evaluation {
    let known = Known { posture, external, now };
    let mut judged = Vec::new();
    let mut seen = BTreeMap::new();
    for policy in policies {
        for rule in &policy.rules {
            let finding = known.judge(policy, &rule.requirement);
            let saw = finding.as_ref().map_or(Seen::Nothing, |finding| Seen::of(&finding.outcome));
            let all = seen.entry((policy.id.clone(), rule.id.clone())).or_insert(saw);
            *all = all.or_worse(saw);
            judged.extend(finding.map(|finding| (policy, rule, finding)));
        }
    }
    let failing_since = history.after(seen, now);

    let mut state = None;
    let mut expires_at = None;
    let mut results = Vec::new();
    for (policy, rule, Finding { outcome, until }) in judged {
        let since = failing_since.since(&policy.id, &rule.id).unwrap_or(now);
        let result = result(policy, rule, outcome, since, now);
        if result.severity == Severity::NonCompliant {
            let grace = result.grace_until.filter(|_| result.state == State::InGracePeriod);
            expires_at = [expires_at, Some(until), grace].into_iter().flatten().min();
            state = state.max(Some(result.state));
        }
        results.push(result);
    }
    results.sort();
    Evaluation { state: state.unwrap_or(State::Unknown), results, expires_at: expires_at.unwrap_or(now), failing_since }
}

fn result(policy: &CompliancePolicy, rule: &Rule, outcome: Outcome, since: UnixMillis, now: UnixMillis) -> RuleResult {
    let (state, reason, grace_until) = match outcome {
        Outcome::Holds { .. } => (State::Compliant, Reason::Holds, None),
        Outcome::Fails(reason) => {
            let until = since.plus(rule.grace_days.duration());
            let state = if now < until { State::InGracePeriod } else { State::NonCompliant };
            (state, reason, Some(until))
        }
        Outcome::NotKnown(reason) | Outcome::Unseen(reason) => (State::Unknown, reason, None),
        Outcome::Error(reason) => (State::Error, reason, None),
    };
    let (policy, id) = (policy.id.clone(), rule.id.clone());
    RuleResult { policy, rule: id, severity: rule.severity, state, reason, grace_until }
}
