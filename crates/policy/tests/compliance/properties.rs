//! What holds whatever devices report, whatever is required, and whatever was before.

use keyfold_policy::{
    CompliancePolicy, Evaluation, FailingSince, Posture, State, UnixMillis,
    compliance::{
        Days, External, Fact, KeyStore, Platform, Requirement, Rule, Setting, Severity, Source, Verdict, Version,
        evaluate,
    },
};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::{Index, select},
    strategy::Union,
};

use crate::world::{DAY, HOUR, NOON, later, office};

#[derive(Debug, Clone)]
struct Case {
    posture: Posture,
    policies: Vec<CompliancePolicy>,
    history: FailingSince,
    external: Option<External>,
}

impl Case {
    fn evaluated(&self) -> Evaluation {
        evaluate(Some(&self.posture), &self.policies, &self.history, self.external.as_ref(), NOON)
    }
}

proptest! {
    #[test]
    fn one_more_policy_or_rule_never_makes_it_better(case in cases(), more in policies(), at in any::<Index>()) {
        let before = case.evaluated();
        // The first thing that is required may make an unknown device a compliant one.
        if !before.results.iter().any(|result| result.severity == Severity::NonCompliant) {
            return Ok(());
        }

        let mut rule = case.clone();
        let count = rule.policies.len();
        rule.policies[at.index(count)].rules.extend(more[0].rules.first().cloned());
        prop_assert!(rule.evaluated().state >= before.state);

        let mut policy = case;
        policy.policies.insert(at.index(count + 1), more[0].clone());
        prop_assert!(policy.evaluated().state >= before.state);
    }

    #[test]
    fn order_never_matters((case, shuffled) in cases().prop_flat_map(|case| {
        let rules: Vec<_> = case.policies.iter().map(|policy| Just(policy.rules.clone()).prop_shuffle()).collect();
        let policies = case.policies.clone();
        let policies = rules.prop_flat_map(move |rules| {
            let mut policies = policies.clone();
            policies.iter_mut().zip(rules).for_each(|(policy, rules)| policy.rules = rules);
            Just(policies).prop_shuffle()
        });
        (Just(case), policies)
    })) {
        let before = case.evaluated();
        prop_assert_eq!(Case { policies: shuffled, ..case }.evaluated(), before);
    }

    #[test]
    fn what_is_not_known_is_not_let_in(case in cases(), rule in rules()) {
        let mut case = case;
        let mut rule = rule;
        rule.severity = Severity::NonCompliant;
        forget(&mut case, &rule.requirement);
        let mut policy = case.policies[0].clone();
        policy.platforms.clear();
        policy.rules.push(rule);
        case.policies.push(policy);
        prop_assert!(!case.evaluated().state.is_let_in());
    }

    #[test]
    fn what_expired_is_not_let_in(case in cases(), age in 0..20 * DAY) {
        let found = case.evaluated();
        let late = UnixMillis(found.expires_at.0 + age);
        let valid = case.policies.iter().map(|policy| policy.valid_hours.duration()).max().unwrap();
        let expired = case.posture.reported_at.plus(valid);
        let evaluated = |now| evaluate(Some(&case.posture), &case.policies, &found.failing_since, case.external.as_ref(), now);
        prop_assert!(!evaluated(UnixMillis(expired.0 + age)).state.is_let_in());
        // Whatever an evaluation says stays as good as it is until it expires, if nothing else is reported.
        if found.state.is_let_in() {
            prop_assert!(found.expires_at > NOON);
            prop_assert_eq!(evaluated(UnixMillis(found.expires_at.0 - 1)).state, found.state);
            prop_assert!(evaluated(late).state > State::Compliant);
        }
    }

    #[test]
    fn what_complies_still_does_when_it_gets_better(case in good_cases(), better in good_posture(), which in 0..16_u16) {
        let mut case = case;
        prop_assert_eq!(case.evaluated().state, State::Compliant);
        improve(&mut case.posture, &better, which);
        prop_assert_eq!(case.evaluated().state, State::Compliant);
    }

    #[test]
    fn what_is_found_is_read_back_from_json(case in cases()) {
        let found = case.evaluated();
        prop_assert_eq!(serde_json::from_str::<Evaluation>(&serde_json::to_string(&found).unwrap()).unwrap(), found);
        let posture = serde_json::to_string(&case.posture).unwrap();
        prop_assert_eq!(serde_json::from_str::<Posture>(&posture).unwrap(), case.posture);
        let policies = serde_json::to_string(&case.policies).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<CompliancePolicy>>(&policies).unwrap(), case.policies);
    }
}

/// Takes away what a requirement looks at.
fn forget(case: &mut Case, requirement: &Requirement) {
    let posture = &mut case.posture;
    match requirement {
        Requirement::DiskEncryption => posture.disk_encryption = Fact::Unknown,
        Requirement::ScreenLock => posture.screen_lock = Fact::Unknown,
        Requirement::SecureBoot => posture.secure_boot = Fact::Unknown,
        Requirement::OsVersion { platform, .. } => {
            posture.platform = Fact::self_reported(*platform);
            posture.os_version = Fact::Unknown;
        }
        Requirement::KeyStore { .. } | Requirement::HardwareEvidence => posture.key_store = Fact::Unknown,
        Requirement::AgentVersion { .. } => posture.agent_version = Fact::Unknown,
        Requirement::ExternalCompliance => case.external = None,
    }
}

/// Takes some facts of `other`, where they are better.
fn improve(posture: &mut Posture, other: &Posture, which: u16) {
    fn better<T: Clone + PartialOrd>(one: &mut Fact<T>, two: &Fact<T>) {
        let wins = match (&*one, two) {
            (Fact::Unknown, _) => true,
            (Fact::Known { value, source }, Fact::Known { value: other, source: from }) => {
                other >= value && from >= source
            }
            (_, Fact::Unknown) => false,
        };
        if wins {
            *one = two.clone();
        }
    }
    if which & 1 != 0 {
        better(&mut posture.disk_encryption, &other.disk_encryption);
        better(&mut posture.screen_lock, &other.screen_lock);
    }
    if which & 2 != 0 {
        better(&mut posture.secure_boot, &other.secure_boot);
        better(&mut posture.key_store, &other.key_store);
    }
    if which & 4 != 0 {
        better(&mut posture.os_version, &other.os_version);
        better(&mut posture.agent_version, &other.agent_version);
    }
    if which & 8 != 0 && posture.platform == Fact::Unknown {
        posture.platform = other.platform.clone();
    }
}

fn cases() -> impl Strategy<Value = Case> {
    // What was before comes from evaluations before.
    let before = (vec((posture(), 0..10 * DAY), 0..4), policies());
    (posture(), policies(), option::of(external()), before).prop_map(
        |(posture, policies, external, (before, others))| {
            let mut history = FailingSince::default();
            let all = [policies.clone(), others].concat();
            for (posture, ago) in before {
                let now = UnixMillis(NOON.0 - ago);
                history = evaluate(Some(&posture), &all, &history, external.as_ref(), now).failing_since;
            }
            Case { posture, policies, history, external }
        },
    )
}

/// Cases that comply: of what is required, only that is left which holds.
fn good_cases() -> impl Strategy<Value = Case> {
    let external = Some(External { verdict: Verdict::Compliant, reported_at: NOON });
    (good_posture(), vec(policy(1..8), 1..3)).prop_map(move |(posture, policies)| {
        let mut case = Case { posture, policies, history: FailingSince::default(), external };
        let holds = |policy: &CompliancePolicy, rule: &Rule| {
            let policies = vec![CompliancePolicy { rules: vec![rule.clone()], ..policy.clone() }];
            let found = Case { policies, ..case.clone() }.evaluated();
            found.results.iter().all(|result| result.state == State::Compliant)
        };
        let mut policies = case.policies.clone();
        for policy in &mut policies {
            policy.rules = policy.rules.iter().filter(|rule| holds(policy, rule)).cloned().collect();
        }
        policies.extend(office());
        case.policies = policies;
        case
    })
}

fn posture() -> impl Strategy<Value = Posture> {
    let at = Union::new([(NOON.0 - 2 * DAY..NOON.0).boxed(), (NOON.0..later(HOUR).0).boxed()]);
    let switch = || fact(select(vec![Setting::Off, Setting::On]));
    let facts = (fact(select(Platform::ALL.to_vec())), fact(version()), switch(), switch(), switch());
    (at, facts, fact(select(KeyStore::ALL.to_vec())), fact(version())).prop_map(
        |(at, facts, key_store, agent_version)| {
            let (platform, os_version, disk_encryption, screen_lock, secure_boot) = facts;
            let known = Posture::unknown(UnixMillis(at));
            Posture {
                platform,
                os_version,
                disk_encryption,
                screen_lock,
                secure_boot,
                key_store,
                agent_version,
                ..known
            }
        },
    )
}

/// One that reports now, with its disk encrypted.
fn good_posture() -> impl Strategy<Value = Posture> {
    let disk_encryption = Fact::self_reported(Setting::On);
    posture().prop_map(move |posture| Posture {
        reported_at: NOON,
        disk_encryption: disk_encryption.clone(),
        ..posture
    })
}

fn fact<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    let source = select(vec![Source::SelfReported, Source::HardwareVerified]);
    let known = (value, source).prop_map(|(value, source)| Fact::Known { value, source });
    prop_oneof![4 => known, 1 => Just(Fact::Unknown)]
}

fn version() -> impl Strategy<Value = Version> {
    vec(0..4_u32, 1..3)
        .prop_map(|numbers| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".").parse().unwrap())
}

fn external() -> impl Strategy<Value = External> {
    let verdict = select(vec![Verdict::Compliant, Verdict::NonCompliant, Verdict::Error]);
    (verdict, NOON.0 - 2 * DAY..later(HOUR).0)
        .prop_map(|(verdict, at)| External { verdict, reported_at: UnixMillis(at) })
}

fn policies() -> impl Strategy<Value = Vec<CompliancePolicy>> {
    vec(policy(0..4), 1..4)
}

/// Ids are few, so that some are given twice.
fn policy(rules_each: std::ops::Range<usize>) -> impl Strategy<Value = CompliancePolicy> {
    let platforms = prop_oneof![2 => Just([].into()), 1 => btree_set(select(Platform::ALL.to_vec()), 1..4)];
    (select(vec!["a", "b", "c"]), platforms, 1..=72_u16, vec(rules(), rules_each)).prop_map(
        |(id, platforms, hours, rules)| {
            let (id, name) = (id.parse().unwrap(), id.parse().unwrap());
            CompliancePolicy { id, name, platforms, valid_hours: hours.try_into().unwrap(), rules }
        },
    )
}

fn rules() -> impl Strategy<Value = Rule> {
    let requirement = prop_oneof![
        Just(Requirement::DiskEncryption),
        Just(Requirement::ScreenLock),
        Just(Requirement::SecureBoot),
        (select(Platform::ALL.to_vec()), version())
            .prop_map(|(platform, at_least)| Requirement::OsVersion { platform, at_least }),
        select(KeyStore::ALL.to_vec()).prop_map(|at_least| Requirement::KeyStore { at_least }),
        Just(Requirement::HardwareEvidence),
        version().prop_map(|at_least| Requirement::AgentVersion { at_least }),
        Just(Requirement::ExternalCompliance),
    ];
    let severity = prop_oneof![1 => Just(Severity::Warning), 3 => Just(Severity::NonCompliant)];
    (select(vec!["1", "2", "3", "4"]), requirement, severity, 0..8_u16).prop_map(|(id, requirement, severity, days)| {
        Rule { id: id.parse().unwrap(), requirement, severity, grace_days: Days(days) }
    })
}
