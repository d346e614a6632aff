//! A judgement is kept if it is of what is known.

use futures_util::future::join_all;
use keyfold_assurance::{
    policy::State,
    storage::{DeviceKey, Judged, Kept, MemberStorage, News, PolicyRow, PostureStorage},
};

use crate::{
    names::{DAY, NOW, account},
    offices::in_each_office,
};

fn with(news: &str, judgement: Judged) -> Judged {
    Judged { news: Some(News::Posture(news.to_owned())), ..judgement }
}

#[tokio::test]
async fn of_judgements_that_come_at_once_each_is_of_the_one_before_or_is_made_again() {
    in_each_office(async |office| {
        for round in 0..10 {
            let judgement = office.judgement(State::Compliant, NOW + DAY + round).await;
            let judged = (0..8).map(|by| with(&format!("{round} {by}"), judgement.clone()));
            let kept = join_all(judged.map(|judged| office.database.judged(office.tenant, judged))).await;
            let kept: Vec<Kept> = kept.into_iter().map(Result::unwrap).collect();
            assert_eq!(kept.iter().filter(|kept| **kept == Kept::Done).count(), 1, "{kept:?}");
            assert!(!kept.contains(&Kept::Gone));
        }
    })
    .await;
}

#[tokio::test]
async fn a_judgement_by_policies_from_before_is_not_kept() {
    in_each_office(async |office| {
        let (tenant, database) = (office.tenant, office.database);
        let policy = PolicyRow { name: "policy".to_owned(), policy: "{}".to_owned(), changed_at: NOW };
        let judgement = office.judgement(State::Compliant, NOW + DAY).await;
        database.set_compliance_policy(tenant, policy).await.unwrap();
        assert_eq!(database.judged(tenant, judgement).await.unwrap(), Kept::Moved);
        let judgement = office.judgement(State::Compliant, NOW + DAY).await;
        assert!(database.remove_compliance_policy(tenant, "policy").await.unwrap());
        assert_eq!(database.judged(tenant, judgement).await.unwrap(), Kept::Moved);
        let judgement = office.judgement(State::Compliant, NOW + DAY).await;
        database.leave(tenant, office.ana, NOW).await.unwrap();
        assert_eq!(database.judged(tenant, judgement).await.unwrap(), Kept::Gone);
    })
    .await;
}

#[tokio::test]
async fn a_device_of_two_accounts_is_judged_in_each() {
    in_each_office(async |office| {
        let (tenant, database, laptop, ben) = (office.tenant, office.database, office.laptop, account("ben"));
        office.joins(ben, 1, &[laptop]).await;
        let mut both = [office.ana, ben];
        both.sort();
        assert_eq!(database.accounts_of(tenant, laptop).await.unwrap(), both);
        for account in both {
            let before = database.device(tenant, account, laptop).await.unwrap().unwrap();
            assert_eq!(before.account, account);
            let judgement = Judged { before, ..office.judgement(State::Compliant, NOW).await };
            assert_eq!(database.judged(tenant, judgement).await.unwrap(), Kept::Done);
        }
        let keys = both.map(|account| DeviceKey { tenant, account, device: laptop });
        assert_eq!(database.judgements_due(NOW, None, 10).await.unwrap(), keys);
        assert_eq!(database.judgements_due(NOW, Some(keys[0]), 10).await.unwrap(), [keys[1]]);
        let listed = database.devices(tenant, Some((both[0], laptop)), 10).await.unwrap();
        assert_eq!(listed.iter().map(|device| device.account).collect::<Vec<_>>(), [both[1]]);
    })
    .await;
}
