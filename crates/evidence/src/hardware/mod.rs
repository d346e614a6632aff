//! What a device's hardware says of it, for rules on devices: Android Key Attestation, Apple App Attest, and a TPM 2.0's quotes.
//! Roots, nonces and the time are passed in; whether what is said will do is for policies to say.

mod android_key;
mod app_attest;
mod authorizations;
mod endorsement;
mod key_description;
mod tpm_quote;

pub(crate) use android_key::described;
pub use android_key::{AndroidKey, AndroidKeyError};
pub use app_attest::{AppAssertion, AppAttestError, AppAttestation, Environment};
pub use authorizations::{Application, Authorizations, Origin, RootOfTrust, VerifiedBoot};
pub use endorsement::{Credential, Endorsement, EndorsementError};
pub(crate) use key_description::SIGN;
pub use key_description::{KeyDescription, NoKeyDescription, SecurityLevel};
pub use tpm_quote::{AttestationKey, Bank, Parent, Quote, QuoteError, Quoted};
