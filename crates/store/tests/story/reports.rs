//! A report has a place in a status list, from before anything is read that it says.

use futures_util::future::join;
use keyfold_assurance::storage::{
    MemberStorage, Place, Places, ReportOf, Standing, StatementRow, StatementStorage, StatusStorage,
};
use keyfold_wire::ClientId;

use crate::{
    names::{DAY, NOW, account, device, named},
    offices::{Office, facts, in_each_office},
};

impl Office<'_> {
    fn report(&self, now: u64) -> ReportOf {
        let client = ClientId::new(named("shop").first_16());
        ReportOf { client, account: self.ana, tag: *named("passkey").as_bytes(), now, expires_at: now + DAY }
    }

    async fn reports(&self, now: u64, drawn: &[u32]) -> Places {
        self.database.report_place(self.tenant, self.report(now), 1, drawn).await.unwrap()
    }
}

fn taken(index: u32) -> Places {
    Places::Taken(vec![Place { list: 1, index }])
}

#[tokio::test]
async fn reports_of_a_passkey_share_a_place_until_it_ends_or_expires() {
    in_each_office(async |office| {
        assert_eq!(office.reports(NOW, &[0]).await, taken(0));
        assert_eq!(office.reports(NOW + 1, &[1]).await, taken(0));
        assert_eq!(office.reports(NOW + 1 + DAY, &[0, 1]).await, taken(1), "it had expired, and was not forgotten yet");
        assert!(office.database.exported(office.tenant, office.ana, [1; 32], NOW, 10).await.unwrap());
        assert_eq!(office.standing(1).await, Some(Standing::Invalid));
        assert_eq!(office.reports(NOW, &[0, 1]).await, Places::NoRoom);
        assert_eq!(office.reports(NOW, &[0, 1, 2]).await, taken(2));
        office.database.leave(office.tenant, office.ana, NOW).await.unwrap();
        assert_eq!(office.reports(NOW, &[3]).await, Places::Otherwise);
    })
    .await;
}

#[tokio::test]
async fn after_very_many_exports_no_more_are_kept() {
    in_each_office(async |office| {
        let exported =
            async |record| office.database.exported(office.tenant, office.ana, [record; 32], NOW, 2).await.unwrap();
        assert_eq!(
            [exported(1).await, exported(1).await, exported(2).await, exported(3).await],
            [true, false, true, false]
        );
        let member = office.database.member(office.tenant, office.ana).await.unwrap().unwrap();
        assert_eq!(member.exports, 2);
    })
    .await;
}

/// Whatever is read after a place was taken either has what changed beside it, or the place has ended.
#[tokio::test]
async fn a_report_beside_a_change_says_it_or_has_ended() {
    in_each_office(async |office| {
        let (tenant, ana, database) = (office.tenant, office.ana, office.database);
        for round in 0..20_u8 {
            let index = u32::from(round) * 2;
            let reported = async {
                let places = office.reports(NOW, &[index]).await;
                (places, database.member(tenant, ana).await.unwrap().unwrap().exports)
            };
            let ((places, said), exported) =
                join(reported, database.exported(tenant, ana, [round; 32], NOW, 100)).await;
            assert!(exported.unwrap());
            assert_eq!(places, taken(index));
            let is_over = office.standing(index).await == Some(Standing::Invalid);
            assert!(is_over || said == u64::from(round) + 1);
            if !is_over {
                let next = facts(u64::from(round) + 2, &[office.laptop, device("phone")]);
                database.take_facts(tenant, ana, next, NOW).await.unwrap();
                assert_eq!(office.standing(index).await, Some(Standing::Invalid));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_device_has_stated_that_is_gone_takes_nobodys_place() {
    in_each_office(async |office| {
        let (tenant, database) = (office.tenant, office.database);
        let (ben, phone) = (account("ben"), device("phone"));
        office.joins(ben, 1, &[phone]).await;
        let tag = *named("passkey").as_bytes();
        for (account, device, stated_at) in [(ben, phone, NOW), (office.ana, office.laptop, NOW + DAY)] {
            let hash = *named(&format!("{device}")).as_bytes();
            let row = StatementRow { tag, hash, account, device, statement: vec![7], stated_at };
            database.state(tenant, row, 10, 10).await.unwrap();
        }
        let by = async || {
            let stated = database.statements(tenant, tag, 1).await.unwrap();
            stated.into_iter().map(|row| row.account).collect::<Vec<_>>()
        };
        assert_eq!(by().await, [ben]);
        database.leave(tenant, ben, NOW).await.unwrap();
        assert_eq!(by().await, [office.ana]);
    })
    .await;
}
