//! Who signs a tenant's leaves and metadata: a root that is kept elsewhere, and the server's keys that it has certified.

mod known;
mod pem;
mod request;
mod root;
mod self_signed;
mod shown;

pub(crate) use known::Known;
pub use pem::{NotPem, from_pem_list, to_pem_list};
pub use request::Request;
pub use root::{Certified, Root, RootError, names_of};
pub use self_signed::SelfSigned;
pub use shown::CertificateShown;

use std::{sync::Arc, time::Duration};

use keyfold_evidence::{
    Authority, AuthorityError, Class, Protection,
    issue::{LeafNotIssued, MetadataBlob, MetadataKey, MetadataStatement, Names, TokenKey, TokenKeyError},
    revoked_serials,
};
use keyfold_wire::TenantId;
use moka::sync::Cache;
use rcgen::KeyPair;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::{
    Clock, TenantUnavailable,
    keys::{self, KeyError},
    random::NoRandomness,
    storage::{KeyKind, Storage, StorageError, Tenant, TenantKey},
};

/// The tenants' authorities, as this server has them.
pub struct Authorities {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    public_url: String,
    known: Cache<TenantId, Arc<Known>>,
}

/// Why an authority is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityUnavailable {
    /// There is no such tenant.
    #[error(transparent)]
    Tenant(#[from] TenantUnavailable),
    /// Its root has certified no key, or none that counts now.
    #[error("no key of the tenant is certified by its root now: `keyfoldd ca request`, `ca sign` and `ca install`")]
    NotCertified,
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate cannot be made.
    #[error(transparent)]
    Leaf(#[from] LeafNotIssued),
    /// Tokens cannot be signed.
    #[error(transparent)]
    Token(#[from] TokenKeyError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why what a root has signed is not installed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is no such tenant, or its keys cannot be read.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// The certificates are not of one root, or are not valid.
    #[error("the certificates do not belong together: {0}")]
    Path(#[from] AuthorityError),
    /// They are of no key of this tenant.
    #[error("the certificates are of no key that this tenant has asked for: make a new request")]
    OtherKey,
    /// There is another root.
    #[error("the tenant has another root, which relying parties trust: replacing it takes --replace-root")]
    OtherRoot,
    /// The list takes back fewer than the one that is there: what is revoked stays so.
    #[error("the list lacks what is revoked already: make it with --previous, of the list that is installed")]
    Unrevoked,
    /// It is no certificate.
    #[error("a certificate cannot be read: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// What everybody may know of a tenant. Certificates and the list are X.509, DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is called.
    pub name: String,
    /// Its root, once that is installed.
    pub root: Option<Vec<u8>>,
    /// Those that the root has certified for leaves.
    pub issuers: Vec<Vec<u8>>,
    /// The root's list of those that it takes back.
    pub revoked: Option<Vec<u8>>,
    /// The root under which metadata is signed.
    pub metadata_root: Option<Vec<u8>>,
}

/// Whether another root may take a root's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherRoot {
    /// It may not: whoever trusts the one that is there would trust nothing any more.
    Refused,
    /// It may.
    Replaces,
}

impl Authorities {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, public_url: String) -> Self {
        // Short, so that every replica soon hears of what is installed, revoked or rotated.
        let known = Cache::builder().time_to_live(Duration::from_secs(1)).max_capacity(MOST).build();
        Self { storage, clock, public_url, known }
    }

    /// The tenant and what counts of it.
    pub(crate) async fn known(&self, tenant: TenantId) -> Result<Arc<Known>, AuthorityUnavailable> {
        if let Some(known) = self.known.get(&tenant) {
            return Ok(known);
        }
        let row = self.storage.tenant(tenant).await?.ok_or(TenantUnavailable::Unknown)?;
        let keys = self.storage.tenant_keys(tenant).await?;
        let known = Arc::new(Known::of(row, keys, self.clock.now())?);
        self.known.insert(tenant, Arc::clone(&known));
        Ok(known)
    }

    /// What the root is to certify: keys that it has certified already, so that they count for longer, or new ones.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn request(&self, tenant: TenantId) -> Result<Request, AuthorityUnavailable> {
        let row = self.storage.tenant(tenant).await?.ok_or(TenantUnavailable::Unknown)?;
        let keys = self.storage.tenant_keys(tenant).await?;
        let names = names(&row);
        let (issuer, metadata) = (newest(&keys, KeyKind::Issuer), newest(&keys, KeyKind::Metadata));
        let (Some(issuer), Some(metadata)) = (issuer, metadata) else {
            return Err(StorageError::Damaged("a tenant has no keys").into());
        };
        Ok(Request::new(&names, &pair(issuer)?, &pair(metadata)?).map_err(KeyError::from)?)
    }

    /// Draws new keys for leaves and metadata, for the next request: those that are there go on until it is installed.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn renew_keys(&self, tenant: TenantId) -> Result<(), AuthorityUnavailable> {
        self.storage.tenant(tenant).await?.ok_or(TenantUnavailable::Unknown)?;
        let now = self.clock.now().0;
        self.storage.add_tenant_key(tenant, keys::issuer(now)?).await?;
        Ok(self.storage.add_tenant_key(tenant, keys::metadata(now)?).await?)
    }

    /// Takes what the root has certified.
    ///
    /// # Errors
    /// [`InstallError`].
    pub async fn install(&self, tenant: TenantId, certified: &Certified, other: OtherRoot) -> Result<(), InstallError> {
        let row = self.storage.tenant(tenant).await.map_err(AuthorityUnavailable::from)?;
        let row = row.ok_or(AuthorityUnavailable::Tenant(TenantUnavailable::Unknown))?;
        let is_other = row.root.as_ref().is_some_and(|root| *root != certified.root);
        if is_other && other == OtherRoot::Refused {
            return Err(InstallError::OtherRoot);
        }
        Authority::trust(&certified.root, &[&certified.issuer], None, self.clock.now())?;
        let keys = self.storage.tenant_keys(tenant).await.map_err(AuthorityUnavailable::from)?;
        let issuer = owner(&keys, KeyKind::Issuer, &certified.issuer).ok_or(InstallError::OtherKey)?;
        let metadata = owner(&keys, KeyKind::Metadata, &certified.metadata).ok_or(InstallError::OtherKey)?;
        let path = [certified.metadata.clone(), certified.metadata_root.clone()];
        self.storage
            .install_authority(tenant, &certified.root, (issuer, &certified.issuer), (metadata, &path))
            .await
            .map_err(AuthorityUnavailable::from)?;
        self.known.invalidate(&tenant);
        Ok(())
    }

    /// Takes the root's list of those that it takes back.
    ///
    /// # Errors
    /// [`InstallError`].
    pub async fn install_revoked(&self, tenant: TenantId, revoked: &[u8]) -> Result<(), InstallError> {
        let known = self.known(tenant).await?;
        let root = known.tenant.root.as_ref().ok_or(AuthorityUnavailable::NotCertified)?;
        match Authority::trust(root, &known.issuers(), Some(revoked), self.clock.now()) {
            // That it takes back all that there are is a reason to have it.
            Ok(_) | Err(AuthorityError::NoIssuer) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(before) = &known.tenant.revoked
            && !revoked_serials(before)?.is_subset(&revoked_serials(revoked)?)
        {
            return Err(InstallError::Unrevoked);
        }
        self.storage.install_revoked(tenant, revoked).await.map_err(AuthorityUnavailable::from)?;
        self.known.invalidate(&tenant);
        Ok(())
    }

    /// Draws another key for tokens: others are told of it at once, and it signs an hour later.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn rotate_token_key(&self, tenant: TenantId) -> Result<String, AuthorityUnavailable> {
        self.storage.tenant(tenant).await?.ok_or(TenantUnavailable::Unknown)?;
        let key = keys::token(self.clock.now().0)?;
        let kid = key.kid.clone();
        self.storage.add_tenant_key(tenant, key).await?;
        self.known.invalidate(&tenant);
        Ok(kid)
    }

    /// Rotates the token keys whose time has come; of how many tenants.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn rotate_due(&self) -> Result<u64, AuthorityUnavailable> {
        let mut rotated = 0;
        for tenant in self.storage.tenants().await? {
            let keys = self.storage.tenant_keys(tenant.id).await?;
            if keys::wants_another(&keys, self.clock.now().0) {
                self.rotate_token_key(tenant.id).await?;
                rotated += 1;
            }
        }
        Ok(rotated)
    }

    /// The metadata of both models, signed.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn metadata(
        &self,
        tenant: TenantId,
        get_info: &(dyn Fn(Class) -> serde_json::Value + Sync),
    ) -> Result<String, AuthorityUnavailable> {
        let known = self.known(tenant).await?;
        let certified = known.keys.iter().filter(|key| key.kind == KeyKind::Metadata && !key.certificates.is_empty());
        let key = certified.max_by_key(|key| key.created_at).ok_or(AuthorityUnavailable::NotCertified)?;
        let root = known.tenant.root.as_ref().ok_or(AuthorityUnavailable::NotCertified)?;
        let statement = |class: Class| MetadataStatement::new(class, &[Protection::Software], get_info(class), &[root]);
        let today = self.clock.now().day();
        let since = keyfold_evidence::UnixMillis(known.tenant.created_at).day();
        let statements = Class::ALL.map(statement).to_vec();
        let blob = MetadataBlob::new(u64::from(today.0), since, today.plus(METADATA_DAYS), statements);
        // The path ends below the root, which its readers have.
        let path = key.certificates.get(..1).unwrap_or_default();
        Ok(MetadataKey::from_pem(&pem::write("PRIVATE KEY", &key.secret))?.sign(&blob, path)?)
    }

    /// The root (DER) under which metadata is signed.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn metadata_root(&self, tenant: TenantId) -> Result<Vec<u8>, AuthorityUnavailable> {
        let known = self.known(tenant).await?;
        let certified = known.keys.iter().filter(|key| key.kind == KeyKind::Metadata && !key.certificates.is_empty());
        let key = certified.max_by_key(|key| key.created_at).ok_or(AuthorityUnavailable::NotCertified)?;
        key.certificates.last().cloned().ok_or(AuthorityUnavailable::NotCertified)
    }

    /// What everybody may know of a tenant: whom to trust for it.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn told(&self, tenant: TenantId) -> Result<Told, AuthorityUnavailable> {
        let known = self.known(tenant).await?;
        let metadata_root = match self.metadata_root(tenant).await {
            Ok(root) => Some(root),
            Err(AuthorityUnavailable::NotCertified) => None,
            Err(error) => return Err(error),
        };
        Ok(Told {
            name: known.tenant.name.clone(),
            root: known.tenant.root.clone(),
            issuers: known.issuers().into_iter().map(<[u8]>::to_vec).collect(),
            revoked: known.tenant.revoked.clone(),
            metadata_root,
        })
    }

    /// The public keys for tokens (a JWK set, RFC 7517 §5), the one that signs first.
    ///
    /// # Errors
    /// [`AuthorityUnavailable`].
    pub async fn jwks(&self, tenant: TenantId) -> Result<serde_json::Value, AuthorityUnavailable> {
        let known = self.known(tenant).await?;
        let keys = keys::in_use(&known.keys, self.clock.now().0);
        let keys = keys.into_iter().map(|key| Ok(TokenKey::from_pkcs8(&key.secret)?.jwk().clone()));
        let keys = keys.collect::<Result<Vec<_>, TokenKeyError>>()?;
        Ok(serde_json::json!({ "keys": keys }))
    }

    /// The tenant's URL.
    pub(crate) fn url(&self, tenant: TenantId) -> String {
        crate::tenants::url(&self.public_url, tenant)
    }
}

pub(crate) fn names(tenant: &Tenant) -> Names {
    Names { country: tenant.country.clone(), organization: tenant.name.clone() }
}

fn newest(keys: &[TenantKey], kind: KeyKind) -> Option<&TenantKey> {
    keys.iter().filter(|key| key.kind == kind).max_by_key(|key| key.created_at)
}

fn pair(key: &TenantKey) -> Result<KeyPair, KeyError> {
    Ok(KeyPair::try_from(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.secret.as_slice())))?)
}

/// Which of the keys a certificate is of.
fn owner<'a>(keys: &'a [TenantKey], kind: KeyKind, certificate: &[u8]) -> Option<&'a str> {
    use rcgen::PublicKeyData;
    use x509_cert::{
        certificate::Certificate,
        der::{Decode, Encode},
    };
    let certificate = Certificate::from_der(certificate).ok()?;
    let certified = certificate.tbs_certificate().subject_public_key_info().to_der().ok()?;
    let mut of_kind = keys.iter().filter(|key| key.kind == kind);
    let is_of = |key: &&TenantKey| pair(key).is_ok_and(|pair| pair.subject_public_key_info() == certified);
    of_kind.find(is_of).map(|key| key.kid.as_str())
}

const METADATA_DAYS: u32 = 30;
/// Tenants that are known at once.
const MOST: u64 = 1_000;
