use async_trait::async_trait;
use keyfold_assurance::storage::{KeptAnswer, SpentStorage, StorageError, What};
use keyfold_wire::{ClientId, TenantId};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult, sea_query::OnConflict};

use super::row::{hash, unavailable};
use crate::{
    Database,
    entity::{kept_answers, spent},
    value::signed,
};

#[async_trait]
impl SpentStorage for Database {
    async fn spend(
        &self,
        tenant: TenantId,
        client: ClientId,
        what: What,
        hash: [u8; 32],
        expires_at: u64,
    ) -> Result<bool, StorageError> {
        let row = spent::Model {
            tenant_id: tenant.to_vec(),
            client_id: client.to_vec(),
            kind: number(what),
            spent_hash: hash.to_vec(),
            expires_at: signed(expires_at),
        };
        let inserted = spent::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(matches!(inserted, TryInsertResult::Inserted(1)))
    }

    async fn kept_answer(
        &self,
        tenant: TenantId,
        client: ClientId,
        key: [u8; 32],
        now: u64,
    ) -> Result<Option<KeptAnswer>, StorageError> {
        let key = (tenant.to_vec(), client.to_vec(), key.to_vec());
        let row = kept_answers::Entity::find_by_id(key).one(&self.writer).await.map_err(unavailable)?;
        row.filter(|row| row.expires_at > signed(now)).map(KeptAnswer::try_from).transpose()
    }

    async fn keep_answer(
        &self,
        tenant: TenantId,
        client: ClientId,
        key: [u8; 32],
        answer: KeptAnswer,
        expires_at: u64,
    ) -> Result<KeptAnswer, StorageError> {
        let row = kept_answers::Model {
            tenant_id: tenant.to_vec(),
            client_id: client.to_vec(),
            key_hash: key.to_vec(),
            request_hash: answer.request.to_vec(),
            answer: answer.answer.clone(),
            expires_at: signed(expires_at),
        };
        let inserted = kept_answers::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        if matches!(inserted, TryInsertResult::Inserted(1)) {
            return Ok(answer);
        }
        let key = (tenant.to_vec(), client.to_vec(), key.to_vec());
        let kept = kept_answers::Entity::find_by_id(key).one(&self.writer).await.map_err(unavailable)?;
        // Gone between the two: it had expired, and this one is as good.
        kept.map_or(Ok(answer), KeptAnswer::try_from)
    }

    async fn forget_spent(&self, now: u64) -> Result<u64, StorageError> {
        let spent = spent::Entity::delete_many()
            .filter(spent::Column::ExpiresAt.lte(signed(now)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        let answers = kept_answers::Entity::delete_many()
            .filter(kept_answers::Column::ExpiresAt.lte(signed(now)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(spent.rows_affected + answers.rows_affected)
    }
}

const fn number(what: What) -> i16 {
    match what {
        What::Assertion => 1,
        What::Nonce => 2,
        What::Message => 3,
    }
}

impl TryFrom<kept_answers::Model> for KeptAnswer {
    type Error = StorageError;

    fn try_from(row: kept_answers::Model) -> Result<Self, StorageError> {
        Ok(Self { request: hash(&row.request_hash)?, answer: row.answer })
    }
}
