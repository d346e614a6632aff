//! Relying parties, and other programs that a tenant lets ask: who they are, what they may ask, which domains they have proved to
//! own.

mod access;
mod domains;
mod keys;
mod registry;

pub use access::{AccessRefused, ClientAssertion, Granted};
pub use domains::{DomainError, DomainFiles, FileError, MAX_DOMAIN_FILE, Proof};
pub use keys::{ClientKeysError, MAX_KEYS};
pub use registry::{Registered, RegistryError, RelyingParties};

pub(crate) use access::sha256;

use keyfold_wire::{ClientId, TenantId};

/// Whoever has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which.
    pub id: ClientId,
    /// What it may ask.
    pub scopes: Scopes,
}

/// What somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// Evidence of passkeys at domains that it has proved to own.
    pub const EVIDENCE: Self = Self(1);
    /// Whether a device keeps its tenant's rules.
    pub const COMPLIANCE: Self = Self(2);

    /// With their names in OAuth 2.0.
    const NAMED: [(Self, &'static str); 2] = [(Self::EVIDENCE, "evidence"), (Self::COMPLIANCE, "compliance")];

    /// Whether it has all of these.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    pub(crate) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// As they are stored.
    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    pub(crate) const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// Names between spaces (RFC 6749 §3.3).
    ///
    /// # Errors
    /// [`UnknownScope`].
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let mut scopes = Self(0);
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            let (scope, _) = Self::NAMED.into_iter().find(|(_, known)| *known == name).ok_or(UnknownScope)?;
            scopes = scopes.and(scope);
        }
        if scopes.0 == 0 { Err(UnknownScope) } else { Ok(scopes) }
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = Self::NAMED.into_iter().filter(|(scope, _)| self.contain(*scope)).map(|(_, name)| name);
        f.write_str(&names.collect::<Vec<_>>().join(" "))
    }
}

/// There is no such scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scopes are `evidence` and `compliance`")]
pub struct UnknownScope;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let both = Scopes::EVIDENCE.and(Scopes::COMPLIANCE);
        assert_eq!(both.to_string(), "evidence compliance");
        assert_eq!(Scopes::parse("compliance evidence"), Ok(both));
        assert!(both.contain(Scopes::EVIDENCE) && !Scopes::EVIDENCE.contain(both));
        for text in ["", " ", "evidence admin", "Evidence"] {
            assert_eq!(Scopes::parse(text), Err(UnknownScope), "{text:?}");
        }
    }
}
