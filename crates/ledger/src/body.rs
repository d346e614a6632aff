use keyfold_crypto::{Hash, MemberKeys, SigningAlgorithm, VerifyingKey};
use keyfold_wire::{AccountId, EnrolmentId, MemberId, TenantId, v1};
use v1::{add_device, roster_entry};

use crate::{Description, EntryError, MAX_DEVICES, MAX_LINKS, MAX_RECOVERY_DELAY, description::check_text};

/// What an entry says, checked in form. Whether its author may say it is [`Roster::append`](crate::Roster::append)'s.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "an entry is parsed once and moved seldom")]
pub enum Body {
    /// The account begins.
    Genesis(Genesis),
    /// A new epoch key for the same members.
    Rotate(Rotation),
    /// A device joins.
    AddDevice(AddDevice),
    /// Members leave, with a new epoch key for those who stay.
    Remove(Remove),
    /// A recovery code is set up.
    AddRecovery(AddRecovery),
    /// Somebody uses the recovery code.
    RecoveryBegin(RecoveryBegin),
    /// A device stops a recovery; names the entry that began it.
    RecoveryCancel(Hash),
    /// The account joins a tenant, under the name that its user confirmed.
    JoinTenant(TenantId, String),
    /// The account leaves a tenant.
    LeaveTenant(TenantId),
    /// A device gets another name.
    RenameDevice(MemberId, String),
    /// The server's log key is replaced.
    ReplaceLogKey(VerifyingKey),
}

/// The first entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The first device's keys.
    pub device: MemberKeys,
    /// What people read of it.
    pub description: Description,
    /// The server's log key.
    pub log_key: VerifyingKey,
}

/// A new epoch key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The new epoch.
    pub epoch: u64,
    /// The commitment to its key.
    pub commitment: Hash,
    /// The hash of each member's sealed key, ascending by member.
    pub sealed: Vec<(MemberId, Hash)>,
    /// The hashes of links to earlier epochs' keys, ascending by epoch.
    pub links: Vec<(u64, Hash)>,
}

/// A device that joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddDevice {
    /// What was agreed before.
    pub transcript: Transcript,
    /// The exact bytes that the new device signed.
    pub transcript_bytes: Vec<u8>,
    /// The new device's signature over them.
    pub signature: Vec<u8>,
    /// The hash of the current epoch key sealed to it.
    pub sealed_key: Hash,
}

/// What a joining device and its approver agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "an entry is parsed once and moved seldom")]
pub enum Transcript {
    /// An active device approved.
    Enrolment {
        /// The enrolment.
        enrolment: EnrolmentId,
        /// The account that is joined.
        account: AccountId,
        /// The server's log key as both saw it.
        log_key: Vec<u8>,
        /// The approving device.
        approver: MemberId,
        /// The roster head that the entry extends.
        roster_head: Hash,
        /// The new device's keys.
        device: MemberKeys,
        /// What people read of it.
        description: Description,
    },
    /// A recovery code stands in for an approver.
    Recovery {
        /// The account that is recovered.
        account: AccountId,
        /// The entry that began the recovery.
        begin: Hash,
        /// The new device's keys.
        device: MemberKeys,
    },
}

/// Members that leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Ascending, at least one.
    pub members: Vec<MemberId>,
    /// The new epoch key for those who stay.
    pub rotation: Rotation,
    /// The recovery member that takes a removed one's place.
    pub replacement: Option<RecoveryMember>,
}

/// A recovery member's keys and how long its recoveries wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryMember {
    /// Derived from the recovery code.
    pub keys: MemberKeys,
    /// Milliseconds.
    pub delay: u64,
    /// [`keyfold_crypto::recovery::lookup_hash`] of what finds the account.
    pub lookup: Hash,
}

/// A recovery code that is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRecovery {
    /// Its member.
    pub member: RecoveryMember,
    /// The hash of the current epoch key sealed to it.
    pub sealed_key: Hash,
}

/// A recovery that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryBegin {
    /// The device that will join.
    pub device: MemberKeys,
    /// What people read of it.
    pub description: Description,
}

impl TryFrom<&roster_entry::Body> for Body {
    type Error = EntryError;

    fn try_from(body: &roster_entry::Body) -> Result<Self, EntryError> {
        use roster_entry::Body as Wire;
        Ok(match body {
            Wire::Genesis(genesis) => Self::Genesis(genesis.try_into()?),
            Wire::Rotate(rotate) => Self::Rotate(rotate.try_into()?),
            Wire::AddDevice(add) => Self::AddDevice(add.try_into()?),
            Wire::Remove(remove) => Self::Remove(remove.try_into()?),
            Wire::AddRecovery(add) => Self::AddRecovery(AddRecovery {
                member: add.member.as_ref().ok_or(EntryError::Missing("member"))?.try_into()?,
                sealed_key: field("sealed_key_hash", &add.sealed_key_hash)?,
            }),
            Wire::RecoveryBegin(begin) => Self::RecoveryBegin(RecoveryBegin {
                device: begin.device.as_ref().try_into()?,
                description: begin.description.as_ref().try_into()?,
            }),
            Wire::RecoveryCancel(cancel) => Self::RecoveryCancel(field("begin", &cancel.begin)?),
            Wire::JoinTenant(join) => {
                check_text(&join.name)?;
                Self::JoinTenant(field("tenant", &join.tenant)?, join.name.clone())
            }
            Wire::LeaveTenant(leave) => Self::LeaveTenant(field("tenant", &leave.tenant)?),
            Wire::RenameDevice(rename) => {
                check_text(&rename.name)?;
                Self::RenameDevice(field("device", &rename.device)?, rename.name.clone())
            }
            Wire::ReplaceLogKey(replace) => Self::ReplaceLogKey(log_key(&replace.log_key)?),
        })
    }
}

impl TryFrom<&v1::Genesis> for Genesis {
    type Error = EntryError;

    fn try_from(genesis: &v1::Genesis) -> Result<Self, EntryError> {
        if genesis.random.len() != 32 {
            return Err(EntryError::Length("random"));
        }
        Ok(Self {
            device: genesis.device.as_ref().try_into()?,
            description: genesis.description.as_ref().try_into()?,
            log_key: log_key(&genesis.log_key)?,
        })
    }
}

impl TryFrom<&v1::Rotate> for Rotation {
    type Error = EntryError;

    fn try_from(rotate: &v1::Rotate) -> Result<Self, EntryError> {
        // One more than the devices: the recovery member.
        if rotate.sealed.len() > MAX_DEVICES + 1 || rotate.links.len() > MAX_LINKS {
            return Err(EntryError::TooMany);
        }
        let sealed =
            rotate.sealed.iter().map(|sealed| Ok((field("member", &sealed.member)?, field("hash", &sealed.hash)?)));
        let links = rotate.links.iter().map(|link| Ok((link.epoch, field("hash", &link.hash)?)));
        let rotation = Self {
            epoch: rotate.epoch,
            commitment: field("commitment", &rotate.commitment)?,
            sealed: sealed.collect::<Result<_, EntryError>>()?,
            links: links.collect::<Result<_, EntryError>>()?,
        };
        if !rotation.sealed.is_sorted_by(|a, b| a.0 < b.0) || !rotation.links.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(EntryError::Order);
        }
        Ok(rotation)
    }
}

impl TryFrom<&v1::AddDevice> for AddDevice {
    type Error = EntryError;

    fn try_from(add: &v1::AddDevice) -> Result<Self, EntryError> {
        let (transcript, bytes) = match add.transcript.as_ref().ok_or(EntryError::Missing("transcript"))? {
            add_device::Transcript::Enrolment(bytes) => (Transcript::enrolment(bytes)?, bytes),
            add_device::Transcript::Recovery(bytes) => (Transcript::recovery(bytes)?, bytes),
        };
        Ok(Self {
            transcript,
            transcript_bytes: bytes.clone(),
            signature: add.signature.clone(),
            sealed_key: field("sealed_key_hash", &add.sealed_key_hash)?,
        })
    }
}

impl TryFrom<&v1::Remove> for Remove {
    type Error = EntryError;

    fn try_from(remove: &v1::Remove) -> Result<Self, EntryError> {
        if remove.members.len() > MAX_DEVICES + 1 {
            return Err(EntryError::TooMany);
        }
        let members: Vec<MemberId> =
            remove.members.iter().map(|member| field("members", member)).collect::<Result<_, EntryError>>()?;
        if members.is_empty() || !members.is_sorted_by(|a, b| a < b) {
            return Err(EntryError::Order);
        }
        Ok(Self {
            members,
            rotation: remove.rotation.as_ref().ok_or(EntryError::Missing("rotation"))?.try_into()?,
            replacement: remove.replacement.as_ref().map(TryInto::try_into).transpose()?,
        })
    }
}

impl TryFrom<&v1::RecoveryMember> for RecoveryMember {
    type Error = EntryError;

    fn try_from(member: &v1::RecoveryMember) -> Result<Self, EntryError> {
        if member.delay > MAX_RECOVERY_DELAY {
            return Err(EntryError::Delay);
        }
        Ok(Self {
            keys: member.keys.as_ref().try_into()?,
            delay: member.delay,
            lookup: field("lookup_hash", &member.lookup_hash)?,
        })
    }
}

impl Transcript {
    /// The keys of the device that joins.
    #[must_use]
    pub const fn device(&self) -> &MemberKeys {
        match self {
            Self::Enrolment { device, .. } | Self::Recovery { device, .. } => device,
        }
    }

    /// Reads the bytes of an `EnrolmentTranscript`.
    ///
    /// # Errors
    /// [`EntryError`] for any other form.
    pub fn enrolment(bytes: &[u8]) -> Result<Self, EntryError> {
        let transcript: v1::EnrolmentTranscript = decode(bytes)?;
        crate::entry::check_suite(transcript.suite)?;
        for nonce in [&transcript.device_nonce, &transcript.approver_nonce] {
            field::<Hash>("nonce", nonce)?;
        }
        Ok(Self::Enrolment {
            enrolment: field("enrolment", &transcript.enrolment)?,
            account: field("account", &transcript.account)?,
            log_key: transcript.log_key,
            approver: field("approver", &transcript.approver)?,
            roster_head: field("roster_head", &transcript.roster_head)?,
            device: transcript.device.as_ref().try_into()?,
            description: transcript.description.as_ref().try_into()?,
        })
    }

    fn recovery(bytes: &[u8]) -> Result<Self, EntryError> {
        let transcript: v1::RecoveryTranscript = decode(bytes)?;
        crate::entry::check_suite(transcript.suite)?;
        Ok(Self::Recovery {
            account: field("account", &transcript.account)?,
            begin: field("begin", &transcript.begin)?,
            device: transcript.device.as_ref().try_into()?,
        })
    }
}

fn decode<M: keyfold_crypto::Signable>(bytes: &[u8]) -> Result<M, EntryError> {
    Ok(keyfold_crypto::exact::decode(bytes, M::MAX_LEN)?)
}

fn log_key(bytes: &[u8]) -> Result<VerifyingKey, EntryError> {
    VerifyingKey::new(SigningAlgorithm::Ed25519, bytes).map_err(|_| EntryError::Length("log_key"))
}

pub(crate) fn field<'a, T: TryFrom<&'a [u8]>>(name: &'static str, bytes: &'a [u8]) -> Result<T, EntryError> {
    T::try_from(bytes).map_err(|_| EntryError::Length(name))
}
