//! How a device comes into an account, seen from both sides.
//!
//! Each step consumes the one before it, so no step can be left out. Both devices must see the same transcript: by a QR
//! code's secret, or by two check codes that a person types, one in each direction.

mod approver;
mod error;
mod join;
mod new_device;
mod poll;
mod qr;
mod transcript;

pub use approver::{Approval, Candidate, Checked, Claim};
pub use error::EnrolmentError;
pub use new_device::{Completion, Confirmed, EnrolmentPath, NewDevice, Offered, Opened};
pub use qr::{NotAQrCode, QrCode};
