use keyfold_client::{
    enrolment::{Approval, Claim, EnrolmentError},
    sync::SyncEngine,
};

use crate::newcomer::{LetIn, Newcomer};

/// The approver lets a newcomer in by its QR code; what became of it on either side.
pub(crate) async fn let_in(engine: &SyncEngine, newcomer: Newcomer) -> (Result<(), EnrolmentError>, Option<LetIn>) {
    let claim = Claim::QrCode(Box::new(newcomer.qr.clone()), None);
    let approve = async {
        let candidate = Approval::claim(engine, claim).await?.candidate().await?;
        let Ok(checked) = candidate.checked_by_qr() else { panic!("a QR code needs no check code") };
        checked.approve().await.map(drop)
    };
    Box::pin(async { tokio::join!(approve, newcomer.joins()) }).await
}
