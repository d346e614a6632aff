use keyfold_client::{
    SigningAlgorithm,
    device::DeviceKeys,
    enrolment::{Approval, Claim, EnrolmentError, Offered},
};
use keyfold_crypto::{enrolment::offer_commitment, random};
use keyfold_wire::v1::{
    DeviceDescription, EnrolmentApproval, EnrolmentOffer, EnrolmentOpening, EnrolmentState, EnrolmentTranscript,
};
use prost::Message;

use crate::world::{Device, Newcomer, World, claimed, let_in, met};

/// Who stands between the two devices and speaks for the new one, with keys of its own.
struct Impostor {
    keys: DeviceKeys,
    offer: EnrolmentOffer,
}

impl Impostor {
    fn new() -> Self {
        let keys = DeviceKeys::generate(SigningAlgorithm::Ed25519, &mut random::system());
        let name = "Ana's new phone".to_owned();
        let description = DeviceDescription { name, platform: "linux".into(), agent: "keyfold".into() };
        let offer = EnrolmentOffer {
            suite: 1,
            device: Some(keys.public().to_wire()),
            description: Some(description),
            device_nonce: vec![6; 32],
        };
        Self { keys, offer }
    }

    fn commitment(&self) -> Vec<u8> {
        offer_commitment(&self.offer.encode_to_vec()).to_vec()
    }

    fn opening(&self, approval: &[u8]) -> EnrolmentOpening {
        let approval = EnrolmentApproval::decode(approval).unwrap();
        let transcript = EnrolmentTranscript {
            suite: 1,
            enrolment: approval.enrolment,
            account: approval.account,
            log_key: approval.log_key,
            approver: approval.approver,
            roster_head: approval.roster_head,
            device: self.offer.device.clone(),
            description: self.offer.description.clone(),
            device_nonce: self.offer.device_nonce.clone(),
            approver_nonce: approval.approver_nonce,
        };
        let signature = self.keys.author.signing.sign(&transcript).signature;
        EnrolmentOpening { offer: self.offer.encode_to_vec(), signature, mac: vec![7; 32] }
    }

    /// Puts itself in the new device's place on the way to the approver; from the beginning, or once it is too late.
    fn stands_before(self, approver: &Device, from_the_beginning: bool) {
        approver.wire.rewrites::<EnrolmentState>("/v1/enrolments", move |state| {
            if from_the_beginning {
                state.commitment = self.commitment();
            }
            if state.opening.is_some() {
                state.opening = Some(self.opening(&state.approval));
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_11_keys_that_were_not_committed_to_are_refused() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let (opened, approval) = met(&newcomer, &world.laptop).await.unwrap();
    Impostor::new().stands_before(&world.laptop, false);
    let error = approval.candidate().await.map(drop).unwrap_err();
    assert!(error.to_string().contains("the new device committed to another offer"), "{error}");
    nobody_was_let_in(&world, 1).await;
    let ended = opened.completion().await.map(drop).unwrap_err();
    assert!(matches!(ended, EnrolmentError::Expired), "the enrolment goes on: {ended}");
}

/// The impostor was there from the beginning: only the person can tell.
#[tokio::test(flavor = "multi_thread")]
async fn threat_11_keys_exchanged_from_the_beginning_show_another_check_code() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let offered = newcomer.offers().await.unwrap();
    Impostor::new().stands_before(&world.laptop, true);
    let approval = claimed(&world.laptop, &offered).await.unwrap();
    let opened = offered.approved().await.unwrap();
    let candidate = approval.candidate().await.unwrap();
    assert_eq!(candidate.description().name, "Ana's new phone", "it says that it is the new phone");

    let shown_on_the_laptop = candidate.check_code().unwrap();
    let refused = candidate.checked_by_code(opened.check_code()).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongCode), "{refused}");
    let refused = opened.confirm_typed(shown_on_the_laptop).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongCode), "{refused}");
    nobody_was_let_in(&world, 1).await;
    assert!(newcomer.is_nobody().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_11_keys_exchanged_from_the_beginning_have_no_mac_of_the_qr_code() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let offered = newcomer.offers().await.unwrap();
    Impostor::new().stands_before(&world.laptop, true);
    let approval = scanned(&world.laptop, &offered).await.unwrap();
    drop(offered.approved().await.unwrap());
    let error = approval.candidate().await.map(drop).unwrap_err();
    assert!(matches!(error, EnrolmentError::WrongMac), "{error}");
    nobody_was_let_in(&world, 1).await;
}

/// Whoever stands between may try three times, also if the program is started anew.
#[tokio::test(flavor = "multi_thread")]
async fn threat_11_after_three_exchanged_keys_nothing_is_approved() {
    let mut world = World::new().await;
    for _ in 0..3 {
        let newcomer = Newcomer::new(&world.home).await;
        let (_, approval) = met(&newcomer, &world.laptop).await.unwrap();
        Impostor::new().stands_before(&world.laptop, false);
        assert!(approval.candidate().await.is_err());
        world.laptop.wire.is_honest();
    }
    world.laptop.restart().await;
    let newcomer = Newcomer::new(&world.home).await;
    let refused = Box::pin(let_in(&newcomer, &world.laptop)).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::TooManyFailures), "{refused}");
    nobody_was_let_in(&world, 3).await;
}

async fn scanned<'e>(approver: &'e Device, offered: &Offered) -> Result<Approval<'e>, EnrolmentError> {
    Approval::claim(&approver.engine, Claim::QrCode(Box::new(offered.qr().unwrap().clone()), None)).await
}

/// Nobody came in, nothing was sent that could let somebody in, and the approver remembers how often it failed.
pub(super) async fn nobody_was_let_in(world: &World, failures: u32) {
    world.laptop.wire.is_honest();
    assert_eq!(world.laptop.wire.writes(), WRITES, "an entry was sent");
    assert_eq!(world.phone.syncs().await.entries_pulled, 0);
    let storage = world.laptop.vault().local().storage();
    assert_eq!(storage.enrolment_failures(0).await.unwrap(), failures);
}

/// What the laptop sent before: its account, two passkeys in one commit, the phone's entry.
const WRITES: usize = 3;
