//! The system's own ways to find out who is there: a fingerprint reader, or the password that it asks for itself.

#[cfg(target_os = "linux")]
mod fingerprint;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod none;
#[cfg(target_os = "linux")]
mod password;

#[cfg(target_os = "linux")]
pub(crate) use linux::SystemPrompt;
#[cfg(not(target_os = "linux"))]
pub(crate) use none::SystemPrompt;

/// Why the system verified nobody.
#[derive(Debug)]
pub(crate) enum NotVerified {
    /// Whoever wanted it has taken it back.
    Cancelled,
    /// Whoever is there is not the owner, or does not want to show it.
    Failed(&'static str),
    /// The system could not ask.
    Unavailable(String),
}
