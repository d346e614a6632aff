use keyfold_tests::{Device, Server, Shop, exit};
use serde_json::{Value, json};

use crate::{passkeys, signs_in};

#[test]
fn an_rp_id_that_is_not_the_pages_own_is_refused() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    for (origin, rp_id) in [
        ("https://evil.example", "shop.example"),
        ("https://notshop.example", "shop.example"),
        ("https://shop.example", "login.shop.example"),
        ("https://shop.example.evil.example", "shop.example"),
    ] {
        let detail = a.refuses_page(exit::NOT_ALLOWED, origin, rp_id);
        assert_eq!(detail, "the RP id is neither the origin's domain nor a domain above it");
    }
    for (origin, rp_id) in [("https://shop.co.uk", "co.uk"), ("https://ana.github.io", "github.io")] {
        let detail = a.refuses_page(exit::NOT_ALLOWED, origin, rp_id);
        assert_eq!(detail, "the RP id is a public suffix, which unrelated sites share");
    }
    a.refuses_page(exit::NOT_ALLOWED, "https://192.0.2.1", "192.0.2.1");
    assert_eq!(passkeys(&a).len(), 0);
}

#[test]
fn a_page_without_tls_is_refused_unless_it_is_on_this_machine() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    for origin in ["http://shop.example", "http://192.168.0.1", "ftp://shop.example"] {
        let detail = a.refuses_page(exit::MALFORMED, origin, "shop.example");
        assert_eq!(detail, "the origin must be https, or http on localhost");
    }
    a.refuses_page(exit::MALFORMED, "shop.example", "shop.example");
    a.make_passkey("http://localhost:8080", &creation_options("localhost").to_string());
    assert_eq!(passkeys(&a)[0]["rp_id"], "localhost");
}

#[test]
fn a_page_may_use_the_domain_above_its_own() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey("https://login.shop.example", &shop.registration_options("ana@shop.example"));
    assert_eq!(passkeys(&a)[0]["rp_id"], "shop.example");
}

#[test]
fn malformed_options_are_refused_in_one_line_and_make_nothing() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let whole = shop.registration_options("ana@shop.example");
    let made = a.make_passkey(&shop.origin(), &whole);
    shop.judge_registration(&made).backed_up();

    let cut = &whole[..whole.len() / 2];
    let long = "[".repeat(65_537);
    for options in ["", "{", "null", "{}", "[]", "{} {}", "\"options\"", cut, &long, "\u{0}"] {
        for ceremony in ["create", "get"] {
            let arguments = ["webauthn", ceremony, "--origin", &shop.origin(), "--yes"];
            let detail = a.fails_with(exit::MALFORMED, &arguments, options);
            assert!(detail.starts_with("the options are "), "{detail}");
        }
    }
    for (member, value) in [
        ("challenge", json!("AA")),
        ("challenge", json!("not base64url!")),
        ("user", json!({"id": "", "name": "ana", "displayName": "Ana"})),
        ("pubKeyCredParams", json!([{"type": "other", "alg": -7}])),
    ] {
        let mut options = creation_options("shop.example");
        options[member] = value;
        let arguments = ["webauthn", "create", "--origin", &shop.origin(), "--yes"];
        a.fails_with(exit::MALFORMED, &arguments, &options.to_string());
    }
    assert_eq!(passkeys(&a).len(), 1);
    signs_in(&a, &shop);
}

#[test]
fn a_relying_party_that_takes_neither_algorithm_is_told_no() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut options = creation_options("shop.example");
    options["pubKeyCredParams"] = json!([{"type": "public-key", "alg": -257}]);
    let arguments = ["webauthn", "create", "--origin", "https://shop.example", "--yes"];
    a.fails_with(exit::NOT_ALLOWED, &arguments, &options.to_string());
}

#[test]
fn where_no_passkey_fits_the_one_line_says_so() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let options = request_options("shop.example").to_string();
    let arguments = ["webauthn", "get", "--origin", "https://shop.example", "--yes"];
    let detail = a.fails_with(exit::NOT_ALLOWED, &arguments, &options);
    assert!(detail.contains("shop.example"), "{detail}");
}

#[test]
fn of_several_accounts_none_is_chosen_for_the_person() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let create = ["webauthn", "create", "--origin", "https://shop.example", "--yes"];
    for (id, name) in [("AQID", "ana"), ("BAUG", "boss"), ("BwgJ", "boss")] {
        let mut options = creation_options("shop.example");
        options["user"] = json!({"id": id, "name": name, "displayName": name});
        a.ok_with(&create, &options.to_string());
    }
    let options = request_options("shop.example").to_string();
    let get = ["webauthn", "get", "--origin", "https://shop.example", "--yes"];
    let detail = a.fails_with(exit::USAGE, &get, &options);
    assert!(detail.contains("--account NAME"), "{detail}");
    let as_account = |name| [&get[..], &["--account", name]].concat();
    assert_eq!(a.ok_with(&as_account("ana"), &options)["response"]["userHandle"], "AQID");
    a.fails_with(exit::NOT_FOUND, &as_account("cleo"), &options);
    a.fails_with(exit::NOT_ALLOWED, &as_account("boss"), &options);
}

trait Page {
    fn refuses_page(&self, exit: exit::Exit, origin: &str, rp_id: &str) -> String;
}

impl Page for Device {
    /// Both ceremonies must fail so for a page at `origin` that claims `rp_id`; gives the detail.
    #[track_caller]
    fn refuses_page(&self, exit: exit::Exit, origin: &str, rp_id: &str) -> String {
        let create = ["webauthn", "create", "--origin", origin, "--yes"];
        let made = self.fails_with(exit, &create, &creation_options(rp_id).to_string());
        let get = ["webauthn", "get", "--origin", origin, "--yes"];
        assert_eq!(self.fails_with(exit, &get, &request_options(rp_id).to_string()), made);
        made
    }
}

fn creation_options(rp_id: &str) -> Value {
    json!({
        "rp": {"id": rp_id, "name": "The shop"},
        "user": {"id": "AQIDBAUGBwg", "name": "ana@shop.example", "displayName": "Ana"},
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    })
}

fn request_options(rp_id: &str) -> Value {
    json!({"rpId": rp_id, "challenge": "AAECAwQFBgcICQoLDA0ODw", "userVerification": "required"})
}
