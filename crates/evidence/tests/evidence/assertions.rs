use keyfold_evidence::{
    Asked, AssertionError, Class, Device, DeviceError, Frames, LeafError, NotAsked, UserVerification,
};

use crate::world::{CHALLENGE, Passkey, Tenant, asked, client_data, extensions, now};

fn signed_in(tenant: &Tenant, passkey: &Passkey, shop: &crate::world::Shop) -> Device {
    let verified = shop.assertion().verify(&asked(), &passkey.credential(), &tenant.authority(), now());
    verified.unwrap().device
}

#[test]
fn a_shop_knows_which_device_signed() {
    let tenant = Tenant::new();
    for class in Class::ALL {
        let passkey = Passkey::new(class, |key| tenant.leaf(class, key));
        let device = signed_in(&tenant, &passkey, &passkey.signs_in());
        let Device::Verified(leaf) = device else { panic!("{device:?}") };
        assert_eq!(leaf.claims().class, class);
    }
}

#[test]
fn where_nothing_is_said_of_the_device_nothing_is_known() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let client_data = client_data("webauthn.get", "https://shop.example", CHALLENGE);
    let shop = passkey.signs_in_with(passkey.flags(), client_data, &[]);
    assert!(matches!(signed_in(&tenant, &passkey, &shop), Device::Absent));
}

#[test]
fn threat_evidence_counts_for_one_assertion_alone() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let flags = passkey.flags() | 0x80;
    let of_now = client_data("webauthn.get", "https://shop.example", CHALLENGE);
    let of_before = client_data("webauthn.get", "https://shop.example", b"another challenge, of yesterday");
    let replayed = passkey.evidence_of(flags, &of_before);
    let of_other_flags = passkey.evidence_of(flags & !0x04, &of_now);
    for output in [replayed, of_other_flags] {
        let shop = passkey.signs_in_with(flags, of_now.clone(), &extensions(&output));
        let device = signed_in(&tenant, &passkey, &shop);
        assert!(matches!(device, Device::Refused(DeviceError::Signature)), "{device:?}");
    }
    // Nor is one device's evidence another's, or of another passkey of its.
    let mut other = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    other.id = vec![8; 32];
    let of_other = other.evidence_of(flags, &of_now);
    let shop = passkey.signs_in_with(flags, of_now, &extensions(&of_other));
    assert!(matches!(signed_in(&tenant, &passkey, &shop), Device::Refused(DeviceError::Signature)));
}

#[test]
fn threat_evidence_a_leaf_that_nobody_vouches_for_or_of_the_other_class_tells_nothing() {
    let (tenant, other) = (Tenant::new(), Tenant::new());
    let foreign = Passkey::new(Class::Synced, |key| other.leaf(Class::Synced, key));
    let device = signed_in(&tenant, &foreign, &foreign.signs_in());
    assert!(matches!(device, Device::Refused(DeviceError::Leaf(LeafError::Untrusted))), "{device:?}");
    // A synced passkey does not become device-bound by its device's leaf.
    let liar = Passkey::new(Class::Synced, |key| tenant.leaf(Class::DeviceBound, key));
    let device = signed_in(&tenant, &liar, &liar.signs_in());
    assert!(matches!(device, Device::Refused(DeviceError::Class)), "{device:?}");
}

#[test]
fn what_the_shop_did_not_ask_for_is_refused() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let (authority, credential) = (tenant.authority(), passkey.credential());
    let shop = passkey.signs_in();
    let refused = |asked: Asked<'_>| shop.assertion().verify(&asked, &credential, &authority, now()).unwrap_err();
    let cases = [
        (Asked { challenge: b"another", ..asked() }, NotAsked::Challenge),
        (Asked { origins: &["https://shop.example.evil.example"], ..asked() }, NotAsked::Origin),
        (Asked { rp_id: "evil.example", ..asked() }, NotAsked::RpId),
    ];
    for (asked, expected) in cases {
        assert_eq!(refused(asked), AssertionError::NotAsked(expected));
    }
    let with = |flags: u8, kind: &str, frame: bool| {
        let client_data = client_data(kind, "https://shop.example", CHALLENGE);
        let client_data = match frame {
            true => String::from_utf8(client_data).unwrap().replace("false", "true").into_bytes(),
            false => client_data,
        };
        let shop = passkey.signs_in_with(flags, client_data, &[]);
        shop.assertion().verify(&asked(), &credential, &authority, now()).map(drop)
    };
    let not_asked = |error| Err(AssertionError::NotAsked(error));
    assert_eq!(with(0x1d, "webauthn.create", false), not_asked(NotAsked::Ceremony));
    assert_eq!(with(0x1d, "webauthn.get", true), not_asked(NotAsked::Frame));
    assert_eq!(with(0x1c, "webauthn.get", false), not_asked(NotAsked::UserPresence));
    assert_eq!(with(0x19, "webauthn.get", false), not_asked(NotAsked::UserVerification));
    assert_eq!(with(0x05, "webauthn.get", false), Err(AssertionError::BackupEligibility));
    assert_eq!(with(0x15, "webauthn.get", false), Err(AssertionError::Malformed), "BS without BE");
    assert_eq!(with(0x1d, "webauthn.get", false), Ok(()));
    let framed = |top: &str| {
        let json = String::from_utf8(client_data("webauthn.get", "https://shop.example", CHALLENGE)).unwrap();
        let json = json.replace("false}", &format!(r#"true,"topOrigin":"{top}"}}"#));
        let shop = passkey.signs_in_with(0x1d, json.into_bytes(), &[]);
        let asked = Asked { frames: Frames::In(&["https://news.example"]), ..asked() };
        shop.assertion().verify(&asked, &credential, &authority, now()).map(drop)
    };
    assert_eq!(framed("https://news.example"), Ok(()));
    assert_eq!(framed("https://evil.example"), not_asked(NotAsked::Frame));
    let lenient = Asked {
        user_verification: UserVerification::Optional,
        frames: Frames::In(&["https://news.example"]),
        ..asked()
    };
    assert!(shop.assertion().verify(&lenient, &credential, &authority, now()).is_ok());
}

#[test]
fn a_signature_of_another_key_signs_nobody_in() {
    let tenant = Tenant::new();
    let new = || Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let (passkey, other) = (new(), new());
    let refused = other.signs_in().assertion().verify(&asked(), &passkey.credential(), &tenant.authority(), now());
    assert_eq!(refused.unwrap_err(), AssertionError::Signature);
}

#[test]
fn a_counter_that_does_not_grow_is_told() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let credential = keyfold_evidence::Credential { sign_count: 5, ..passkey.credential() };
    let refused = passkey.signs_in().assertion().verify(&asked(), &credential, &tenant.authority(), now());
    assert_eq!(refused.unwrap_err(), AssertionError::SignCount);
}
