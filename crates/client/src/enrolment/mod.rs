//! How a device comes into an account, seen from both sides.
//!
//! Each step consumes the one before it, so no step can be left out. Both devices must see the same transcript: by a QR
//! code's secret, or by two check codes that a person types, one in each direction.
//!
//! The new device keeps its keys and the enrolment durably before it opens its commitment. So no entry of the roster names
//! keys that a crash can lose: whatever stops the device, it [resumes](resume) and joins, or learns that it was not let in.
//! The approver sends an AddDevice entry only while a person who has just agreed waits for it; where the answer is lost,
//! a pull tells whether it stands.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod approve;
mod approver;
mod error;
mod join;
mod new_device;
mod opened;
mod pending;
mod poll;
mod qr;
mod resume;
mod transcript;

pub use approve::Added;
pub use approver::{Approval, Candidate, Checked, Claim};
pub use error::EnrolmentError;
pub use new_device::{EnrolmentPath, NewDevice, Offered};
pub use opened::{Confirmed, Opened};
pub use pending::Completion;
pub use qr::{NotAQrCode, QrCode};
pub(crate) use resume::is_member;
pub use resume::{Resumed, forget, resume};
