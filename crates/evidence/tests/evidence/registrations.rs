use ciborium::Value;
use keyfold_evidence::{Attestation, Class, LeafError, Registered, Registration, RegistrationError};

use crate::world::{Passkey, Tenant, asked, now};

fn registered(
    tenant: &Tenant,
    passkey: &Passkey,
    attest: impl FnOnce(&Passkey, &[u8]) -> (&'static str, Value),
) -> Result<Registered, RegistrationError> {
    let (attestation_object, client_data_json) = passkey.registers(attest);
    let registration = Registration { attestation_object: &attestation_object, client_data_json: &client_data_json };
    registration.verify(&asked(), &tenant.authority(), now())
}

fn none(_: &Passkey, _: &[u8]) -> (&'static str, Value) {
    ("none", Value::Map(Vec::new()))
}

#[test]
fn a_shop_knows_of_which_class_a_new_passkey_is() {
    let tenant = Tenant::new();
    for class in Class::ALL {
        let passkey = Passkey::new(class, |key| tenant.leaf(class, key));
        let made = registered(&tenant, &passkey, Passkey::packed).unwrap();
        let Attestation::Keyfold(leaf) = &made.attestation else { panic!("{:?}", made.attestation) };
        assert_eq!((leaf.claims().class, made.aaguid), (class, class.aaguid()));
        assert_eq!((&made.credential_id, &made.public_key), (&passkey.id, &passkey.public_key));
        assert_eq!(made.flags.backup_eligible(), class.is_backup_eligible());
        let made = registered(&tenant, &passkey, none).unwrap();
        assert!(matches!(made.attestation, Attestation::None));
    }
}

#[test]
fn threat_evidence_nobody_else_attests_a_passkey_as_keyfolds() {
    let (tenant, other) = (Tenant::new(), Tenant::new());
    let foreign = Passkey::new(Class::Synced, |key| other.leaf(Class::Synced, key));
    let refused = registered(&tenant, &foreign, Passkey::packed).unwrap_err();
    assert_eq!(refused, RegistrationError::Leaf(LeafError::Untrusted));
    // Nor does a device of the tenant for the other class,
    let liar = Passkey::new(Class::DeviceBound, |key| tenant.leaf(Class::Synced, key));
    assert_eq!(registered(&tenant, &liar, Passkey::packed).unwrap_err(), RegistrationError::Class);
    // nor for another's passkey, or at another time.
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let refused = registered(&tenant, &passkey, |passkey, _| passkey.packed(b"something else")).unwrap_err();
    assert_eq!(refused, RegistrationError::Signature);
    // A passkey's own signature vouches for nothing, and one that is not its own is none.
    let own = |signs: fn(&Passkey, &[u8]) -> Vec<u8>| {
        registered(&tenant, &passkey, |passkey, signed| {
            let members = [("alg", Value::from(-7)), ("sig", signs(passkey, signed).into())];
            ("packed", Value::Map(members.map(|(name, value)| (name.into(), value)).to_vec()))
        })
    };
    assert!(matches!(own(Passkey::signs).unwrap().attestation, Attestation::Own));
    assert_eq!(own(|_, _| vec![0; 70]).unwrap_err(), RegistrationError::Signature);
    // What is refused does not pass for somebody else's by a member that nobody knows.
    let refused = registered(&tenant, &foreign, |passkey, signed| {
        let (format, mut statement) = passkey.packed(signed);
        statement.as_map_mut().unwrap().push(("ver".into(), 1.into()));
        (format, statement)
    });
    assert_eq!(refused.unwrap_err(), RegistrationError::Malformed);
}

#[test]
fn a_form_that_is_not_known_says_nothing_and_one_that_is_not_kept_to_is_refused() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let other = registered(&tenant, &passkey, |_, _| ("compound", Value::Array(Vec::new()))).unwrap();
    assert!(matches!(other.attestation, Attestation::Other { format } if format == "compound"));
    let refused = registered(&tenant, &passkey, |_, _| ("none", Value::Map(vec![("sig".into(), Value::Null)])));
    assert_eq!(refused.unwrap_err(), RegistrationError::Malformed);
}
