//! Whether leaves and reports still hold: token status lists.

use std::{sync::Arc, time::Duration};

use keyfold_evidence::{
    Status, StatusReference,
    status_list::{Packed, StatusListClaims},
};
use keyfold_wire::TenantId;
use moka::sync::Cache;

use crate::{
    AuthorityUnavailable, Clock,
    authority::Authorities,
    storage::{Place, Standing, Storage, StorageError},
};

/// Tells whether leaves and reports still hold.
pub struct Statuses {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    authorities: Arc<Authorities>,
    public_url: String,
    signed: Cache<(TenantId, u32), Arc<str>>,
    with_room: Cache<TenantId, u32>,
}

/// Why there is no such list.
#[derive(Debug, thiserror::Error)]
pub enum NoStatusList {
    /// The tenant has fewer.
    #[error("the tenant has no such status list")]
    Unknown,
    /// It cannot be signed.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// It cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Statuses {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        authorities: Arc<Authorities>,
        public_url: String,
    ) -> Self {
        let signed = Cache::builder().time_to_live(FRESH).max_capacity(MOST).build();
        let with_room = Cache::builder().time_to_live(COUNTED).max_capacity(MOST).build();
        Self { storage, clock, authorities, public_url, signed, with_room }
    }

    /// A list's URL.
    pub(crate) fn url(&self, tenant: TenantId, list: u32) -> String {
        format!("{}/v1/rp/status/{tenant}/{list}", self.public_url)
    }

    /// The place that a reference names, if it is in one of this tenant's lists.
    pub(crate) fn place(&self, tenant: TenantId, reference: &StatusReference) -> Option<Place> {
        let prefix = format!("{}/v1/rp/status/{tenant}/", self.public_url);
        let list: u32 = reference.uri.strip_prefix(&prefix)?.parse().ok()?;
        (self.url(tenant, list) == reference.uri).then_some(Place { list, index: reference.index })
    }

    /// A list, signed within the last second.
    ///
    /// # Errors
    /// [`NoStatusList`].
    pub async fn list(&self, tenant: TenantId, list: u32) -> Result<Arc<str>, NoStatusList> {
        if let Some(signed) = self.signed.get(&(tenant, list)) {
            return Ok(signed);
        }
        let known = self.authorities.known(tenant).await?;
        let last = self.storage.last_list(tenant).await?.unwrap_or(FIRST);
        if !(FIRST..=last).contains(&list) {
            return Err(NoStatusList::Unknown);
        }
        let now = self.clock.now();
        let mut statuses = vec![Status::Valid; LIST as usize];
        for (index, standing) in self.storage.not_valid(tenant, list, now.0).await? {
            let place = usize::try_from(index).ok().and_then(|index| statuses.get_mut(index));
            let place = place.ok_or(StorageError::Damaged("a status is beyond its list"))?;
            *place = match standing {
                Standing::Valid => Status::Valid,
                Standing::Invalid => Status::Invalid,
                Standing::Suspended => Status::Suspended,
            };
        }
        let claims = StatusListClaims {
            sub: self.url(tenant, list),
            iat: now.seconds(),
            exp: now.seconds() + COUNTS,
            ttl: FRESH.as_secs(),
            status_list: Packed::pack(&statuses),
        };
        let key = known.token_key(now.0)?;
        let token: Arc<str> = key.status_list(&claims).map_err(AuthorityUnavailable::from)?.into();
        self.signed.insert((tenant, list), Arc::clone(&token));
        Ok(token)
    }

    /// The list in which places are taken now: the last, until half of it is taken, or a little more, as it is not counted each time.
    pub(crate) async fn list_with_room(&self, tenant: TenantId) -> Result<u32, StorageError> {
        if let Some(list) = self.with_room.get(&tenant) {
            return Ok(list);
        }
        let list = self.storage.last_list(tenant).await?.unwrap_or(FIRST);
        let is_half_full = self.storage.taken(tenant, list).await? >= u64::from(LIST / 2);
        let list = if is_half_full { list.saturating_add(1) } else { list };
        self.with_room.insert(tenant, list);
        Ok(list)
    }
}

/// Places of a list: a power of two, so that drawn bits name one.
pub(crate) const LIST: u32 = 1 << 20;
const FIRST: u32 = 1;
/// How old a list is at most when it is given out.
const FRESH: Duration = Duration::from_secs(1);
/// How long a list that had room is taken to have some.
const COUNTED: Duration = Duration::from_secs(10);
/// Seconds.
const COUNTS: u64 = 300;
const MOST: u64 = 1_000;
