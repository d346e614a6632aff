use keyfold_authenticator::RpId;

use super::{Origin, RpIdError, relying_party};

/// The page that asks, as the browser or the user says; never the request itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    origin: Origin,
    frame: Frame,
    rp_id: RpIdCheck,
}

/// Where in a tab the page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// In no page of another origin.
    SameOrigin,
    /// In a page of another origin, whose is told where the browser tells it.
    CrossOrigin {
        /// The origin of the tab.
        top: Option<Origin>,
    },
}

/// Who holds the RP id against the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RpIdCheck {
    /// The ceremony: it is the origin's domain, or above it.
    Here,
    /// The browser did, before it passed the request on. It also knows related origins (WebAuthn §5.11).
    ByBrowser,
}

impl Page {
    /// A page in no page of another origin, whose RP id nobody has looked at.
    #[must_use]
    pub fn top(origin: Origin) -> Self {
        Page { origin, frame: Frame::SameOrigin, rp_id: RpIdCheck::Here }
    }

    /// A page in a browser.
    #[must_use]
    pub fn in_browser(origin: Origin, frame: Frame, rp_id: RpIdCheck) -> Self {
        Page { origin, frame, rp_id }
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The RP id of a ceremony: what is asked for, if it may be, else the origin's own domain.
    pub(super) fn resolve(&self, requested: Option<&str>) -> Result<RpId, RpIdError> {
        match (self.rp_id, requested) {
            (RpIdCheck::ByBrowser, Some(id)) => relying_party::domain(id),
            (RpIdCheck::ByBrowser, None) | (RpIdCheck::Here, _) => relying_party::resolve(&self.origin, requested),
        }
    }
}
