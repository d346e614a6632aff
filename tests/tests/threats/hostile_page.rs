//! A page, or a relying party, that asks for more than its own.

use std::collections::BTreeSet;

use keyfold_client::{
    authenticator::{Action, Answer, Prompt},
    webauthn::{Origin, Page},
};
use serde_json::{Value, json};

use crate::world::{Device, World};

fn nobody_is_asked(prompt: &Prompt<'_>) -> Answer {
    panic!("somebody was asked: {:?}", prompt.action)
}

async fn signs_in(device: &Device, origin: &str, options: Value) -> Result<Value, String> {
    let origin = Origin::parse(origin).unwrap();
    let signed_in =
        device.vault().sign_in(&Page::top(origin.clone()), &options.to_string(), &mut nobody_is_asked).await;
    signed_in.map(|signed_in| serde_json::to_value(&signed_in.response).unwrap()).map_err(|error| error.to_string())
}

fn asks_for(rp_id: &str) -> Value {
    json!({"rpId": rp_id, "challenge": "EBESExQVFhcYGRobHB0eHw"})
}

/// The passkey of mail.example is there, and nobody is even asked about it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_page_another_origin_reaches_no_key() {
    let World { phone, home: _home, .. } = World::new().await;
    for origin in
        ["https://evil.example", "https://mail.example.evil.example", "https://xmail.example", "http://localhost"]
    {
        let refused = signs_in(&phone, origin, asks_for("mail.example")).await.unwrap_err();
        assert!(refused.contains("RP id"), "{origin}: {refused}");
    }
    for origin in ["http://mail.example", "https://mail.example:443", "null", "data:text/html,"] {
        assert!(Origin::parse(origin).is_err(), "{origin}");
    }
}

/// A page is told the same of a passkey that is another relying party's as of one that is not there at all, and the person
/// is offered nothing that they could agree to.
#[tokio::test(flavor = "multi_thread")]
async fn threat_page_a_relying_party_learns_nothing_of_anothers_passkeys() {
    let World { phone, home: _home, .. } = World::new().await;
    let mails = phone.vault().contents().await.unwrap().items;
    let mails = mails.iter().find(|item| item.item.passkey().unwrap().rp_id == "mail.example").unwrap();
    let id = data_encoding::BASE64URL_NOPAD.encode(&mails.item.passkey().unwrap().credential_id);
    let allow = |id: &str| {
        let mut options = asks_for("evil.example");
        options["allowCredentials"] = json!([{"type": "public-key", "id": id}]);
        options
    };
    let origin = Origin::parse("https://evil.example").unwrap();
    let mut said = Vec::new();
    for answer in [Answer::Denied, Answer::Verified { account: 0 }] {
        for options in [asks_for("evil.example"), allow(&id), allow("AAAAAAAAAAAAAAAAAAAAAA")] {
            let mut offered = Vec::new();
            let mut asked = |prompt: &Prompt<'_>| {
                offered.push((prompt.action, prompt.accounts.to_vec()));
                answer
            };
            let error = phone
                .vault()
                .sign_in(&Page::top(origin.clone()), &options.to_string(), &mut asked)
                .await
                .map(drop)
                .unwrap_err();
            said.push(format!("{error:?}"));
            assert_eq!(offered, [(Action::ReportNoPasskey, Vec::new())]);
        }
    }
    assert!(said.iter().all(|line| *line == said[0]), "{said:?}");
}

/// Two sites that compare what they got of the same person on the same device.
#[tokio::test(flavor = "multi_thread")]
async fn threat_page_two_relying_parties_get_nothing_in_common() {
    let World { phone, home: _home, .. } = World::new().await;
    let mut got: Vec<BTreeSet<String>> = Vec::new();
    for site in ["one.example", "two.example"] {
        let options = json!({
            "rp": {"id": site, "name": "Site"},
            "user": {"id": "AQID", "name": "ana", "displayName": "Ana"},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        });
        let origin = Origin::parse(&format!("https://{site}")).unwrap();
        let mut agrees = |_: &Prompt<'_>| Answer::Verified { account: 0 };
        let made = phone.vault().register(&Page::top(origin.clone()), &options.to_string(), &mut agrees).await.unwrap();
        got.push(long_strings(&serde_json::to_value(&made.response).unwrap()));
    }
    assert!(got[0].len() >= 4, "an id, a key, an attestation and client data: {:?}", got[0]);
    assert!(got[0].is_disjoint(&got[1]), "{got:?}");
}

/// What could be an identifier: every text of 16 characters or more.
fn long_strings(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) if text.len() >= 16 => BTreeSet::from([text.clone()]),
        Value::Array(values) => values.iter().flat_map(long_strings).collect(),
        Value::Object(members) => members.values().flat_map(long_strings).collect(),
        _ => BTreeSet::new(),
    }
}
