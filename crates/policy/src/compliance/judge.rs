//! Whether one rule holds for one device, regardless of grace.

use std::{cmp::min, time::Duration};

use super::{
    CompliancePolicy, External, Fact, KeyStore, Platform, Posture, Reason, Requirement, Setting, Source, Topic,
    ValidHours, Verdict, Version,
};
use crate::UnixMillis;

/// What is known of one device at one moment.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) posture: Option<&'a Posture>,
    pub(super) external: Option<&'a External>,
    pub(super) now: UnixMillis,
}

/// What one rule finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    /// What is found counts until then, as far as facts go.
    pub(super) until: UnixMillis,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as required, as of a report that was made then.
    Holds { as_of: UnixMillis },
    /// It is known not to be.
    Fails(Reason),
    /// The report that counts does not know it.
    NotKnown(Reason),
    /// No report counts that could.
    Unseen(Reason),
    /// What is reported cannot be true, or could not be judged.
    Error(Reason),
}

impl Known<'_> {
    /// What a requirement of a policy finds; `None` where it is for other devices.
    pub(super) fn judge(&self, policy: &CompliancePolicy, requirement: &Requirement) -> Option<Finding> {
        let Some(posture) = self.posture else {
            return Some(self.now_only(Outcome::Unseen(Reason::NoReport)));
        };
        // A platform does not expire: whom a policy is for does not change with time alone.
        let platform = posture.platform.value().copied();
        if platform.is_some_and(|platform| !policy.is_for(platform) || !requirement.is_for(platform)) {
            return None;
        }
        let until = match self.counts(posture.reported_at, policy.valid_hours) {
            Ok(until) => until,
            Err(Stale::Expired) => return Some(self.now_only(Outcome::Unseen(Reason::ReportExpired))),
            Err(Stale::FromTheFuture) => return Some(self.now_only(Outcome::Error(Reason::ReportFromTheFuture))),
        };
        let checked = match requirement {
            _ if platform.is_none() && !policy.platforms.is_empty() => Err(not_known(Topic::Platform)),
            Requirement::DiskEncryption => on(&posture.disk_encryption, Topic::DiskEncryption),
            Requirement::ScreenLock => on(&posture.screen_lock, Topic::ScreenLock),
            Requirement::SecureBoot => on(&posture.secure_boot, Topic::SecureBoot),
            Requirement::OsVersion { .. } if platform.is_none() => Err(not_known(Topic::Platform)),
            Requirement::OsVersion { at_least, .. } => new_enough(&posture.os_version, at_least, Topic::OsVersion),
            Requirement::KeyStore { at_least } => strong_enough(&posture.key_store, *at_least),
            Requirement::HardwareEvidence => proven(&posture.key_store),
            Requirement::AgentVersion { at_least } => new_enough(&posture.agent_version, at_least, Topic::AgentVersion),
            Requirement::ExternalCompliance => {
                let said = self.external(policy.valid_hours);
                return Some(Finding { until: min(until, said.until), outcome: said.outcome });
            }
        };
        let outcome = checked.err().unwrap_or(Outcome::Holds { as_of: posture.reported_at });
        Some(Finding { outcome, until })
    }

    fn external(&self, valid: ValidHours) -> Finding {
        let Some(external) = self.external else {
            return self.now_only(Outcome::Unseen(Reason::ExternalSilent));
        };
        let until = match self.counts(external.reported_at, valid) {
            Ok(until) => until,
            Err(Stale::Expired) => return self.now_only(Outcome::Unseen(Reason::ExternalExpired)),
            Err(Stale::FromTheFuture) => return self.now_only(Outcome::Error(Reason::ExternalFromTheFuture)),
        };
        let outcome = match external.verdict {
            Verdict::Compliant => Outcome::Holds { as_of: external.reported_at },
            Verdict::NonCompliant => Outcome::Fails(Reason::ExternalNonCompliant),
            Verdict::Error => Outcome::Error(Reason::ExternalError),
        };
        Finding { outcome, until }
    }

    /// Until when something counts that was reported then.
    fn counts(&self, reported_at: UnixMillis, valid: ValidHours) -> Result<UnixMillis, Stale> {
        if reported_at > self.now.plus(SKEW) {
            return Err(Stale::FromTheFuture);
        }
        let until = reported_at.plus(valid.duration());
        if self.now < until { Ok(until) } else { Err(Stale::Expired) }
    }

    fn now_only(&self, outcome: Outcome) -> Finding {
        Finding { outcome, until: self.now }
    }
}

enum Stale {
    Expired,
    FromTheFuture,
}

impl CompliancePolicy {
    fn is_for(&self, platform: Platform) -> bool {
        self.platforms.is_empty() || self.platforms.contains(&platform)
    }
}

impl Requirement {
    fn is_for(&self, platform: Platform) -> bool {
        match self {
            Self::OsVersion { platform: whose, .. } => *whose == platform,
            _ => true,
        }
    }
}

fn on(fact: &Fact<Setting>, topic: Topic) -> Result<(), Outcome> {
    match known(fact, topic)? {
        Setting::On => Ok(()),
        Setting::Off => Err(Outcome::Fails(Reason::Off(topic))),
    }
}

fn new_enough(fact: &Fact<Version>, at_least: &Version, topic: Topic) -> Result<(), Outcome> {
    let found = known(fact, topic)?;
    if found >= at_least {
        return Ok(());
    }
    Err(Outcome::Fails(Reason::TooOld { topic, found: found.clone(), at_least: at_least.clone() }))
}

fn strong_enough(fact: &Fact<KeyStore>, at_least: KeyStore) -> Result<(), Outcome> {
    let found = *known(fact, Topic::KeyStore)?;
    if found >= at_least { Ok(()) } else { Err(Outcome::Fails(Reason::KeyStoreTooWeak { found, at_least })) }
}

fn proven(fact: &Fact<KeyStore>) -> Result<(), Outcome> {
    match fact {
        Fact::Unknown => Err(not_known(Topic::KeyStore)),
        Fact::Known { source: Source::SelfReported, .. } => Err(Outcome::Fails(Reason::NoHardwareEvidence)),
        Fact::Known { value: KeyStore::Software, .. } => Err(Outcome::Fails(Reason::KeysInSoftware)),
        Fact::Known { .. } => Ok(()),
    }
}

fn known<T>(fact: &Fact<T>, topic: Topic) -> Result<&T, Outcome> {
    fact.value().ok_or_else(|| not_known(topic))
}

fn not_known(topic: Topic) -> Outcome {
    Outcome::NotKnown(Reason::NotKnown(topic))
}

/// How far ahead a device's clock may be.
const SKEW: Duration = Duration::from_secs(5 * 60);
