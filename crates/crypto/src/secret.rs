/// A secret of `$len` bytes: zeroized when dropped, compared in constant time, printed as nothing.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $len:expr) => {
        $(#[$doc])*
        #[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the secret's bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Draws a new one.
            pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
                Self(crate::random::bytes(rng))
            }

            /// The bytes, for sealing and derivation only.
            #[must_use]
            pub const fn expose(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = crate::Unopenable;

            fn try_from(bytes: &[u8]) -> Result<Self, crate::Unopenable> {
                bytes.try_into().map(Self).map_err(|_| crate::Unopenable)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                subtle::ConstantTimeEq::ct_eq(&self.0[..], &other.0[..]).into()
            }
        }

        impl Eq for $name {}

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

pub(crate) use secret;
