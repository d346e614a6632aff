use async_trait::async_trait;
use keyfold_vault::storage::{KeyKind, ServerKey, ServerKeyStorage, StorageError};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, TryInsertResult, sea_query::OnConflict,
};
use zeroize::Zeroizing;

use crate::{
    Database,
    entity::server_keys::{Column, Entity, Model},
    error::unavailable,
    value::{signed, unsigned},
};

#[async_trait]
impl ServerKeyStorage for Database {
    async fn server_keys(&self, kind: KeyKind) -> Result<Vec<ServerKey>, StorageError> {
        let rows = Entity::find()
            .filter(Column::Kind.eq(number(kind)))
            .order_by_desc(Column::Kid)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(ServerKey::try_from).collect()
    }

    async fn add_server_key(&self, kind: KeyKind, key: ServerKey) -> Result<bool, StorageError> {
        let row = Model {
            kind: number(kind),
            kid: i64::from(key.kid),
            created_at: signed(key.created_at),
            secret: key.secret.to_vec(),
        };
        let added = Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns([Column::Kind, Column::Kid]).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(matches!(added, TryInsertResult::Inserted(1)))
    }

    async fn retire_server_keys(&self, kind: KeyKind, kid: u32) -> Result<(), StorageError> {
        Entity::delete_many()
            .filter(Column::Kind.eq(number(kind)))
            .filter(Column::Kid.lt(i64::from(kid)))
            .exec(&self.writer)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// How the log key's kind is written.
pub(crate) const LOG_KEY: i16 = 1;

const fn number(kind: KeyKind) -> i16 {
    match kind {
        KeyKind::Log => LOG_KEY,
        KeyKind::Session => 2,
    }
}

impl TryFrom<Model> for ServerKey {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let bytes = Zeroizing::new(row.secret);
        let mut secret = Zeroizing::new([0; 32]);
        if bytes.len() != secret.len() {
            return Err(StorageError::Damaged("a server key has not 32 bytes"));
        }
        secret.copy_from_slice(&bytes);
        Ok(Self {
            kid: u32::try_from(row.kid).map_err(|_| StorageError::Damaged("a server key has no kid"))?,
            created_at: unsigned(row.created_at)?,
            secret,
        })
    }
}
