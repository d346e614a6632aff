//! Two relying parties put together all that they have of the same person's device, and find nothing by which to know it again.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use keyfold_evidence::LeafShown;
use keyfold_tests::{Client, Device, Domain, Tenant, server_that_asks};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Passkey, registration};

#[test]
fn threat_rp_what_two_sites_get_of_one_device_has_nothing_in_common() {
    let domains = [Domain::new("shop.example"), Domain::new("bank.example")];
    let server = server_that_asks(&[&domains[0], &domains[1]]);
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let laptop = Device::founded(&server, "Ana's laptop");
    tenant.takes_in(&laptop, "Ana");
    let clients = [tenant.client("Shop"), tenant.client("Bank")];
    for (client, domain) in clients.iter().zip(&domains) {
        tenant.lists(client, domain);
    }
    laptop.ok(&["tenant", "report"]);
    let [shop, bank] = [0, 1].map(|site| all_that_is_got(&clients[site], &laptop, domains[site].name()));
    // Another account's device gets the same where the two have something in common: then it is the tenant's.
    let stranger = Device::founded(&server, "Ben's desktop");
    tenant.takes_in(&stranger, "Ben");
    stranger.ok(&["tenant", "report"]);
    let of_others = all_that_is_got(&clients[0], &stranger, domains[0].name());

    let common: BTreeSet<&Vec<u8>> = shop.intersection(&bank).collect();
    let tell: Vec<&&Vec<u8>> = common.iter().filter(|value| !of_others.contains(**value)).collect();
    assert!(tell.is_empty(), "both have {tell:x?}");
    assert!(shop.len() > 300 && bank.len() > 300, "{} {}", shop.len(), bank.len());
}

/// Every run of eight bytes in every value that a site gets: statements, leaves, reports, signatures, keys, serials, times.
fn all_that_is_got(client: &Client, device: &Device, rp_id: &str) -> BTreeSet<Vec<u8>> {
    let (response, _) = registration(device, rp_id, "direct");
    let (passkey, verdict) = Passkey::registered(client, device, rp_id);
    let (assertion, _) = passkey.assertion(device);
    let told = passkey.signs_in(client, device);
    let report = client.report(&passkey.known());
    let mut values = Vec::new();
    for value in [&response, &verdict, &assertion, &told, report.claims()] {
        collect(value, &mut values);
    }
    let leaves: Vec<Vec<u8>> = values.iter().flat_map(|value| leaves_in(value)).collect();
    assert!(leaves.len() >= 2, "a registration and an assertion have a leaf each");
    let shown: Vec<LeafShown> = leaves.iter().map(|leaf| LeafShown::of(leaf).unwrap()).collect();
    assert!(shown.iter().all(|leaf| leaf.public_key == shown[0].public_key), "one key for a site");
    for (leaf, shown) in leaves.iter().zip(&shown) {
        values.push(Sha256::digest(leaf).to_vec());
        values.push(shown.claims.status.index.to_be_bytes().repeat(2));
    }
    values.iter().flat_map(|value| value.windows(RUN).map(<[u8]>::to_vec)).collect()
}

/// The bytes of every text, out of base64url where it is that, and of every number.
fn collect(value: &Value, values: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => {
            values.push(BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_else(|_| text.clone().into_bytes()));
        }
        Value::Number(number) => values.push(number.as_i64().unwrap().to_be_bytes().to_vec()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::Object(members) => {
            // When a site has asked it knows itself.
            let told = members.iter().filter(|(name, _)| !matches!(name.as_str(), "iat" | "exp"));
            told.for_each(|(_, member)| collect(member, values));
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// X.509 certificates of leaves within other bytes.
fn leaves_in(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = bytes.windows(4).enumerate().filter(|(_, head)| head[..2] == [0x30, 0x82]);
    let certificates = starts.filter_map(|(start, head)| {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]])) + 4;
        bytes.get(start..start + length)
    });
    certificates.filter(|der| LeafShown::of(der).is_ok()).map(<[u8]>::to_vec).collect()
}

/// Eight bytes are the same by chance once in 2^64.
const RUN: usize = 8;
