//! Token status lists (draft-ietf-oauth-status-list): whether leaves and reports still hold.

use data_encoding::BASE64URL_NOPAD;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::{Deserialize, Serialize};

use crate::{
    UnixMillis,
    jose::{Keys, TokenError, verified},
};

/// Where it says whether something still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// Its place in the list.
    #[serde(rename = "idx")]
    pub index: u32,
    /// The list's URL.
    pub uri: String,
}

/// Whether something still holds (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It does.
    Valid,
    /// It does not any more.
    Invalid,
    /// It does not, and may again.
    Suspended,
}

/// A list that its issuer has signed, valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    uri: String,
    /// Unix seconds.
    expires: u64,
    bits: u8,
    bytes: Vec<u8>,
}

/// Why a list says nothing of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// It is another list.
    #[error("the status is in another list")]
    AnotherList,
    /// It counts no more; fetch it again.
    #[error("the list is out of date")]
    Stale,
    /// It has no such place.
    #[error("the list is shorter than that")]
    OutOfRange,
    /// What stands there is no status that is known.
    #[error("the list has a status that is not known")]
    Unknown,
}

/// The claims of a list's token (§5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListClaims {
    /// The list's own URL.
    pub sub: String,
    /// When it was made, Unix seconds.
    pub iat: u64,
    /// When it counts no more, Unix seconds.
    pub exp: u64,
    /// After how many seconds there may be a newer one.
    pub ttl: u64,
    /// The list.
    pub status_list: Packed,
}

/// A list as it travels (§4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Of each status: 1, 2, 4 or 8.
    pub bits: u8,
    /// The statuses, the first in the lowest bits of the first byte; ZLIB, base64url.
    pub lst: String,
}

impl Packed {
    /// Packs statuses, two bits each; the places that are left in the last byte say nothing.
    #[must_use]
    pub fn pack(statuses: &[Status]) -> Self {
        let bytes: Vec<u8> = statuses
            .chunks(4)
            .map(|four| {
                let bits = four.iter().map(|status| status.bits()).chain([UNKNOWN; 4]).take(4);
                bits.zip([0, 2, 4, 6]).fold(0, |byte, (bits, place)| byte | bits << place)
            })
            .collect();
        let lst = BASE64URL_NOPAD.encode(&miniz_oxide::deflate::compress_to_vec_zlib(&bytes, BEST));
        Self { bits: 2, lst }
    }

    fn unpack(&self) -> Option<Vec<u8>> {
        let packed = BASE64URL_NOPAD.decode(self.lst.as_bytes()).ok()?;
        let is_known = matches!(self.bits, 1 | 2 | 4 | 8);
        decompress_to_vec_zlib_with_limit(&packed, LARGEST).ok().filter(|_| is_known)
    }
}

impl StatusList {
    /// Verifies a list's token, fetched from `uri`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(token: &str, uri: &str, keys: &Keys, now: UnixMillis) -> Result<Self, TokenError> {
        let claims: StatusListClaims = verified(token, TYP, keys, LONGEST)?;
        if claims.sub != uri {
            return Err(TokenError::Claim("sub"));
        }
        if claims.iat > now.seconds() + SKEW || claims.exp <= now.seconds() {
            return Err(TokenError::NotNow);
        }
        let bytes = claims.status_list.unpack().ok_or(TokenError::Claim("status_list"))?;
        Ok(Self { uri: claims.sub, expires: claims.exp, bits: claims.status_list.bits, bytes })
    }

    /// What it says of a place in it, as long as it counts.
    ///
    /// # Errors
    /// [`StatusError`]; take it for a status that is not valid.
    pub fn status(&self, of: &StatusReference, now: UnixMillis) -> Result<Status, StatusError> {
        if self.expires <= now.seconds() {
            return Err(StatusError::Stale);
        }
        if of.uri != self.uri {
            return Err(StatusError::AnotherList);
        }
        let first_bit = u64::from(of.index) * u64::from(self.bits);
        let place = usize::try_from(first_bit / 8).map_err(|_| StatusError::OutOfRange)?;
        let byte = self.bytes.get(place).ok_or(StatusError::OutOfRange)?;
        // Up to eight bits from within one byte.
        let mask = u8::MAX >> (8 - self.bits);
        match byte >> (first_bit % 8) & mask {
            0 => Ok(Status::Valid),
            1 => Ok(Status::Invalid),
            2 => Ok(Status::Suspended),
            _ => Err(StatusError::Unknown),
        }
    }
}

impl Status {
    const fn bits(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Suspended => 2,
        }
    }
}

/// The `typ` of a list's token.
pub const TYP: &str = "statuslist+jwt";
/// Of a list: four million statuses.
const LARGEST: usize = 1_024 * 1_024;
/// Of a token with such a list that cannot be packed.
const LONGEST: usize = 2 * LARGEST;
/// No status.
const UNKNOWN: u8 = 3;
/// By how many seconds an issuer's clock may be ahead.
const SKEW: u64 = 60;
const BEST: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bits: u8, bytes: Vec<u8>) -> StatusList {
        StatusList { uri: "https://issuer.example/1".to_owned(), expires: 1, bits, bytes }
    }

    fn at(index: u32) -> StatusReference {
        StatusReference { index, uri: "https://issuer.example/1".to_owned() }
    }

    const NOW: UnixMillis = UnixMillis(0);

    /// The examples of the draft, §4.1: one bit, two bits.
    #[test]
    fn the_drafts_lists_say_what_they_are_to_say() {
        let one = list(1, vec![0xb9, 0xa3]);
        let bits: Vec<bool> = (0..16).map(|index| one.status(&at(index), NOW).unwrap() == Status::Invalid).collect();
        let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].map(|bit| bit == 1);
        assert_eq!(bits, expected);
        let two = list(2, vec![0xc9, 0x44, 0xf9]);
        let expected = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
        for (index, value) in (0..).zip(expected) {
            let status = two.status(&at(index), NOW);
            let expected = match value {
                0 => Ok(Status::Valid),
                1 => Ok(Status::Invalid),
                2 => Ok(Status::Suspended),
                _ => Err(StatusError::Unknown),
            };
            assert_eq!(status, expected, "{index}");
        }
        let packed = Packed { bits: 1, lst: "eNrbuRgAAhcBXQ".to_owned() };
        assert_eq!(packed.unpack().unwrap(), [0xb9, 0xa3]);
    }

    #[test]
    fn what_was_packed_is_what_is_read() {
        let statuses = [Status::Suspended, Status::Valid, Status::Invalid, Status::Invalid, Status::Suspended];
        let list = list(2, Packed::pack(&statuses).unpack().unwrap());
        for (index, status) in (0..).zip(statuses) {
            assert_eq!(list.status(&at(index), NOW), Ok(status));
        }
        assert_eq!(list.status(&at(5), NOW), Err(StatusError::Unknown));
        assert_eq!(list.status(&at(8), NOW), Err(StatusError::OutOfRange));
        assert_eq!(list.status(&at(u32::MAX), NOW), Err(StatusError::OutOfRange));
        let elsewhere = StatusReference { index: 0, uri: "https://issuer.example/2".to_owned() };
        assert_eq!(list.status(&elsewhere, NOW), Err(StatusError::AnotherList));
    }

    #[test]
    fn a_list_that_unpacks_to_more_than_any_may_have_is_refused() {
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; LARGEST + 1], BEST);
        assert!(bomb.len() < 2_000);
        let packed = Packed { bits: 8, lst: BASE64URL_NOPAD.encode(&bomb) };
        assert_eq!(packed.unpack(), None);
        for bits in [0, 3, 9, 255] {
            assert_eq!(Packed { bits, ..Packed::pack(&[Status::Valid]) }.unpack(), None);
        }
    }
}
