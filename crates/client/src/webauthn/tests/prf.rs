use super::*;

const SALT: &str = "V2ViQXV0aG4";

#[test]
fn prf_is_equal_on_two_devices_and_at_creation() {
    let eval = json!({"prf": {"eval": {"first": SALT, "second": "AA"}}});
    let mut first = device();
    let registration = register(&mut first, &with(creation_options(), "/extensions", eval.clone()));
    let made = &registration["clientExtensionResults"]["prf"];
    assert_eq!(made["enabled"], true);
    for device in [&mut synced(&first), &mut first] {
        let assertion = sign_in(device, &with(request_options(), "/extensions", eval.clone()));
        let used = &assertion["clientExtensionResults"]["prf"];
        assert_eq!(used["results"], made["results"]);
        assert_eq!(used.get("enabled"), None);
    }
    let first = bytes(made, "/results/first");
    assert_eq!(first.len(), 32);
    assert_ne!(first, bytes(made, "/results/second"));
}

#[test]
fn prf_without_inputs_tells_only_that_it_is_there() {
    let mut device = device();
    let asked = json!({"prf": {}});
    let registration = register(&mut device, &with(creation_options(), "/extensions", asked.clone()));
    assert_eq!(registration["clientExtensionResults"], json!({"prf": {"enabled": true}}));
    let assertion = sign_in(&mut device, &with(request_options(), "/extensions", asked));
    assert_eq!(assertion["clientExtensionResults"], json!({"prf": {}}));
}

#[test]
fn inputs_for_the_credential_come_before_those_for_all() {
    let mut device = device();
    let id = register(&mut device, &creation_options())["id"].as_str().unwrap().to_owned();
    let allow = json!([{"type": "public-key", "id": id}, {"type": "public-key", "id": "AAAA"}]);
    let mut evaluate = |prf: Value| {
        let options = with(request_options(), "/allowCredentials", allow.clone());
        let assertion = sign_in(&mut device, &with(options, "/extensions", json!({"prf": prf})));
        assertion["clientExtensionResults"]["prf"].clone()
    };
    let plain = evaluate(json!({"eval": {"first": SALT}}));
    let named = json!({"evalByCredential": {id.as_str(): {"first": SALT}}, "eval": {"first": "AA"}});
    assert_eq!(evaluate(named), plain);
    let for_another = json!({"evalByCredential": {"AAAA": {"first": "AA"}}, "eval": {"first": SALT}});
    assert_eq!(evaluate(for_another), plain);
    assert_eq!(evaluate(json!({"evalByCredential": {"AAAA": {"first": SALT}}})), json!({}));
}

#[test]
fn prf_makes_verification_required() {
    let mut device = device();
    register(&mut device, &creation_options());
    let options = with(request_options(), "/extensions", json!({"prf": {"eval": {"first": SALT}}}));
    let options = with(options, "/userVerification", json!("discouraged"));
    let mut present = |_: &Prompt<'_>| Answer::Present { account: 0 };
    let refused = get_as(&mut device, "https://example.org", &mut present, &options);
    assert_eq!(refused.unwrap_err().dom_name(), "NotAllowedError");
}

#[test]
fn debug_of_a_response_prints_no_prf_result() {
    let mut device = device();
    let options = with(creation_options(), "/extensions", json!({"prf": {"eval": {"first": SALT}}}));
    let ceremony = Ceremony {
        page: &Page::top(Origin::parse("https://example.org").unwrap()),
        authenticator: &mut device,
        user: &mut verified,
        clock: &StoppedClock::default(),
    };
    let response = create(ceremony, &options.to_string()).unwrap();
    assert_eq!(format!("{response:?}"), "RegistrationResponse(..)");
}
