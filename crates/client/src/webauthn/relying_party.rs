use keyfold_authenticator::RpId;
use thiserror::Error;
use url::Host;

use super::Origin;

/// The RP id that a ceremony is for (WebAuthn §5.1.3 step 8, §5.1.4.1 step 7): the one asked for,
/// if the origin may claim it, else the origin's own domain.
pub(super) fn resolve(origin: &Origin, requested: Option<&str>) -> Result<RpId, RpIdError> {
    let domain = origin.domain().ok_or(RpIdError::IpAddress)?;
    let id = requested.unwrap_or(domain);
    let rp_id = self::domain(id)?;
    if id == domain {
        refuse_listed_suffix(domain)?;
    } else {
        require_registrable_suffix(id, domain)?;
    }
    Ok(rp_id)
}

/// An RP id as every one is written: a domain in lower case and Punycode.
pub(super) fn domain(id: &str) -> Result<RpId, RpIdError> {
    if Host::parse(id) != Ok(Host::Domain(id.to_owned())) || id.split('.').any(str::is_empty) {
        return Err(RpIdError::NotADomain);
    }
    RpId::try_from(id).map_err(|_| RpIdError::NotADomain)
}

/// Why an origin may not have passkeys for an RP id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RpIdError {
    /// Passkeys are for domains; reach the site by a name.
    #[error("the origin is an IP address, and passkeys are for domains only")]
    IpAddress,
    /// The RP id is no domain in lower case and Punycode.
    #[error("the RP id is not a domain name")]
    NotADomain,
    /// The RP id belongs to somebody else.
    #[error("the RP id is neither the origin's domain nor a domain above it")]
    NotASuffix,
    /// Strangers share the RP id (such as `com`, `co.uk`, `github.io`).
    #[error("the RP id is a public suffix, which unrelated sites share")]
    PublicSuffix,
}

/// Only suffixes by a rule of the list count here: a host without a dot, such as `localhost` or
/// `intranet`, is a suffix by default only, and its own RP id.
fn refuse_listed_suffix(domain: &str) -> Result<(), RpIdError> {
    match psl::suffix(domain.as_bytes()) {
        Some(suffix) if suffix.is_known() && suffix == domain => Err(RpIdError::PublicSuffix),
        _ => Ok(()),
    }
}

/// HTML's "is a registrable domain suffix of", for unequal domains.
fn require_registrable_suffix(id: &str, domain: &str) -> Result<(), RpIdError> {
    if !is_above(id, domain) {
        return Err(RpIdError::NotASuffix);
    }
    let public = psl::suffix_str(domain).ok_or(RpIdError::PublicSuffix)?;
    if id == public || is_above(id, public) { Err(RpIdError::PublicSuffix) } else { Ok(()) }
}

fn is_above(upper: &str, lower: &str) -> bool {
    lower.strip_suffix(upper).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::RpIdError::*;
    use super::*;

    fn claim(origin: &str, id: &str) -> Result<(), RpIdError> {
        resolve(&Origin::parse(origin).unwrap(), Some(id)).map(|resolved| assert_eq!(resolved.as_str(), id))
    }

    #[test]
    fn a_domain_may_claim_itself_and_the_registrable_domains_above_it() {
        for (origin, id) in [
            ("https://example.org", "example.org"),
            ("https://login.example.org:8443", "login.example.org"),
            ("https://login.example.org", "example.org"),
            ("https://a.b.example.co.uk", "example.co.uk"),
            ("https://a.alice.github.io", "alice.github.io"),
            ("https://a.www.ck", "www.ck"),
            ("https://x.y.city.kawasaki.jp", "city.kawasaki.jp"),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("http://localhost:8080", "localhost"),
            ("http://app.localhost", "app.localhost"),
            ("https://intranet", "intranet"),
            ("https://wiki.corp.intranet", "corp.intranet"),
        ] {
            assert_eq!(claim(origin, id), Ok(()), "{origin} {id}");
        }
    }

    #[test]
    fn nobody_may_claim_a_public_suffix() {
        for (origin, id) in [
            ("https://example.org", "org"),
            ("https://example.co.uk", "co.uk"),
            ("https://example.co.uk", "uk"),
            ("https://alice.github.io", "github.io"),
            ("https://github.io", "github.io"),
            ("https://a.b.ck", "b.ck"),
            ("https://a.b.ck", "ck"),
            ("https://b.ck", "b.ck"),
            ("https://x.y.kawasaki.jp", "y.kawasaki.jp"),
            ("https://x.y.compute.amazonaws.com", "y.compute.amazonaws.com"),
            ("https://x.y.compute.amazonaws.com", "amazonaws.com"),
            ("https://com", "com"),
            ("http://app.localhost", "localhost"),
            ("https://wiki.intranet", "intranet"),
        ] {
            assert_eq!(claim(origin, id), Err(PublicSuffix), "{origin} {id}");
        }
    }

    #[test]
    fn nobody_may_claim_anothers_domain() {
        for (origin, id) in [
            ("https://example.org", "example.com"),
            ("https://example.org", "login.example.org"),
            ("https://notexample.org", "example.org"),
            ("https://example.org.evil.com", "example.org"),
            ("https://alice.github.io", "bob.github.io"),
            ("http://localhost", "app.localhost"),
        ] {
            assert_eq!(claim(origin, id), Err(NotASuffix), "{origin} {id}");
        }
    }

    #[test]
    fn what_is_no_domain_is_no_rp_id() {
        for id in [
            "",
            ".",
            ".org",
            ".example.org",
            "example.org.",
            "Example.org",
            "https://example.org",
            "example.org:443",
            "exa mple.org",
            "bücher.example",
            "192.0.2.1",
            "[::1]",
        ] {
            assert_eq!(claim("https://example.org", id), Err(NotADomain), "{id}");
        }
    }

    #[test]
    fn an_ip_address_has_no_passkeys() {
        for origin in ["https://192.0.2.1", "http://127.0.0.1:8080", "http://[::1]:8080"] {
            let origin = Origin::parse(origin).unwrap();
            assert_eq!(resolve(&origin, None), Err(IpAddress));
            assert_eq!(resolve(&origin, Some("localhost")), Err(IpAddress));
        }
    }

    #[test]
    fn without_an_id_the_domain_is_taken_without_the_port() {
        let origin = Origin::parse("https://login.example.org:8443").unwrap();
        assert_eq!(resolve(&origin, None).unwrap().as_str(), "login.example.org");
    }

    proptest::proptest! {
        #[test]
        fn what_an_origin_gets_lies_above_it_and_under_a_public_suffix(
            labels in proptest::collection::vec("[a-c]{1,2}|github|kawasaki", 0..3),
            suffix in "com|co\\.uk|io|github\\.io|jp|kawasaki\\.jp|ck|intranet",
            id in "([a-c]{1,2}\\.|github\\.|kawasaki\\.){0,2}(com|co\\.uk|uk|io|github\\.io|jp|kawasaki\\.jp|ck|intranet)",
        ) {
            let domain = [labels, vec![suffix]].concat().join(".");
            let origin = Origin::parse(&format!("https://{domain}")).unwrap();
            if resolve(&origin, Some(&id)).is_ok() {
                let above = domain.strip_suffix(&id).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                proptest::prop_assert!(above);
                let listed = psl::suffix(id.as_bytes()).is_some_and(|public| public.is_known() && public == id.as_str());
                proptest::prop_assert!(!listed);
            }
        }
    }
}
