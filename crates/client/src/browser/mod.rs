//! What a browser's extension and a client on the same machine say to each other: JSON, as `crates/extension/src/README.md` has it.
//! Whatever comes from the extension is read strictly; what a page wrote in it is for [`webauthn`](crate::webauthn) to read.

mod message;

pub use message::{
    Account, Answer, Asked, BadPage, Ceremony, Code, Decision, Hello, MAX_MESSAGE, NotAMessage, PROTOCOL, Party,
    Prompt, Recent, Signal, Status, Told, Verify,
};
