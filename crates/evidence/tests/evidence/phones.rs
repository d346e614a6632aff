//! Android devices: what real ones say, and what nobody may make them say.

use std::path::Path;

use data_encoding::BASE64;
use keyfold_evidence::{
    PathError, Protection, Roots, UnixMillis,
    hardware::{AndroidKey, AndroidKeyError, Authorizations, KeyDescription, Origin, SecurityLevel, VerifiedBoot},
};
use rcgen::{BasicConstraints, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::world::{Maker, authority, dated, described, explicit, flipped, now, phone, tlv, vectors};

/// The certificates of PEM, DER.
fn pem(text: &str) -> Vec<Vec<u8>> {
    let body = |part: &str| {
        let (body, _) = part.split_once("-----END CERTIFICATE-----").unwrap();
        BASE64.decode(body.split_whitespace().collect::<String>().as_bytes()).unwrap()
    };
    text.split("-----BEGIN CERTIFICATE-----").skip(1).map(body).collect()
}

/// Each chain, with what it says by Google's own parser.
fn chains(folder: &Path, found: &mut Vec<(String, Vec<Vec<u8>>, Value)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            chains(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "pem") {
            let said = std::fs::read(path.with_extension("json")).unwrap();
            let chain = pem(&std::fs::read_to_string(&path).unwrap());
            found.push((path.display().to_string(), chain, serde_json::from_slice(&said).unwrap()));
        }
    }
}

fn described_in(certificate: &[u8]) -> KeyDescription {
    use x509_cert::{certificate::Certificate, der::Decode};
    let certificate = Certificate::from_der(certificate).unwrap();
    let id = "1.3.6.1.4.1.11129.2.1.17";
    let mut all = certificate.tbs_certificate().extensions().unwrap().iter();
    let extension = all.find(|extension| extension.extn_id.to_string() == id).unwrap();
    KeyDescription::parse(extension.extn_value.as_bytes()).unwrap()
}

#[test]
fn real_devices_are_read_as_google_reads_them() {
    let folder = vectors("android-key");
    let roots: Vec<String> = serde_json::from_slice(&std::fs::read(folder.join("roots.json")).unwrap()).unwrap();
    let roots = Roots::trust(&roots.iter().flat_map(|root| pem(root)).collect::<Vec<_>>()).unwrap();
    let mut found = Vec::new();
    chains(&folder, &mut found);
    assert_eq!(found.len(), 13);
    let mut verified = 0;
    for (name, chain, said) in found {
        let description = described_in(&chain[0]);
        hold(&name, &description, &said);
        // The root of today is younger than some of them.
        let at = UnixMillis(description.software.created.unwrap().max(1_650_000_000_000));
        let challenge = description.challenge.clone();
        let verify = |at, challenge: &[u8]| AndroidKey::verify(&chain, challenge, &roots, at);
        // Keys that a system kept in software lead to a root that everybody has the key of.
        if name.contains("marlin") {
            assert_eq!(verify(at, &challenge), Err(PathError::Untrusted.into()), "{name}");
            continue;
        }
        // That device went on to make keys after what its maker had certified was over.
        let at = if name.contains("sony") {
            assert_eq!(verify(at, &challenge), Err(PathError::NotNow.into()), "{name}");
            UnixMillis(1_777_000_000_000)
        } else {
            at
        };
        let key = verify(at, &challenge).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.description, description);
        assert_eq!(verify(at, b"another"), Err(AndroidKeyError::Challenge));
        assert_eq!(verify(UnixMillis(4_000_000_000_000), &challenge), Err(PathError::NotNow.into()));
        assert_eq!(AndroidKey::verify(&chain, &challenge, &Roots::default(), at), Err(PathError::Untrusted.into()));
        verified += 1;
    }
    assert_eq!(verified, 11);
}

fn hold(name: &str, description: &KeyDescription, said: &Value) {
    let level = |level: SecurityLevel| match level {
        SecurityLevel::Software => "SOFTWARE",
        SecurityLevel::TrustedEnvironment => "TRUSTED_ENVIRONMENT",
        SecurityLevel::StrongBox => "STRONG_BOX",
    };
    assert_eq!(said["attestationVersion"], description.attestation_version.to_string(), "{name}");
    assert_eq!(said["attestationSecurityLevel"], level(description.attestation_security), "{name}");
    assert_eq!(said["keyMintVersion"], description.keymint_version.to_string(), "{name}");
    assert_eq!(said["keyMintSecurityLevel"], level(description.keymint_security), "{name}");
    assert_eq!(said["attestationChallenge"], BASE64.encode(&description.challenge), "{name}");
    authorizations(name, &description.software, &said["softwareEnforced"]);
    authorizations(name, &description.hardware, &said["hardwareEnforced"]);
}

fn authorizations(name: &str, list: &Authorizations, said: &Value) {
    let number = |number: Option<u64>| number.map_or(Value::Null, |number| number.to_string().into());
    let numbers = [
        ("algorithms", list.algorithm),
        ("keySize", list.key_size),
        ("userAuthType", list.user_auth_type),
        ("authTimeout", list.auth_timeout),
        ("creationDateTime", list.created),
        ("osVersion", list.os_version),
        ("osPatchLevel", list.os_patch_level),
        ("vendorPatchLevel", list.vendor_patch_level),
        ("bootPatchLevel", list.boot_patch_level),
    ];
    for (member, told) in numbers {
        assert_eq!(said[member], number(told), "{name}: {member}");
    }
    let purposes: Vec<_> = list.purposes.iter().map(u64::to_string).collect();
    assert_eq!(said.get("purposes").cloned().unwrap_or(Value::Array(Vec::new())), Value::from(purposes), "{name}");
    let flags = [
        ("noAuthRequired", list.no_auth_required),
        ("trustedUserPresenceRequired", list.trusted_user_presence),
        ("unlockedDeviceRequired", list.unlocked_device_required),
        ("allApplications", list.all_applications),
    ];
    for (member, told) in flags {
        assert_eq!(said[member].as_bool().unwrap_or(false), told, "{name}: {member}");
    }
    assert_eq!(said["origin"] == "GENERATED", list.origin == Some(Origin::Generated), "{name}");
    let names = ["Brand", "Device", "Product", "Manufacturer", "Model"];
    for (member, told) in names.iter().zip(&list.model) {
        let told = told.clone().map_or(Value::Null, Value::from);
        assert_eq!(said[format!("attestationId{member}")], told, "{name}: {member}");
    }
    assert_eq!(said["rootOfTrust"].is_null(), list.root_of_trust.is_none(), "{name}");
    if let Some(booted) = &list.root_of_trust {
        let said = &said["rootOfTrust"];
        let state = match booted.verified_boot_state {
            VerifiedBoot::Verified => "VERIFIED",
            VerifiedBoot::SelfSigned => "SELF_SIGNED",
            VerifiedBoot::Unverified => "UNVERIFIED",
            VerifiedBoot::Failed => "FAILED",
        };
        assert_eq!(said["verifiedBootKey"], BASE64.encode(&booted.verified_boot_key), "{name}");
        assert_eq!((&said["deviceLocked"], &said["verifiedBootState"]), (&booted.device_locked.into(), &state.into()));
        let hash = booted.verified_boot_hash.as_ref().map_or(Value::Null, |hash| BASE64.encode(hash).into());
        assert_eq!(said["verifiedBootHash"], hash, "{name}");
    }
    let said = &said["attestationApplicationId"];
    assert_eq!(said.is_null(), list.application.is_none(), "{name}");
    if let Some(program) = &list.application {
        for (said, (package, version)) in said["packages"].as_array().unwrap().iter().zip(&program.packages) {
            assert_eq!((&said["name"], &said["version"]), (&package.clone().into(), &version.to_string().into()));
        }
        let signers: Vec<_> = program.signers.iter().map(|signer| BASE64.encode(signer)).collect();
        assert_eq!(said["signatures"], Value::from(signers), "{name}");
    }
}

/// Made in hardware, to sign.
fn made() -> Vec<u8> {
    let purpose = tlv(0xa1, &[&tlv(0x31, &[&tlv(2, &[&[2]])])]);
    [purpose, explicit(702, &tlv(2, &[&[0]]))].concat()
}

#[test]
fn threat_evidence_a_key_that_a_device_describes_describes_no_other() {
    let maker = Maker::new();
    let roots = maker.roots();
    let verify = |chain: &[Vec<u8>]| AndroidKey::verify(chain, b"challenge", &roots, now()).map(|key| key.description);
    // A real key of a device, which its program may sign anything with.
    let real = KeyPair::generate().unwrap();
    let mut params = phone(&described(1, b"challenge", &[], &made()));
    params.distinguished_name = named("Real");
    // One that is to attest others is an authority, too.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = maker.issues(&params, &real);
    assert_eq!(verify(std::slice::from_ref(&certificate)).unwrap().protection(), Protection::Tee);
    let replayed = AndroidKey::verify(std::slice::from_ref(&certificate), b"another", &roots, now());
    assert_eq!(replayed, Err(AndroidKeyError::Challenge));
    let issuer = Issuer::new(params, real);
    let forged = KeyPair::generate().unwrap();
    let better = phone(&described(2, b"challenge", &[], &made()));
    for params in [better, phone(&[])] {
        let forged = params.signed_by(&forged, &issuer).unwrap().der().to_vec();
        assert_eq!(verify(&[forged, certificate.clone()]), Err(AndroidKeyError::Extended));
    }
    // Where nothing describes it, there is no such key.
    let plain = maker.issues(&phone(&[]), &forged);
    assert_eq!(verify(&[plain]), Err(AndroidKeyError::Description));
}

#[test]
fn threat_evidence_an_attestation_key_that_is_no_authority_certifies_its_devices_keys_alone() {
    let maker = Maker::new();
    // Makers name one by numbers.
    let factory = |number: &str| {
        let mut params = dated("");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), number);
        params.is_ca = IsCa::ExplicitNoCa;
        params
    };
    let mut named = factory("1");
    named.distinguished_name.push(DnType::CommonName, "Security key 1");
    let leaf = |issuer: &Issuer<'_, KeyPair>| {
        let params = phone(&described(1, b"challenge", &[], &made()));
        params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().to_vec()
    };
    let verify = |chain: &[Vec<u8>]| AndroidKey::verify(chain, b"challenge", &maker.roots(), now()).map(drop);
    for (params, verified) in [(factory("1"), Ok(())), (named, Err(PathError::NotIssuer.into()))] {
        let key = KeyPair::generate().unwrap();
        let certificate = maker.issues(&params, &key);
        let issuer = Issuer::new(params, key);
        assert_eq!(verify(&[leaf(&issuer), certificate.clone()]), verified);
        // It makes no other attestation key.
        let (params, key) = (factory("2"), KeyPair::generate().unwrap());
        let between = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        assert_eq!(verify(&[leaf(&issuer), between, certificate]), Err(PathError::NotIssuer.into()));
    }
}

#[test]
fn threat_evidence_no_bit_of_a_phones_chain_can_be_changed() {
    let (maker, key) = (Maker::new(), KeyPair::generate().unwrap());
    let params = authority("Attestation", BasicConstraints::Constrained(0));
    let above = maker.issues(&params, &key);
    let of_phone = phone(&described(1, b"challenge", &[], &made()));
    let leaf = of_phone.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key)).unwrap().der().to_vec();
    let roots = maker.roots();
    let verify = |chain: &[Vec<u8>]| AndroidKey::verify(chain, b"challenge", &roots, now()).map(drop);
    assert_eq!(verify(&[leaf.clone(), above.clone()]), Ok(()));
    for damaged in flipped(&leaf) {
        assert!(verify(&[damaged, above.clone()]).is_err());
    }
    for damaged in flipped(&above) {
        assert!(verify(&[leaf.clone(), damaged]).is_err());
    }
}

#[test]
fn what_software_says_of_a_key_is_softwares_word() {
    let description = |level, software: &[u8], hardware: &[u8]| {
        KeyDescription::parse(&described(level, b"challenge", software, hardware)).unwrap()
    };
    assert_eq!(description(2, &[], &made()).protection(), Protection::SecureElement);
    assert_eq!(description(0, &[], &made()).protection(), Protection::Software);
    assert_eq!(description(2, &made(), &[]).protection(), Protection::Software);
    let booted = tlv(0x30, &[&tlv(4, &[&[1; 32]]), &tlv(1, &[&[0xff]]), &tlv(10, &[&[0]]), &tlv(4, &[&[2; 32]])]);
    let booted = explicit(704, &booted);
    assert!(description(1, &[], &booted).booted().unwrap().device_locked);
    assert_eq!(description(1, &booted, &[]).booted(), None);
}

#[test]
fn a_description_is_read_whole_and_in_one_form() {
    let read = |hardware: &[u8]| KeyDescription::parse(&described(1, b"challenge", &[], hardware));
    assert!(read(&made()).is_ok());
    assert!(read(&[made(), made()].concat()).is_err());
    let booted = |locked: u8, state: u8| {
        let parts = [tlv(4, &[&[0; 32]]), tlv(1, &[&[locked]]), tlv(10, &[&[state]])];
        explicit(704, &tlv(0x30, &[&parts.concat()]))
    };
    assert!(read(&booted(0xff, 0)).is_ok());
    for refused in [booted(1, 0), booted(0xff, 4)] {
        assert!(read(&refused).is_err());
    }
    assert!(KeyDescription::parse(&described(3, b"challenge", &[], &[])).is_err());
    assert!(KeyDescription::parse(&described(1, &[0; 129], &[], &[])).is_err());
    let whole = described(1, b"challenge", &[], &made());
    for length in 0..whole.len() {
        assert!(KeyDescription::parse(&whole[..length]).is_err());
    }
    assert!(KeyDescription::parse(&[whole.as_slice(), &[0]].concat()).is_err());
    // Whatever is damaged is read or refused.
    assert!(flipped(&whole).filter(|damaged| KeyDescription::parse(damaged).is_ok()).count() > 0);
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}
