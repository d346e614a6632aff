//! The brief form of a pull: what its receiver knows already is left out, and filled in again to the exact bytes that were
//! signed. It is a form of transport only; nothing is verified but the whole messages.

use keyfold_crypto::{Hash, Signable, exact};
use keyfold_wire::{AccountId, v1};
use prost::Message;

use crate::{Chain, EntryError, Receipt, ReceiptError};

/// A commit without the heads that it names. What is no commit is left as it is.
#[must_use]
pub fn commit(whole: v1::Signed) -> v1::Signed {
    match v1::Commit::decode(whole.body.as_slice()) {
        Ok(commit) => {
            let brief = v1::Commit { prev: Vec::new(), roster_head: Vec::new(), ..commit };
            v1::Signed { body: brief.encode_to_vec(), signature: whole.signature }
        }
        Err(_) => whole,
    }
}

/// The heads, for who stands at these seqs of the roster and the vault: without the receipts' bodies, the heads of what the
/// pull brings, and the receipt of a roster that has not moved.
#[must_use]
pub fn heads(heads: &v1::Heads, (roster, vault): (u64, u64)) -> v1::BriefHeads {
    let kept = |kept: bool, bytes: &[u8]| if kept { bytes.to_vec() } else { Vec::new() };
    let signature = |receipt: &Option<v1::Signed>| receipt.as_ref().map_or_else(Vec::new, |it| it.signature.clone());
    v1::BriefHeads {
        roster_seq: heads.roster_seq,
        roster_head: kept(heads.roster_seq <= roster, &heads.roster_head),
        vault_seq: heads.vault_seq,
        vault_head: kept(heads.vault_seq <= vault, &heads.vault_head),
        roster_signature: kept(heads.roster_seq != roster, &signature(&heads.roster_receipt)),
        vault_signature: signature(&heads.vault_receipt),
    }
}

/// The commit that was made brief, where both chains stand at these heads.
///
/// # Errors
/// [`EntryError`] if it is no brief commit.
pub fn whole_commit(brief: &v1::Signed, vault_head: Hash, roster_head: Hash) -> Result<v1::Signed, EntryError> {
    let commit: v1::Commit = exact::decode_public(&brief.body, v1::Commit::MAX_LEN)?;
    for (name, left_out) in [("prev", &commit.prev), ("roster_head", &commit.roster_head)] {
        if !left_out.is_empty() {
            return Err(EntryError::Length(name));
        }
    }
    let whole = v1::Commit { prev: vault_head.to_vec(), roster_head: roster_head.to_vec(), ..commit };
    Ok(v1::Signed { body: whole.encode_to_vec(), signature: brief.signature.clone() })
}

/// What a receiver fills brief heads in with: where its own chains stand, once they have come so far.
#[derive(Debug)]
pub struct Known<'a> {
    /// The account.
    pub account: AccountId,
    /// The roster's head.
    pub roster: Hash,
    /// The server's receipt for the roster's head before the pull.
    pub roster_receipt: &'a v1::Signed,
    /// The vault's head.
    pub vault: Hash,
}

/// The heads that were made brief. Whether they are these is for the receipts to show.
///
/// # Errors
/// [`ReceiptError`] if a head is no hash.
pub fn whole_heads(brief: &v1::BriefHeads, known: &Known<'_>) -> Result<v1::Heads, ReceiptError> {
    let head = |told: &[u8], known: Hash| match told {
        [] => Ok(known),
        told => Hash::try_from(told).map_err(|_| ReceiptError::OtherHead),
    };
    let (roster, vault) = (head(&brief.roster_head, known.roster)?, head(&brief.vault_head, known.vault)?);
    let receipt = |chain, seq, head, signature: &[u8]| {
        let body = Receipt { account: known.account, chain, seq, head }.to_wire().encode_to_vec();
        v1::Signed { body, signature: signature.to_vec() }
    };
    let roster_receipt = match brief.roster_signature.as_slice() {
        [] => known.roster_receipt.clone(),
        signature => receipt(Chain::Roster, brief.roster_seq, roster, signature),
    };
    Ok(v1::Heads {
        roster_seq: brief.roster_seq,
        roster_head: roster.to_vec(),
        vault_seq: brief.vault_seq,
        vault_head: vault.to_vec(),
        roster_receipt: Some(roster_receipt),
        vault_receipt: Some(receipt(Chain::Vault, brief.vault_seq, vault, &brief.vault_signature)),
    })
}

/// Whether heads that were made brief for who stands at these seqs leave out what they may, and nothing else.
#[must_use]
pub const fn is_brief(brief: &v1::BriefHeads, (roster, vault): (u64, u64)) -> bool {
    brief.roster_head.is_empty() == (brief.roster_seq > roster)
        && brief.vault_head.is_empty() == (brief.vault_seq > vault)
        && brief.roster_signature.is_empty() == (brief.roster_seq == roster)
        && !brief.vault_signature.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_filled_in_to_the_same_bytes() {
        let account = AccountId::new([7; 16]);
        let signed = |chain, seq, head| {
            let body = Receipt { account, chain, seq, head }.to_wire().encode_to_vec();
            v1::Signed { body, signature: vec![seq as u8; 64] }
        };
        let (roster, vault) = (Hash::new([1; 32]), Hash::new([2; 32]));
        let whole = v1::Heads {
            roster_seq: 5,
            roster_head: roster.to_vec(),
            vault_seq: 9,
            vault_head: vault.to_vec(),
            roster_receipt: Some(signed(Chain::Roster, 5, roster)),
            vault_receipt: Some(signed(Chain::Vault, 9, vault)),
        };
        for since in [(5, 9), (5, 8), (4, 9), (4, 8), (6, 9), (5, 10), (6, 10)] {
            let brief = heads(&whole, since);
            assert!(is_brief(&brief, since), "{since:?}");
            assert_eq!(is_brief(&brief, (5, 8)), since == (5, 8), "{since:?}");
            let receipt = signed(Chain::Roster, 5, roster);
            let known = Known { account, roster, roster_receipt: &receipt, vault };
            assert_eq!(whole_heads(&brief, &known), Ok(whole.clone()), "{since:?}");
        }
    }

    #[test]
    fn a_brief_commit_has_no_heads_of_its_own() {
        let commit = v1::Commit {
            seq: 3,
            prev: vec![1; 32],
            roster_head: vec![2; 32],
            set_hash: vec![3; 32],
            ..v1::Commit::default()
        };
        let whole = v1::Signed { body: commit.encode_to_vec(), signature: vec![4; 64] };
        let brief = commit_of(&whole);
        assert_eq!(whole.body.len() - brief.body.len(), 68);
        assert_eq!(whole_commit(&brief, Hash::new([1; 32]), Hash::new([2; 32])).as_ref(), Ok(&whole));
        for (prev, roster_head) in [(vec![1; 32], Vec::new()), (Vec::new(), vec![2; 32])] {
            let commit = v1::Commit { prev, roster_head, ..commit.clone() };
            let half = v1::Signed { body: commit.encode_to_vec(), signature: vec![4; 64] };
            assert!(whole_commit(&half, Hash::ZERO, Hash::ZERO).is_err());
        }
        assert!(whole_commit(&v1::Signed::default(), Hash::ZERO, Hash::ZERO).is_ok(), "rules are the ledger's");
    }

    fn commit_of(whole: &v1::Signed) -> v1::Signed {
        super::commit(whole.clone())
    }
}
