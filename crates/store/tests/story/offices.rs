//! Tenants with a member and its devices.

use keyfold_assurance::{
    policy::State,
    storage::{
        Facts, InviteHash, Joined, Judged, Kept, LeavesOf, MemberStorage, NewMember, NewMemberInvite, Place, Places,
        PostureStorage, Standing, StatusStorage, Tenant, TenantStorage,
    },
};
use keyfold_store::Database;
use keyfold_wire::{AccountId, MemberId, TenantId};

use crate::{
    databases::on_each_place,
    names::{DAY, NOW, account, device, named},
};

/// A tenant, in which Ana has a laptop.
pub(crate) struct Office<'a> {
    pub(crate) database: &'a Database,
    pub(crate) tenant: TenantId,
    pub(crate) ana: AccountId,
    pub(crate) laptop: MemberId,
}

impl<'a> Office<'a> {
    pub(crate) async fn open(database: &'a Database) -> Self {
        let tenant = TenantId::new(named("tenant").first_16());
        let row = Tenant {
            id: tenant,
            name: "Example Ltd.".to_owned(),
            country: "DE".to_owned(),
            created_at: NOW,
            root: None,
            revoked: None,
        };
        database.create_tenant(row, Vec::new()).await.unwrap();
        let office = Self { database, tenant, ana: account("ana"), laptop: device("laptop") };
        office.joins(office.ana, 1, &[office.laptop]).await;
        office
    }

    pub(crate) async fn joins(&self, account: AccountId, roster_seq: u64, devices: &[MemberId]) {
        let hash = InviteHash(*named(&format!("{account} {roster_seq}")).as_bytes());
        let invite = NewMemberInvite { hash, name: "Ana".to_owned(), created_at: NOW, expires_at: NOW + DAY };
        self.database.add_member_invite(self.tenant, invite).await.unwrap();
        let member = NewMember { account, at: NOW, invite: hash, facts: facts(roster_seq, devices) };
        assert_eq!(self.database.join(self.tenant, member).await.unwrap(), Joined::Done);
    }

    /// Judges Ana's laptop.
    pub(crate) async fn judged(&self, compliance: State, compliance_until: u64) {
        let judgement = self.judgement(compliance, compliance_until).await;
        assert_eq!(self.database.judged(self.tenant, judgement).await.unwrap(), Kept::Done);
    }

    /// By what is known now.
    pub(crate) async fn judgement(&self, compliance: State, compliance_until: u64) -> Judged {
        Judged {
            before: self.database.device(self.tenant, self.ana, self.laptop).await.unwrap().unwrap(),
            policies: self.database.compliance_policies(self.tenant).await.unwrap().changes,
            at: NOW,
            news: None,
            failing: "[]".to_owned(),
            compliance,
            compliance_until,
            leaves: if compliance.is_let_in() { Standing::Valid } else { Standing::Suspended },
        }
    }

    /// Leaves for Ana's laptop, which is said to be compliant.
    pub(crate) fn leaves(&self, count: usize) -> LeavesOf {
        LeavesOf {
            account: self.ana,
            device: self.laptop,
            compliance: State::Compliant,
            count,
            most: 2_000,
            now: NOW,
            expires_at: NOW + DAY,
        }
    }

    pub(crate) async fn takes(&self, count: usize, drawn: &[u32]) -> Places {
        self.database.take_places(self.tenant, self.leaves(count), 1, drawn).await.unwrap()
    }

    pub(crate) async fn standing(&self, index: u32) -> Option<Standing> {
        self.database.standing(self.tenant, Place { list: 1, index }, NOW).await.unwrap()
    }
}

pub(crate) fn facts(roster_seq: u64, devices: &[MemberId]) -> Facts {
    let devices = devices.iter().map(|device| (*device, "a device".to_owned())).collect();
    Facts { roster_seq, recovery_members: 0, recoveries: 0, devices }
}

/// Tells a story of an office on each database.
pub(crate) async fn in_each_office(story: impl AsyncFn(&Office<'_>)) {
    on_each_place(async |place| {
        let database = place.open().await;
        story(&Office::open(&database).await).await;
        database.close().await.unwrap();
    })
    .await;
}
