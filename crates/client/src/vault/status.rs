use keyfold_crypto::enrolment::{CheckCode, CheckCodes};
use keyfold_ledger::{Body, Entry, PendingRecovery, Role, Roster, Transcript};
use keyfold_wire::{AccountId, MemberId};

use super::{LocalVault, VaultError};
use crate::storage::{Condition, Stop};

/// How a device stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The account.
    pub account: AccountId,
    /// This device.
    pub device: MemberId,
    /// The server's public URL.
    pub server: String,
    /// How far the profile has come.
    pub condition: Condition,
    /// The last roster entry held.
    pub roster_seq: u64,
    /// The last commit held.
    pub vault_seq: u64,
    /// Items in the vault, deleted ones as well.
    pub items: u64,
    /// Edits that no acknowledged commit holds.
    pub unsent_edits: u64,
    /// Items whose newest revision is quarantined.
    pub quarantined: usize,
    /// Items whose latest revision is still under an earlier epoch's key.
    pub to_reencrypt: u64,
    /// The key that the server signs its receipts with, as the roster has it: 32 bytes.
    pub log_key: Vec<u8>,
    /// The account's devices.
    pub devices: Vec<DeviceStatus>,
    /// The account's recovery code, if it has one.
    pub recovery: Option<RecoveryStatus>,
    /// Whether this device came by a recovery code and has yet to put another in its place: before that it may not write.
    pub owes_recovery_code: bool,
    /// Why sync stopped.
    pub stopped: Option<Stop>,
}

/// A recovery code, as every device sees it.
#[derive(Debug, Clone)]
pub struct RecoveryStatus {
    /// Since when there is one, Unix milliseconds.
    pub since: u64,
    /// How long its use waits, milliseconds.
    pub delay: u64,
    /// Somebody is using it.
    pub pending: Option<PendingRecovery>,
}

/// A device of the account.
#[derive(Debug, Clone)]
pub struct DeviceStatus {
    /// Its id.
    pub id: MemberId,
    /// What people call it.
    pub name: String,
    /// Where it runs.
    pub platform: String,
    /// What it runs.
    pub agent: String,
    /// When it joined, Unix milliseconds.
    pub joined_at: u64,
    /// What shows it, should its enrolment have been interrupted, that this account is the one that let it in: its
    /// approver's check code. `None` if it came by no enrolment.
    pub check_code: Option<CheckCode>,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl LocalVault {
    /// How this device stands.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn status(&self) -> Result<Status, VaultError> {
        let held = self.held().await?;
        let profile = self.profile();
        let items = self.storage().items().await?;
        let devices = held.roster.devices().map(|(id, member, device)| DeviceStatus {
            id,
            name: device.description.name.clone(),
            platform: device.description.platform.clone(),
            agent: device.description.agent.clone(),
            joined_at: member.joined_at,
            check_code: check_code(&held.entries, &id),
            this: id == profile.device,
        });
        Ok(Status {
            account: profile.account,
            device: profile.device,
            server: profile.server.clone(),
            condition: profile.condition,
            roster_seq: held.roster.seq(),
            vault_seq: held.vault.as_ref().map_or(0, keyfold_ledger::Vault::seq),
            items: held.vault.as_ref().map_or(0, keyfold_ledger::Vault::count),
            unsent_edits: self.storage().count_edits().await?,
            quarantined: items.iter().filter(|item| item.fault.is_some()).count(),
            to_reencrypt: self.storage().count_of_earlier_epochs(held.roster.epoch().number).await?,
            log_key: held.roster.log_key().as_bytes().to_vec(),
            devices: devices.collect(),
            recovery: recovery(&held.roster),
            owes_recovery_code: held.roster.must_replace_recovery(&profile.device).is_some(),
            stopped: profile.stopped.clone(),
        })
    }
}

fn recovery(roster: &Roster) -> Option<RecoveryStatus> {
    let (_, member) = roster.recovery()?;
    let Role::Recovery { delay } = member.role else { return None };
    Some(RecoveryStatus { since: member.joined_at, delay, pending: roster.pending_recovery().cloned() })
}

fn check_code(entries: &[Entry], device: &MemberId) -> Option<CheckCode> {
    entries.iter().find_map(|entry| match entry.body() {
        Body::AddDevice(add)
            if add.transcript.device().id() == *device && matches!(add.transcript, Transcript::Enrolment { .. }) =>
        {
            Some(CheckCodes::of(&add.transcript_bytes).from_approver)
        }
        _ => None,
    })
}
