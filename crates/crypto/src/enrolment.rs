//! What two devices compare when one enrols the other: check codes that people type, and MACs under a QR code's secret.

use std::fmt;

use keyfold_wire::v1::EnrolmentTranscript;
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::{Hash, Namespace, hash, namespace::Signable, secret::secret};

secret!(
    /// The 128 bits of a QR code that the server never sees.
    QrSecret,
    16
);

/// The hash that a new device commits to its offer with.
#[must_use]
pub fn offer_commitment(offer: &[u8]) -> Hash {
    hash(Namespace::EnrolmentOffer, offer)
}

/// Two codes over the transcript's hash, one for each direction.
///
/// A person who types them proves that both devices saw the same keys, account and approver. The new device committed to
/// its part before the approver's nonce was drawn, so who stands between can only guess: one try in 10⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckCodes {
    /// Shown on the new device, typed on the approver.
    pub from_device: CheckCode,
    /// Shown on the approver, typed on the new device.
    pub from_approver: CheckCode,
}

/// Eight decimal digits. Compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct CheckCode(u32);

/// Typed text is not a check code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a check code has eight digits")]
pub struct NotACheckCode;

impl CheckCodes {
    /// The codes of a transcript's exact bytes.
    #[must_use]
    pub fn of(transcript: &[u8]) -> Self {
        let transcript = hash(EnrolmentTranscript::NAMESPACE, transcript);
        let codes = hash(Namespace::CheckCodes, transcript.as_bytes());
        let (from_device, rest) = codes.as_bytes().split_at(8);
        let (from_approver, _) = rest.split_at(8);
        Self { from_device: CheckCode::reduce(from_device), from_approver: CheckCode::reduce(from_approver) }
    }
}

impl CheckCode {
    /// u64 big-endian, modulo 10⁸: the bias is less than 10⁻¹¹.
    fn reduce(bytes: &[u8]) -> Self {
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self(u32::try_from(number % 100_000_000).unwrap_or_default())
    }

    /// Reads eight digits, with or without spaces and hyphens.
    ///
    /// # Errors
    /// [`NotACheckCode`].
    pub fn parse(text: &str) -> Result<Self, NotACheckCode> {
        let digits: String = text.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotACheckCode);
        }
        digits.parse().map(Self).map_err(|_| NotACheckCode)
    }
}

impl PartialEq for CheckCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl fmt::Debug for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckCode(..)")
    }
}

/// A QR code's MAC is not the one expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other device did not see the same enrolment")]
pub struct WrongMac;

impl QrSecret {
    /// New device to approver: HMAC-SHA256 over `qr-transcript ‖ transcript`.
    #[must_use]
    pub fn transcript_mac(&self, transcript: &[u8]) -> [u8; 32] {
        self.mac(Namespace::QrTranscript, transcript)
    }

    /// Approver to new device: HMAC-SHA256 over `qr-entry ‖ hash of the AddDevice entry`.
    #[must_use]
    pub fn entry_mac(&self, entry: &Hash) -> [u8; 32] {
        self.mac(Namespace::QrEntry, entry.as_bytes())
    }

    /// Holds a received MAC against [`QrSecret::transcript_mac`], in constant time.
    ///
    /// # Errors
    /// [`WrongMac`].
    pub fn check_transcript(&self, transcript: &[u8], mac: &[u8]) -> Result<(), WrongMac> {
        same(&self.transcript_mac(transcript), mac)
    }

    /// Holds a received MAC against [`QrSecret::entry_mac`], in constant time.
    ///
    /// # Errors
    /// [`WrongMac`].
    pub fn check_entry(&self, entry: &Hash, mac: &[u8]) -> Result<(), WrongMac> {
        same(&self.entry_mac(entry), mac)
    }

    fn mac(&self, namespace: Namespace, bytes: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.expose()), &namespace.input(&[bytes]));
        let mut mac = [0; 32];
        mac.copy_from_slice(tag.as_ref());
        mac
    }
}

fn same(expected: &[u8; 32], mac: &[u8]) -> Result<(), WrongMac> {
    if bool::from(expected.ct_eq(mac)) { Ok(()) } else { Err(WrongMac) }
}
