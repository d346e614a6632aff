//! An enrolment takes its steps one after the other, each once, before it expires and unless it failed.

use futures_util::future::join_all;
use keyfold_vault::storage::{
    AppendWrite, Appended, Claim, EnrolmentRow, EnrolmentStep, NewEnrolment, Standing, Storage, Swept, UsedEnrolment,
};
use keyfold_wire::EnrolmentId;

use crate::{
    databases::on_each_database,
    names::{MINUTE, NOW, account, device, enrolment, named},
    vaults::Vault,
};

const EXPIRES: u64 = NOW + 10 * MINUTE;

fn new(name: &str, short_code: &str) -> NewEnrolment {
    NewEnrolment {
        enrolment: enrolment(name),
        short_code: short_code.to_owned(),
        commitment: named(name),
        expires_at: EXPIRES,
    }
}

fn claim(approver: &str) -> Claim {
    Claim { account: account("ana"), approver: device(approver) }
}

async fn begun(storage: &dyn Storage) -> EnrolmentId {
    Vault::founded(storage, "ana").await;
    assert!(storage.begin_enrolment(new("tablet", "abcd2345")).await.unwrap());
    enrolment("tablet")
}

/// Takes a step as its one author would.
async fn take(storage: &dyn Storage, id: EnrolmentId, step: EnrolmentStep, now: u64) -> bool {
    match step {
        EnrolmentStep::Begun => storage.begin_enrolment(new("tablet", "abcd2345")).await,
        EnrolmentStep::Approved => storage.approve(id, claim("laptop"), b"approval", now).await,
        EnrolmentStep::Opened => storage.open(id, b"opening", now).await,
        EnrolmentStep::Added => Ok(add(storage, id, now).await == Appended::Done),
        EnrolmentStep::Completed => storage.complete(id, b"completion", now).await,
    }
    .unwrap()
}

/// Appends the entry that is the enrolment's outcome.
async fn add(storage: &dyn Storage, id: EnrolmentId, now: u64) -> Appended {
    let account = account("ana");
    let Standing::Active(heads) = storage.standing(account).await.unwrap() else { panic!("there is no account") };
    let enrolment = Some(UsedEnrolment { enrolment: id, now });
    let entry = AppendWrite { enrolment, ..Vault { account, heads }.rotation("tablet") };
    let added = storage.append(entry).await.unwrap();
    let moved = storage.standing(account).await.unwrap() != Standing::Active(heads);
    assert_eq!(moved, added == Appended::Done, "the entry and the enrolment's use are one");
    added
}

async fn row(storage: &dyn Storage, id: EnrolmentId) -> EnrolmentRow {
    storage.enrolment(id).await.unwrap().unwrap()
}

const STEPS: [EnrolmentStep; 5] = [
    EnrolmentStep::Begun,
    EnrolmentStep::Approved,
    EnrolmentStep::Opened,
    EnrolmentStep::Added,
    EnrolmentStep::Completed,
];

#[tokio::test]
async fn each_step_is_taken_once_and_in_its_turn() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        for current in 0..5 {
            assert_eq!(row(storage, id).await.step, STEPS[current]);
            for (number, step) in STEPS.into_iter().enumerate().filter(|(number, _)| *number != current + 1) {
                assert!(!take(storage, id, step, NOW).await, "step {number} from step {current}");
            }
            if current < 4 {
                assert!(take(storage, id, STEPS[current + 1], NOW).await);
            }
        }
        let row = row(storage, id).await;
        assert_eq!((row.enrolment, row.commitment, row.expires_at), (id, named("tablet"), EXPIRES));
        assert_eq!((row.claim, row.failed), (Some(claim("laptop")), false));
        assert_eq!(row.approval.as_deref(), Some(b"approval".as_slice()));
        assert_eq!(row.opening.as_deref(), Some(b"opening".as_slice()));
        assert_eq!(row.completion.as_deref(), Some(b"completion".as_slice()));
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_approvers_at_once_one_claims_it() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        let names: Vec<String> = (0..16).map(|number| format!("device {number}")).collect();
        let claims = names.iter().map(|name| storage.approve(id, claim(name), name.as_bytes(), NOW));
        let claimed: Vec<bool> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(claimed.iter().filter(|claimed| **claimed).count(), 1);
        let winner = &names[claimed.iter().position(|claimed| *claimed).unwrap()];
        let row = row(storage, id).await;
        assert_eq!((row.claim, row.approval), (Some(claim(winner)), Some(winner.as_bytes().to_vec())));
    })
    .await;
}

#[tokio::test]
async fn no_step_is_taken_once_it_has_expired() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        for step in &STEPS[1..] {
            assert!(!take(storage, id, *step, EXPIRES).await);
            assert!(take(storage, id, *step, EXPIRES - 1).await);
        }
    })
    .await;
}

#[tokio::test]
async fn no_step_is_taken_once_it_has_failed() {
    on_each_database(async |storage| {
        Vault::founded(storage, "ana").await;
        for (number, reached) in STEPS[..3].iter().enumerate() {
            let name = format!("tablet {number}");
            let id = enrolment(&name);
            assert!(storage.begin_enrolment(new(&name, &name)).await.unwrap());
            for step in &STEPS[1..=number] {
                assert!(take(storage, id, *step, NOW).await);
            }
            assert!(storage.fail(id).await.unwrap());
            for step in &STEPS[1..] {
                assert!(!take(storage, id, *step, NOW).await);
            }
            let row = row(storage, id).await;
            assert_eq!((row.step, row.failed), (*reached, true));
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_used_cannot_fail_any_more() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        for step in &STEPS[1..] {
            assert!(take(storage, id, *step, NOW).await);
            if *step >= EnrolmentStep::Added {
                assert!(!storage.fail(id).await.unwrap());
            }
        }
        assert!(!row(storage, id).await.failed);
        assert!(!storage.fail(enrolment("never begun")).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn neither_an_id_nor_a_short_code_names_two_enrolments() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        let same_code = new("camera", "abcd2345");
        assert!(!storage.begin_enrolment(same_code).await.unwrap());
        assert!(!storage.begin_enrolment(new("tablet", "wxyz6789")).await.unwrap());
        assert!(storage.begin_enrolment(new("camera", "wxyz6789")).await.unwrap());

        let found = async |code: &str| storage.enrolment_by_code(code).await.unwrap().map(|row| row.enrolment);
        assert_eq!(found("abcd2345").await, Some(id));
        assert_eq!(found("wxyz6789").await, Some(enrolment("camera")));
        assert_eq!(found("nothing2").await, None);
        assert!(storage.enrolment(enrolment("never begun")).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn an_enrolment_is_remembered_for_an_hour_after_it_expires() {
    on_each_database(async |storage| {
        let id = begun(storage).await;
        assert!(storage.fail(id).await.unwrap());
        assert_eq!(storage.sweep(EXPIRES + 60 * MINUTE - 1).await.unwrap(), Swept::default());
        assert!(row(storage, id).await.failed);
        assert_eq!(storage.sweep(EXPIRES + 60 * MINUTE).await.unwrap(), Swept { enrolments: 1, ..Swept::default() });
        assert!(storage.enrolment(id).await.unwrap().is_none());
        assert!(storage.begin_enrolment(new("tablet", "abcd2345")).await.unwrap());
    })
    .await;
}
