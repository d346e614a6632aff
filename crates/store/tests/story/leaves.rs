//! Leaves have places in a status list, and stand there as their device does.

use futures_util::future::join;
use keyfold_assurance::{
    policy::State,
    storage::{
        DeviceKey, Kept, LeavesOf, MemberStorage, Place, Places, PolicyRow, PostureStorage, Standing, StatusStorage,
    },
};

use crate::{
    names::{DAY, NOW},
    offices::in_each_office,
};

#[tokio::test]
async fn only_a_device_that_stands_as_its_leaves_will_say_has_places_for_them() {
    in_each_office(async |office| {
        assert_eq!(office.takes(1, &[0, 1]).await, Places::Otherwise, "nothing is known of it");
        for (state, until) in
            [(State::InGracePeriod, NOW + DAY), (State::NonCompliant, NOW + DAY), (State::Compliant, NOW)]
        {
            office.judged(state, until).await;
            assert_eq!(office.takes(1, &[0, 1]).await, Places::Otherwise, "{state:?} {until}");
        }
        office.judged(State::Compliant, NOW + DAY).await;
        assert_eq!(office.takes(1, &[0, 1]).await, Places::Taken(vec![Place { list: 1, index: 0 }]));
        office.database.leave(office.tenant, office.ana, NOW).await.unwrap();
        assert_eq!(office.takes(1, &[2, 3]).await, Places::Otherwise, "it was removed");
        assert_eq!(office.standing(0).await, Some(Standing::Invalid));
    })
    .await;
}

#[tokio::test]
async fn a_place_that_is_taken_is_passed_over() {
    in_each_office(async |office| {
        office.judged(State::Compliant, NOW + DAY).await;
        office.takes(4, &[0, 2, 4, 6]).await;
        let place = |index| Place { list: 1, index };
        let taken = office.takes(3, &[0, 1, 1, 2, 3, 4, 5, 7]).await;
        assert_eq!(taken, Places::Taken([1, 3, 5].map(place).to_vec()));
        assert_eq!(office.takes(2, &[5, 6, 7]).await, Places::NoRoom);
        assert_eq!(office.standing(7).await, None, "all or none");
    })
    .await;
}

#[tokio::test]
async fn a_device_has_at_most_so_many_leaves_that_count() {
    in_each_office(async |office| {
        office.judged(State::Compliant, NOW + DAY).await;
        let takes = async |count, now, drawn: &[u32]| {
            let of = LeavesOf { most: 3, now, ..office.leaves(count) };
            office.database.take_places(office.tenant, of, 1, drawn).await.unwrap()
        };
        assert!(matches!(takes(2, NOW, &[0, 1]).await, Places::Taken(_)));
        assert_eq!(takes(2, NOW, &[2, 3]).await, Places::Full);
        assert!(matches!(takes(1, NOW, &[2, 3]).await, Places::Taken(_)));
        assert_eq!(takes(1, NOW, &[3]).await, Places::Full);
        assert_eq!(office.database.last_list(office.tenant).await.unwrap(), Some(1));
        assert_eq!(office.database.taken(office.tenant, 1).await.unwrap(), 3);
        office.judged(State::Compliant, NOW + 2 * DAY).await;
        assert!(matches!(takes(1, NOW + DAY, &[3]).await, Places::Taken(_)), "those before have expired");
    })
    .await;
}

#[tokio::test]
async fn leaves_that_are_issued_beside_a_judgement_stand_by_it() {
    in_each_office(async |office| {
        for round in 0..20_u32 {
            office.judged(State::Compliant, NOW + DAY).await;
            let drawn: Vec<u32> = (round * 64..(round + 1) * 64).collect();
            let judgement = office.judgement(State::NonCompliant, NOW + DAY).await;
            let (places, judged) =
                join(office.takes(64, &drawn), office.database.judged(office.tenant, judgement)).await;
            assert_eq!(judged.unwrap(), Kept::Done);
            if let Places::Taken(places) = places {
                for place in places {
                    assert_eq!(office.standing(place.index).await, Some(Standing::Suspended));
                }
            }
        }
        assert_eq!(office.database.not_valid(office.tenant, 1, NOW).await.unwrap().len() % 64, 0);
    })
    .await;
}

#[tokio::test]
async fn from_the_moment_of_another_policy_nobody_is_let_in_by_a_judgement_from_before() {
    in_each_office(async |office| {
        let (tenant, database) = (office.tenant, office.database);
        let policy = PolicyRow { name: "policy".to_owned(), policy: "{}".to_owned(), changed_at: NOW };
        let laptop = DeviceKey { tenant, account: office.ana, device: office.laptop };
        for index in 0..2 {
            office.judged(State::Compliant, NOW + DAY).await;
            assert!(matches!(office.takes(1, &[index]).await, Places::Taken(_)));
            assert_eq!(office.standing(index).await, Some(Standing::Valid));
            assert_eq!(database.judgements_due(NOW, None, 10).await.unwrap(), []);

            if index == 0 {
                database.set_compliance_policy(tenant, policy.clone()).await.unwrap();
            } else {
                assert!(database.remove_compliance_policy(tenant, "policy").await.unwrap());
            }
            assert_eq!(database.device(tenant, office.ana, office.laptop).await.unwrap().unwrap().compliance_until, 0);
            assert_eq!(office.standing(index).await, Some(Standing::Suspended));
            assert!(database.not_valid(tenant, 1, NOW).await.unwrap().contains(&(index, Standing::Suspended)));
            assert_eq!(office.takes(1, &[9]).await, Places::Otherwise);
            assert_eq!(database.judgements_due(NOW, None, 10).await.unwrap(), [laptop]);
            assert_eq!(database.judgements_due(NOW, Some(laptop), 10).await.unwrap(), []);

            office.judged(State::Compliant, NOW + DAY).await;
            assert_eq!(office.standing(index).await, Some(Standing::Valid), "and is again by the next");
            assert_eq!(database.not_valid(tenant, 1, NOW).await.unwrap(), []);
        }
    })
    .await;
}
