use keyfold_wire::v1;
use prost::Message;

/// What a hash, signature, MAC or derived key is for. Each has exactly one use, so bytes made for one can never stand
/// for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is documented by its use in proto/README.md")]
pub enum Namespace {
    // Signed messages; all but the session and deletion requests, export records and posture reports are also hashed under the same name.
    RosterEntry,
    Commit,
    Receipt,
    SessionOpen,
    AccountDelete,
    EnrolmentTranscript,
    RecoveryTranscript,
    ExportRecord,
    PostureReport,
    // Hashes.
    AccountId,
    MemberId,
    VaultZero,
    SealedEpochKey,
    EpochLink,
    Envelope,
    SetElement,
    SetHash,
    EnrolmentOffer,
    CheckCodes,
    SafetyNumber,
    Invite,
    RecoveryIndex,
    RestoredItem,
    ImportedItem,
    // Derived keys.
    EpochCommitment,
    EpochLinkKey,
    ItemKek,
    ItemContent,
    RecoverySigning,
    RecoveryWrapping,
    RecoveryLookup,
    SessionSecret,
    PassphraseKey,
    KeyringKey,
    LocalSeal,
    // MACs.
    QrTranscript,
    QrEntry,
}

impl Namespace {
    /// The name, at most 255 bytes of ASCII.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RosterEntry => "keyfold/v1/roster-entry",
            Self::Commit => "keyfold/v1/commit",
            Self::Receipt => "keyfold/v1/receipt",
            Self::SessionOpen => "keyfold/v1/session-open",
            Self::AccountDelete => "keyfold/v1/account-delete",
            Self::EnrolmentTranscript => "keyfold/v1/enrolment-transcript",
            Self::RecoveryTranscript => "keyfold/v1/recovery-transcript",
            Self::ExportRecord => "keyfold/v1/export-record",
            Self::PostureReport => "keyfold/v1/posture-report",
            Self::AccountId => "keyfold/v1/account-id",
            Self::MemberId => "keyfold/v1/member-id",
            Self::VaultZero => "keyfold/v1/vault-zero",
            Self::SealedEpochKey => "keyfold/v1/sealed-epoch-key",
            Self::EpochLink => "keyfold/v1/epoch-link",
            Self::Envelope => "keyfold/v1/envelope",
            Self::SetElement => "keyfold/v1/set-element",
            Self::SetHash => "keyfold/v1/set-hash",
            Self::EnrolmentOffer => "keyfold/v1/enrolment-offer",
            Self::CheckCodes => "keyfold/v1/check-codes",
            Self::SafetyNumber => "keyfold/v1/safety-number",
            Self::Invite => "keyfold/v1/invite",
            Self::RecoveryIndex => "keyfold/v1/recovery-index",
            Self::RestoredItem => "keyfold/v1/restored-item",
            Self::ImportedItem => "keyfold/v1/imported-item",
            Self::EpochCommitment => "keyfold/v1/epoch-commitment",
            Self::EpochLinkKey => "keyfold/v1/epoch-link-key",
            Self::ItemKek => "keyfold/v1/item-kek",
            Self::ItemContent => "keyfold/v1/item-content",
            Self::RecoverySigning => "keyfold/v1/recovery-signing",
            Self::RecoveryWrapping => "keyfold/v1/recovery-wrapping",
            Self::RecoveryLookup => "keyfold/v1/recovery-lookup",
            Self::SessionSecret => "keyfold/v1/session-secret",
            Self::PassphraseKey => "keyfold/v1/passphrase-key",
            Self::KeyringKey => "keyfold/v1/keyring-key",
            Self::LocalSeal => "keyfold/v1/local-seal",
            Self::QrTranscript => "keyfold/v1/qr-transcript",
            Self::QrEntry => "keyfold/v1/qr-entry",
        }
    }

    /// `len(namespace) ‖ namespace ‖ parts`, the length as one byte.
    #[must_use]
    pub fn input(self, parts: &[&[u8]]) -> Vec<u8> {
        let name = self.name().as_bytes();
        let length = 1 + name.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut input = Vec::with_capacity(length);
        input.push(self.length());
        input.extend_from_slice(name);
        for part in parts {
            input.extend_from_slice(part);
        }
        input
    }

    #[expect(clippy::cast_possible_truncation, reason = "every name above is shorter than 256 bytes; a test holds it")]
    pub(crate) const fn length(self) -> u8 {
        self.name().len() as u8
    }
}

/// A message that is signed, and the one namespace it is signed under.
pub trait Signable: Message + Default {
    /// No other message has this namespace.
    const NAMESPACE: Namespace;
    /// The most bytes that such a message may have.
    const MAX_LEN: usize;
}

macro_rules! signable {
    ($($message:ident: $max:expr),* $(,)?) => {$(
        impl Signable for v1::$message {
            const NAMESPACE: Namespace = Namespace::$message;
            const MAX_LEN: usize = $max;
        }
    )*};
}

signable! {
    RosterEntry: 32 * 1024,
    Commit: 128 * 1024,
    Receipt: 256,
    SessionOpen: 1024,
    AccountDelete: 256,
    EnrolmentTranscript: 4 * 1024,
    RecoveryTranscript: 4 * 1024,
    ExportRecord: 256,
    PostureReport: 20 * 1024,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_length_name_and_bytes() {
        let input = Namespace::Commit.input(&[b"a", b"bc"]);
        assert_eq!(input, b"\x11keyfold/v1/commitabc");
    }
}
