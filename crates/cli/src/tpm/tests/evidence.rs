use tss_esapi::{
    attributes::NvIndexAttributesBuilder,
    constants::NvIndexType,
    handles::{NvIndexTpmHandle, ObjectHandle, PersistentTpmHandle},
    interface_types::{
        algorithm::HashingAlgorithm,
        key_bits::RsaKeyBits,
        resource_handles::{Hierarchy, NvAuth, Provision},
        session_handles::AuthSession,
    },
    structures::{Digest, MaxNvBuffer, Name, NvPublicBuilder, Public, RsaExponent, SymmetricDefinitionObject},
    utils::create_restricted_decryption_rsa_public,
};

use super::{
    chip::{Chip, loaded, pin, secret},
    server::{certified, name_of, quoted},
    sha256,
    wire::Wire,
};
use crate::tpm::{AttestationKey, Challenge, EndorsementCertificate, EndorsementKey, KeyAuth, Pcrs, Tpm, TpmError};

const NONCE: [u8; 32] = [0x11; 32];

fn endorsement_public(tpm: &mut Tpm, key: EndorsementKey) -> Public {
    key.with_loaded(&mut tpm.context, |context, loaded| {
        Ok(context.execute_without_session(|context| context.read_public(loaded))?.0)
    })
    .unwrap()
}

/// A server's challenge; its TPM computes it, with what is public of the other.
fn challenge(servers: &Chip, endorsement: Public, attestation: &AttestationKey, secret: &[u8]) -> Challenge {
    let mut tpm = servers.open();
    let key = tpm.context.load_external_public(endorsement, Hierarchy::Null).unwrap();
    let name = Name::try_from(name_of(attestation.public())).unwrap();
    let secret = Digest::try_from(secret).unwrap();
    let (credential, encrypted) = tpm.context.make_credential(key, secret, name).unwrap();
    Challenge { credential: credential.value().to_vec(), secret: encrypted.value().to_vec() }
}

#[test]
fn a_server_is_shown_that_a_key_lies_in_the_chip() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let attestation = tpm.create_attestation_key().unwrap();
    for auth in [pin(), secret()] {
        let key = tpm.create(&auth, None).unwrap();
        let word = tpm.certify(&key, &auth, &attestation, &NONCE).unwrap();
        certified(&word, key.point(), &NONCE).unwrap();
        assert_eq!(word.ak_public, attestation.public());

        assert_eq!(certified(&word, key.point(), &[0x22; 32]), Err("another nonce"));
        let other = tpm.create(&auth, None).unwrap();
        assert_eq!(certified(&word, other.point(), &NONCE), Err("another point"));
        let mut told = word.clone();
        told.public = tpm.certify(&other, &auth, &attestation, &NONCE).unwrap().public;
        assert_eq!(certified(&told, other.point(), &NONCE), Err("another key"));
        let mut told = word.clone();
        told.parent[10] ^= 1;
        assert_eq!(certified(&told, key.point(), &NONCE), Err("signed below another storage key"));
        let mut told = word.clone();
        told.attest[50] ^= 1;
        assert_eq!(certified(&told, key.point(), &NONCE), Err("another signer"));
        let mut told = word;
        told.ak_public = tpm.create_attestation_key().unwrap().public().to_vec();
        assert_eq!(certified(&told, key.point(), &NONCE), Err("another signer"));
    }
    assert_eq!(loaded(&mut tpm), 0);
}

#[test]
fn a_passkey_is_not_passed_off_as_an_attestation_key() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let attestation = tpm.create_attestation_key().unwrap();
    let key = tpm.create(&secret(), None).unwrap();
    let mut word = tpm.certify(&key, &secret(), &attestation, &NONCE).unwrap();
    // It signs whatever its holder likes, also what looks like a TPM's word.
    word.signature = tpm.sign(&key, &secret(), &sha256(&word.attest)).unwrap();
    word.ak_public = word.public.clone();
    assert_eq!(certified(&word, key.point(), &NONCE), Err("no attestation key"));
}

#[test]
fn nobody_hears_the_answer_to_a_challenge() {
    let (chip, servers) = (Chip::new(), Chip::new());
    let wire = Wire::to(&chip, |_| {});
    let mut tpm = wire.open();
    let attestation = tpm.create_attestation_key().unwrap();
    let public = endorsement_public(&mut tpm, EndorsementKey::P256);
    let asked = challenge(&servers, public, &attestation, b"known by the server alone");
    let answer = tpm.activate(&attestation, EndorsementKey::P256, &asked).unwrap();
    assert_eq!(answer.as_slice(), b"known by the server alone");
    assert!(!wire.heard(b"known by the server alone"));
}

#[test]
fn only_the_keys_holder_has_it_certified() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let attestation = tpm.create_attestation_key().unwrap();
    let key = tpm.create(&pin(), None).unwrap();
    let wrong = tpm.certify(&key, &KeyAuth::of_pin(&[1; 32]).unwrap(), &attestation, &NONCE);
    assert!(matches!(wrong, Err(TpmError::WrongPin { .. })));
    let free = tpm.create(&secret(), None).unwrap();
    let wrong = tpm.certify(&free, &KeyAuth::of_secret(&[1; 32]).unwrap(), &attestation, &NONCE);
    assert_eq!(wrong, Err(TpmError::WrongSecret));
    // Of another chip, not even with the holder.
    let other = Chip::new();
    assert_eq!(other.open().certify(&key, &pin(), &attestation, &NONCE), Err(TpmError::NotItsKey));
}

#[test]
fn a_server_is_shown_what_was_measured() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let attestation = tpm.create_attestation_key().unwrap();
    let all: Vec<u8> = (0..24).collect();
    for numbers in [[0, 7].as_slice(), &[23], &all] {
        let word = tpm.quote(&attestation, &NONCE, &Pcrs::try_from(numbers).unwrap()).unwrap();
        quoted(&word, &NONCE).unwrap();
        assert_eq!(quoted(&word, &[0x22; 32]), Err("another nonce"));
        let mut told = word.clone();
        told.parent[10] ^= 1;
        assert_eq!(quoted(&told, &NONCE), Err("signed below another storage key"));
        let mut told = word.clone();
        told.values[0].1[0] ^= 1;
        assert_eq!(quoted(&told, &NONCE), Err("other values"));
        let mut told = word;
        told.values[0].0 = 5;
        assert_eq!(quoted(&told, &NONCE), Err("other registers"));
    }
    assert_eq!(loaded(&mut tpm), 0);
}

#[test]
fn the_makers_certificates_are_those_of_the_endorsement_keys() {
    let chip = Chip::with_certificates();
    let mut tpm = chip.open();
    let certificates = tpm.endorsement_certificates().unwrap();
    let keys: Vec<_> = certificates.iter().map(|certificate| certificate.key).collect();
    assert_eq!(keys, [EndorsementKey::Rsa2048, EndorsementKey::P384]);
    for certificate in certificates {
        let key = match endorsement_public(&mut tpm, certificate.key) {
            Public::Rsa { unique, .. } => unique.value().to_vec(),
            Public::Ecc { unique, .. } => [unique.x().value(), unique.y().value()].concat(),
            other => panic!("{other:?}"),
        };
        assert!(certificate.der.windows(key.len()).any(|part| part == key), "{:?}", certificate.key);
    }
    assert_eq!(loaded(&mut tpm), 0);
    drop(tpm);
    assert_eq!(Chip::new().open().endorsement_certificates(), Ok(Vec::new()));
}

#[test]
fn a_challenge_binds_the_attestation_key_to_the_endorsement_key() {
    let (chip, servers, stranger) = (Chip::with_certificates(), Chip::new(), Chip::new());
    let mut strangers = stranger.open();
    let strange = strangers.create_attestation_key().unwrap();
    let mut tpm = chip.open();
    let attestation = tpm.create_attestation_key().unwrap();
    let other = tpm.create_attestation_key().unwrap();
    for endorsement in EndorsementKey::ALL {
        let public = endorsement_public(&mut tpm, endorsement);
        let asked = challenge(&servers, public.clone(), &attestation, b"known by the server alone");
        let answer = tpm.activate(&attestation, endorsement, &asked).unwrap();
        assert_eq!(answer.as_slice(), b"known by the server alone", "{endorsement:?}");

        // For another attestation key, or another chip's.
        assert_eq!(tpm.activate(&other, endorsement, &asked), Err(TpmError::NotItsChallenge));
        assert_eq!(tpm.activate(&strange, endorsement, &asked), Err(TpmError::NotItsKey));
        // By another chip.
        assert_eq!(strangers.activate(&attestation, endorsement, &asked), Err(TpmError::NotItsKey));
        assert_eq!(strangers.activate(&strange, endorsement, &asked), Err(TpmError::NotItsChallenge));
        // Changed, or nonsense.
        for at in [0, asked.credential.len() / 2, asked.credential.len() - 1] {
            let mut changed = asked.clone();
            changed.credential[at] ^= 1;
            let refused = tpm.activate(&attestation, endorsement, &changed);
            assert_eq!(refused, Err(TpmError::NotItsChallenge), "{endorsement:?} {at}");
        }
        for (credential, secret) in [(vec![], vec![]), (vec![0; 70_000], vec![1]), (vec![1], vec![0; 70_000])] {
            let nonsense = Challenge { credential, secret };
            assert_eq!(tpm.activate(&attestation, endorsement, &nonsense), Err(TpmError::NotItsChallenge));
        }
    }
    assert_eq!((loaded(&mut tpm), loaded(&mut strangers)), (0, 0));
}

#[test]
fn a_kept_endorsement_key_is_the_one_that_would_be_made() {
    let chip = Chip::with_certificates();
    let mut tpm = chip.open();
    let kept = endorsement_public(&mut tpm, EndorsementKey::Rsa2048);
    // Systems without one.
    keep(&mut tpm, None);
    assert_eq!(endorsement_public(&mut tpm, EndorsementKey::Rsa2048), kept);
    // Where someone keeps another key in its place.
    let other = create_restricted_decryption_rsa_public(
        SymmetricDefinitionObject::AES_128_CFB,
        RsaKeyBits::Rsa2048,
        RsaExponent::default(),
    );
    keep(&mut tpm, Some(other.unwrap()));
    assert_eq!(endorsement_public(&mut tpm, EndorsementKey::Rsa2048), kept);
    assert_eq!(loaded(&mut tpm), 0);
}

#[test]
fn a_certificate_may_be_shorter_than_the_makers_room_for_it() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let certificate = [&[0x30, 0x82, 0x04, 0x00], [7; 0x400].as_slice()].concat();
    let room = [certificate.as_slice(), &[0xff; 300]].concat();
    let attributes = NvIndexAttributesBuilder::new()
        .with_owner_write(true)
        .with_auth_read(true)
        .with_no_da(true)
        .with_nv_index_type(NvIndexType::Ordinary);
    let public = NvPublicBuilder::new()
        .with_nv_index(NvIndexTpmHandle::new(0x01c0_000a).unwrap())
        .with_index_name_algorithm(HashingAlgorithm::Sha256)
        .with_index_attributes(attributes.build().unwrap())
        .with_data_area_size(room.len())
        .build()
        .unwrap();
    tpm.context
        .execute_with_session(Some(AuthSession::Password), |context| {
            let index = context.nv_define_space(Provision::Owner, None, public)?;
            for (at, chunk) in room.chunks(512).enumerate() {
                let offset = u16::try_from(at * 512).unwrap();
                context.nv_write(NvAuth::Owner, index, MaxNvBuffer::try_from(chunk)?, offset)?;
            }
            tss_esapi::Result::Ok(())
        })
        .unwrap();
    let read = tpm.endorsement_certificates().unwrap();
    assert_eq!(read, [EndorsementCertificate { key: EndorsementKey::P256, der: certificate }]);
}

/// Takes the RSA key away that the chip keeps as its endorsement key, or puts another one there.
fn keep(tpm: &mut Tpm, key: Option<Public>) {
    let place = PersistentTpmHandle::new(0x8101_0001).unwrap();
    let object = match &key {
        None => tpm.context.tr_from_tpm_public(place.into()).unwrap(),
        Some(_) => ObjectHandle::None,
    };
    tpm.context
        .execute_with_session(Some(AuthSession::Password), |context| {
            let Some(key) = key else {
                return context.evict_control(Provision::Owner, object, place.into()).map(|_| ());
            };
            let made = context.create_primary(Hierarchy::Owner, key, None, None, None, None)?.key_handle;
            context.evict_control(Provision::Owner, made.into(), place.into())?;
            context.flush_context(made.into())
        })
        .unwrap();
}
