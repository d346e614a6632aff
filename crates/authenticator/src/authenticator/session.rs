//! What holds from power-up to power-off.

use std::collections::VecDeque;

use crate::hmac_secret::OpenedHmacSecret;
use crate::token::PinUvAuthToken;
use crate::{CredentialId, GetAssertion, Listing, RelyingParty, RpId, UnixMillis};

#[derive(Default)]
pub(crate) struct Session {
    /// The token that a platform holds, if one does.
    pub(crate) token: Option<PinUvAuthToken>,
    /// What the next command may continue.
    pub(crate) pending: Pending,
    /// The large-blob array as platforms began to read it: to each it is the same until it begins again or writes.
    shown_blobs: VecDeque<(Channel, LargeBlobs)>,
    /// Who made the last request.
    channel: Channel,
    /// When power came; unknown to those who never said.
    powered_at: Option<UnixMillis>,
}

/// Tells platforms apart, so that none continues what another began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel(pub u64);

/// The large-blob array as it is read.
pub(crate) struct LargeBlobs {
    /// With its hash.
    pub(crate) serialized: Vec<u8>,
    /// The passkeys whose blobs are in it.
    pub(crate) held: Vec<(RpId, CredentialId)>,
}

/// A command that is answered in parts. Any other command ends it (CTAP 2.1 §6).
#[derive(Default)]
pub(crate) enum Pending {
    #[default]
    Nothing,
    Assertions(Box<NextAssertions>),
    RelyingParties(VecDeque<RelyingParty>),
    Credentials(RpId, VecDeque<Listing>),
    Upload(Upload),
}

/// The sign-in whose other passkeys a platform may ask for.
pub(crate) struct NextAssertions {
    pub(crate) request: GetAssertion,
    pub(crate) hmac_secret: Option<OpenedHmacSecret>,
    pub(crate) verified: bool,
    pub(crate) left: VecDeque<CredentialId>,
    pub(crate) since: UnixMillis,
}

/// A large-blob array of which the beginning is here.
pub(crate) struct Upload {
    pub(crate) received: Vec<u8>,
    pub(crate) length: usize,
}

impl Session {
    pub(crate) fn powered_at(now: UnixMillis) -> Self {
        Session { powered_at: Some(now), ..Session::default() }
    }

    /// Whether power came less than ten seconds ago (CTAP 2.1 §6.6).
    pub(crate) fn is_fresh(&self, now: UnixMillis) -> bool {
        self.powered_at.is_some_and(|then| now.0.abs_diff(then.0) < RESET_WINDOW)
    }

    /// Of what another platform began nothing is left.
    pub(crate) fn speak_on(&mut self, channel: Channel) {
        if std::mem::replace(&mut self.channel, channel) != channel {
            self.pending = Pending::Nothing;
        }
    }

    /// What the platform that speaks was shown last.
    pub(crate) fn take_shown_blobs(&mut self) -> Option<LargeBlobs> {
        let position = self.shown_blobs.iter().position(|(channel, _)| *channel == self.channel)?;
        self.shown_blobs.remove(position).map(|(_, shown)| shown)
    }

    /// Remembers what it is shown now; of the few that read at once the one that began first is forgotten.
    pub(crate) fn show_blobs(&mut self, shown: LargeBlobs) {
        self.shown_blobs.truncate(READERS - 1);
        self.shown_blobs.push_front((self.channel, shown));
    }

    /// Forgets a token whose time is up.
    pub(crate) fn expire(&mut self, now: UnixMillis) {
        self.token = self.token.take().filter(|token| token.is_alive(now));
    }

    /// Takes what was pending; nothing is from here on.
    pub(crate) fn take_pending(&mut self) -> Pending {
        std::mem::take(&mut self.pending)
    }
}

const RESET_WINDOW: u64 = 10_000;
/// Platforms that read the large-blob array at once.
const READERS: usize = 4;
