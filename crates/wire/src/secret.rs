//! Messages that hold secrets print their name and no more.

use std::fmt;

use crate::v1::{CreateAccount, DeviceSecrets, Field, Item, Passkey, SessionOpened};

macro_rules! prints_nothing {
    ($($message:ident)*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($message), "(..)"))
            }
        }
    )*};
}

prints_nothing! { Passkey Field Item DeviceSecrets SessionOpened CreateAccount }
