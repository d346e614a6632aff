//! What nobody may make a TPM say, or take for its word.

use keyfold_evidence::{
    PathError, Roots,
    hardware::{AttestationKey, Endorsement, EndorsementError, Parent, Quote, QuoteError, Quoted},
};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SigningKey};
use sha2::{Digest, Sha256};

use crate::world::{Maker, dated, flipped, now, tpm_area, tpm_name};

const ATTESTS: u32 = 0x0005_0072;
const STORES: u32 = 0x0003_00b2;
const NONCE: &[u8] = b"a server's nonce";
const REGISTERS: [(u8, [u8; 32]); 3] = [(0, [1; 32]), (7, [2; 32]), (14, [3; 32])];

fn area(key: &KeyPair, attributes: u32) -> Vec<u8> {
    let (x, y) = key.public_key_raw()[1..].split_at(32);
    tpm_area(attributes, x, y)
}

/// A key's area with AES-128 for what is below it.
fn storage(key: &KeyPair, attributes: u32) -> Vec<u8> {
    let area = area(key, attributes);
    [&area[..10], &[0, 6, 0, 128, 0, 0x43], &area[12..]].concat()
}

fn name(area: &[u8]) -> Vec<u8> {
    [&[0, 0x0b], Sha256::digest(area).as_slice()].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// What a TPM says, of which each part may be changed.
struct Says {
    magic: u32,
    kind: u16,
    signer: Vec<u8>,
    nonce: Vec<u8>,
    selection: Vec<u8>,
    digest: Vec<u8>,
}

impl Says {
    fn of(area: &[u8]) -> Self {
        Self {
            magic: 0xff54_4347,
            kind: 0x8018,
            signer: name(&[0x4000_000b_u32.to_be_bytes().as_slice(), &name(area)].concat()),
            nonce: NONCE.to_vec(),
            selection: vec![0, 0, 0, 1, 0, 0x0b, 3, 0x81, 0x40, 0],
            digest: Sha256::digest([[1; 32], [2; 32], [3; 32]].concat()).to_vec(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let (signer, nonce, digest) = (sized(&self.signer), sized(&self.nonce), sized(&self.digest));
        let clock = [[0; 8].as_slice(), &[0, 0, 0, 5], &[0; 4], &[1], &[0, 0, 0, 0, 0, 0, 0, 9]].concat();
        let (magic, kind) = (self.magic.to_be_bytes(), self.kind.to_be_bytes());
        [magic.as_slice(), &kind, &signer, &nonce, &clock, &self.selection, &digest].concat()
    }
}

/// `TPMT_SIGNATURE` by ECDSA with SHA-256.
fn signature(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    let der = key.sign(message).unwrap();
    let length = usize::from(der[3]);
    let (r, s) = (&der[4..4 + length], &der[6 + length..]);
    let number = |number: &[u8]| sized(number.strip_prefix(&[0]).unwrap_or(number));
    [[0, 0x18, 0, 0x0b].as_slice(), &number(r), &number(s)].concat()
}

fn verify(key: &KeyPair, says: &Says, registers: &[(u8, [u8; 32])]) -> Result<Quoted, QuoteError> {
    let attestation = AttestationKey::parse(&area(key, ATTESTS), Parent::Endorsement).unwrap();
    let attest = says.encode();
    let quote = Quote { attest: &attest, signature: &signature(key, &attest) };
    quote.verify(&attestation, NONCE, registers)
}

#[test]
fn threat_evidence_a_quote_is_of_this_computer_for_this_nonce_and_these_registers() {
    let key = KeyPair::generate().unwrap();
    let of_key = area(&key, ATTESTS);
    let says = || Says::of(&of_key);
    let quoted = verify(&key, &says(), &REGISTERS).unwrap();
    assert_eq!(quoted, Quoted { firmware_version: 9, reset_count: 5 });
    let refused = [
        (Says { magic: 0x7f54_4347, ..says() }, QuoteError::Malformed),
        (Says { kind: 0x8017, ..says() }, QuoteError::Malformed),
        (Says { signer: name(&of_key), ..says() }, QuoteError::Signer),
        (Says { nonce: b"another's nonce!".to_vec(), ..says() }, QuoteError::Nonce),
        (Says { nonce: Vec::new(), ..says() }, QuoteError::Nonce),
        (Says { selection: vec![0, 0, 0, 1, 0, 0x0b, 3, 0x81, 0, 0], ..says() }, QuoteError::Registers),
        (Says { selection: vec![0, 0, 0, 0], ..says() }, QuoteError::Registers),
        (Says { selection: vec![0, 0, 0, 1, 0, 0x0c, 3, 0x81, 0x40, 0], ..says() }, QuoteError::Registers),
        (Says { selection: vec![0, 0, 0, 17], ..says() }, QuoteError::Malformed),
        (Says { digest: vec![0; 32], ..says() }, QuoteError::Registers),
    ];
    for (place, (says, refused)) in refused.into_iter().enumerate() {
        assert_eq!(verify(&key, &says, &REGISTERS), Err(refused), "{place}");
    }
    let mut changed = REGISTERS;
    changed[1].1 = [9; 32];
    assert_eq!(verify(&key, &says(), &changed), Err(QuoteError::Registers));
    assert_eq!(verify(&key, &says(), &REGISTERS[..2]), Err(QuoteError::Registers));
}

#[test]
fn threat_evidence_no_bit_of_a_quote_can_be_changed() {
    let key = KeyPair::generate().unwrap();
    let of_key = area(&key, ATTESTS);
    let attestation = AttestationKey::parse(&of_key, Parent::Endorsement).unwrap();
    let attest = Says::of(&of_key).encode();
    let signature = signature(&key, &attest);
    let verify = |attest: &[u8], signature: &[u8]| Quote { attest, signature }.verify(&attestation, NONCE, &REGISTERS);
    assert!(verify(&attest, &signature).is_ok());
    for damaged in flipped(&attest) {
        assert_eq!(verify(&damaged, &signature), Err(QuoteError::Signature));
    }
    for damaged in flipped(&signature) {
        assert!(verify(&attest, &damaged).is_err());
    }
}

#[test]
fn threat_evidence_a_key_that_signs_anything_quotes_nothing() {
    let key = KeyPair::generate().unwrap();
    let parse = |attributes: u32| AttestationKey::parse(&area(&key, attributes), Parent::Owner).map(drop);
    assert_eq!(parse(ATTESTS), Ok(()));
    // Not restricted; to decrypt as well; may leave; not made there.
    for (set, unset) in [(0, 1 << 16), (1 << 17, 0), (0, 1 << 1), (0, 1 << 4), (0, 1 << 5), (0, 1 << 18)] {
        assert_eq!(parse((ATTESTS | set) & !unset), Err(QuoteError::AttestationKey), "{set:x} {unset:x}");
    }
    // Where it stands is part of whose word it is.
    let of_key = area(&key, ATTESTS);
    let parent = storage(&KeyPair::generate().unwrap(), STORES);
    let attest = Says::of(&of_key).encode();
    let quote = Quote { attest: &attest, signature: &signature(&key, &attest) };
    for parent in [Parent::Owner, Parent::Key(&parent)] {
        let elsewhere = AttestationKey::parse(&of_key, parent).unwrap();
        assert_eq!(quote.verify(&elsewhere, NONCE, &REGISTERS), Err(QuoteError::Signer));
    }
}

/// Of a TPM's endorsement key.
fn of_maker() -> CertificateParams {
    let mut params = dated("");
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 1])];
    params.custom_extensions = vec![tpm_name([1, 2, 3])];
    params
}

#[test]
fn threat_evidence_an_endorsement_key_is_what_its_maker_certified() {
    let (maker, key) = (Maker::new(), KeyPair::generate().unwrap());
    let verify = |params: &CertificateParams, area: &[u8], roots: &Roots| {
        Endorsement::verify(area, &[maker.issues(params, &key)], roots, now()).map(drop)
    };
    let (good, roots) = (storage(&key, STORES), maker.roots());
    assert_eq!(verify(&of_maker(), &good, &roots), Ok(()));
    assert_eq!(verify(&of_maker(), &good, &Maker::new().roots()), Err(PathError::Untrusted.into()));
    let other = storage(&KeyPair::generate().unwrap(), STORES);
    assert_eq!(verify(&of_maker(), &other, &roots), Err(EndorsementError::Key));
    // A key that signs, one that decrypts anything, one that may leave.
    for attributes in [ATTESTS, STORES & !(1 << 16), STORES & !(1 << 1)] {
        assert_eq!(verify(&of_maker(), &storage(&key, attributes), &roots), Err(EndorsementError::Key));
    }
    let changes: [fn(&mut CertificateParams); 4] = [
        |params| params.extended_key_usages.clear(),
        |params| params.is_ca = IsCa::NoCa,
        |params| params.custom_extensions = vec![tpm_name([1, 2])],
        |params| {
            params.custom_extensions.clear();
            params.distinguished_name.push(DnType::CommonName, "A computer");
        },
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut params = of_maker();
        change(&mut params);
        assert_eq!(verify(&params, &good, &roots), Err(EndorsementError::Certificate), "{place}");
    }
    let endorsement = Endorsement::verify(&good, &[maker.issues(&of_maker(), &key)], &roots, now()).unwrap();
    let attestation = AttestationKey::parse(&area(&key, ATTESTS), Parent::Endorsement).unwrap();
    for secret in [&[][..], &[0; 33]] {
        assert_eq!(endorsement.credential(&attestation, secret), Err(EndorsementError::Secret));
    }
    // A credential is another each time.
    let secret = [7; 32];
    let made = || endorsement.credential(&attestation, &secret).unwrap();
    assert_ne!(made(), made());
}
