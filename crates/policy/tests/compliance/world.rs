//! A laptop that has everything, an office that wants some of it, and a clock that the stories turn.

use keyfold_policy::{
    CompliancePolicy, Evaluation, FailingSince, Posture, UnixMillis,
    compliance::{Days, External, Fact, KeyStore, Platform, Requirement, Rule, Setting, Severity, evaluate},
};

pub(crate) const HOUR: u64 = 60 * 60 * 1_000;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const NOON: UnixMillis = UnixMillis(20_000 * DAY + 12 * HOUR);

pub(crate) fn later(millis: u64) -> UnixMillis {
    UnixMillis(NOON.0 + millis)
}

pub(crate) fn laptop(reported_at: UnixMillis) -> Posture {
    Posture {
        reported_at,
        platform: Fact::self_reported(Platform::Linux),
        os_name: Fact::self_reported("Debian GNU/Linux".parse().unwrap()),
        os_version: Fact::self_reported("13.1".parse().unwrap()),
        disk_encryption: Fact::self_reported(Setting::On),
        screen_lock: Fact::self_reported(Setting::On),
        secure_boot: Fact::self_reported(Setting::On),
        key_store: Fact::hardware_verified(KeyStore::Tpm),
        agent_version: Fact::self_reported("1.4.0".parse().unwrap()),
    }
}

pub(crate) fn with_disk(disk: Setting, reported_at: UnixMillis) -> Posture {
    Posture { disk_encryption: Fact::self_reported(disk), ..laptop(reported_at) }
}

/// Of severity non-compliant, with three days of grace.
pub(crate) fn rule(id: &str, requirement: Requirement) -> Rule {
    Rule { id: id.parse().unwrap(), requirement, severity: Severity::NonCompliant, grace_days: Days(3) }
}

pub(crate) fn policy<const N: usize>(id: &str, rules: [Rule; N]) -> CompliancePolicy {
    CompliancePolicy {
        id: id.parse().unwrap(),
        name: id.parse().unwrap(),
        platforms: [].into(),
        valid_hours: 24.try_into().unwrap(),
        rules: rules.into(),
    }
}

/// The disk must be encrypted.
pub(crate) fn office() -> Vec<CompliancePolicy> {
    vec![policy("office", [rule("disk", Requirement::DiskEncryption)])]
}

/// What a device is found to be that reports right now, for the first time.
pub(crate) fn at_noon(posture: &Posture, policies: &[CompliancePolicy]) -> Evaluation {
    evaluate(Some(posture), policies, &FailingSince::default(), None, NOON)
}

pub(crate) fn with_external(external: Option<&External>, policies: &[CompliancePolicy]) -> Evaluation {
    evaluate(Some(&laptop(NOON)), policies, &FailingSince::default(), external, NOON)
}
