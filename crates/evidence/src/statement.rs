//! What a device states of a new passkey, to whoever proves to know it.
//!
//! A statement is a canonical CBOR map of 1 (tag, 32 bytes), 2 (class: 1 synced, 2 device-bound), 3 (AAGUID), 4 (scope: 1 the
//! devices of one account, 2 those that the tenant manages among them) and 5 (the day). It is signed, behind a prefix each, by
//! the credential's own key and by the evidence key. A signed statement is a map of 1 (the statement's bytes), 2 (the credential's
//! signature), 3 (the leaf, DER) and 4 (the evidence key's, r ‖ s); of 2 and of 3 with 4 one may be absent.

use ciborium::Value;
use sha2::{Digest, Sha256};

use crate::{
    Authority, Class, CredentialKey, Day, Leaf, LeafError, UnixMillis,
    cbor::{self, Members},
};

/// Names a passkey to whoever knows all of it, and says nothing to anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlindTag(pub [u8; 32]);

/// What a device states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Of which passkey.
    pub tag: BlindTag,
    /// Its class.
    pub class: Class,
    /// How far it is synced.
    pub scope: Scope,
    /// The day on which it was made.
    pub day: Day,
}

/// To which devices a passkey goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// To all of its account's.
    Account,
    /// To those of them that the tenant manages.
    Managed,
}

/// A statement with its signatures, as it is kept and handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    statement: Statement,
    /// Its bytes, which are signed.
    bytes: Vec<u8>,
    credential_signature: Option<Vec<u8>>,
    evidence: Option<(Vec<u8>, Vec<u8>)>,
}

/// A passkey, as its relying party knows it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its RP id.
    pub rp_id: &'a str,
    /// Its credential id.
    pub credential_id: &'a [u8],
    /// Its public key.
    pub public_key: &'a CredentialKey,
}

/// Who stands by a statement.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What is stated.
    pub statement: Statement,
    /// Whether the credential's own key signed it. Without that anybody who knows the passkey's public half may have stated it.
    pub is_by_credential: bool,
    /// The device's leaf, if its evidence key signed it; as it counted on the statement's day, and perhaps no more.
    pub leaf: Option<Leaf>,
    /// Why there is no leaf, though a key signed as an evidence key: nobody who is trusted now stands by it. Its issuer was revoked,
    /// or the tenant has another root. What only the leaf could show is not shown then.
    pub leaf_refused: Option<LeafError>,
}

/// Why a statement is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is not of its form.
    #[error("the statement cannot be read")]
    Malformed,
    /// It is of a day that is not there yet.
    #[error("the statement is of a day to come")]
    NotYet,
    /// It is of another passkey.
    #[error("the statement is of another passkey")]
    Tag,
    /// A signature is not of the key that it is said to be of.
    #[error("a signature of the statement does not verify")]
    Signature,
    /// The leaf is refused.
    #[error("the statement's leaf is refused: {0}")]
    Leaf(#[from] LeafError),
    /// The leaf is of the other class.
    #[error("the statement's leaf is of another class")]
    Class,
}

impl BlindTag {
    /// The tag of a passkey: SHA-256 over namespace ‖ length (8, big-endian) and bytes of each of RP id, credential id and `COSE_Key`.
    #[must_use]
    pub fn of(rp_id: &str, credential_id: &[u8], public_key: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix(TAG);
        for part in [rp_id.as_bytes(), credential_id, public_key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl Statement {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let class = match self.class {
            Class::Synced => 1,
            Class::DeviceBound => 2,
        };
        let scope = match self.scope {
            Scope::Account => 1,
            Scope::Managed => 2,
        };
        let members = [
            (1, Value::from(self.tag.0.to_vec())),
            (2, Value::from(class)),
            (3, Value::from(self.class.aaguid().0.to_vec())),
            (4, Value::from(scope)),
            (5, Value::from(self.day.0)),
        ];
        cbor::encode(&Value::Map(members.map(|(name, value)| (Value::from(name), value)).to_vec()))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut members = Members::of(cbor::decode(bytes)?)?;
        let tag = members.number(1)?.into_bytes().ok()?.try_into().ok()?;
        let number = |value: Value| u32::try_from(value.into_integer().ok()?).ok();
        let class = match number(members.number(2)?)? {
            1 => Class::Synced,
            2 => Class::DeviceBound,
            _ => return None,
        };
        let aaguid = members.number(3)?.into_bytes().ok()?;
        let scope = match number(members.number(4)?)? {
            1 => Scope::Account,
            2 => Scope::Managed,
            _ => return None,
        };
        let day = Day(number(members.number(5)?)?);
        members.end()?;
        (aaguid == class.aaguid().0).then_some(Self { tag: BlindTag(tag), class, scope, day })
    }
}

/// What a credential's key signs of a statement. An assertion begins with the SHA-256 of an RP id, which this ASCII is not.
#[must_use]
pub fn message_of_credential(statement: &[u8]) -> Vec<u8> {
    [BY_CREDENTIAL.as_slice(), statement].concat()
}

/// What an evidence key signs of a statement: its namespace ‖ SHA-256 of the leaf ‖ the statement.
#[must_use]
pub fn message_of_evidence(leaf_hash: &[u8; 32], statement: &[u8]) -> Vec<u8> {
    [BY_EVIDENCE_KEY.as_slice(), leaf_hash, statement].concat()
}

impl SignedStatement {
    /// Of a statement's bytes, with the credential's signature over [`message_of_credential`], and a leaf with its key's (r ‖ s) over
    /// [`message_of_evidence`].
    #[must_use]
    pub fn new(
        statement: &Statement,
        credential_signature: Option<Vec<u8>>,
        evidence: Option<(Vec<u8>, [u8; 64])>,
    ) -> Self {
        let evidence = evidence.map(|(leaf, signature)| (leaf, signature.to_vec()));
        Self { statement: *statement, bytes: statement.encode(), credential_signature, evidence }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut members = vec![(Value::from(1), Value::from(self.bytes.clone()))];
        if let Some(signature) = &self.credential_signature {
            members.push((Value::from(2), Value::from(signature.clone())));
        }
        if let Some((leaf, signature)) = &self.evidence {
            members.push((Value::from(3), Value::from(leaf.clone())));
            members.push((Value::from(4), Value::from(signature.clone())));
        }
        cbor::encode(&Value::Map(members))
    }

    /// Reads one, of at most [`MAX_STATEMENT`] bytes. Nothing of it is verified.
    ///
    /// # Errors
    /// [`StatementError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::read(bytes).ok_or(StatementError::Malformed)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_STATEMENT {
            return None;
        }
        let mut members = Members::of(cbor::decode(bytes)?)?;
        let bytes = members.number(1)?.into_bytes().ok()?;
        let optional = |value: Option<Value>| {
            value.map(|value| value.into_bytes().ok()).map_or(Some(None), |bytes| bytes.map(Some))
        };
        let credential_signature = optional(members.number(2))?;
        let evidence = match (optional(members.number(3))?, optional(members.number(4))?) {
            (Some(leaf), Some(signature)) => Some((leaf, signature)),
            (None, None) => None,
            _ => return None,
        };
        members.end()?;
        let is_signed = credential_signature.is_some() || evidence.is_some();
        let statement = Statement::decode(&bytes)?;
        is_signed.then_some(Self { statement, bytes, credential_signature, evidence })
    }

    /// Which passkey it is about: to find it again, for nothing of it is verified.
    #[must_use]
    pub const fn tag(&self) -> BlindTag {
        self.statement.tag
    }

    /// Verifies that it is of this passkey, and each signature that it has: the leaf must have counted on the statement's day, by
    /// what is known of its authority now. What the credential's own key signed holds also where the leaf's authority is trusted no
    /// more: it is a statement without a leaf then.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn verify(
        &self,
        passkey: &Known<'_>,
        authority: &Authority,
        now: UnixMillis,
    ) -> Result<Verified, StatementError> {
        let statement = self.statement;
        let credential = passkey.public_key;
        if statement.tag != BlindTag::of(passkey.rp_id, passkey.credential_id, credential.as_cose()) {
            return Err(StatementError::Tag);
        }
        if statement.day > now.day() {
            return Err(StatementError::NotYet);
        }
        let by_credential = self.credential_signature.as_ref();
        let message = message_of_credential(&self.bytes);
        if by_credential.is_some_and(|signature| !credential.signed(&message, signature)) {
            return Err(StatementError::Signature);
        }
        let leaf = match &self.evidence {
            Some((leaf, signature)) => {
                // What was changed on its way is refused, whoever is trusted: nothing that the leaf's key signed covers it.
                let claimed = Leaf::read(leaf)?;
                if !claimed.signed(&message_of_evidence(claimed.hash(), &self.bytes), signature) {
                    return Err(StatementError::Signature);
                }
                if claimed.claims().class != statement.class {
                    return Err(StatementError::Class);
                }
                Some(Leaf::verify_at(leaf, authority, statement.day.begins(), now))
            }
            None => None,
        };
        let (leaf, leaf_refused) = match leaf {
            Some(Err(error @ LeafError::Untrusted)) if by_credential.is_some() => (None, Some(error)),
            leaf => (leaf.transpose()?, None),
        };
        Ok(Verified { statement, is_by_credential: by_credential.is_some(), leaf, leaf_refused })
    }
}

/// The bytes of the longest signed statement: a leaf, two signatures (ML-DSA-44's has 2,420 bytes), and a hundred for the rest.
pub const MAX_STATEMENT: usize = 4 * 1_024;

const TAG: &[u8; 32] = b"keyfold/v1/evidence/blind-tag///";
const BY_CREDENTIAL: &[u8; 32] = b"keyfold/v1/evidence/credential//";
const BY_EVIDENCE_KEY: &[u8; 32] = b"keyfold/v1/evidence/statement///";
