/// How the program ends. The numbers are part of its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Usage = 2,
    WrongPassphrase = 3,
    NoNetwork = 4,
    NotTrusted = 5,
    Refused = 6,
    Clock = 7,
    SyncStopped = 8,
    NotFound = 9,
    Malformed = 10,
    NotAllowed = 11,
    Storage = 12,
    Busy = 13,
    Output = 14,
    Unknown = 15,
    Keyring = 16,
    Removed = 17,
    Locked = 18,
    Internal = 70,
}

impl Exit {
    /// The name that a problem object carries.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::NoNetwork => "no-network",
            Self::NotTrusted => "not-trusted",
            Self::Refused => "refused",
            Self::Clock => "clock",
            Self::SyncStopped => "sync-stopped",
            Self::NotFound => "not-found",
            Self::Malformed => "malformed",
            Self::NotAllowed => "not-allowed",
            Self::Storage => "storage",
            Self::Busy => "busy",
            Self::Output => "output",
            Self::Unknown => "unknown",
            Self::Keyring => "keyring",
            Self::Removed => "removed",
            Self::Locked => "locked",
            Self::Internal => "internal",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

/// What `keyfold --help` ends with.
pub(crate) const HELP: &str = "\
Exit status:
  0   done
  2   wrong usage
  3   wrong passphrase
  4   no network, or the server cannot be reached
  5   the server's certificate is not trusted
  6   the server refused, or answered what makes no sense
  7   a clock is wrong
  8   sync is stopped: the server's history does not fit
  9   no such profile, passkey, device or enrolment
  10  malformed input
  11  not allowed: by a person, or by WebAuthn's rules
  12  local storage: disk full, damaged, or too new for this program
  13  busy: try again
  14  the result could not be written
  15  not known whether it was done: the server's answer was lost
  16  no keyring can be used: locked, silent, or not there
  17  this device was removed from its account, and its vault was wiped
  18  locked: the passphrase is needed, or too many wrong ones were given
  70  a fault in this program";
