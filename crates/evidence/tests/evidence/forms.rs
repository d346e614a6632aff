//! What each form of another maker's attestation has to hold.

use ciborium::Value;
use keyfold_evidence::{
    Attestation, Class, LeafError, Protection, Registration, RegistrationError,
    attestation::{AttestationError, Kind, Model, Verdict},
    hardware::AndroidKeyError,
};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519,
};
use sha2::{Digest, Sha256};

use crate::world::{
    Maker, Passkey, Registering, Tenant, asked, attestation, dated, described, explicit, map, now, phone, sign, tlv,
    tpm_area, tpm_name, x5c,
};

type Change = fn(&mut CertificateParams);
type Told = Result<Verdict, AttestationError>;

fn told(registering: &Registering, format: &str, statement: &Value, maker: &Maker) -> Told {
    registering.statement(format, statement).verify(&maker.roots(), now())
}

fn model(told: Told) -> Model {
    let Ok(Verdict::Model(model)) = told else { panic!("{told:?}") };
    model
}

#[test]
fn a_form_that_is_not_known_is_said_to_be_unknown_and_none_is_empty() {
    let (registering, maker) = (Registering::new(), Maker::new());
    assert_eq!(told(&registering, "compound", &Value::Array(Vec::new()), &maker), Ok(Verdict::Unknown));
    assert_eq!(told(&registering, "none", &map(&[]), &maker), Ok(Verdict::None));
    let with_more = map(&[("sig", Value::Null)]);
    for format in ["none", "packed", "tpm", "android-key", "apple", "fido-u2f"] {
        assert_eq!(told(&registering, format, &with_more, &maker), Err(AttestationError::Malformed), "{format}");
    }
}

/// A `packed` statement by a certificate like this.
fn packed(change: impl FnOnce(&mut CertificateParams)) -> Told {
    let (registering, maker) = (Registering::new(), Maker::new());
    let mut params = attestation();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = maker.issues(&params, &key);
    let signature = sign(&key, &registering.signed());
    let statement = map(&[("alg", (-7).into()), ("sig", signature), ("x5c", x5c(&[&certificate]))]);
    told(&registering, "packed", &statement, &maker)
}

#[test]
fn threat_evidence_a_packed_attestation_is_by_a_certificate_for_that_and_for_this_model() {
    assert_eq!(model(packed(|_| ())).kind, Kind::Basic);
    assert_eq!(model(packed(|params| params.custom_extensions.clear())).kind, Kind::Basic);
    let others: [(Change, AttestationError); 8] = [
        (|params| params.is_ca = IsCa::NoCa, AttestationError::Certificate),
        (|params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement], AttestationError::Certificate),
        (|params| assert!(params.distinguished_name.remove(DnType::CountryName)), AttestationError::Certificate),
        (|params| assert!(params.distinguished_name.remove(DnType::OrganizationName)), AttestationError::Certificate),
        (
            |params| params.distinguished_name.push(DnType::OrganizationalUnitName, "Web server"),
            AttestationError::Certificate,
        ),
        (
            |params| {
                let country = DnValue::PrintableString("ZZZ".try_into().unwrap());
                params.distinguished_name.push(DnType::CountryName, country);
            },
            AttestationError::Certificate,
        ),
        (
            |params| {
                params.custom_extensions =
                    vec![CustomExtension::from_oid_content(AAGUID, tlv(4, &[b"another's model."]))];
            },
            AttestationError::Model,
        ),
        (|params| params.custom_extensions[0].set_criticality(true), AttestationError::Model),
    ];
    for (place, (change, refused)) in others.into_iter().enumerate() {
        assert_eq!(packed(change), Err(refused), "{place}");
    }
}

#[test]
fn threat_evidence_a_packed_attestation_is_signed_for_this_registration() {
    let (registering, maker) = (Registering::new(), Maker::new());
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = maker.issues(&attestation(), &key);
    let by = |key: &KeyPair, algorithm: i64, message: &[u8]| {
        let members = [("alg", algorithm.into()), ("sig", sign(key, message)), ("x5c", x5c(&[&certificate]))];
        told(&registering, "packed", &map(&members), &maker)
    };
    let signed = registering.signed();
    assert!(by(&key, -7, &signed).is_ok());
    assert_eq!(by(&other, -7, &signed), Err(AttestationError::Signature));
    assert_eq!(by(&key, -7, &registering.authenticator_data), Err(AttestationError::Signature));
    assert_eq!(by(&key, -257, &signed), Err(AttestationError::Signature));
    // SHA-1 vouches for nothing.
    assert_eq!(by(&key, -65_535, &signed), Err(AttestationError::Algorithm(-65_535)));
    let own = |key: &KeyPair, algorithm: i64| {
        let members = [("alg", algorithm.into()), ("sig", sign(key, &signed))];
        told(&registering, "packed", &map(&members), &maker)
    };
    assert_eq!(own(&registering.key, -7), Ok(Verdict::Own));
    assert_eq!(own(&registering.key, -8), Err(AttestationError::Signature));
    assert_eq!(own(&key, -7), Err(AttestationError::Signature));
    // By Ed25519 as well.
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let certificate = maker.issues(&attestation(), &key);
    let members = [("alg", (-8).into()), ("sig", sign(&key, &signed)), ("x5c", x5c(&[&certificate]))];
    assert_eq!(model(told(&registering, "packed", &map(&members), &maker)).kind, Kind::Basic);
}

/// What a TPM and its attestation key say; each part may be changed.
struct Tpm {
    version: &'static str,
    magic: u32,
    kind: u16,
    attributes: u32,
    registered: Vec<u8>,
    public: Option<Vec<u8>>,
    certified: Option<Vec<u8>>,
    certificate: CertificateParams,
}

impl Tpm {
    fn new(registering: &Registering) -> Self {
        let mut certificate = dated("");
        certificate.distinguished_name = DistinguishedName::new();
        certificate.is_ca = IsCa::ExplicitNoCa;
        certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 3])];
        certificate.custom_extensions = vec![tpm_name([1, 2, 3])];
        Self {
            version: "2.0",
            magic: 0xff54_4347,
            kind: 0x8017,
            attributes: 0x0004_0072,
            registered: Sha256::digest(registering.signed()).to_vec(),
            public: None,
            certified: None,
            certificate,
        }
    }

    fn says(&self, registering: &Registering, maker: &Maker) -> Told {
        let key = KeyPair::generate().unwrap();
        let certificate = maker.issues(&self.certificate, &key);
        let point = registering.key.public_key_raw();
        let public = self.public.clone().unwrap_or_else(|| tpm_area(self.attributes, &point[1..33], &point[33..]));
        let named = [&[0, 0x0b], Sha256::digest(self.certified.as_ref().unwrap_or(&public)).as_slice()].concat();
        let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
        let said = [
            self.magic.to_be_bytes().as_slice(),
            &self.kind.to_be_bytes(),
            &sized(&[]),
            &sized(&self.registered),
            &[0; 25],
            &sized(&named),
            &sized(&[]),
        ]
        .concat();
        let statement = map(&[
            ("ver", self.version.into()),
            ("alg", (-7).into()),
            ("x5c", x5c(&[&certificate])),
            ("sig", sign(&key, &said)),
            ("certInfo", said.into()),
            ("pubArea", public.into()),
        ]);
        told(registering, "tpm", &statement, maker)
    }
}

#[test]
fn threat_evidence_a_tpm_vouches_for_the_key_that_it_holds_and_for_this_registration() {
    let (registering, maker) = (Registering::new(), Maker::new());
    let tpm = || Tpm::new(&registering);
    let vouched = model(tpm().says(&registering, &maker));
    assert_eq!((vouched.kind, vouched.protection), (Kind::AttestationCa, Some(Protection::Tpm)));
    // One that may leave its TPM is not protected by it.
    let leaving = Tpm { attributes: 0x0004_0000, ..tpm() };
    assert_eq!(model(leaving.says(&registering, &maker)).protection, Some(Protection::Software));

    let elsewhere = KeyPair::generate().unwrap();
    let (x, y) = elsewhere.public_key_raw()[1..].split_at(32);
    let other_key = tpm_area(0x0004_0072, x, y);
    let mut certificate = tpm().certificate;
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut named = tpm().certificate;
    named.distinguished_name.push(DnType::CommonName, "Somebody");
    let mut of_no_tpm = tpm().certificate;
    of_no_tpm.custom_extensions = vec![tpm_name([1, 3])];
    let mut of_agreement = tpm().certificate;
    of_agreement.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    let mut of_authority = tpm().certificate;
    of_authority.is_ca = IsCa::NoCa;
    let refused = [
        (Tpm { version: "1.2", ..tpm() }, AttestationError::Malformed),
        (Tpm { magic: 0x7f54_4347, ..tpm() }, AttestationError::Malformed),
        (Tpm { kind: 0x8018, ..tpm() }, AttestationError::Malformed),
        (Tpm { public: Some(other_key.clone()), ..tpm() }, AttestationError::Key),
        (Tpm { certified: Some(other_key), ..tpm() }, AttestationError::Key),
        (Tpm { registered: vec![0; 32], ..tpm() }, AttestationError::Registration),
        (Tpm { certificate, ..tpm() }, AttestationError::Certificate),
        (Tpm { certificate: named, ..tpm() }, AttestationError::Certificate),
        (Tpm { certificate: of_no_tpm, ..tpm() }, AttestationError::Certificate),
        (Tpm { certificate: of_agreement, ..tpm() }, AttestationError::Certificate),
        (Tpm { certificate: of_authority, ..tpm() }, AttestationError::Certificate),
    ];
    for (place, (tpm, refused)) in refused.into_iter().enumerate() {
        assert_eq!(tpm.says(&registering, &maker), Err(refused), "{place}");
    }
}

#[test]
fn threat_evidence_apple_vouches_for_the_key_that_it_certified_and_for_this_registration() {
    let (registering, maker) = (Registering::new(), Maker::new());
    let by = |nonce: &[u8], key: &KeyPair| {
        let mut params = dated("Apple's");
        let nonce = tlv(0x30, &[&tlv(0xa1, &[&tlv(4, &[nonce])])]);
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 840, 113_635, 100, 8, 2], nonce)];
        let certificate = maker.issues(&params, key);
        told(&registering, "apple", &map(&[("x5c", x5c(&[&certificate]))]), &maker)
    };
    let nonce = Sha256::digest(registering.signed());
    assert_eq!(model(by(&nonce, &registering.key)).kind, Kind::AnonymizationCa);
    assert_eq!(by(&nonce, &KeyPair::generate().unwrap()), Err(AttestationError::Key));
    assert_eq!(by(&[0; 32], &registering.key), Err(AttestationError::Registration));
}

#[test]
fn threat_evidence_a_u2f_attestation_is_by_one_certificate_over_this_credential() {
    let (registering, maker) = (Registering::new(), Maker::new());
    let key = KeyPair::generate().unwrap();
    let certificate = maker.issues(&attestation(), &key);
    let by = |credential_id: &[u8], certificates: &[&[u8]]| {
        let (rp_id_hash, point) = (&registering.authenticator_data[..32], registering.key.public_key_raw());
        let signed = [&[0], rp_id_hash, &registering.client_data_hash, credential_id, point].concat();
        let members = [("sig", sign(&key, &signed)), ("x5c", x5c(certificates))];
        told(&registering, "fido-u2f", &map(&members), &maker)
    };
    assert_eq!(model(by(b"cred", &[&certificate])).aaguid, None);
    assert_eq!(by(b"othr", &[&certificate]), Err(AttestationError::Signature));
    assert_eq!(by(b"cred", &[&certificate, &maker.root]), Err(AttestationError::Malformed));
    let mut params = attestation();
    params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    assert_eq!(by(b"cred", &[&maker.issues(&params, &key)]), Err(AttestationError::Certificate));
}

/// What an Android device says of the key that registers, in its hardware's list.
fn android(registering: &Registering, challenge: &[u8], hardware: &[u8], key: &KeyPair, maker: &Maker) -> Told {
    let certificate = maker.issues(&phone(&described(1, challenge, &[], hardware)), key);
    let members = [("alg", (-7).into()), ("sig", sign(key, &registering.signed())), ("x5c", x5c(&[&certificate]))];
    told(registering, "android-key", &map(&members), maker)
}

#[test]
fn threat_evidence_an_android_device_vouches_for_a_key_that_it_made_to_sign_for_one_program() {
    let (registering, maker) = (Registering::new(), Maker::new());
    let challenge = registering.client_data_hash;
    let purpose = |purpose: u8| tlv(0xa1, &[&tlv(0x31, &[&tlv(2, &[&[purpose]])])]);
    let origin = |origin: u8| explicit(702, &tlv(2, &[&[origin]]));
    let made = [purpose(2), origin(0)].concat();
    let said = |hardware: &[u8]| android(&registering, &challenge, hardware, &registering.key, &maker);
    assert_eq!(model(said(&made)).protection, Some(Protection::Tee));
    let imported = [purpose(2), origin(2)].concat();
    let to_decrypt = [purpose(1), origin(0)].concat();
    let for_all = [made.clone(), explicit(600, &tlv(5, &[]))].concat();
    for hardware in [&[][..], &purpose(2), &origin(0), &imported, &to_decrypt, &for_all] {
        assert_eq!(said(hardware), Err(AttestationError::Origin), "{hardware:x?}");
    }
    let other = KeyPair::generate().unwrap();
    assert_eq!(android(&registering, &challenge, &made, &other, &maker), Err(AttestationError::Key));
    let refused = android(&registering, &[0; 32], &made, &registering.key, &maker);
    assert_eq!(refused, Err(AttestationError::Registration));

    // Whoever has such a key certifies others with it.
    let attested = KeyPair::generate().unwrap();
    let mut params = phone(&described(1, &challenge, &[], &made));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let above = maker.issues(&params, &attested);
    params.is_ca = IsCa::ExplicitNoCa;
    params.distinguished_name = DistinguishedName::new();
    let forged = params.signed_by(&registering.key, &Issuer::new(phone(&[]), attested)).unwrap();
    let signature = sign(&registering.key, &registering.signed());
    let members = [("alg", (-7).into()), ("sig", signature), ("x5c", x5c(&[forged.der(), &above]))];
    let refused = told(&registering, "android-key", &map(&members), &maker);
    assert_eq!(refused, Err(AttestationError::Android(AndroidKeyError::Extended)));
}

#[test]
fn threat_evidence_another_maker_vouches_for_no_model_of_keyfolds() {
    let (tenant, maker) = (Tenant::new(), Maker::new());
    let passkey = Passkey::new(Class::DeviceBound, |key| tenant.leaf(Class::DeviceBound, key));
    let key = KeyPair::generate().unwrap();
    let mut params = attestation();
    params.custom_extensions.clear();
    let certificate = maker.issues(&params, &key);
    // In Keyfold's own form, and in one that it does not have.
    let by = |key: &KeyPair, signed: &[u8]| ("sig", sign(key, signed));
    let certificates = ("x5c", x5c(&[&certificate]));
    for format in ["packed", "fido-u2f"] {
        let (attestation_object, client_data_json) = passkey.registers(|passkey, signed| {
            if format == "packed" {
                return (format, map(&[("alg", (-7).into()), by(&key, signed), certificates.clone()]));
            }
            let (cose, client_data_hash) = (passkey.public_key.as_cose(), &signed[signed.len() - 32..]);
            let point = [&[4], &cose[10..42], &cose[45..]].concat();
            let signed = [&[0], &signed[..32], client_data_hash, &passkey.id, &point].concat();
            (format, map(&[by(&key, &signed), certificates.clone()]))
        });
        let registration =
            Registration { attestation_object: &attestation_object, client_data_json: &client_data_json };
        let made = registration.verify_any(&asked(), &tenant.authority(), &maker.roots(), now());
        match format {
            "packed" => assert_eq!(made.unwrap_err(), RegistrationError::Leaf(LeafError::Malformed)),
            _ => assert!(matches!(made.unwrap().attestation, Attestation::Other { .. })),
        }
    }
}

const AAGUID: &[u64] = &[1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4];
