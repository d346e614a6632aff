use keyfold_client::{
    NotACheckCode, NotARecoveryCode, PassphraseError, ProblemCode,
    api::ApiError,
    device::{BadDeviceName, KeyringError, PassphraseTooShort, SecretsError},
    enrolment::{EnrolmentError, NotAQrCode},
    evidence::TenantError,
    exchange::ExchangeError,
    recovery::RecoverError,
    storage::StorageError,
    sync::{AppendError, CreateError, OfferError, RecoveryError, RemoveError, SyncError},
    transport::{BadCertificates, NotAServerUrl, TransportError},
    vault::{RegisterError, SignInError, VaultError},
    webauthn,
};

use super::Failure;
use crate::exit::Exit;

/// An error whose exit status is known.
trait HasExit: std::error::Error {
    fn exit(&self) -> Exit;
}

impl<E: HasExit> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.exit(), error.to_string())
    }
}

/// Errors that always mean the same.
macro_rules! exits {
    ($($error:ty => $exit:ident),* $(,)?) => {$(
        impl HasExit for $error {
            fn exit(&self) -> Exit {
                Exit::$exit
            }
        }
    )*};
}

exits! {
    BadDeviceName => Usage,
    KeyringError => Keyring,
    PassphraseTooShort => Usage,
    NotAServerUrl => Usage,
    NotACheckCode => Malformed,
    NotAQrCode => Malformed,
    NotARecoveryCode => Malformed,
    BadCertificates => NotTrusted,
    webauthn::OriginError => Malformed,
}

impl HasExit for TransportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Untrusted(_) => Exit::NotTrusted,
            Self::Unreachable(_) | Self::Timeout | Self::Broken(_) | Self::TooLarge { .. } => Exit::NoNetwork,
        }
    }
}

impl HasExit for ApiError {
    fn exit(&self) -> Exit {
        match self {
            Self::Transport(error) => error.exit(),
            Self::BadAnswer(_) | Self::OtherUrl { .. } => Exit::Refused,
            Self::Refused(refusal) => match refusal.code {
                ProblemCode::ClockSkew | ProblemCode::BadTime => Exit::Clock,
                ProblemCode::NotFound => Exit::NotFound,
                ProblemCode::HeadMoved | ProblemCode::RateLimited | ProblemCode::Unavailable => Exit::Busy,
                _ => Exit::Refused,
            },
        }
    }
}

impl HasExit for StorageError {
    fn exit(&self) -> Exit {
        match self {
            Self::Busy => Exit::Busy,
            Self::Full | Self::Newer { .. } | Self::Damaged(_) | Self::Unusable(_) => Exit::Storage,
        }
    }
}

impl HasExit for SecretsError {
    fn exit(&self) -> Exit {
        match self {
            Self::Passphrase(PassphraseError::WrongPassphrase) => Exit::WrongPassphrase,
            Self::Passphrase(_) | Self::Contents => Exit::Storage,
        }
    }
}

impl HasExit for VaultError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoProfile
            | Self::Recovering
            | Self::Enrolling
            | Self::NotCreated
            | Self::NotFound
            | Self::NoSuchRevision
            | Self::NotHeld => Exit::NotFound,
            Self::Removed(_) => Exit::Removed,
            Self::Secrets(error) => error.exit(),
            Self::TooManyGuesses { .. } | Self::Locked(_) => Exit::Locked,
            Self::Keyring(error) => error.exit(),
            Self::Storage(error) => error.exit(),
            Self::Damaged(_) => Exit::Storage,
            Self::NotEditable | Self::Full => Exit::NotAllowed,
            Self::Export(_) => Exit::Storage,
            Self::BadValue => Exit::Malformed,
        }
    }
}

impl HasExit for ExchangeError {
    fn exit(&self) -> Exit {
        match self {
            Self::WrongPassphrase => Exit::WrongPassphrase,
            Self::Json(_)
            | Self::Form(_)
            | Self::Version { .. }
            | Self::TooLarge
            | Self::TooMany
            | Self::NotToAPassphrase
            | Self::TooMuchWork(_)
            | Self::Damaged(_) => Exit::Malformed,
        }
    }
}

impl HasExit for SyncError {
    fn exit(&self) -> Exit {
        match self {
            Self::Api(error) => error.exit(),
            Self::Vault(error) => error.exit(),
            Self::Stopped(_) | Self::Behind(_) => Exit::SyncStopped,
            Self::Busy | Self::AwaitsOffers => Exit::Busy,
            Self::NoEpochKey => Exit::Refused,
            Self::NotCreated => Exit::NotFound,
        }
    }
}

impl HasExit for CreateError {
    fn exit(&self) -> Exit {
        match self {
            Self::ProfileInUse | Self::OtherServer(_) => Exit::Usage,
            Self::Clock { .. } => Exit::Clock,
            Self::LogKey => Exit::Refused,
            Self::Api(error) => error.exit(),
            Self::Vault(error) => error.exit(),
            Self::Chain(_) => Exit::SyncStopped,
        }
    }
}

impl HasExit for TenantError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotJoined => Exit::NotFound,
            Self::Changed => Exit::Refused,
            Self::Append(error) => error.exit(),
            Self::Unserved(unserved) => unserved.first().map_or(Exit::Refused, |first| first.error.exit()),
        }
    }
}

impl HasExit for AppendError {
    fn exit(&self) -> Exit {
        match self {
            Self::RosterMoved => Exit::Busy,
            Self::Entry(_) => Exit::Malformed,
            Self::NoSuchDevice => Exit::NotFound,
            Self::Sync(error) => error.exit(),
        }
    }
}

impl HasExit for RemoveError {
    fn exit(&self) -> Exit {
        match self {
            Self::OwnDevice => Exit::NotAllowed,
            Self::Unknown(_) => Exit::Unknown,
            Self::Append(error) => error.exit(),
        }
    }
}

impl HasExit for RecoveryError {
    fn exit(&self) -> Exit {
        match self {
            Self::Exists => Exit::NotAllowed,
            Self::Absent | Self::NotUnderWay => Exit::NotFound,
            Self::Append(error) => error.exit(),
        }
    }
}

impl HasExit for RecoverError {
    fn exit(&self) -> Exit {
        match self {
            Self::Begin(error) => error.exit(),
            Self::Api(error) => error.exit(),
            Self::Sync(error) => error.exit(),
            Self::Vault(error) => error.exit(),
            Self::Append(error) => error.exit(),
            Self::Chain(_) => Exit::SyncStopped,
            Self::Unknown | Self::NotBegun | Self::NeverBegan => Exit::NotFound,
            Self::OtherAccount => Exit::Refused,
            Self::AnotherRecovery(_) | Self::Cancelled(_) => Exit::NotAllowed,
            Self::Waits(_) => Exit::Busy,
        }
    }
}

impl HasExit for OfferError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotAwaited => Exit::SyncStopped,
            Self::NotTheFounder | Self::TooLarge => Exit::Refused,
            Self::Sync(error) => error.exit(),
        }
    }
}

impl HasExit for EnrolmentError {
    fn exit(&self) -> Exit {
        match self {
            Self::Begin(error) => error.exit(),
            Self::Api(error) => error.exit(),
            Self::Sync(error) => error.exit(),
            Self::Vault(error) => error.exit(),
            Self::BegunElsewhere(_) => Exit::Usage,
            Self::MaybeAdded(_) => Exit::Unknown,
            Self::NoSuchEnrolment => Exit::NotFound,
            Self::RosterMoved => Exit::Busy,
            Self::Expired | Self::TooManyFailures | Self::OtherServer => Exit::Refused,
            Self::WrongCode | Self::WrongMac | Self::Mismatch(_) => Exit::NotAllowed,
            Self::Chain(_) => Exit::SyncStopped,
        }
    }
}

impl HasExit for RegisterError {
    fn exit(&self) -> Exit {
        use webauthn::CreateError as Ceremony;
        match self {
            Self::Vault(error) => error.exit(),
            Self::Ceremony(error) => match error {
                Ceremony::Options(_) => Exit::Malformed,
                Ceremony::VaultFull | Ceremony::VaultUnavailable => Exit::Storage,
                Ceremony::RpId(_)
                | Ceremony::UnsupportedAlgorithms
                | Ceremony::AlreadyRegistered
                | Ceremony::NotAllowed => Exit::NotAllowed,
            },
        }
    }
}

impl HasExit for SignInError {
    fn exit(&self) -> Exit {
        use webauthn::GetError as Ceremony;
        match self {
            Self::Vault(error) => error.exit(),
            Self::Ceremony(error) => match error {
                Ceremony::Options(_) => Exit::Malformed,
                Ceremony::VaultUnavailable => Exit::Storage,
                Ceremony::RpId(_) | Ceremony::NotAllowed => Exit::NotAllowed,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_that_nobody_knows_has_a_status_of_its_own() {
        let failure = Failure::from(EnrolmentError::MaybeAdded(SyncError::Busy));
        assert_eq!(failure.exit, Exit::Unknown);
        assert!(failure.detail.contains("it may have been"), "{}", failure.detail);
        assert!(crate::exit::HELP.contains("\n  15  not known whether it was done"));
    }
}
