use crate::testing::*;
use crate::*;

fn register(authenticator: &mut TestAuthenticator, who: User, now: u64) -> Attestation {
    authenticator.make_credential(&registration_of(who), &mut verified, UnixMillis(now)).unwrap()
}

fn flags(authenticator_data: &[u8]) -> u8 {
    authenticator_data[32]
}

#[test]
fn a_new_passkey_is_kept_as_it_was_told() {
    let mut authenticator = authenticator();
    let attestation = register(&mut authenticator, user(1, "alice"), 1_700_000_000_000);
    let [passkey] = authenticator.store().passkeys()[..] else { panic!("one passkey") };
    assert_eq!(passkey.credential_id, attestation.credential_id);
    assert_eq!(passkey.credential_id.as_bytes().len(), 32);
    assert_eq!(passkey.rp_id, example_org().id);
    assert!(passkey.user == user(1, "alice"));
    assert_eq!(passkey.created_at, UnixMillis(1_700_000_000_000));
    assert_eq!(passkey.backup_eligibility, BackupEligibility::Eligible);
    assert_eq!(passkey.private_key.public_key(), &attestation.public_key);
    assert_ne!(passkey.cred_random_with_uv.expose(), passkey.cred_random_without_uv.expose());
    assert_eq!(attestation.authenticator_data[37..53], *Aaguid::SYNCED.as_bytes());
    assert_eq!(attestation.authenticator_data[33..37], [0; 4]);
}

#[test]
fn the_first_algorithm_that_is_known_is_used() {
    for (offered, chosen) in [
        (vec![-257, -8, -7], Ok(Algorithm::EdDsa)),
        (vec![-7, -8], Ok(Algorithm::Es256)),
        (vec![-257, -35, -7], Ok(Algorithm::Es384)),
        (vec![-48], Ok(Algorithm::MlDsa44)),
        (vec![-257, -9], Err(CtapError::UnsupportedAlgorithm)),
        (vec![], Err(CtapError::UnsupportedAlgorithm)),
    ] {
        let request = MakeCredential { algorithms: offered, ..registration_of(user(1, "alice")) };
        let made = authenticator().make_credential(&request, &mut verified, UnixMillis(0));
        assert_eq!(made.map(|attestation| attestation.public_key.algorithm()), chosen);
    }
}

#[test]
fn flags_tell_only_what_happened() {
    use VerificationRequirement::{Discouraged, Preferred, Required};
    for (verification, answer, expected) in [
        (Required, Answer::Verified { account: 0 }, Ok(0x45)),
        (Required, Answer::Present { account: 0 }, Err(CtapError::OperationDenied)),
        (Required, Answer::Denied, Err(CtapError::OperationDenied)),
        (Preferred, Answer::Verified { account: 0 }, Ok(0x45)),
        (Preferred, Answer::Present { account: 0 }, Ok(0x41)),
        (Preferred, Answer::Denied, Err(CtapError::OperationDenied)),
        (Discouraged, Answer::Present { account: 0 }, Ok(0x41)),
        (Discouraged, Answer::Denied, Err(CtapError::OperationDenied)),
    ] {
        let mut authenticator = authenticator();
        let mut ask = move |_: &Prompt<'_>| answer;
        let request = MakeCredential { verification, ..registration_of(user(1, "alice")) };
        let made = authenticator.make_credential(&request, &mut ask, UnixMillis(0));
        let backup = 0x08;
        let seen = made.map(|attestation| flags(&attestation.authenticator_data));
        assert_eq!(seen, expected.map(|flags: u8| flags | backup), "{verification:?} {answer:?}");
        assert_eq!(authenticator.store().passkeys().len(), usize::from(expected.is_ok()));

        register(&mut authenticator, user(1, "alice"), 0);
        let request = GetAssertion { verification, ..GetAssertion::example() };
        let seen = authenticator
            .get_assertion(&request, &mut ask, UnixMillis(0))
            .map(|assertion| flags(&assertion.authenticator_data));
        assert_eq!(seen, expected.map(|flags: u8| (flags & !0x40) | backup), "{verification:?} {answer:?}");
    }
}

#[test]
fn backup_state_is_what_the_store_says_at_that_moment() {
    for (state, expected) in [(BackupState::NotBackedUp, 0x0d), (BackupState::BackedUp, 0x1d)] {
        let store = MemoryStore::reporting(state);
        let mut authenticator = Authenticator::new(Model::SYNCED, store, Script::endless());
        let attestation = register(&mut authenticator, user(1, "alice"), 0);
        assert_eq!(flags(&attestation.authenticator_data), expected | 0x40);
        let assertion = authenticator.get_assertion(&GetAssertion::example(), &mut verified, UnixMillis(0)).unwrap();
        assert_eq!(flags(&assertion.authenticator_data), expected);
    }
}

#[test]
fn a_passkey_that_may_not_be_backed_up_never_claims_to_be() {
    let model = Model { backup_eligibility: BackupEligibility::NotEligible, ..Model::SYNCED };
    let store = MemoryStore::reporting(BackupState::BackedUp);
    let mut authenticator = Authenticator::new(model, store, Script::endless());
    assert_eq!(flags(&register(&mut authenticator, user(1, "alice"), 0).authenticator_data), 0x45);
    let assertion = authenticator.get_assertion(&GetAssertion::example(), &mut verified, UnixMillis(0)).unwrap();
    assert_eq!(flags(&assertion.authenticator_data), 0x05);
}

#[test]
fn an_excluded_passkey_is_told_only_with_consent_and_nothing_is_made() {
    let mut authenticator = authenticator();
    let held = register(&mut authenticator, user(1, "alice"), 0).credential_id;
    let exclude = vec![vec![1; 200], vec![9; 32], held.as_bytes().to_vec()];
    let request = MakeCredential { exclude, ..registration_of(user(2, "bob")) };
    let mut asked = Vec::new();
    let mut agrees = |prompt: &Prompt<'_>| {
        asked.push((prompt.action, prompt.verification));
        Answer::Present { account: 0 }
    };
    let made = authenticator.make_credential(&request, &mut agrees, UnixMillis(0));
    assert_eq!(made.unwrap_err(), CtapError::CredentialExcluded);
    assert_eq!(asked, [(Action::ReportExcluded, VerificationRequirement::Discouraged)]);
    let refused = authenticator.make_credential(&request, &mut denied, UnixMillis(0));
    assert_eq!(refused.unwrap_err(), CtapError::OperationDenied);
    assert_eq!(authenticator.store().passkeys().len(), 1);
}

#[test]
fn an_exclude_list_of_other_sites_or_authenticators_excludes_nothing() {
    let mut authenticator = authenticator();
    let held = register(&mut authenticator, user(1, "alice"), 0).credential_id;
    let elsewhere = RelyingParty { id: "example.com".try_into().unwrap(), name: None };
    let request = MakeCredential {
        relying_party: elsewhere,
        exclude: vec![held.as_bytes().to_vec(), vec![9; 32], Vec::new()],
        ..registration_of(user(2, "bob"))
    };
    assert!(authenticator.make_credential(&request, &mut verified, UnixMillis(0)).is_ok());
}

#[test]
fn a_second_passkey_for_an_account_replaces_the_first_and_the_prompt_says_so() {
    let mut authenticator = authenticator();
    register(&mut authenticator, user(1, "alice"), 0);
    register(&mut authenticator, user(2, "bob"), 1);
    let mut actions = Vec::new();
    let mut ask = |prompt: &Prompt<'_>| {
        actions.push(prompt.action);
        Answer::Verified { account: 0 }
    };
    let again = registration_of(user(1, "alice@new"));
    let second = authenticator.make_credential(&again, &mut ask, UnixMillis(2)).unwrap();
    assert_eq!(actions, [Action::Replace]);
    let held: Vec<_> = authenticator.store().passkeys().iter().map(|held| held.user.handle.clone()).collect();
    assert_eq!(held, [user(2, "").handle, user(1, "").handle]);
    assert_eq!(authenticator.store().passkeys()[1].credential_id, second.credential_id);
}

#[test]
fn a_store_that_fails_lets_nothing_out() {
    for (error, status) in [(StoreError::Full, CtapError::KeyStoreFull), (StoreError::Unavailable, CtapError::Other)] {
        let store = Altered { on_save: Some(error), ..Altered::default() };
        let mut authenticator = Authenticator::new(Model::SYNCED, store, Script::endless());
        let request = registration_of(user(1, "alice"));
        let made = authenticator.make_credential(&request, &mut verified, UnixMillis(0));
        assert_eq!(made.unwrap_err(), status);
    }
}

#[test]
fn the_user_chooses_among_accounts_the_newest_first() {
    let mut authenticator = authenticator();
    register(&mut authenticator, user(1, "alice"), 10);
    let bob = register(&mut authenticator, user(2, "bob"), 20);
    register(&mut authenticator, user(3, "carol"), 30);
    let mut shown = Vec::new();
    let mut second = |prompt: &Prompt<'_>| {
        shown = prompt.accounts.iter().map(|user| user.name.clone().unwrap().to_string()).collect();
        Answer::Verified { account: 1 }
    };
    let assertion = authenticator.get_assertion(&GetAssertion::example(), &mut second, UnixMillis(0)).unwrap();
    assert_eq!(shown, ["carol", "bob", "alice"]);
    assert_eq!(assertion.credential_id, bob.credential_id);
    assert!(assertion.user == Some(user(2, "bob")));
    assert!(assertion.user_selected);

    let mut nobody = |_: &Prompt<'_>| Answer::Verified { account: 3 };
    let result = authenticator.get_assertion(&GetAssertion::example(), &mut nobody, UnixMillis(0));
    assert_eq!(result.unwrap_err(), CtapError::OperationDenied);
}

#[test]
fn an_allow_list_limits_the_choice() {
    let mut authenticator = authenticator();
    let alice = register(&mut authenticator, user(1, "alice"), 10).credential_id;
    register(&mut authenticator, user(2, "bob"), 20);
    let only = |ids: Vec<Vec<u8>>| GetAssertion { allow: AllowList::Only(ids), ..GetAssertion::example() };
    let listed = only(vec![vec![5; 3], vec![5; 32], alice.as_bytes().to_vec()]);
    let assertion = authenticator.get_assertion(&listed, &mut verified, UnixMillis(0)).unwrap();
    assert_eq!(assertion.credential_id, alice);
    assert!(!assertion.user_selected);
    for foreign in [only(vec![vec![5; 32]]), only(vec![vec![5; 1000]]), only(Vec::new())] {
        let result = authenticator.get_assertion(&foreign, &mut verified, UnixMillis(0));
        assert_eq!(result.unwrap_err(), CtapError::NoCredentials);
    }
}

#[test]
fn another_sites_passkey_is_never_found() {
    let mut authenticator = authenticator();
    let held = register(&mut authenticator, user(1, "alice"), 10).credential_id;
    for rp_id in ["example.com", "sub.example.org", "EXAMPLE.org", "example.org."] {
        for allow in [AllowList::Discoverable, AllowList::Only(vec![held.as_bytes().to_vec()])] {
            let rp_id = RpId::try_from(rp_id).unwrap();
            let request = GetAssertion { rp_id, allow, ..GetAssertion::example() };
            let result = authenticator.get_assertion(&request, &mut verified, UnixMillis(0));
            assert_eq!(result.unwrap_err(), CtapError::NoCredentials);
        }
    }
}

#[test]
fn a_store_that_hands_out_another_sites_key_gets_no_signature() {
    let store = Altered { gives: Some(example_passkey(&mut Script::endless())), ..Altered::default() };
    let mut authenticator = Authenticator::new(Model::SYNCED, store, Script::endless());
    assert!(authenticator.get_assertion(&GetAssertion::example(), &mut verified, UnixMillis(0)).is_ok());
    let elsewhere = GetAssertion { rp_id: "example.com".try_into().unwrap(), ..GetAssertion::example() };
    let result = authenticator.get_assertion(&elsewhere, &mut verified, UnixMillis(0));
    assert_eq!(result.unwrap_err(), CtapError::NoCredentials);
}

#[test]
fn nobody_here_is_told_to_the_user_and_only_then_to_the_site() {
    let mut actions = Vec::new();
    let mut ask = |prompt: &Prompt<'_>| {
        actions.push((prompt.action, prompt.accounts.len()));
        Answer::Denied
    };
    let result = authenticator().get_assertion(&GetAssertion::example(), &mut ask, UnixMillis(0));
    assert_eq!(result.unwrap_err(), CtapError::NoCredentials);
    assert_eq!(actions, [(Action::ReportNoPasskey, 0)]);
}

#[test]
fn a_probe_asks_nobody_claims_no_presence_and_tells_no_account() {
    let mut authenticator = authenticator();
    let alice = register(&mut authenticator, user(1, "alice"), 10).credential_id;
    let bob = register(&mut authenticator, user(2, "bob"), 20).credential_id;
    let probe = probe_for(vec![vec![5; 32], alice.as_bytes().to_vec(), bob.as_bytes().to_vec()]);
    let assertion = authenticator.get_assertion(&probe, &mut nobody_is_asked, UnixMillis(0)).unwrap();
    assert_eq!(flags(&assertion.authenticator_data), 0x08);
    assert_eq!(assertion.credential_id, bob, "the newest of those that it names");
    assert!(!assertion.user_selected);
    assert!(assertion.user.is_none());

    let verifying = GetAssertion { verification: VerificationRequirement::Required, ..probe };
    let assertion = authenticator.get_assertion(&verifying, &mut verified, UnixMillis(0)).unwrap();
    assert_eq!(flags(&assertion.authenticator_data), 0x0c);
    assert!(assertion.user == Some(user(2, "bob")));
}

/// Whoever knows no credential id learns nothing: not even whether somebody has an account here.
#[test]
fn a_probe_that_names_no_passkey_finds_none() {
    let mut authenticator = authenticator();
    register(&mut authenticator, user(1, "alice"), 10);
    let nameless = GetAssertion { allow: AllowList::Discoverable, ..probe_for(Vec::new()) };
    for probe in [nameless, probe_for(Vec::new()), probe_for(vec![vec![5; 32]])] {
        assert_eq!(
            authenticator.get_assertion(&probe, &mut nobody_is_asked, UnixMillis(0)).unwrap_err(),
            CtapError::NoCredentials
        );
    }
}

fn probe_for(ids: Vec<Vec<u8>>) -> GetAssertion {
    GetAssertion {
        allow: AllowList::Only(ids),
        presence: Presence::NotRequired,
        verification: VerificationRequirement::Discouraged,
        ..GetAssertion::example()
    }
}

#[test]
fn names_are_given_only_after_verification() {
    let mut authenticator = authenticator();
    register(&mut authenticator, user(1, "alice"), 10);
    let request = GetAssertion { verification: VerificationRequirement::Discouraged, ..GetAssertion::example() };
    let assertion = authenticator.get_assertion(&request, &mut present, UnixMillis(0)).unwrap();
    let told = assertion.user.unwrap();
    assert_eq!(told.handle, user(1, "").handle);
    assert_eq!((told.name, told.display_name), (None, None));
}

#[test]
fn prf_requires_verification_and_stays_out_of_authenticator_data() {
    let salts = PrfSalts { first: [1; 32], second: Some([2; 32]) };
    let mut authenticator = authenticator();
    let request = MakeCredential {
        prf: Some(salts.clone()),
        verification: VerificationRequirement::Discouraged,
        ..registration_of(user(1, "alice"))
    };
    let refused = authenticator.make_credential(&request, &mut present, UnixMillis(0));
    assert_eq!(refused.unwrap_err(), CtapError::OperationDenied);
    let attestation = authenticator.make_credential(&request, &mut verified, UnixMillis(0)).unwrap();
    assert_eq!(flags(&attestation.authenticator_data) & 0x80, 0);
    let at_creation = attestation.prf.unwrap();

    let request = GetAssertion {
        prf: PrfInputs { by_credential: Vec::new(), otherwise: Some(salts) },
        verification: VerificationRequirement::Discouraged,
        ..GetAssertion::example()
    };
    let refused = authenticator.get_assertion(&request, &mut present, UnixMillis(0));
    assert_eq!(refused.unwrap_err(), CtapError::OperationDenied);
    let assertion = authenticator.get_assertion(&request, &mut verified, UnixMillis(0)).unwrap();
    assert_eq!(assertion.authenticator_data.len(), 37);
    let at_sign_in = assertion.prf.unwrap();
    assert_eq!(at_creation.first(), at_sign_in.first());
    assert_eq!(at_creation.second(), at_sign_in.second());
    assert_ne!(Some(at_sign_in.first()), at_sign_in.second());
}

#[test]
fn prf_salts_for_a_credential_come_before_those_for_all() {
    let mut authenticator = authenticator();
    let alice = register(&mut authenticator, user(1, "alice"), 10).credential_id;
    let salts = |byte: u8| PrfSalts { first: [byte; 32], second: None };
    let mut evaluate = |prf: PrfInputs| {
        let request = GetAssertion { prf, ..GetAssertion::example() };
        authenticator.get_assertion(&request, &mut verified, UnixMillis(0)).unwrap().prf
    };
    let of_one = evaluate(PrfInputs { by_credential: Vec::new(), otherwise: Some(salts(1)) });
    let named = PrfInputs {
        by_credential: vec![(vec![0; 32], salts(2)), (alice.as_bytes().to_vec(), salts(1))],
        otherwise: Some(salts(2)),
    };
    assert_eq!(evaluate(named), of_one);
    let others = PrfInputs { by_credential: vec![(vec![0; 32], salts(1))], otherwise: None };
    assert_eq!(evaluate(others), None);
}
