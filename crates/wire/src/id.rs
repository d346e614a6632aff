use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use std::sync::LazyLock;

/// Why bytes or text are not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// An id is exactly 16 bytes.
    #[error("an id has 16 bytes, this has {0}")]
    Length(usize),
    /// An id prints as 26 characters of lower-case base32 (RFC 4648, no padding).
    #[error("an id is written as 26 characters of a-z and 2-7")]
    Text,
}

static BASE32_LOWER: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    // The alphabet is a constant of 32 distinct characters; upper case could only print, never mislead.
    spec.encoding().unwrap_or(BASE32_NOPAD)
});

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The bytes, as a message field holds them.
            #[must_use]
            pub fn to_vec(self) -> Vec<u8> {
                self.0.to_vec()
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = IdError;

            fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(Self).map_err(|_| IdError::Length(bytes.len()))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let bytes = BASE32_LOWER.decode(text.as_bytes()).map_err(|_| IdError::Text)?;
                Self::try_from(bytes.as_slice()).map_err(|_| IdError::Text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32_LOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

id!(
    /// An account: the first 16 bytes of the hash of its genesis.
    AccountId
);
id!(
    /// A device or a recovery member: the first 16 bytes of the hash of its public keys.
    MemberId
);
id!(
    /// An item of the vault, chosen at random by the device that makes it.
    ItemId
);
id!(
    /// An enrolment, chosen at random by the server.
    EnrolmentId
);
id!(
    /// A tenant that an account may join.
    TenantId
);
id!(
    /// A program that a tenant lets ask, such as a relying party: its `client_id`, drawn at random.
    ClientId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_as_lower_case_base32_and_reads_back() {
        let id = ItemId::new([0xff; 16]);
        assert_eq!(id.to_string(), "77777777777777777777777774");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "77777777777777777777777777", "AAAQEAYEAUDAOCAJBIFQYDIOB4", "aaaqeayeaudaocajbifqydiob"] {
            assert_eq!(text.parse::<ItemId>(), Err(IdError::Text), "{text}");
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        assert_eq!(MemberId::try_from(&[0; 15][..]), Err(IdError::Length(15)));
    }
}
