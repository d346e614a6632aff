//! The roster grows by one entry at a time, each on the heads that it was checked against.

use futures_util::future::join_all;
use keyfold_vault::storage::{AppendWrite, Appended, EntryRow, Fences, Heads, Span, Standing, Storage, Written};

use crate::{
    databases::on_each_database,
    names::{NOW, device, message, named},
    vaults::{Edit, Vault, sealed},
};

async fn entries(storage: &dyn Storage, vault: &Vault, name: &str) -> Vec<EntryRow> {
    storage.entries(vault.account, Span { first: 0, last: 100 }, Some(device(name)), 100).await.unwrap()
}

#[tokio::test]
async fn an_entry_moves_the_roster_and_keeps_its_keys_and_links() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        ana.push(storage, "commit 1", &[Edit::Write("mail", 300)]).await;
        let before = ana.heads;
        ana.rotate(storage, "epoch 2").await;
        let after = Heads { roster_seq: 2, roster_head: named("epoch 2"), ..before };
        assert_eq!(ana.standing(storage).await, Standing::Active(after));

        for name in ["laptop", "phone"] {
            let entry = entries(storage, &ana, name).await.pop().unwrap();
            assert_eq!((entry.seq, entry.vault_seq, entry.entry), (2, 1, message("epoch 2")));
            assert_eq!(entry.sealed_key, Some(sealed("epoch 2", name).1));
            assert_eq!(entry.links, [(1, named("epoch 2").to_vec()), (2, vec![2; 60])]);
        }
        assert_eq!(entries(storage, &ana, "stranger").await.pop().unwrap().sealed_key, None);
    })
    .await;
}

#[tokio::test]
async fn an_entry_on_heads_that_moved_writes_nothing() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let founded = ana.heads;
        ana.rotate(storage, "epoch 2").await;
        let rotated = ana.heads;
        ana.push(storage, "commit 1", &[Edit::Write("mail", 300)]).await;
        let stranger = Heads { roster_head: named("another history"), ..ana.heads };

        for stale in [founded, rotated, stranger] {
            let late = AppendWrite { expected: stale, ..ana.rotation("late") };
            assert_eq!(storage.append(late).await.unwrap(), Appended::Moved);
            assert_eq!(ana.standing(storage).await, Standing::Active(ana.heads));
            let kept = entries(storage, &ana, "phone").await;
            assert_eq!(kept.len(), 3);
            assert_eq!(kept[2].sealed_key, Some(sealed("epoch 2", "phone").1));
            assert_eq!(kept[2].links[0].1, named("epoch 2").to_vec());
        }
        assert_eq!(storage.append(Vault::new("nobody").rotation("late")).await.unwrap(), Appended::Moved);
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_entries_at_once_on_one_head_exactly_one_is_appended() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        let rotations = (0..16).map(|number| storage.append(ana.rotation(&format!("rotation {number}"))));
        let written: Vec<Appended> = join_all(rotations).await.into_iter().map(Result::unwrap).collect();
        let winner = written.iter().position(|written| *written == Appended::Done).unwrap();
        assert_eq!(written.iter().filter(|written| **written == Appended::Done).count(), 1);

        let kept = entries(storage, &ana, "phone").await;
        let won = format!("rotation {winner}");
        assert_eq!((kept.len(), &kept[2].entry), (3, &message(&won)));
        assert_eq!(kept[2].sealed_key, Some(sealed(&won, "phone").1));
        let heads = Heads { roster_seq: 2, roster_head: named(&won), ..ana.heads };
        assert_eq!(ana.standing(storage).await, Standing::Active(heads));
    })
    .await;
}

#[tokio::test]
async fn the_largest_rotation_is_written_whole() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let names: Vec<String> = (0..65).map(|number| format!("device {number}")).collect();
        let rotation = AppendWrite {
            sealed_keys: names.iter().map(|name| (device(name), vec![9; 1_168])).collect(),
            links: (1..=256).map(|epoch| (epoch, vec![8; 60])).collect(),
            ..ana.rotation("epoch 257")
        };
        assert_eq!(ana.append(storage, rotation).await, Appended::Done);
        for name in names {
            let entry = entries(storage, &ana, &name).await.pop().unwrap();
            assert_eq!(entry.sealed_key, Some(vec![9; 1_168]));
            assert!(entry.links.iter().map(|(epoch, _)| *epoch).eq(1..=256));
        }
    })
    .await;
}

#[tokio::test]
async fn a_turn_is_given_once_and_ends_with_the_entry_that_it_was_for() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let fences = async |vault: &Vault| storage.push_base(vault.account, &[]).await.unwrap().unwrap().fences;
        let none = Fences::default();
        assert_eq!(fences(&ana).await, none);
        let [phones, laptops] = [fence("phone", 0), fence("laptop", 0)];
        assert_eq!(storage.fence(ana.account, &none, &phones).await.unwrap(), Written::Done);
        assert_eq!(storage.fence(ana.account, &none, &laptops).await.unwrap(), Written::Moved);
        assert_eq!(fences(&ana).await, phones);

        let over = fence("phone", 2);
        let stale = AppendWrite { expected: Heads { roster_head: named("x"), ..ana.heads }, ..ana.rotation("late") };
        let stale = AppendWrite { fences: Some(over.clone()), ..stale };
        assert_eq!(storage.append(stale).await.unwrap(), Appended::Moved);
        assert_eq!(fences(&ana).await, phones);
        let rotation = AppendWrite { fences: Some(over.clone()), ..ana.rotation("epoch 2") };
        assert_eq!(ana.append(storage, rotation).await, Appended::Done);
        assert_eq!(fences(&ana).await, over);
        ana.rotate(storage, "epoch 3").await;
        assert_eq!(fences(&ana).await, over);
    })
    .await;
}

fn fence(name: &str, flags: u8) -> Fences {
    let bytes = [device(name).as_bytes().as_slice(), &NOW.to_be_bytes(), &[flags]].concat();
    Fences::try_from(bytes.as_slice()).unwrap()
}
