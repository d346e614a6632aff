//! Grace is had once.

use keyfold_policy::{
    CompliancePolicy, Evaluation, FailingSince, Posture, State, UnixMillis,
    compliance::{Days, Fact, Platform, Requirement, Setting, evaluate},
};
use proptest::{collection::vec, prelude::*};

use crate::world::*;

/// A device that is evaluated again and again.
struct Life {
    policies: Vec<CompliancePolicy>,
    failing: FailingSince,
}

impl Life {
    fn under(policies: Vec<CompliancePolicy>) -> Self {
        Self { policies, failing: FailingSince::default() }
    }

    fn reports(&mut self, posture: &Posture) -> Evaluation {
        self.is_seen(Some(posture), posture.reported_at)
    }

    fn is_seen(&mut self, posture: Option<&Posture>, now: UnixMillis) -> Evaluation {
        let found = evaluate(posture, &self.policies, &self.failing, None, now);
        self.failing = found.failing_since.clone();
        found
    }

    fn disk(&mut self, disk: Setting, after: u64) -> State {
        self.reports(&with_disk(disk, later(after))).state
    }
}

#[test]
fn what_is_wrong_may_be_so_for_three_days() {
    let mut life = Life::under(office());
    let found = life.reports(&with_disk(Setting::Off, NOON));
    assert_eq!((found.state, found.results[0].grace_until), (State::InGracePeriod, Some(later(3 * DAY))));
    assert_eq!(life.disk(Setting::Off, 3 * DAY - 1), State::InGracePeriod);
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
    assert_eq!(life.disk(Setting::On, 3 * DAY + 1), State::Compliant, "mended, it complies at once");
}

#[test]
fn an_evaluation_expires_when_grace_ends() {
    let mut life = Life::under(office());
    life.disk(Setting::Off, 0);
    let found = life.reports(&with_disk(Setting::Off, later(3 * DAY - HOUR)));
    assert_eq!(found.expires_at, later(3 * DAY));
}

#[test]
fn without_grace_there_is_none() {
    let mut policies = office();
    policies[0].rules[0].grace_days = Days(0);
    assert_eq!(Life::under(policies).disk(Setting::Off, 0), State::NonCompliant);
}

#[test]
fn who_mends_it_for_an_hour_gets_no_new_grace() {
    let mut life = Life::under(office());
    life.disk(Setting::Off, 0);
    assert_eq!(life.disk(Setting::On, 2 * DAY), State::Compliant);
    assert_eq!(life.disk(Setting::On, 3 * DAY - 1), State::Compliant);
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
}

#[test]
fn who_mends_it_for_a_day_does() {
    let mut life = Life::under(office());
    life.disk(Setting::Off, 0);
    life.disk(Setting::On, 2 * DAY);
    assert_eq!(life.disk(Setting::On, 3 * DAY), State::Compliant);
    assert!(life.failing.is_empty());
    assert_eq!(life.disk(Setting::Off, 4 * DAY), State::InGracePeriod);
}

#[test]
fn one_report_does_not_hold_for_a_day_by_being_looked_at_twice() {
    let mut policies = office();
    policies[0].valid_hours = 72.try_into().unwrap();
    let mut life = Life::under(policies);
    life.disk(Setting::Off, 0);
    let mended = with_disk(Setting::On, later(HOUR));
    life.is_seen(Some(&mended), later(HOUR));
    assert_eq!(life.is_seen(Some(&mended), later(HOUR + DAY)).state, State::Compliant);
    assert!(!life.failing.is_empty());
}

#[test]
fn silence_frees_of_nothing() {
    let mut life = Life::under(office());
    life.disk(Setting::Off, 0);
    life.disk(Setting::On, HOUR);
    // The report expires, and so does what it was found to hold by.
    assert_eq!(life.is_seen(Some(&with_disk(Setting::On, later(HOUR))), later(2 * DAY)).state, State::Unknown);
    life.is_seen(None, later(2 * DAY));
    life.disk(Setting::On, 2 * DAY + HOUR);
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
}

#[test]
fn to_know_nothing_any_more_frees_of_nothing() {
    let mut life = Life::under(office());
    life.disk(Setting::Off, 0);
    for hours in [12, 24, 36, 48, 60] {
        let posture = Posture { disk_encryption: Fact::Unknown, ..laptop(later(hours * HOUR)) };
        assert_eq!(life.reports(&posture).state, State::Unknown);
    }
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
}

#[test]
fn grace_runs_from_when_it_was_not_known_to_be_right() {
    let mut life = Life::under(office());
    life.reports(&Posture { disk_encryption: Fact::Unknown, ..laptop(NOON) });
    assert_eq!(life.disk(Setting::Off, 2 * DAY), State::InGracePeriod);
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
}

#[test]
fn another_platform_for_days_frees_of_nothing() {
    let mut policies = office();
    policies[0].platforms = [Platform::Linux].into();
    let mut life = Life::under(policies);
    life.disk(Setting::Off, 0);
    for hours in [12, 24, 36, 48, 60] {
        let platform = Fact::self_reported(Platform::Ios);
        assert_eq!(life.reports(&Posture { platform, ..laptop(later(hours * HOUR)) }).state, State::Unknown);
    }
    assert_eq!(life.disk(Setting::Off, 3 * DAY), State::NonCompliant);
}

#[test]
fn each_rule_has_its_own_grace_and_takes_it_along_when_it_goes() {
    let mut policies = office();
    policies[0].rules.push(rule("screen", Requirement::ScreenLock));
    let mut life = Life::under(policies);
    life.disk(Setting::Off, 0);
    let both = Posture { screen_lock: Fact::self_reported(Setting::Off), ..with_disk(Setting::Off, later(2 * DAY)) };
    let found = life.reports(&both);
    let ends: Vec<_> = found.results.iter().map(|result| result.grace_until).collect();
    assert_eq!(ends, [Some(later(3 * DAY)), Some(later(5 * DAY))]);

    life.policies[0].rules.retain(|rule| rule.requirement == Requirement::ScreenLock);
    let failing = life.reports(&laptop(later(2 * DAY + 1))).failing_since;
    let since = |rule: &str| failing.since(&"office".parse().unwrap(), &rule.parse().unwrap());
    assert_eq!((since("disk"), since("screen")), (None, Some(later(2 * DAY))));
}

proptest! {
    /// However a device goes back and forth, as long as it is not mended for a day.
    #[test]
    fn flapping_is_never_in_grace_for_longer(steps in vec((1..=11_u64, 0..4_u8), 1..60)) {
        let mut life = Life::under(office());
        life.disk(Setting::Off, 0);
        let (mut hours, mut mended) = (0, false);
        for (gap, kind) in steps {
            hours += gap;
            let now = later(hours * HOUR);
            let state = match kind {
                // Once at a time, so for less than a day.
                0 if !mended => life.disk(Setting::On, hours * HOUR),
                1 => life.is_seen(None, now).state,
                2 => life.reports(&Posture::unknown(now)).state,
                _ => life.disk(Setting::Off, hours * HOUR),
            };
            prop_assert!(state != State::InGracePeriod || hours < 72, "{hours} hours later");
            mended = kind == 0 && !mended;
        }
    }
}
