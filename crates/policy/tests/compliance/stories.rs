use keyfold_policy::{
    FailingSince, Posture, State,
    compliance::{
        External, Fact, KeyStore, Platform, Reason, Requirement, Setting, Severity, Topic, Verdict, evaluate,
    },
};

use crate::world::*;

#[test]
fn a_laptop_that_has_everything_complies_for_a_day() {
    let found = at_noon(&laptop(NOON), &office());
    assert_eq!(found.state, State::Compliant);
    assert_eq!(found.results[0].reason, Reason::Holds);
    assert_eq!(found.expires_at, later(DAY));
    assert!(found.failing_since.is_empty());

    let known = laptop(NOON);
    let next = |now| evaluate(Some(&known), &office(), &found.failing_since, None, now);
    assert_eq!(next(later(DAY - 1)).state, State::Compliant);
    assert_eq!(next(later(DAY)).state, State::Unknown);
    assert_eq!(next(later(DAY)).results[0].reason, Reason::ReportExpired);
}

#[test]
fn a_device_of_which_nothing_is_required_is_not_compliant_by_that() {
    assert_eq!(at_noon(&laptop(NOON), &[]).state, State::Unknown);
    assert_eq!(at_noon(&laptop(NOON), &[policy("empty", [])]).state, State::Unknown);

    let mut phones = office();
    phones[0].platforms = [Platform::Android, Platform::Ios].into();
    let found = at_noon(&laptop(NOON), &phones);
    assert_eq!(found.state, State::Unknown);
    assert!(found.results.is_empty());

    let mut advice = office();
    advice[0].rules[0].severity = Severity::Warning;
    let found = at_noon(&laptop(NOON), &advice);
    assert_eq!((found.state, found.results[0].state), (State::Unknown, State::Compliant));
}

#[test]
fn a_device_that_never_reported_is_not_known() {
    let found = evaluate(None, &office(), &FailingSince::default(), None, NOON);
    assert_eq!(found.state, State::Unknown);
    assert_eq!(found.results[0].reason.to_string(), "the device has not reported yet");
    assert!(found.failing_since.is_empty(), "silence uses up no grace");
}

#[test]
fn a_report_from_the_future_is_an_error_but_for_clocks_that_are_a_little_ahead() {
    let five_minutes = 5 * 60 * 1_000;
    assert_eq!(at_noon(&laptop(later(five_minutes)), &office()).state, State::Compliant);
    let found = at_noon(&laptop(later(five_minutes + 1)), &office());
    assert_eq!(found.state, State::Error);
    assert_eq!(found.results[0].reason, Reason::ReportFromTheFuture);
}

#[test]
fn what_a_device_could_not_find_out_has_no_grace() {
    let posture = Posture { disk_encryption: Fact::Unknown, ..laptop(NOON) };
    let found = at_noon(&posture, &office());
    assert_eq!((found.state, found.results[0].grace_until), (State::Unknown, None));
    assert_eq!(found.results[0].reason, Reason::NotKnown(Topic::DiskEncryption));
}

#[test]
fn a_device_that_hides_its_platform_escapes_no_policy() {
    let mut linux = office();
    linux[0].platforms = [Platform::Linux].into();
    let hidden = Posture { platform: Fact::Unknown, ..laptop(NOON) };
    let found = at_noon(&hidden, &linux);
    assert_eq!(found.state, State::Unknown);
    assert_eq!(found.results[0].reason, Reason::NotKnown(Topic::Platform));
    // What is required of every platform can be judged all the same.
    assert_eq!(at_noon(&hidden, &office()).state, State::Compliant);
}

#[test]
fn a_system_must_be_new_enough_for_its_platform() {
    let at_least = |platform, version: &str| Requirement::OsVersion { platform, at_least: version.parse().unwrap() };
    let versions = |linux| {
        let rules = [
            rule("linux", at_least(Platform::Linux, linux)),
            rule("windows", at_least(Platform::Windows, "10.0.22631")),
        ];
        vec![policy("versions", rules)]
    };
    let found = at_noon(&laptop(NOON), &versions("13"));
    assert_eq!((found.state, found.results.len()), (State::Compliant, 1));
    let found = at_noon(&laptop(NOON), &versions("13.2"));
    assert_eq!(found.state, State::InGracePeriod);
    assert_eq!(found.results[0].reason.to_string(), "system version is 13.1, and at least 13.2 is required");
}

#[test]
fn hardware_evidence_is_not_replaced_by_a_devices_word() {
    let proven = vec![policy("proven", [rule("proven", Requirement::HardwareEvidence)])];
    assert_eq!(at_noon(&laptop(NOON), &proven).state, State::Compliant);
    let cases = [
        (Fact::self_reported(KeyStore::SecureElement), State::InGracePeriod, Reason::NoHardwareEvidence),
        (Fact::hardware_verified(KeyStore::Software), State::InGracePeriod, Reason::KeysInSoftware),
        (Fact::Unknown, State::Unknown, Reason::NotKnown(Topic::KeyStore)),
    ];
    for (key_store, state, reason) in cases {
        let found = at_noon(&Posture { key_store, ..laptop(NOON) }, &proven);
        assert_eq!((found.state, &found.results[0].reason), (state, &reason));
    }
    // And what a device calls verified is its word.
    assert_eq!(at_noon(&laptop(NOON).self_reported(), &proven).state, State::InGracePeriod);
}

#[test]
fn keys_must_be_kept_well_enough() {
    let kept = |at_least| vec![policy("kept", [rule("kept", Requirement::KeyStore { at_least })])];
    for at_least in KeyStore::ALL {
        let state = if at_least <= KeyStore::Tpm { State::Compliant } else { State::InGracePeriod };
        assert_eq!(at_noon(&laptop(NOON), &kept(at_least)).state, state);
    }
}

#[test]
fn every_requirement_is_judged_by_its_own_fact() {
    let version = |text: &str| text.parse().unwrap();
    let off = Fact::self_reported(Setting::Off);
    let old = Fact::self_reported(version("1.3.9"));
    let cases = [
        (Requirement::DiskEncryption, Posture { disk_encryption: off.clone(), ..laptop(NOON) }),
        (Requirement::ScreenLock, Posture { screen_lock: off.clone(), ..laptop(NOON) }),
        (Requirement::SecureBoot, Posture { secure_boot: off, ..laptop(NOON) }),
        (Requirement::AgentVersion { at_least: version("1.4") }, Posture { agent_version: old, ..laptop(NOON) }),
    ];
    for (requirement, worse) in cases {
        let policies = vec![policy("one", [rule("one", requirement.clone())])];
        assert_eq!(at_noon(&laptop(NOON), &policies).state, State::Compliant, "{requirement:?}");
        assert_eq!(at_noon(&worse, &policies).state, State::InGracePeriod, "{requirement:?}");
    }
}

#[test]
fn another_device_management_has_its_say_for_a_day() {
    let managed = vec![policy("managed", [rule("mdm", Requirement::ExternalCompliance)])];
    let said = |verdict, reported_at| Some(External { verdict, reported_at });
    let before = |millis| keyfold_policy::UnixMillis(NOON.0 - millis);
    let cases = [
        (None, State::Unknown, Reason::ExternalSilent),
        (said(Verdict::Compliant, before(DAY - 1)), State::Compliant, Reason::Holds),
        (said(Verdict::Compliant, before(DAY)), State::Unknown, Reason::ExternalExpired),
        (said(Verdict::Compliant, later(DAY)), State::Error, Reason::ExternalFromTheFuture),
        (said(Verdict::NonCompliant, NOON), State::InGracePeriod, Reason::ExternalNonCompliant),
        (said(Verdict::Error, NOON), State::Error, Reason::ExternalError),
    ];
    for (external, state, reason) in cases {
        let found = with_external(external.as_ref(), &managed);
        assert_eq!((found.state, &found.results[0].reason), (state, &reason));
    }
    let found = with_external(said(Verdict::Compliant, before(DAY - 1)).as_ref(), &managed);
    assert_eq!(found.expires_at, later(1), "the older of both reports");
    // It does not stand in for a device that is silent.
    let external = said(Verdict::Compliant, NOON);
    let found = evaluate(None, &managed, &FailingSince::default(), external.as_ref(), NOON);
    assert_eq!(found.state, State::Unknown);
}

#[test]
fn a_policy_may_count_on_a_report_for_longer() {
    let mut patient = office();
    patient[0].valid_hours = 72.try_into().unwrap();
    let known = laptop(NOON);
    let found = |policies: &[_]| evaluate(Some(&known), policies, &FailingSince::default(), None, later(2 * DAY));
    assert_eq!(found(&patient).state, State::Compliant);
    // But not for the others.
    patient.push(policy("strict", [rule("screen", Requirement::ScreenLock)]));
    assert_eq!(found(&patient).state, State::Unknown);
}

#[test]
fn a_warning_is_told_and_changes_nothing() {
    let mut policies = office();
    let mut advice = rule("screen", Requirement::ScreenLock);
    advice.severity = Severity::Warning;
    policies[0].rules.push(advice);
    let found = at_noon(&Posture { screen_lock: Fact::self_reported(Setting::Off), ..laptop(NOON) }, &policies);
    assert_eq!(found.state, State::Compliant);
    let told = &found.results[1];
    assert_eq!((told.severity, told.state), (Severity::Warning, State::InGracePeriod));
    assert_eq!(told.reason.to_string(), "screen lock is off");
}

#[test]
fn an_evaluation_is_stored_and_read_back() {
    let posture = with_disk(Setting::Off, NOON);
    let found = at_noon(&posture, &office());
    let json = serde_json::to_value(&found).unwrap();
    let expected = serde_json::json!({
        "state": "in-grace-period",
        "results": [{
            "policy": "office", "rule": "disk", "severity": "non-compliant", "state": "in-grace-period",
            "reason": {"off": "disk-encryption"}, "grace-until": later(3 * DAY).0,
        }],
        "expires-at": later(DAY).0,
        "failing-since": [{"policy": "office", "rule": "disk", "since": NOON.0}],
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<keyfold_policy::Evaluation>(json).unwrap(), found);
}
