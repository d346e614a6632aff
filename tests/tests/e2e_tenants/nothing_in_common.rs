//! Two relying parties put together all that they have of the same person's device, and find nothing by which to know it again.

use std::collections::BTreeSet;

use ciborium::Value as Cbor;
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
    assert!(shop.len() > 100 && bank.len() > 100, "{} {}", shop.len(), bank.len());
}

/// Every value that a site gets, down to those that hold no others: in statements, leaves, reports, signatures, keys, serials, times.
fn all_that_is_got(client: &Client, device: &Device, rp_id: &str) -> BTreeSet<Vec<u8>> {
    let (response, _) = registration(device, rp_id, "direct");
    let (passkey, verdict) = Passkey::registered(client, device, rp_id);
    let (assertion, _) = passkey.assertion(device);
    let told = passkey.signs_in(client, device);
    let report = client.report(&passkey.known());
    let mut got = Got::default();
    for value in [&response, &verdict, &assertion, &told, report.claims()] {
        got.json(value);
    }
    let leaves: Vec<LeafShown> = got.certificates.iter().filter_map(|der| LeafShown::of(der).ok()).collect();
    assert_eq!(leaves.len(), 1, "the same in its registrations, assertions and statements");
    got.value(&leaves[0].public_key);
    got.value(format!("{:?}", leaves[0].claims.status).as_bytes());
    let hashes: Vec<Vec<u8>> = got.certificates.iter().map(|der| Sha256::digest(der).to_vec()).collect();
    got.values.extend(hashes);
    got.values
}

#[derive(Default)]
struct Got {
    values: BTreeSet<Vec<u8>>,
    certificates: BTreeSet<Vec<u8>>,
}

impl Got {
    fn json(&mut self, value: &Value) {
        match value {
            Value::String(text) => match BASE64URL_NOPAD.decode(text.as_bytes()) {
                Ok(bytes) => self.bytes(&bytes),
                Err(_) => self.value(text.as_bytes()),
            },
            Value::Number(number) => self.value(number.to_string().as_bytes()),
            Value::Array(items) => items.iter().for_each(|item| self.json(item)),
            Value::Object(members) => {
                // When a site has asked it knows itself.
                let told = members.iter().filter(|(name, _)| !matches!(name.as_str(), "iat" | "exp"));
                told.for_each(|(_, member)| self.json(member));
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// Whatever they are: JSON, CBOR, DER, authenticator data, or a value of their own.
    fn bytes(&mut self, bytes: &[u8]) {
        if let Ok(value @ Value::Object(_)) = serde_json::from_slice::<Value>(bytes) {
            return self.json(&value);
        }
        if let Some(value @ (Cbor::Map(_) | Cbor::Array(_))) = whole(bytes) {
            return self.cbor(&value);
        }
        if is_der(bytes) {
            if LeafShown::of(bytes).is_ok() {
                self.certificates.insert(bytes.to_vec());
            }
            return self.der(bytes);
        }
        if self.authenticator_data(bytes).is_none() {
            self.value(bytes);
        }
    }

    /// `None` if they are none.
    fn authenticator_data(&mut self, bytes: &[u8]) -> Option<()> {
        let (head, mut rest) = bytes.split_at_checked(37)?;
        let mut parts = vec![head[..32].to_vec(), head[32..].to_vec()];
        if head[32] & ATTESTED != 0 {
            let length = usize::from(u16::from_be_bytes([*rest.get(16)?, *rest.get(17)?]));
            parts.extend([rest[..16].to_vec(), rest.get(18..18 + length)?.to_vec()]);
            rest = &rest[18 + length..];
        }
        let mut members = Vec::new();
        while !rest.is_empty() {
            members.push(ciborium::from_reader::<Cbor, _>(&mut rest).ok()?);
        }
        parts.iter().for_each(|part| self.value(part));
        members.iter().for_each(|member| self.cbor(member));
        Some(())
    }

    fn value(&mut self, bytes: &[u8]) {
        self.values.insert(bytes.to_vec());
    }

    fn cbor(&mut self, value: &Cbor) {
        match value {
            Cbor::Bytes(bytes) => self.bytes(bytes),
            Cbor::Text(text) => self.value(text.as_bytes()),
            Cbor::Array(items) => items.iter().for_each(|item| self.cbor(item)),
            Cbor::Map(members) => members.iter().for_each(|(_, member)| self.cbor(member)),
            other => self.value(format!("{other:?}").as_bytes()),
        }
    }

    fn der(&mut self, mut bytes: &[u8]) {
        while let Some((tag, value, rest)) = tlv(bytes) {
            bytes = rest;
            let within = if tag == BIT_STRING { value.get(1..).unwrap_or_default() } else { value };
            let holds_others = tag & CONSTRUCTED != 0 || (matches!(tag, BIT_STRING | OCTET_STRING) && is_der(within));
            if holds_others { self.der(within) } else { self.value(within) }
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Cbor> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).ok()?;
    rest.is_empty().then_some(value)
}

fn is_der(bytes: &[u8]) -> bool {
    matches!(tlv(bytes), Some((0x30, value, [])) if !value.is_empty())
}

/// Tag, value, and what follows.
fn tlv(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

const ATTESTED: u8 = 0x40;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
const CONSTRUCTED: u8 = 0x20;
