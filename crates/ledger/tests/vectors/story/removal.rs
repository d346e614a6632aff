use keyfold_crypto::{
    EpochKey, MemberKeys,
    epoch::{SealContext, sealed_hash},
    recovery::{RecoveryCode, lookup_hash},
};
use keyfold_ledger::{
    Account, Entry,
    author::{Author, Rotated, Rotation},
};
use keyfold_wire::{MemberId, v1};
use v1::roster_entry::Body;

use super::{Phone, T0, next};
use crate::fixed::Fixed;

/// The entry that removes the phone, and the second epoch's key.
pub(crate) struct Removed {
    pub(crate) entry: Entry,
    pub(crate) rotated: Rotated,
    pub(crate) link_nonce: Vec<u8>,
}

/// The entry by which a recovery code with a delay of three days is set up.
pub(super) fn set_up_recovery(account: &Account, laptop: &Author, epoch_key: &EpochKey, code: &RecoveryCode) -> Entry {
    let place = next(account, T0 + 240_000);
    let keys = code.keys(&account.roster().account()).unwrap().public();
    let context = SealContext { account: account.roster().account(), epoch: 1, member: keys.id(), prev: place.prev };
    let sealed = epoch_key.seal(keys.wrapping(), &context, &mut Fixed::new("recovery sealed key"));
    let body = Body::AddRecovery(v1::AddRecovery {
        member: Some(v1::RecoveryMember {
            keys: Some(keys.to_wire()),
            delay: 3 * 24 * 60 * 60 * 1000,
            lookup_hash: lookup_hash(&code.lookup()).to_vec(),
        }),
        sealed_key_hash: sealed_hash(&sealed).to_vec(),
    });
    laptop.sign(&place, body).unwrap()
}

impl Removed {
    pub(super) fn by(account: &Account, laptop: &Author, phone: &Phone, epoch_key: &EpochKey) -> Self {
        let place = next(account, T0 + 300_000);
        let members = account.roster().members().iter();
        let stay: Vec<(MemberId, MemberKeys)> =
            members.filter(|(id, _)| **id != phone.id()).map(|(id, member)| (*id, member.keys.clone())).collect();
        let earlier = [(1, epoch_key)];
        let rotation = Rotation { account: account.roster().account(), prev: place.prev, epoch: 2, earlier: &earlier };
        let mut rng = Fixed::new("removal");
        let rotated = rotation.to(&stay, &mut rng);
        // The key, an encapsulation for each of the two members that stay, the link's nonce.
        let [_, _, _, link_nonce] = rng.drawn();
        let body = Body::Remove(v1::Remove {
            members: vec![phone.id().to_vec()],
            rotation: Some(rotated.rotate.clone()),
            replacement: None,
        });
        Self { entry: laptop.sign(&place, body).unwrap(), rotated, link_nonce }
    }
}
