use super::Reader;
use crate::key::Hash;

/// A `TPMS_ATTEST` (Part 2, §10.12.12): what a TPM says of itself or of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attest {
    /// The name of the key that signs, and of all above it.
    pub(crate) qualified_signer: Vec<u8>,
    /// What whoever asked gave with it.
    pub(crate) extra_data: Vec<u8>,
    /// How often the TPM was reset since it was made.
    pub(crate) reset_count: u32,
    pub(crate) firmware_version: u64,
    pub(crate) attested: Attested,
}

/// Of what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attested {
    /// That it holds a key of this name.
    Certify { name: Vec<u8> },
    /// What its platform configuration registers are.
    Quote { selections: Vec<Selection>, digest: Vec<u8> },
}

/// Registers of one bank, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) bank: Hash,
    pub(crate) registers: Vec<u8>,
}

impl Attest {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut reader = Reader::of(bytes);
        // Without this, a key could be made to sign what looks like an attestation.
        if reader.u32()? != GENERATED {
            return None;
        }
        let kind = reader.u16()?;
        let qualified_signer = reader.sized()?.to_vec();
        let extra_data = reader.sized()?.to_vec();
        let _clock = reader.u64()?;
        let reset_count = reader.u32()?;
        let _restart_count = reader.u32()?;
        // Of the clock, which nothing here relies on, as the counts.
        let _is_safe = reader.u8()?;
        let firmware_version = reader.u64()?;
        let attested = match kind {
            CERTIFY => {
                let name = reader.sized()?.to_vec();
                let _qualified = reader.sized()?;
                Attested::Certify { name }
            }
            QUOTE => {
                let selections = selections(&mut reader)?;
                Attested::Quote { selections, digest: reader.sized()?.to_vec() }
            }
            _ => return None,
        };
        reader.end()?;
        Some(Self { qualified_signer, extra_data, reset_count, firmware_version, attested })
    }
}

/// `TPML_PCR_SELECTION` (Part 2, §10.9.7).
fn selections(reader: &mut Reader<'_>) -> Option<Vec<Selection>> {
    let count = reader.u32().filter(|count| *count <= MOST_BANKS)?;
    let mut selections = Vec::new();
    for _ in 0..count {
        let bank = reader.hash()?;
        let length = reader.u8().filter(|length| *length <= MOST_BYTES)?;
        let bits = reader.bytes(usize::from(length))?;
        let of_byte = |(place, byte): (u8, &u8)| {
            let byte = *byte;
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| place * 8 + bit)
        };
        selections.push(Selection { bank, registers: (0..).zip(bits).flat_map(of_byte).collect() });
    }
    Some(selections)
}

/// Names, a nonce and a digest have at most 66 bytes each.
const LONGEST: usize = 1_024;
const MOST_BANKS: u32 = 16;
const MOST_BYTES: u8 = 4;
const GENERATED: u32 = 0xff54_4347;
const CERTIFY: u16 = 0x8017;
const QUOTE: u16 = 0x8018;
