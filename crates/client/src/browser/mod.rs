//! What a browser's extension and a client on the same machine say to each other: JSON, as `crates/extension/src/README.md` has it.
//! Whatever comes from the extension is read strictly; what a page wrote in it is for [`webauthn`](crate::webauthn) to read.

mod asked;
mod told;

pub use asked::{Answer, Asked, BadPage, Ceremony, Decision, Hello, NotAMessage, Signal};
pub use told::{Account, Code, Party, Prompt, Recent, Status, Told, Verify};

/// What both sides speak.
pub const PROTOCOL: u32 = 1;
/// The longest message in either direction, in bytes: what browsers take from a native host.
pub const MAX_MESSAGE: usize = 1_024 * 1_024;
