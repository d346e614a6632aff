//! Leaves for devices' evidence keys.

use std::sync::Arc;

use keyfold_evidence::{Class, Compliance, LeafClaims, Protection, StatusReference, possession};
use keyfold_policy::{
    State,
    compliance::{Fact, KeyStore, Source},
};
use keyfold_wire::{AccountId, MemberId, TenantId};

use crate::{
    AuthorityUnavailable, Clock,
    authority::Authorities,
    clock::DAY,
    devices::{self, DeviceError, Devices},
    random::{self, NoRandomness},
    statuses::{LIST, Statuses},
    storage::{LeavesOf, Place, Places, Storage, StorageError},
};

/// Gives devices leaves for their evidence keys: in batches, so that nobody sees which is for whom.
pub struct Leaves {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    authorities: Arc<Authorities>,
    devices: Arc<Devices>,
    statuses: Arc<Statuses>,
}

/// An evidence key for which a device wants a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Of which passkeys it gives evidence.
    pub class: Class,
    /// P-256, SEC 1, uncompressed.
    pub key: [u8; 65],
    /// The key's signature (r ‖ s) over [`possession::message`].
    pub proof: [u8; 64],
}

/// Leaves, in the order of the keys, and whoever issued them: X.509, DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The leaves.
    pub leaves: Vec<Vec<u8>>,
    /// The certificate of whoever issued them.
    pub issuer: Vec<u8>,
}

/// Why no leaf was issued.
#[derive(Debug, thiserror::Error)]
pub enum LeavesRefused {
    /// The device is not compliant, or it is not known whether it is.
    #[error("the device does not keep its tenant's rules ({}): see `keyfold tenant status`", .0.name())]
    NotCompliant(State),
    /// There are too many at once, or none.
    #[error("a batch has 1 to {MOST} keys")]
    Count,
    /// The same key is there twice.
    #[error("a batch has each key once")]
    Twice,
    /// Nobody has shown to have the private half of a key.
    #[error("key {0} has not signed that it is this device's")]
    Possession(usize),
    /// The device is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The tenant issues none.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// The device has as many as it may have.
    #[error("a device has at most {MOST_LIVE} leaves that count")]
    Full,
    /// The lists are full.
    #[error("no place was found for the leaves: try again")]
    NoPlace,
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Leaves {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        authorities: Arc<Authorities>,
        devices: Arc<Devices>,
        statuses: Arc<Statuses>,
    ) -> Self {
        Self { storage, clock, authorities, devices, statuses }
    }

    /// Issues leaves to a device that keeps the rules, in the order of its keys. Each stands at a place of its own, which has nothing
    /// to do with the others'.
    ///
    /// # Errors
    /// [`LeavesRefused`].
    pub async fn issue(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
        wanted: &[Wanted],
    ) -> Result<Batch, LeavesRefused> {
        if !(1..=MOST).contains(&wanted.len()) {
            return Err(LeavesRefused::Count);
        }
        let owner =
            possession::Owner { tenant: tenant.as_bytes(), account: account.as_bytes(), device: device.as_bytes() };
        for (position, key) in wanted.iter().enumerate() {
            if wanted.iter().take(position).any(|other| other.key == key.key) {
                return Err(LeavesRefused::Twice);
            }
            if !possession::is_shown(&owner, &key.key, &key.proof) {
                return Err(LeavesRefused::Possession(position));
            }
        }
        let known = self.authorities.known(tenant).await?;
        let now = self.clock.now();
        let today = now.day();
        let days = known.leaf_days(today)?;
        let expires_at = days.end.begins().0.saturating_add(DAY);
        let (compliance, count, most) = (State::Unknown, wanted.len(), MOST_LIVE);
        let of = LeavesOf { account, device, compliance, count, most, now: now.0, expires_at };
        let Admitted { compliance, vault, places } = self.admitted(tenant, of).await?;
        let leaf = |(wanted, place): (&Wanted, Place)| {
            let status = StatusReference { index: place.index, uri: self.statuses.url(tenant, place.list) };
            let protection = match wanted.class {
                Class::Synced => vault,
                // Nothing has shown where a key that never leaves its device lies.
                Class::DeviceBound => Protection::Software,
            };
            known.leaf(today, &LeafClaims { class: wanted.class, protection, compliance, status }, wanted.key)
        };
        let leaves = wanted.iter().zip(places).map(leaf).collect::<Result<_, _>>()?;
        Ok(Batch { leaves, issuer: known.issuer()?.to_vec() })
    }

    /// Judges the device, and takes places that are drawn at random, durably before anything names them. Where the device stands
    /// elsewhere by then, it is judged again.
    async fn admitted(&self, tenant: TenantId, of: LeavesOf) -> Result<Admitted, LeavesRefused> {
        for _ in 0..ATTEMPTS {
            let state = self.devices.compliance(tenant, of.account, of.device).await?.state;
            let compliance = match state {
                State::Compliant => Compliance::Compliant,
                State::InGracePeriod => Compliance::InGracePeriod,
                State::Unknown | State::NonCompliant | State::Error => return Err(LeavesRefused::NotCompliant(state)),
            };
            let row = self.storage.device(tenant, of.account, of.device).await?.filter(devices::is_there);
            let posture = devices::posture(&row.ok_or(DeviceError::NoDevice)?)?;
            let vault = posture.map_or(Protection::Software, |posture| protection(&posture.key_store));
            let list = self.statuses.list_with_room(tenant).await?;
            let drawn =
                (0..of.count.saturating_mul(DRAWN)).map(|_| random::below(LIST)).collect::<Result<Vec<_>, _>>()?;
            let of = LeavesOf { compliance: state, ..of };
            match self.storage.take_places(tenant, of, list, &drawn).await? {
                Places::Taken(places) => return Ok(Admitted { compliance, vault, places }),
                Places::Full => return Err(LeavesRefused::Full),
                Places::Otherwise | Places::NoRoom => {}
            }
        }
        Err(LeavesRefused::NoPlace)
    }
}

/// A device that may have leaves, and where they stand.
struct Admitted {
    compliance: Compliance,
    vault: Protection,
    places: Vec<Place>,
}

/// What protects what a device keeps, as far as hardware has shown it.
pub(crate) const fn protection(key_store: &Fact<KeyStore>) -> Protection {
    match key_store {
        Fact::Known { value, source: Source::HardwareVerified } => match value {
            KeyStore::Software => Protection::Software,
            KeyStore::Tee => Protection::Tee,
            KeyStore::Tpm => Protection::Tpm,
            KeyStore::SecureElement => Protection::SecureElement,
        },
        Fact::Known { source: Source::SelfReported, .. } | Fact::Unknown => Protection::Software,
    }
}

const MOST: usize = 64;
/// Of a device, those that have not expired: enough for thousands of relying parties, each renewed before its time.
const MOST_LIVE: u64 = 32_768;
/// Places drawn for each leaf: half of a list is taken at most, so that all of these are about never taken.
const DRAWN: usize = 16;
const ATTEMPTS: usize = 8;
