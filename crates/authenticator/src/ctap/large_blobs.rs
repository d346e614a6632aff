use ciborium::Value;
use rand_core::CryptoRng;
use ring::digest;

use super::MAX_MESSAGE;
use super::proof::Proof;
use crate::authenticator::{LargeBlobs, Pending, Upload};
use crate::cbor::{self, Fields, bytes, integer, integer_map};
use crate::large_blob::SealedBlob;
use crate::token::Permissions;
use crate::{Authenticator, CredentialStore, CtapError, LargeBlob, UserVerification};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// authenticatorLargeBlobs (CTAP 2.1 §6.10): reads and writes the serialized array in fragments.
    pub(super) fn serve_large_blobs(
        &mut self,
        parameters: Value,
        pending: Pending,
        user: &dyn UserVerification,
    ) -> Result<Option<Value>, CtapError> {
        let mut fields = Fields::of(parameters)?;
        let get = fields.optional(1).map(length).transpose()?;
        let set = fields.optional(2).map(bytes).transpose()?;
        let offset = length(fields.required(3)?)?;
        let whole = fields.optional(4).map(length).transpose()?;
        let proof = Proof::from_fields(&mut fields, (5, 6))?;
        match (get, set) {
            (Some(get), None) if whole.is_none() && !proof.is_there() => self.read_large_blobs(get, offset).map(Some),
            (None, Some(set)) => {
                let upload = match (offset, whole, pending) {
                    (0, Some(whole), _) => begin(whole)?,
                    (0, None, _) | (1.., Some(_), _) => return Err(CtapError::InvalidParameter),
                    (1.., None, Pending::Upload(upload)) => upload,
                    (1.., None, _) => return Err(CtapError::InvalidSequence),
                };
                self.write_large_blobs(upload, &set, offset, &proof, user).map(|()| None)
            }
            _ => Err(CtapError::InvalidParameter),
        }
    }

    fn read_large_blobs(&mut self, get: usize, offset: usize) -> Result<Value, CtapError> {
        if get > MAX_FRAGMENT {
            return Err(CtapError::InvalidLength);
        }
        let shown = match self.session.take_shown_blobs() {
            Some(shown) if offset > 0 => shown,
            _ => self.large_blobs()?,
        };
        let rest = shown.serialized.get(offset..).ok_or(CtapError::InvalidParameter)?;
        let fragment = rest.get(..get).unwrap_or(rest).to_vec();
        self.session.show_blobs(shown);
        Ok(integer_map([(1, Value::from(fragment))]))
    }

    fn write_large_blobs(
        &mut self,
        mut upload: Upload,
        fragment: &[u8],
        offset: usize,
        proof: &Proof,
        user: &dyn UserVerification,
    ) -> Result<(), CtapError> {
        if fragment.len() > MAX_FRAGMENT {
            return Err(CtapError::InvalidLength);
        }
        if offset != upload.received.len() {
            return Err(CtapError::InvalidSequence);
        }
        if self.is_protected(user)? {
            let offset = u32::try_from(offset).map_err(|_| CtapError::InvalidParameter)?.to_le_bytes();
            let hash = digest::digest(&digest::SHA256, fragment);
            let message = [[0xff; 32].as_slice(), &[0x0c, 0x00], &offset, hash.as_ref()].concat();
            let proven = self.prove(proof, &message)?;
            proven.allows(Permissions::LARGE_BLOB_WRITE)?;
        }
        upload.received.extend_from_slice(fragment);
        if upload.received.len() > upload.length {
            return Err(CtapError::InvalidParameter);
        }
        if upload.received.len() < upload.length {
            self.session.pending = Pending::Upload(upload);
            return Ok(());
        }
        if !is_whole(&upload.received) {
            return Err(CtapError::IntegrityFailure);
        }
        let array = upload.received.split_last_chunk::<HASH>().map_or([].as_slice(), |(array, _)| array);
        self.take_large_blobs(array)
    }

    /// The array: foreign entries first, as many of ours as fit behind.
    fn large_blobs(&self) -> Result<LargeBlobs, CtapError> {
        let foreign = self.store.foreign_blobs()?;
        let (mut ours, mut held) = (Vec::new(), Vec::new());
        let mut length = foreign.len() + HASH + LONGEST_HEAD;
        for (party, listing) in self.store.inventory()? {
            let Some(blob) = self.store.large_blob(&party.id, &listing.credential_id)? else { continue };
            let Some(passkey) = self.store.load(&party.id, &listing.credential_id)? else { continue };
            let sealed = blob.seal(&passkey.large_blob_key())?;
            let longer = length + cbor::encode(&sealed)?.len();
            if longer > MAX_LARGE_BLOBS {
                continue;
            }
            length = longer;
            ours.push(sealed);
            held.push((party.id, listing.credential_id));
        }
        let mut array = match (foreign.is_empty(), ours.is_empty()) {
            (true, true) => EMPTY.to_vec(),
            // To the byte, as it was written.
            (false, true) => foreign,
            (_, false) => {
                let mut entries = entries_of(&foreign);
                entries.extend(ours);
                serialized(entries)?
            }
        };
        let hash = digest::digest(&digest::SHA256, &array);
        array.extend(hash.as_ref().iter().take(HASH));
        Ok(LargeBlobs { serialized: array, held })
    }

    /// Entries that open under a passkey's key are its blob, on every device; the rest stays here as it is. A passkey whose
    /// blob was in the array that this platform was shown, and is not any more, has none.
    fn take_large_blobs(&mut self, array: &[u8]) -> Result<(), CtapError> {
        let before = self.session.take_shown_blobs().map(|shown| shown.held).unwrap_or_default();
        let entries = entries_of(array);
        let mut open: Vec<Option<SealedBlob>> = entries.iter().cloned().map(SealedBlob::of).collect();
        let mut changes = Vec::new();
        for (party, listing) in self.store.inventory()? {
            let Some(passkey) = self.store.load(&party.id, &listing.credential_id)? else { continue };
            let key = passkey.large_blob_key();
            let mut found = None;
            for entry in &mut open {
                if let Some(blob) = entry.as_ref().and_then(|entry| LargeBlob::open(entry, &key)) {
                    found = Some(blob);
                    *entry = None;
                }
            }
            let of = (party.id, listing.credential_id);
            if found.is_some() || before.contains(&of) {
                changes.push((of, found));
            }
        }
        let is_ours = |(entry, left): (Value, &Option<SealedBlob>)| {
            let is_entry = SealedBlob::of(entry.clone()).is_some();
            (!is_entry || left.is_some()).then_some(entry)
        };
        let foreign: Vec<Value> = entries.iter().cloned().zip(&open).filter_map(is_ours).collect();
        let foreign = if foreign.len() == entries.len() { array.to_vec() } else { serialized(foreign)? };
        for ((rp_id, id), blob) in changes {
            if self.store.large_blob(&rp_id, &id)? != blob {
                self.store.set_large_blob(&rp_id, &id, blob.as_ref())?;
            }
        }
        Ok(self.store.set_foreign_blobs(&foreign)?)
    }
}

/// The entries of an array; what is no array has none (CTAP 2.1 §6.10.4).
fn entries_of(array: &[u8]) -> Vec<Value> {
    let read = ciborium::de::from_reader_with_recursion_limit::<Value, _>(array, MAX_DEPTH);
    read.ok().and_then(|array| array.into_array().ok()).unwrap_or_default()
}

fn serialized(entries: Vec<Value>) -> Result<Vec<u8>, CtapError> {
    let mut array = Vec::new();
    ciborium::into_writer(&Value::Array(entries), &mut array).map_err(|_| CtapError::Other)?;
    Ok(array)
}

fn begin(length: usize) -> Result<Upload, CtapError> {
    match length {
        ..HASH => Err(CtapError::InvalidParameter),
        HASH..=MAX_LARGE_BLOBS => Ok(Upload { received: Vec::new(), length }),
        _ => Err(CtapError::LargeBlobStorageFull),
    }
}

/// Whether the array ends in the first 16 bytes of its SHA-256.
fn is_whole(array: &[u8]) -> bool {
    array.split_last_chunk::<HASH>().is_some_and(|(array, hash)| {
        let digest = digest::digest(&digest::SHA256, array);
        digest.as_ref().starts_with(hash)
    })
}

fn length(value: Value) -> Result<usize, CtapError> {
    usize::try_from(integer(value)?).map_err(|_| CtapError::InvalidParameter)
}

/// The longest serialized array, with its hash.
pub(crate) const MAX_LARGE_BLOBS: usize = 32 * 1_024;
const MAX_FRAGMENT: usize = MAX_MESSAGE - 64;
const HASH: usize = 16;
/// An empty CBOR array.
const EMPTY: [u8; 1] = [0x80];
/// Of a CBOR array.
const LONGEST_HEAD: usize = 9;
const MAX_DEPTH: usize = 16;
