use ciborium::Value;
use data_encoding::BASE64URL_NOPAD;
use keyfold_evidence::{
    Asked, Assertion, Class, Credential, CredentialKey, Frames, UserVerification,
    device::{self, EXTENSION, Signed},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    },
};
use sha2::{Digest, Sha256};

/// A relying party's ceremony.
pub(crate) const CHALLENGE: &[u8] = b"a challenge that nobody foresaw.";
pub(crate) const RP_ID: &str = "shop.example";

/// What a browser handed to a shop.
pub(crate) struct Shop {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Shop {
    pub(crate) fn assertion(&self) -> Assertion<'_> {
        Assertion {
            credential_id: &self.credential_id,
            authenticator_data: &self.authenticator_data,
            client_data_json: &self.client_data,
            signature: &self.signature,
        }
    }
}

pub(crate) fn asked<'a>() -> Asked<'a> {
    Asked {
        rp_id: RP_ID,
        origins: &["https://shop.example"],
        challenge: CHALLENGE,
        user_verification: UserVerification::Required,
        frames: Frames::Refused,
    }
}

/// A passkey, with a device's evidence key beside it.
pub(crate) struct Passkey {
    pub(crate) class: Class,
    pub(crate) id: Vec<u8>,
    key: EcdsaKeyPair,
    pub(crate) public_key: CredentialKey,
    evidence: EcdsaKeyPair,
    pub(crate) leaf: Vec<u8>,
}

impl Passkey {
    /// Of a device to which its tenant gives the leaf that `leaf` makes of an evidence key.
    pub(crate) fn new(class: Class, leaf: impl FnOnce([u8; 65]) -> Vec<u8>) -> Self {
        let key = drawn(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let public_key = CredentialKey::parse(&cose(&key)).unwrap();
        let evidence = evidence_key();
        let leaf = leaf(point(&evidence));
        Self { class, id: vec![7; 32], key, public_key, evidence, leaf }
    }

    pub(crate) fn credential(&self) -> Credential<'_> {
        let backup_eligible = self.class.is_backup_eligible();
        Credential { id: &self.id, public_key: &self.public_key, backup_eligible, sign_count: 0 }
    }

    /// The key's signature, as of a passkey's over anything.
    pub(crate) fn signs(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The evidence key's, with the lower s.
    pub(crate) fn vouches(&self, message: &[u8]) -> [u8; 64] {
        loop {
            let signature: [u8; 64] =
                self.evidence.sign(&SystemRandom::new(), message).unwrap().as_ref().try_into().unwrap();
            // Of two drawn, one has it.
            if signature[32] < 0x7f {
                return signature;
            }
        }
    }

    /// UP, UV, BE as its class has it, and BS with it.
    pub(crate) fn flags(&self) -> u8 {
        if self.class.is_backup_eligible() { 0x1d } else { 0x05 }
    }

    /// A sign-in with the device's evidence.
    pub(crate) fn signs_in(&self) -> Shop {
        let client_data = client_data("webauthn.get", "https://shop.example", CHALLENGE);
        let output = self.evidence_of(self.flags() | 0x80, &client_data);
        self.signs_in_with(self.flags() | 0x80, client_data, &extensions(&output))
    }

    /// What the device says behind an assertion.
    pub(crate) fn evidence_of(&self, flags: u8, client_data: &[u8]) -> Vec<u8> {
        let (rp_id_hash, client_data_hash) = (Sha256::digest(RP_ID).into(), Sha256::digest(client_data).into());
        let signed =
            Signed { rp_id_hash: &rp_id_hash, flags, credential_id: &self.id, client_data_hash: &client_data_hash };
        let leaf_hash = Sha256::digest(&self.leaf).into();
        device::output(&self.leaf, &self.vouches(&device::message(&leaf_hash, &signed)))
    }

    /// A sign-in with these flags and extensions.
    pub(crate) fn signs_in_with(&self, flags: u8, client_data: Vec<u8>, extensions: &[u8]) -> Shop {
        let authenticator_data = [Sha256::digest(RP_ID).as_slice(), &[flags], &[0; 4], extensions].concat();
        let signed = [authenticator_data.as_slice(), &Sha256::digest(&client_data)].concat();
        Shop { credential_id: self.id.clone(), signature: self.signs(&signed), authenticator_data, client_data }
    }

    /// A registration: attestation object, client data. `attest` makes the format and the statement over what is to be signed.
    pub(crate) fn registers(&self, attest: impl FnOnce(&Self, &[u8]) -> (&'static str, Value)) -> (Vec<u8>, Vec<u8>) {
        let client_data = client_data("webauthn.create", "https://shop.example", CHALLENGE);
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let authenticator_data = [
            Sha256::digest(RP_ID).as_slice(),
            &[self.flags() | 0x40],
            &[0; 4],
            &self.class.aaguid().0,
            &length,
            &self.id,
            self.public_key.as_cose(),
        ]
        .concat();
        let signed = [authenticator_data.as_slice(), &Sha256::digest(&client_data)].concat();
        let (format, statement) = attest(self, &signed);
        let object = Value::Map(vec![
            ("fmt".into(), format.into()),
            ("attStmt".into(), statement),
            ("authData".into(), authenticator_data.into()),
        ]);
        (encoded(&object), client_data)
    }

    /// A `packed` statement by the evidence key.
    pub(crate) fn packed(&self, signed: &[u8]) -> (&'static str, Value) {
        self.packed_with(signed, &[])
    }

    /// With the certificates of those that issue for the root, for who does not have them.
    pub(crate) fn packed_with(&self, signed: &[u8], issuers: &[&Vec<u8>]) -> (&'static str, Value) {
        let signature = asn1(&self.vouches(signed));
        let certificates = [&self.leaf].into_iter().chain(issuers.iter().copied());
        let statement = Value::Map(vec![
            ("alg".into(), (-7).into()),
            ("sig".into(), signature.into()),
            ("x5c".into(), Value::Array(certificates.map(|der| der.clone().into()).collect())),
        ]);
        ("packed", statement)
    }
}

pub(crate) fn client_data(kind: &str, origin: &str, challenge: &[u8]) -> Vec<u8> {
    let challenge = BASE64URL_NOPAD.encode(challenge);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#).into_bytes()
}

/// The extensions of authenticator data with the device's output alone.
pub(crate) fn extensions(output: &[u8]) -> Vec<u8> {
    let name = encoded(&Value::from(EXTENSION));
    [&[0xa1], name.as_slice(), output].concat()
}

pub(crate) fn evidence_key() -> EcdsaKeyPair {
    drawn(&ECDSA_P256_SHA256_FIXED_SIGNING)
}

pub(crate) fn point(key: &EcdsaKeyPair) -> [u8; 65] {
    key.public_key().as_ref().try_into().unwrap()
}

fn drawn(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

fn cose(key: &EcdsaKeyPair) -> Vec<u8> {
    let point = point(key);
    encoded(&Value::Map(vec![
        (1.into(), 2.into()),
        (3.into(), (-7).into()),
        ((-1).into(), 1.into()),
        ((-2).into(), point[1..33].to_vec().into()),
        ((-3).into(), point[33..].to_vec().into()),
    ]))
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
fn asn1(fixed: &[u8; 64]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap();
        let mut number = bytes[first..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [&[2, u8::try_from(number.len()).unwrap()], number.as_slice()].concat()
    };
    let numbers = [number(&fixed[..32]), number(&fixed[32..])].concat();
    [&[0x30, u8::try_from(numbers.len()).unwrap()], numbers.as_slice()].concat()
}

pub(crate) fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
