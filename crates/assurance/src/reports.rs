//! What a relying party is told of a passkey that it knows.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use keyfold_evidence::{
    Assurance, BlindTag, Bucket, Class, CredentialKey, CredentialKeyError, Known, PROFILE, Passkey, Protection, Report,
    ReportStatus, SignedStatement, StatedBy, StatusReference, is_nonce, statement::Verified,
};
use keyfold_wire::{AccountId, MemberId};

use crate::{
    AuthorityUnavailable, Clock,
    authority::Authorities,
    clock::{DAY, HOUR, SECOND},
    devices::posture,
    leaves::protection,
    members::{MemberError, Members},
    random::{self, NoRandomness},
    relying_parties::{Client, RelyingParties, sha256},
    statuses::{LIST, Statuses},
    storage::{Device, Member, Place, Places, ReportOf, StatementRow, Storage, StorageError, What},
};

/// Reports passkeys to relying parties that know them.
pub struct Reports {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    authorities: Arc<Authorities>,
    relying_parties: Arc<RelyingParties>,
    members: Arc<Members>,
    statuses: Arc<Statuses>,
}

/// Which passkey a relying party asks about: it knows all of it.
#[derive(Debug, Clone, Copy)]
pub struct AskedFor<'a> {
    /// Its RP id, which the relying party has proved to own.
    pub rp_id: &'a str,
    /// Its credential id.
    pub credential_id: &'a [u8],
    /// Its public key, a `COSE_Key`.
    pub public_key: &'a [u8],
}

/// Why nothing is reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportRefused {
    /// The RP id is not the client's.
    #[error("the client has not proved to own this RP id")]
    NotProved,
    /// The public key cannot be used.
    #[error("the public key: {0}")]
    PublicKey(#[from] CredentialKeyError),
    /// The nonce cannot be one.
    #[error("a nonce has 8 to 88 characters of printable ASCII, and is drawn for one report")]
    Nonce,
    /// The nonce was used.
    #[error("this nonce was used before: draw another")]
    NonceUsed,
    /// No device of this tenant has stated anything of it that holds.
    #[error("nothing is known of this passkey here")]
    Unknown,
    /// The tenant signs nothing.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// The lists are full.
    #[error("no place was found for the report's status: try again")]
    NoPlace,
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It could not be read or stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What devices have told of a passkey: at least one statement that holds.
struct Told {
    tag: BlindTag,
    /// Whose passkey it is, by the best of them.
    account: AccountId,
    best: usize,
    brought: Vec<Brought>,
}

/// A statement that holds, and who brought it.
struct Brought {
    row: StatementRow,
    verified: Verified,
}

impl Reports {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        authorities: Arc<Authorities>,
        relying_parties: Arc<RelyingParties>,
        members: Arc<Members>,
        statuses: Arc<Statuses>,
    ) -> Self {
        Self { storage, clock, authorities, relying_parties, members, statuses }
    }

    /// Reports a passkey, signed, for this client alone and this nonce alone.
    ///
    /// # Errors
    /// [`ReportRefused`].
    pub async fn report(&self, client: &Client, asked: &AskedFor<'_>, nonce: &str) -> Result<String, ReportRefused> {
        if !is_nonce(nonce) {
            return Err(ReportRefused::Nonce);
        }
        let told = self.told(client, asked).await?;
        let now = self.clock.now();
        // A nonce is remembered longer than any report with it counts.
        let until = now.0.saturating_add(NONCE_KEPT);
        if !self.storage.spend(client.tenant, client.id, What::Nonce, sha256(nonce.as_bytes()), until).await? {
            return Err(ReportRefused::NonceUsed);
        }
        // Before anything is read that the report says: what changes from here on ends it.
        let place = self.place(client, &told).await?;
        let passkey = self.passkey(client, asked, &told).await?;
        let status = StatusReference { index: place.index, uri: self.statuses.url(client.tenant, place.list) };
        let report = Report {
            iss: self.authorities.url(client.tenant),
            aud: client.id.to_string(),
            iat: now.seconds(),
            exp: now.seconds() + COUNTS / SECOND,
            eat_nonce: nonce.to_owned(),
            eat_profile: PROFILE.to_owned(),
            status: ReportStatus { status_list: status },
            keyfold: passkey,
        };
        let known = self.authorities.known(client.tenant).await?;
        Ok(known.token_key(now.0)?.report(&report).map_err(AuthorityUnavailable::from)?)
    }

    /// What is known of a passkey, unsigned.
    ///
    /// # Errors
    /// [`ReportRefused`].
    pub async fn find(&self, client: &Client, asked: &AskedFor<'_>) -> Result<Passkey, ReportRefused> {
        let told = self.told(client, asked).await?;
        self.passkey(client, asked, &told).await
    }

    /// What devices have told of a passkey.
    async fn told(&self, client: &Client, asked: &AskedFor<'_>) -> Result<Told, ReportRefused> {
        if !self.relying_parties.owns(client, asked.rp_id).await? {
            return Err(ReportRefused::NotProved);
        }
        let key = CredentialKey::parse(asked.public_key)?;
        let passkey = Known { rp_id: asked.rp_id, credential_id: asked.credential_id, public_key: &key };
        let tag = BlindTag::of(asked.rp_id, asked.credential_id, asked.public_key);
        let mut brought = self.brought(client, &passkey, tag).await?;
        loop {
            // Whoever has the passkey's own key knows better than who has not; of several, who came first.
            let best = brought.iter().position(|brought| brought.verified.is_by_credential).unwrap_or(0);
            let Brought { row: StatementRow { account, device, .. }, .. } =
                brought.get(best).ok_or(ReportRefused::Unknown)?;
            let (account, device) = (*account, *device);
            match self.members.check(client.tenant, account, device).await {
                Ok(()) => return Ok(Told { tag, account, best, brought }),
                Err(MemberError::Storage(error)) => return Err(error.into()),
                // Its roster says that it is gone: the next best counts.
                Err(_) => drop(brought.remove(best)),
            }
        }
    }

    /// What is known of it now.
    async fn passkey(&self, client: &Client, asked: &AskedFor<'_>, told: &Told) -> Result<Passkey, ReportRefused> {
        let brought = &told.brought;
        let best = brought.get(told.best).ok_or(ReportRefused::Unknown)?;
        let (member, devices) = match self.members.known(client.tenant, told.account).await {
            Ok(known) => known,
            Err(MemberError::Storage(error)) => return Err(error.into()),
            Err(_) => return Err(ReportRefused::Unknown),
        };
        let statement = best.verified.statement;
        let class = statement.class;
        let holders: Vec<&Device> = holders(class, &devices, best.row.device);
        let protection = match class {
            Class::Synced => least_protection(&holders)?,
            Class::DeviceBound => best.verified.leaf.as_ref().map(|leaf| leaf.claims().protection),
        };
        let now = self.clock.now().0;
        let complies = |device: &&&Device| device.compliance.is_let_in() && device.compliance_until > now;
        Ok(Passkey {
            rp_id: asked.rp_id.to_owned(),
            credential_id: BASE64URL_NOPAD.encode(asked.credential_id),
            class,
            backup_eligible: class.is_backup_eligible(),
            aaguid: class.aaguid().to_string(),
            scope: statement.scope,
            created: statement.day,
            stated_by: stated_by(&best.verified),
            conflict: brought.iter().any(|other| conflicts(best, other)),
            protection,
            holders: Bucket::of(holders.len()),
            compliant_holders: Bucket::of(holders.iter().filter(complies).count()),
            recovery_members: recovery_members(class, &member),
            exports: exports(class, &member),
            assurance: Assurance::at_most(class, protection),
            statements: brought.iter().map(|brought| BASE64URL_NOPAD.encode(&brought.row.statement)).collect(),
        })
    }

    /// The statements under a tag that hold: what somebody else has put there is passed over.
    async fn brought(
        &self,
        client: &Client,
        passkey: &Known<'_>,
        tag: BlindTag,
    ) -> Result<Vec<Brought>, ReportRefused> {
        let known = self.authorities.known(client.tenant).await?;
        let authority = known.authority.as_ref().ok_or(AuthorityUnavailable::NotCertified)?;
        let now = self.clock.now();
        let verified = |row: StatementRow| {
            let signed = SignedStatement::decode(&row.statement).ok()?;
            let verified = signed.verify(passkey, authority, now).ok()?;
            Some(Brought { row, verified })
        };
        let rows = self.storage.statements(client.tenant, tag.0, READ).await?;
        Ok(rows.into_iter().filter_map(verified).take(TOLD).collect())
    }

    async fn place(&self, client: &Client, told: &Told) -> Result<Place, ReportRefused> {
        let now = self.clock.now().0;
        let expires_at = now.saturating_add(COUNTS + DAY);
        let of = ReportOf { client: client.id, account: told.account, tag: told.tag.0, now, expires_at };
        let list = self.statuses.list_with_room(client.tenant).await?;
        let drawn = (0..DRAWN).map(|_| random::below(LIST)).collect::<Result<Vec<_>, _>>()?;
        match self.storage.report_place(client.tenant, of, list, &drawn).await? {
            Places::Taken(places) => places.into_iter().next().ok_or(ReportRefused::NoPlace),
            Places::Otherwise => Err(ReportRefused::Unknown),
            Places::NoRoom | Places::Full => Err(ReportRefused::NoPlace),
        }
    }
}

/// The devices that hold a passkey.
fn holders(class: Class, devices: &[Device], maker: MemberId) -> Vec<&Device> {
    let active = devices.iter().filter(|device| device.removed_at.is_none());
    active.filter(|device| class == Class::Synced || device.device == maker).collect()
}

/// What protects the least protected of them; `None` where one has not told.
fn least_protection(holders: &[&Device]) -> Result<Option<Protection>, StorageError> {
    let mut least = Some(Protection::SecureElement);
    for device in holders {
        let told = posture(device)?.map(|posture| protection(&posture.key_store));
        least = least.zip(told).map(|(least, told)| least.min(told));
    }
    Ok(least.filter(|_| !holders.is_empty()))
}

const fn stated_by(verified: &Verified) -> StatedBy {
    match (verified.is_by_credential, verified.leaf.is_some()) {
        (true, true) => StatedBy::CredentialAndDevice,
        (true, false) => StatedBy::Credential,
        (false, _) => StatedBy::Device,
    }
}

/// Whether two statements of a passkey cannot both be true. Who has not shown the passkey's own key does not contradict who has.
fn conflicts(best: &Brought, other: &Brought) -> bool {
    if best.verified.is_by_credential != other.verified.is_by_credential {
        return false;
    }
    let (one, two) = (best.verified.statement, other.verified.statement);
    (one.class, one.scope, one.day) != (two.class, two.scope, two.day) || best.row.account != other.row.account
}

/// A recovery code opens the vault, and not what is bound to a device.
fn recovery_members(class: Class, member: &Member) -> Bucket {
    match class {
        Class::Synced => Bucket::of(usize::try_from(member.facts.recovery_members).unwrap_or(usize::MAX)),
        Class::DeviceBound => Bucket::None,
    }
}

fn exports(class: Class, member: &Member) -> Bucket {
    match class {
        Class::Synced => Bucket::of(usize::try_from(member.exports).unwrap_or(usize::MAX)),
        Class::DeviceBound => Bucket::None,
    }
}

/// Statements of a tag that are looked at, and those of them that are told: what a report may hold.
const READ: u64 = 64;
const TOLD: usize = 16;
const COUNTS: u64 = HOUR;
const NONCE_KEPT: u64 = 2 * DAY;
/// Half of a list is taken at most: one of so many is free.
const DRAWN: usize = 64;
