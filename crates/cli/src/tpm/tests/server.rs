//! What a server does with a TPM's word: by ring and by hand, and not by the code that made it.

use ring::{
    digest::{Context, SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};

use crate::tpm::{Certification, Quotation, Signature};

/// A TPMS_ATTEST that was verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    nonce: Vec<u8>,
    said: Said,
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Certified { name: Vec<u8>, qualified: Vec<u8> },
    Quoted { pcrs: Vec<u8>, digest: Vec<u8> },
}

/// Whether a passkey lies in the TPM that the attestation key lies in, never leaves it, and was not brought there.
pub(super) fn certified(word: &Certification, point: &[u8; 65], nonce: &[u8; 32]) -> Result<(), &'static str> {
    let Word { nonce: signed, said } = verified(&word.attest, &word.signature, &word.ak_public, &word.parent)?;
    require(signed == nonce, "another nonce")?;
    let Said::Certified { name, qualified } = said else {
        return Err("no certification");
    };
    require(name == name_of(&word.public), "another key")?;
    require(qualified == qualified_name(&word.parent, &name), "below another storage key")?;
    let mut area = word.public.as_slice();
    require(take(&mut area, 4)? == [0x00, 0x23, 0x00, 0x0b], "no ECC key")?;
    let attributes = number(take(&mut area, 4)?);
    require(attributes & MADE_HERE_FOR_GOOD == MADE_HERE_FOR_GOOD, "it may leave")?;
    require(take(&mut area, 12)? == P256_BY_SHA256, "another scheme")?;
    require([sized(&mut area)?, sized(&mut area)?].concat() == point[1..], "another point")
}

/// Whether the registers hold what is told.
pub(super) fn quoted(word: &Quotation, nonce: &[u8; 32]) -> Result<(), &'static str> {
    let Word { nonce: signed, said } = verified(&word.attest, &word.signature, &word.ak_public, &word.parent)?;
    require(signed == nonce, "another nonce")?;
    let Said::Quoted { pcrs, digest } = said else {
        return Err("no quote");
    };
    require(word.values.iter().map(|(number, _)| *number).eq(pcrs), "other registers")?;
    let mut all = Context::new(&SHA256);
    word.values.iter().for_each(|(_, value)| all.update(value));
    require(all.finish().as_ref() == digest, "other values")
}

/// TPM_ALG_SHA256, and the hash of a public area.
pub(super) fn name_of(area: &[u8]) -> Vec<u8> {
    [&[0x00, 0x0b], digest(&SHA256, area).as_ref()].concat()
}

/// Of a key below a storage key below the owner hierarchy (Part 1, "Qualified Name").
fn qualified_name(parent: &[u8], name: &[u8]) -> Vec<u8> {
    let storage = name_of(&[&OWNER.to_be_bytes(), parent].concat());
    name_of(&[storage.as_slice(), name].concat())
}

fn verified(attest: &[u8], signature: &Signature, ak: &[u8], parent: &[u8]) -> Result<Word, &'static str> {
    let mut area = ak;
    require(take(&mut area, 4)? == [0x00, 0x23, 0x00, 0x0b], "no ECC key")?;
    // Another would sign a word of anyone's.
    require(number(take(&mut area, 4)?) & OF_ATTESTATION == OF_ATTESTATION, "no attestation key")?;
    require(take(&mut area, 12)? == P256_BY_SHA256, "another scheme")?;
    let point = [&[4], sized(&mut area)?, sized(&mut area)?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(attest, signature.as_bytes()).map_err(|_| "another signer")?;
    let mut rest = attest;
    require(take(&mut rest, 4)? == b"\xffTCG", "not said by a TPM")?;
    let kind = take(&mut rest, 2)?;
    let signer = sized(&mut rest)?;
    require(signer == qualified_name(parent, &name_of(ak)), "signed below another storage key")?;
    let nonce = sized(&mut rest)?.to_vec();
    let _clock_and_firmware = take(&mut rest, 17 + 8)?;
    let said = match kind {
        [0x80, 0x17] => Said::Certified { name: sized(&mut rest)?.to_vec(), qualified: sized(&mut rest)?.to_vec() },
        [0x80, 0x18] => {
            // One selection, of SHA-256, in three bytes.
            require(take(&mut rest, 7)? == [0, 0, 0, 1, 0x00, 0x0b, 3], "another bank")?;
            let selected = take(&mut rest, 3)?;
            let is_selected = |number: &u8| selected[usize::from(number / 8)] & (1 << (number % 8)) != 0;
            Said::Quoted { pcrs: (0..24).filter(is_selected).collect(), digest: sized(&mut rest)?.to_vec() }
        }
        _ => return Err("another word"),
    };
    require(rest.is_empty(), "more than that")?;
    Ok(Word { nonce, said })
}

fn require(holds: bool, else_this: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(else_this) }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], &'static str> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or("too short")?;
    *bytes = rest;
    Ok(taken)
}

fn sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], &'static str> {
    let length = take(bytes, 2)?;
    take(bytes, usize::from(u16::from_be_bytes([length[0], length[1]])))
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}

const OWNER: u32 = 0x4000_0001;
/// TPMA_OBJECT: fixedTPM, fixedParent, sensitiveDataOrigin.
const MADE_HERE_FOR_GOOD: u32 = 1 << 1 | 1 << 4 | 1 << 5;
/// And restricted.
const OF_ATTESTATION: u32 = MADE_HERE_FOR_GOOD | 1 << 16;
/// No policy, no symmetric cipher, ECDSA by SHA-256, P-256, no KDF.
const P256_BY_SHA256: [u8; 12] = [0, 0, 0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10];
