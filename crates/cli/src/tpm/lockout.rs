use tss_esapi::{
    Context, Error as TssError,
    constants::{CapabilityType, PropertyTag},
    structures::CapabilityData,
};

use super::{TpmError, auth::Guesses, error::Objection};

/// Why the TPM did not let a key be used: asked of the TPM itself, for it counts for all programs.
pub(super) fn refused(context: &mut Context, guesses: Guesses, error: TssError) -> TpmError {
    match (Objection::of(error), guesses) {
        (Objection::CountedAuth | Objection::Auth, Guesses::Free) => TpmError::WrongSecret,
        (Objection::CountedAuth | Objection::Auth, Guesses::Counted) => match Lockout::read(context) {
            Ok(lockout) => TpmError::WrongPin { left: lockout.most.saturating_sub(lockout.wrong) },
            Err(error) => error,
        },
        (Objection::Lockout, _) => match Lockout::read(context) {
            Ok(lockout) => TpmError::LockedOut { seconds: lockout.seconds },
            Err(error) => error,
        },
        _ => error.into(),
    }
}

/// How the TPM protects itself against guessing (Part 1, "Dictionary Attack Protection").
struct Lockout {
    /// Wrong ones that count.
    wrong: u32,
    /// It locks at so many.
    most: u32,
    /// After so many seconds, one counts no more.
    seconds: u32,
}

impl Lockout {
    /// Not by the context's own way, which remembers what it read before.
    fn read(context: &mut Context) -> Result<Self, TpmError> {
        let first = PropertyTag::LockoutCounter.into();
        let (read, _) = context
            .execute_without_session(|context| context.get_capability(CapabilityType::TpmProperties, first, COUNT))?;
        let CapabilityData::TpmProperties(properties) = read else {
            return Err(TpmError::Nonsense("no properties"));
        };
        let value = |tag| properties.find(tag).map(|property| property.value());
        match (value(PropertyTag::LockoutCounter), value(PropertyTag::MaxAuthFail), value(PropertyTag::LockoutInterval))
        {
            (Some(wrong), Some(most), Some(seconds)) => Ok(Self { wrong, most, seconds }),
            _ => Err(TpmError::Nonsense("no properties of its lockout")),
        }
    }
}

/// The three, which follow each other: further ones may be unknown to tpm2-tss.
const COUNT: u32 = 3;
