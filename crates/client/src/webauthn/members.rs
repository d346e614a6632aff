//! Members that both kinds of options have. Unknown members are ignored, as WebIDL dictionaries
//! do; a known member of the wrong type is an error.

use std::time::Duration;

use keyfold_authenticator::VerificationRequirement;
use serde::Deserialize;

use super::base64url::Base64Url;

/// A PublicKeyCredentialDescriptorJSON (WebAuthn §5.8.3). Transports are hints for others.
#[derive(Deserialize)]
pub(super) struct Descriptor {
    id: Base64Url,
    #[serde(rename = "type")]
    kind: String,
}

/// The ids of those descriptors whose type is known.
pub(super) fn credential_ids(descriptors: Vec<Descriptor>) -> Vec<Vec<u8>> {
    let known = descriptors.into_iter().filter(|descriptor| descriptor.kind == PUBLIC_KEY);
    known.map(|descriptor| descriptor.id.0).collect()
}

/// A UserVerificationRequirement; the default, also for unknown values, is "preferred" (§5.8.6).
pub(super) fn verification(value: Option<&str>) -> VerificationRequirement {
    match value {
        Some("required") => VerificationRequirement::Required,
        Some("discouraged") => VerificationRequirement::Discouraged,
        _ => VerificationRequirement::Preferred,
    }
}

/// The time that a ceremony has: what the relying party says, brought within 10 seconds and 10
/// minutes; 5 minutes if it says nothing (§15.1 recommends 5 to 10; a shorter wish is honoured,
/// because it may be the life of the challenge).
pub(super) fn timeout(milliseconds: Option<u32>) -> Duration {
    milliseconds
        .map_or(DEFAULT_TIMEOUT, |wish| Duration::from_millis(wish.into()).clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT))
}

pub(super) const PUBLIC_KEY: &str = "public-key";
/// Options in JSON are at most this many bytes long.
pub(super) const MAX_JSON: usize = 65_536;
/// A challenge has at least this many bytes (§13.4.3).
pub(super) const MIN_CHALLENGE: usize = 16;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_brought_within_sane_limits() {
        for (wish, seconds) in
            [(None, 300), (Some(0), 10), (Some(60_000), 60), (Some(600_000), 600), (Some(u32::MAX), 600)]
        {
            assert_eq!(timeout(wish), Duration::from_secs(seconds));
        }
    }
}
