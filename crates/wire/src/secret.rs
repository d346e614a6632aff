//! Messages that hold secrets: they print their name and no more, and the keys in them are wiped when they are dropped.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::v1::{
    BoundKey, CreateAccount, DeviceSecrets, EvidenceKeyRecord, Field, Foreign, Imported, Item, Passkey, SessionOpened,
};

macro_rules! prints_nothing {
    ($($message:ident)*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($message), "(..)"))
            }
        }
    )*};
}

macro_rules! wiped {
    ($($message:ident { $($key:ident),* })*) => {$(
        impl Drop for $message {
            fn drop(&mut self) {
                $(self.$key.zeroize();)*
            }
        }

        impl ZeroizeOnDrop for $message {}
    )*};
}

prints_nothing! { Passkey Imported Foreign Field Item DeviceSecrets SessionOpened CreateAccount EvidenceKeyRecord BoundKey }

wiped! {
    Passkey { private_key, cred_random_with_uv, cred_random_without_uv, cred_blob }
    Imported { credential, shell }
    Foreign { document }
    DeviceSecrets { signing_key, wrapping_key, local_key }
    SessionOpened { secret }
    EvidenceKeyRecord { secret }
    BoundKey { private_key, cred_random_with_uv, cred_random_without_uv }
}
