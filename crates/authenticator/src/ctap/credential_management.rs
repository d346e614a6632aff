use std::collections::{BTreeMap, VecDeque};

use ciborium::Value;
use rand_core::CryptoRng;

use super::members::{descriptor, hash, user, user_entity};
use super::proof::{Proof, covered};
use crate::authenticator::Pending;
use crate::cbor::{Fields, bytes, count, integer, integer_map};
use crate::token::Permissions;
use crate::{
    Authenticator, CredentialId, CredentialStore, CtapError, Discoverability, Listing, RelyingParty, RpId,
    pin_protocol::authenticate,
};

/// A discoverable passkey and whose it is.
type Held = (RelyingParty, Listing);

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// authenticatorCredentialManagement (CTAP 2.1 §6.8), over discoverable passkeys.
    pub(super) fn serve_credential_management(
        &mut self,
        parameters: Value,
        pending: Pending,
    ) -> Result<Option<Value>, CtapError> {
        let mut fields = Fields::of(parameters)?;
        let subcommand = integer(fields.required(1)?)?;
        let parameters = fields.optional(2);
        let proof = Proof::from_fields(&mut fields, (4, 3))?;
        let message = [vec![u8::try_from(subcommand).unwrap_or_default()], covered(parameters.as_ref())?].concat();
        let parameters = || Fields::of(parameters.clone().ok_or(CtapError::MissingParameter)?);
        match (subcommand, pending) {
            (GET_METADATA, _) => {
                self.may_read(&proof, &message, None)?;
                self.metadata().map(Some)
            }
            (ENUMERATE_RPS, _) => {
                self.may_read(&proof, &message, None)?;
                self.first_relying_party().map(Some)
            }
            (NEXT_RP, Pending::RelyingParties(left)) => self.next_relying_party(left, None).map(Some),
            (ENUMERATE_CREDENTIALS, _) => {
                let rp_id_hash = hash(parameters()?.required(1)?)?;
                self.may_read(&proof, &message, Some(&rp_id_hash))?;
                self.first_credential(&rp_id_hash).map(Some)
            }
            (NEXT_CREDENTIAL, Pending::Credentials(rp_id, left)) => self.next_credential(rp_id, left, None).map(Some),
            (NEXT_RP | NEXT_CREDENTIAL, _) => Err(CtapError::NotAllowed),
            (DELETE, _) => {
                let (party, listing) = self.may_change(&proof, &message, &mut parameters()?)?;
                self.store.delete(&party.id, &listing.credential_id)?;
                Ok(None)
            }
            (UPDATE_USER, _) => {
                let mut parameters = parameters()?;
                let (party, listing) = self.may_change(&proof, &message, &mut parameters)?;
                let user = user(parameters.required(3)?)?;
                if user.handle != listing.user.handle {
                    return Err(CtapError::InvalidParameter);
                }
                self.store.rename(&party.id, &listing.credential_id, &user)?;
                Ok(None)
            }
            _ => Err(CtapError::InvalidSubcommand),
        }
    }

    /// Reading is for tokens with permission to manage passkeys, and for the persistent one. A token for one relying party
    /// reads of that alone.
    fn may_read(&mut self, proof: &Proof, message: &[u8], rp_id_hash: Option<&[u8; 32]>) -> Result<(), CtapError> {
        if let (Proof::Mac(protocol, mac), Some(token)) = (proof, self.store.device()?.persistent_token)
            && authenticate::verify(*protocol, &token, message, mac).is_ok()
        {
            return Ok(());
        }
        let proven = self.prove(proof, message)?.allows(Permissions::CREDENTIAL_MANAGEMENT)?;
        match (proven.scope(), rp_id_hash) {
            (None, _) => Ok(()),
            (Some(rp_id), Some(hash)) if rp_id.hash() == *hash => Ok(()),
            (Some(_), _) => Err(CtapError::PinAuthInvalid),
        }
    }

    /// The passkey that is to be changed, for a token that allows it.
    fn may_change(&mut self, proof: &Proof, message: &[u8], parameters: &mut Fields) -> Result<Held, CtapError> {
        let id = bytes(Fields::of(parameters.required(2)?)?.required("id")?)?;
        let proven = self.prove(proof, message)?.allows(Permissions::CREDENTIAL_MANAGEMENT)?;
        let scope = proven.scope().cloned();
        let id = CredentialId::try_from(id.as_slice()).map_err(|_| CtapError::NoCredentials)?;
        let mut held = self.held()?;
        held.retain(|(_, listing)| listing.credential_id == id);
        let is_there = !held.is_empty();
        held.retain(|(party, _)| scope.as_ref().is_none_or(|scope| *scope == party.id));
        // What was imported may have the same id at two relying parties: a token for one of them says which.
        match (held.pop(), held.is_empty(), is_there) {
            (Some(held), true, _) => Ok(held),
            (Some(_), false, _) => Err(CtapError::InvalidParameter),
            (None, _, true) => Err(CtapError::PinAuthInvalid),
            (None, _, false) => Err(CtapError::NoCredentials),
        }
    }

    fn held(&self) -> Result<Vec<Held>, CtapError> {
        let mut held = self.store.inventory()?;
        held.retain(|(_, listing)| listing.discoverability == Discoverability::Discoverable);
        Ok(held)
    }

    fn metadata(&self) -> Result<Value, CtapError> {
        let held = self.held()?.len();
        Ok(integer_map([(0x01, count(held)), (0x02, Value::from(self.store.room()?))]))
    }

    fn first_relying_party(&mut self) -> Result<Value, CtapError> {
        let parties: BTreeMap<RpId, RelyingParty> =
            self.held()?.into_iter().map(|(party, _)| (party.id.clone(), party)).collect();
        let left: VecDeque<RelyingParty> = parties.into_values().collect();
        let total = left.len();
        if total == 0 {
            return Err(CtapError::NoCredentials);
        }
        self.next_relying_party(left, Some(total))
    }

    fn next_relying_party(
        &mut self,
        mut left: VecDeque<RelyingParty>,
        total: Option<usize>,
    ) -> Result<Value, CtapError> {
        let party = left.pop_front().ok_or(CtapError::NotAllowed)?;
        let mut entity = vec![(Value::from("id"), Value::from(party.id.as_str()))];
        entity.extend(party.name.as_ref().map(|name| (Value::from("name"), Value::from(name.as_str()))));
        let mut members =
            vec![(Value::from(0x03), Value::Map(entity)), (Value::from(0x04), Value::from(party.id.hash().to_vec()))];
        members.extend(total.map(|total| (Value::from(0x05), count(total))));
        self.session.pending = Pending::RelyingParties(left);
        Ok(Value::Map(members))
    }

    fn first_credential(&mut self, rp_id_hash: &[u8; 32]) -> Result<Value, CtapError> {
        let held = self.held()?.into_iter().filter(|(party, _)| party.id.hash() == *rp_id_hash);
        let (parties, left): (Vec<RelyingParty>, VecDeque<Listing>) = held.unzip();
        let rp_id = parties.into_iter().next().ok_or(CtapError::NoCredentials)?.id;
        let total = left.len();
        self.next_credential(rp_id, left, Some(total))
    }

    fn next_credential(
        &mut self,
        rp_id: RpId,
        mut left: VecDeque<Listing>,
        total: Option<usize>,
    ) -> Result<Value, CtapError> {
        let listing = left.pop_front().ok_or(CtapError::NotAllowed)?;
        // Its public half is told, and the key of its blob, as the standard asks.
        let passkey = self.store.load(&rp_id, &listing.credential_id)?.ok_or(CtapError::NotAllowed)?;
        let public_key = ciborium::from_reader(passkey.private_key.public_key().to_cose().as_slice());
        let mut members = vec![
            (Value::from(0x06), user_entity(&listing.user)),
            (Value::from(0x07), descriptor(&listing.credential_id)),
            (Value::from(0x08), public_key.map_err(|_| CtapError::Other)?),
            (Value::from(0x0a), Value::from(listing.cred_protect.level())),
            (Value::from(0x0b), Value::from(passkey.large_blob_key().expose().to_vec())),
        ];
        members.extend(total.map(|total| (Value::from(0x09), count(total))));
        self.session.pending = Pending::Credentials(rp_id, left);
        Ok(Value::Map(members))
    }
}

const GET_METADATA: i64 = 1;
const ENUMERATE_RPS: i64 = 2;
const NEXT_RP: i64 = 3;
const ENUMERATE_CREDENTIALS: i64 = 4;
const NEXT_CREDENTIAL: i64 = 5;
const DELETE: i64 = 6;
const UPDATE_USER: i64 = 7;
