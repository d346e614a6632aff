//! The keyring of the desktop: a key that opens a device lies there, if the user wants it so.
//!
//! It is not in the SDK, which has the trait: a phone brings its own, and needs no D-Bus.

#[cfg(not(target_os = "linux"))]
mod none;
#[cfg(target_os = "linux")]
mod secret_service;

#[cfg(not(target_os = "linux"))]
pub(crate) use none::DesktopKeyring;
#[cfg(target_os = "linux")]
pub(crate) use secret_service::DesktopKeyring;
