use keyfold_client::{
    device::Passphrase,
    exchange::{self, Exchange, ExchangeError, ImportPlan},
};
use keyfold_tests::sdk::Member;
use serde_json::{Value, json};

/// Ed25519, of RFC 8410 §10.3.
pub(crate) const ED25519: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp-K06_nwoy_HU--CXqI9EdVhC";

/// A passkey as another program writes it.
pub(crate) fn passkey(rp_id: &str, credential_id: &str) -> Value {
    json!({
        "type": "passkey",
        "credentialId": credential_id,
        "rpId": rp_id,
        "username": "ana",
        "userDisplayName": "Ana",
        "userHandle": "YW5h",
        "key": ED25519,
        "fido2Extensions": {
            "hmacCredentials": {
                "algorithm": "hmac-sha256",
                "credWithUV": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
                "credWithoutUV": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
            },
        },
    })
}

pub(crate) fn item(id: &str, credentials: &[Value]) -> Value {
    json!({ "id": id, "creationAt": 1_705_142_400, "title": id, "credentials": credentials })
}

pub(crate) fn account(items: &[Value]) -> Value {
    json!({ "id": "YWNjb3VudA", "username": "ana", "email": "ana@mail.example", "collections": [], "items": items })
}

pub(crate) fn file(items: &[Value]) -> Value {
    json!({
        "version": { "major": 1, "minor": 0 },
        "exporterRpId": "exporter.example",
        "exporterDisplayName": "Exporter",
        "timestamp": 1_705_228_800,
        "accounts": [account(items)],
    })
}

pub(crate) fn read(device: &Member, file: &[u8]) -> Result<Exchange, ExchangeError> {
    Exchange::read(file, device.vault().importer())
}

pub(crate) async fn import(device: &Member, file: &Value) -> ImportPlan {
    device.vault().import(&read(device, file.to_string().as_bytes()).unwrap()).await.unwrap()
}

/// What a device exports, as anybody reads it.
pub(crate) async fn export(device: &Member) -> Value {
    let exported = device.vault().export(None).await.unwrap();
    assert!(!exported.record.encrypted);
    serde_json::from_slice(&exported.file).unwrap()
}

/// The same under a passphrase.
pub(crate) async fn export_encrypted(device: &Member, passphrase: &str) -> Vec<u8> {
    let passphrase = Passphrase::chosen(passphrase.to_owned().into()).unwrap();
    let exported = device.vault().export(Some(&passphrase)).await.unwrap();
    assert!(exported.record.encrypted && exchange::is_encrypted(&exported.file));
    exported.file.to_vec()
}

/// An account of a file without what an export adds for other vaults of Keyfold: its own extension, and the list for it.
pub(crate) fn plain(mut account: Value) -> Value {
    for item in account["items"].as_array_mut().unwrap() {
        let Some(extensions) = item.get_mut("extensions").and_then(Value::as_array_mut) else { continue };
        extensions.retain(|extension| extension["name"] != "keyfold" || extension.get("passkeys").is_none());
        if extensions.is_empty() {
            item.as_object_mut().unwrap().remove("extensions");
        }
    }
    sorted(account)
}

/// The order of items says nothing.
pub(crate) fn sorted(mut account: Value) -> Value {
    account["items"].as_array_mut().unwrap().sort_by_key(|item| item["id"].to_string());
    account
}
