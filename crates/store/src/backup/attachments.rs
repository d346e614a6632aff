use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use super::digest::RowsDigest;

/// A file of the server that a backup holds beside the database: without the local CA, no device would find its server.
#[derive(Clone, PartialEq, Eq, FromQueryResult)]
pub struct Attachment {
    /// Its name, without a folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a key.
        write!(f, "Attachment({}, {} bytes)", self.name, self.bytes.len())
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bytes);
    }
}

/// Writes the server's files, and the digest of all that the backup holds.
pub(super) async fn write(
    backup: &impl ConnectionTrait,
    attachments: &[Attachment],
    mut digest: RowsDigest,
) -> Result<(), DbErr> {
    backup.execute_unprepared("CREATE TABLE attachments (name TEXT PRIMARY KEY, bytes BLOB NOT NULL)").await?;
    backup.execute_unprepared("CREATE TABLE manifest (digest BLOB NOT NULL)").await?;
    attachments.iter().for_each(|Attachment { name, bytes }| digest.add_file(name, bytes));
    let insert = "INSERT INTO manifest (digest) VALUES (?)";
    let digest = [digest.as_bytes().to_vec().into()];
    backup.execute_raw(Statement::from_sql_and_values(backup.get_database_backend(), insert, digest)).await?;
    for Attachment { name, bytes } in attachments {
        let insert = "INSERT INTO attachments (name, bytes) VALUES (?, ?)";
        let values = [name.clone().into(), bytes.clone().into()];
        backup.execute_raw(Statement::from_sql_and_values(backup.get_database_backend(), insert, values)).await?;
    }
    Ok(())
}

pub(super) async fn read(backup: &impl ConnectionTrait) -> Result<Vec<Attachment>, DbErr> {
    let all = Statement::from_string(backup.get_database_backend(), "SELECT name, bytes FROM attachments");
    Attachment::find_by_statement(all).all(backup).await
}

/// Whether a backup's rows and files are those that were backed up.
pub(super) async fn is_whole(
    backup: &impl ConnectionTrait,
    attachments: &[Attachment],
    mut digest: RowsDigest,
) -> Result<bool, DbErr> {
    attachments.iter().for_each(|Attachment { name, bytes }| digest.add_file(name, bytes));
    let question = Statement::from_string(backup.get_database_backend(), "SELECT digest FROM manifest");
    let row = backup.query_one_raw(question).await?;
    let said: Option<Vec<u8>> = row.map(|row| row.try_get("", "digest")).transpose()?;
    Ok(said.as_deref() == Some(digest.as_bytes()))
}
