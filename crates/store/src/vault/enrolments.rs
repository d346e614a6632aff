use async_trait::async_trait;
use keyfold_vault::storage::{
    Claim, EnrolmentId, EnrolmentRow, EnrolmentStep, EnrolmentStorage, NewEnrolment, StorageError, UsedEnrolment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult, UpdateMany,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Database,
    entity::enrolments::{Column, Entity, Model},
    error::unavailable,
    value::{account_id, enrolment_id, hash, member_id, signed, unsigned},
};

#[async_trait]
impl EnrolmentStorage for Database {
    async fn begin_enrolment(&self, new: NewEnrolment) -> Result<bool, StorageError> {
        let row = Model {
            enrolment_id: new.enrolment.to_vec(),
            short_code: new.short_code,
            commitment: new.commitment.to_vec(),
            expires_at: signed(new.expires_at),
            step: number(EnrolmentStep::Begun),
            failed: false,
            account_id: None,
            approver: None,
            approval: None,
            opening: None,
            completion: None,
        };
        let inserted = Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(matches!(inserted, TryInsertResult::Inserted(1)))
    }

    async fn enrolment(&self, enrolment: EnrolmentId) -> Result<Option<EnrolmentRow>, StorageError> {
        let row = Entity::find_by_id(enrolment.to_vec()).one(&self.reader).await.map_err(unavailable)?;
        row.map(EnrolmentRow::try_from).transpose()
    }

    async fn enrolment_by_code(&self, short_code: &str) -> Result<Option<EnrolmentRow>, StorageError> {
        let row =
            Entity::find().filter(Column::ShortCode.eq(short_code)).one(&self.reader).await.map_err(unavailable)?;
        row.map(EnrolmentRow::try_from).transpose()
    }

    async fn approve(&self, id: EnrolmentId, claim: Claim, approval: &[u8], now: u64) -> Result<bool, StorageError> {
        let update = step(id, EnrolmentStep::Approved, now)
            .col_expr(Column::AccountId, Expr::value(claim.account.to_vec()))
            .col_expr(Column::Approver, Expr::value(claim.approver.to_vec()))
            .col_expr(Column::Approval, Expr::value(approval.to_vec()));
        self.take(update).await
    }

    async fn open(&self, id: EnrolmentId, opening: &[u8], now: u64) -> Result<bool, StorageError> {
        self.take(step(id, EnrolmentStep::Opened, now).col_expr(Column::Opening, Expr::value(opening.to_vec()))).await
    }

    async fn complete(&self, id: EnrolmentId, completion: &[u8], expires_after: u64) -> Result<bool, StorageError> {
        let update = step(id, EnrolmentStep::Completed, expires_after);
        self.take(update.col_expr(Column::Completion, Expr::value(completion.to_vec()))).await
    }

    async fn fail(&self, id: EnrolmentId) -> Result<bool, StorageError> {
        let update = Entity::update_many()
            .col_expr(Column::Failed, Expr::value(true))
            .filter(Column::EnrolmentId.eq(id.to_vec()))
            .filter(Column::Step.lt(number(EnrolmentStep::Added)));
        self.take(update).await
    }
}

impl Database {
    async fn take(&self, update: UpdateMany<Entity>) -> Result<bool, StorageError> {
        let taken = update.exec(&self.writer).await.map_err(unavailable)?;
        Ok(taken.rows_affected == 1)
    }
}

/// The enrolment goes to [`EnrolmentStep::Added`] with the entry that uses it.
pub(super) async fn use_up(database: &impl ConnectionTrait, used: UsedEnrolment) -> Result<bool, StorageError> {
    let update = step(used.enrolment, EnrolmentStep::Added, used.now);
    Ok(update.exec(database).await.map_err(unavailable)?.rows_affected == 1)
}

/// To this step, from the one just before it.
fn step(id: EnrolmentId, to: EnrolmentStep, expires_after: u64) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Step, Expr::value(number(to)))
        .filter(Column::EnrolmentId.eq(id.to_vec()))
        .filter(Column::Step.eq(number(to).saturating_sub(1)))
        .filter(Column::Failed.eq(false))
        .filter(Column::ExpiresAt.gt(signed(expires_after)))
}

const fn number(step: EnrolmentStep) -> i16 {
    match step {
        EnrolmentStep::Begun => 0,
        EnrolmentStep::Approved => 1,
        EnrolmentStep::Opened => 2,
        EnrolmentStep::Added => 3,
        EnrolmentStep::Completed => 4,
    }
}

fn named(number: i16) -> Result<EnrolmentStep, StorageError> {
    match number {
        0 => Ok(EnrolmentStep::Begun),
        1 => Ok(EnrolmentStep::Approved),
        2 => Ok(EnrolmentStep::Opened),
        3 => Ok(EnrolmentStep::Added),
        4 => Ok(EnrolmentStep::Completed),
        _ => Err(StorageError::Damaged("an enrolment is at a step that there is not")),
    }
}

impl TryFrom<Model> for EnrolmentRow {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let claim = match (&row.account_id, &row.approver) {
            (Some(account), Some(approver)) => {
                Some(Claim { account: account_id(account)?, approver: member_id(approver)? })
            }
            _ => None,
        };
        Ok(Self {
            enrolment: enrolment_id(&row.enrolment_id)?,
            commitment: hash(&row.commitment)?,
            expires_at: unsigned(row.expires_at)?,
            step: named(row.step)?,
            failed: row.failed,
            claim,
            approval: row.approval,
            opening: row.opening,
            completion: row.completion,
        })
    }
}
