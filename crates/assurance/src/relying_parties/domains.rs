use std::{collections::BTreeSet, net::IpAddr};

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use keyfold_wire::{ClientId, TenantId};

use super::{Client, RelyingParties};
use crate::{
    clock::DAY,
    random::{self, NoRandomness},
    storage::{Domain, StorageError},
};

/// Fetches what a domain says of itself.
#[async_trait]
pub trait DomainFiles: Send + Sync {
    /// The body of `https://RP_ID/.well-known/keyfold-domain`: over TLS, without redirects, from no private address unless the operator
    /// allows that, at most [`MAX_DOMAIN_FILE`](super::MAX_DOMAIN_FILE) bytes.
    async fn fetch(&self, rp_id: &str) -> Result<Vec<u8>, FileError>;
}

/// Why a domain's file was not had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nobody answers, or under no certificate that is trusted.
    #[error("{0}")]
    Unreachable(String),
    /// It is at an address that only machines nearby can reach.
    #[error("{0} is no public address, and this server asks none other")]
    Private(IpAddr),
    /// The answer has another status than 200.
    #[error("the answer has status {0}; a redirect is not followed")]
    Status(u16),
    /// It is longer than such a file may be.
    #[error("the file is longer than {MAX_DOMAIN_FILE} bytes")]
    TooLong,
}

/// Why an RP id is not listed, or not proved.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// There is no such client.
    #[error("the tenant has no such client")]
    NoClient,
    /// It is no domain name, or one under which others have theirs.
    #[error("an RP id is a domain name in lower case, such as shop.example")]
    RpId,
    /// It is not listed for this client.
    #[error("the tenant does not list this RP id for this client")]
    NotListed,
    /// The client has as many as it may have.
    #[error("a client has at most {MOST} RP ids")]
    Full,
    /// The tenant has as many as its devices take.
    #[error("a tenant has at most {MOST_OF_TENANT} RP ids, of {MOST_BYTES} bytes together")]
    TenantFull,
    /// Its file was not had.
    #[error("https://{rp_id}{WELL_KNOWN} is not there: {error}")]
    File {
        /// Of which domain.
        rp_id: String,
        /// Why.
        error: FileError,
    },
    /// Its file has another line.
    #[error("https://{rp_id}{WELL_KNOWN} has no line \"{line}\"")]
    NoProof {
        /// Of which domain.
        rp_id: String,
        /// The line that it must have.
        line: String,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How an RP id is proved: a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whose.
    pub client: ClientId,
    /// Which.
    pub rp_id: String,
    /// Where the file is.
    pub url: String,
    /// A line that it must have, to its letter.
    pub line: String,
    /// When it was found there last, Unix milliseconds.
    pub proved_at: Option<u64>,
    /// Whether that still counts.
    pub counts: bool,
}

impl RelyingParties {
    /// Lists an RP id for a client: devices of the tenant give evidence there from then on. The client is told of passkeys there once
    /// it has proved to own it.
    ///
    /// # Errors
    /// [`DomainError`].
    pub async fn list_domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<Proof, DomainError> {
        if !is_rp_id(rp_id) {
            return Err(DomainError::RpId);
        }
        self.storage.relying_party(tenant, client).await?.ok_or(DomainError::NoClient)?;
        let listed = self.storage.domains(tenant).await?;
        if listed.iter().filter(|domain| domain.client == client).count() >= MOST {
            return Err(DomainError::Full);
        }
        let names: BTreeSet<&str> = listed.iter().map(|domain| domain.rp_id.as_str()).chain([rp_id]).collect();
        if !are_taken(&names) {
            return Err(DomainError::TenantFull);
        }
        let (token, added_at) = (random::bytes()?, self.clock.now().0);
        let domain = Domain { client, rp_id: rp_id.to_owned(), token, added_at, proved_at: None };
        self.storage.add_domain(tenant, domain).await?;
        let domain = self.storage.domain(tenant, client, rp_id).await?.ok_or(DomainError::NotListed)?;
        Ok(self.proof(&domain))
    }

    /// The RP ids that the tenant lists.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn domains(&self, tenant: TenantId) -> Result<Vec<Proof>, StorageError> {
        Ok(self.storage.domains(tenant).await?.iter().map(|domain| self.proof(domain)).collect())
    }

    /// Their names, each once, in the order of their bytes: what devices are told.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn rp_ids(&self, tenant: TenantId) -> Result<Vec<String>, StorageError> {
        // Not in the database's order, which depends on where it runs.
        let listed = self.storage.domains(tenant).await?.into_iter().map(|domain| domain.rp_id);
        Ok(listed.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// Lists an RP id no more.
    ///
    /// # Errors
    /// [`DomainError`].
    pub async fn remove_domain(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<(), DomainError> {
        let was_listed = self.storage.remove_domain(tenant, client, rp_id).await?;
        if was_listed { Ok(()) } else { Err(DomainError::NotListed) }
    }

    /// Looks whether the domain's file has its line.
    ///
    /// # Errors
    /// [`DomainError`].
    pub async fn prove(&self, tenant: TenantId, client: ClientId, rp_id: &str) -> Result<Proof, DomainError> {
        let domain = self.storage.domain(tenant, client, rp_id).await?.ok_or(DomainError::NotListed)?;
        let line = line(&domain);
        let file = match self.files.fetch(rp_id).await {
            // Whoever has the domain now has no such file: that it is gone is an answer too.
            Err(FileError::Status(404 | 410)) => Ok(Vec::new()),
            file => file,
        };
        let file = file.map_err(|error| DomainError::File { rp_id: rp_id.to_owned(), error })?;
        let mut lines = file.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        if !lines.any(|found| found == line.as_bytes()) {
            // Whoever has the domain now says otherwise.
            self.storage.set_domain_proved(tenant, client, rp_id, None).await?;
            return Err(DomainError::NoProof { rp_id: rp_id.to_owned(), line });
        }
        let proved_at = Some(self.clock.now().0);
        self.storage.set_domain_proved(tenant, client, rp_id, proved_at).await?;
        Ok(self.proof(&Domain { proved_at, ..domain }))
    }

    /// Looks again at what was proved more than a day ago; how many are proved no more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn prove_again(&self) -> Result<u64, StorageError> {
        let (now, mut lost) = (self.clock.now().0, 0);
        for tenant in self.storage.tenants().await? {
            for domain in self.storage.domains(tenant.id).await? {
                if domain.proved_at.is_none_or(|at| at.saturating_add(DAY) > now) {
                    continue;
                }
                match self.prove(tenant.id, domain.client, &domain.rp_id).await {
                    Err(DomainError::NoProof { .. }) => lost += 1,
                    Err(DomainError::Storage(error)) => return Err(error),
                    // A server that cannot be reached today keeps what it has proved until that counts no more.
                    _ => {}
                }
            }
        }
        Ok(lost)
    }

    /// Whether a client has proved to own an RP id.
    pub(crate) async fn owns(&self, client: &Client, rp_id: &str) -> Result<bool, StorageError> {
        let domain = self.storage.domain(client.tenant, client.id, rp_id).await?;
        Ok(domain.is_some_and(|domain| self.proof(&domain).counts))
    }

    fn proof(&self, domain: &Domain) -> Proof {
        let now = self.clock.now().0;
        Proof {
            client: domain.client,
            rp_id: domain.rp_id.clone(),
            url: format!("https://{}{WELL_KNOWN}", domain.rp_id),
            line: line(domain),
            proved_at: domain.proved_at,
            counts: domain.proved_at.is_some_and(|at| now < at.saturating_add(COUNTS)),
        }
    }
}

/// Whether devices take a list of these.
fn are_taken(rp_ids: &BTreeSet<&str>) -> bool {
    let bytes: usize = rp_ids.iter().map(|rp_id| rp_id.len() + FRAME).sum();
    rp_ids.len() <= MOST_OF_TENANT && bytes <= MOST_BYTES
}

fn line(domain: &Domain) -> String {
    format!("keyfold-domain-verification={}", BASE64URL_NOPAD.encode(&domain.token))
}

/// A domain name as it stands in WebAuthn: lower case, letters, digits, hyphens; `localhost`, or of two labels or more.
fn is_rp_id(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let has_labels = text == "localhost" || text.contains('.');
    text.len() <= 253 && has_labels && !is_address && text.split('.').all(is_label)
}

/// The most bytes that a domain's file may have.
pub const MAX_DOMAIN_FILE: usize = 4 * 1_024;
const WELL_KNOWN: &str = "/.well-known/keyfold-domain";
/// For so long after it was found last.
const COUNTS: u64 = 14 * DAY;
const MOST: usize = 100;
/// Devices take no more, and no longer answer: the rest of it is left to what else it says.
const MOST_OF_TENANT: usize = 10_000;
const MOST_BYTES: usize = 256 * 1_024;
/// What stands before each in an answer.
const FRAME: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_lists_no_more_than_its_devices_take() {
        let named = |count: usize, length: usize| -> Vec<String> {
            (0..count).map(|number| format!("{number:0>width$}.example", width = length - 8)).collect()
        };
        let are_taken = |names: &[String]| are_taken(&names.iter().map(String::as_str).collect());
        assert!(are_taken(&named(10_000, 20)) && !are_taken(&named(10_001, 20)));
        assert!(are_taken(&named(1_024, 253)) && !are_taken(&named(1_025, 253)));
    }

    #[test]
    fn an_rp_id_is_a_domain_name() {
        for rp_id in ["shop.example", "a-b.shop.example", "localhost", "xn--bcher-kva.example", "1.example"] {
            assert!(is_rp_id(rp_id), "{rp_id}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            "example",
            "Shop.example",
            "shop.example.",
            ".example",
            "192.0.2.1",
            "a_b.example",
            "-a.example",
            &long,
        ] {
            assert!(!is_rp_id(text), "{text}");
        }
    }
}
