use sea_orm::{ActiveModelTrait, EntityName, Iterable, Value};
use sha2::{Digest, Sha256};

/// What tells a backup that has rotted on its disk from one that has not: the sum of the rows' hashes, since no database
/// gives rows in an order of their own. It is no defence against who writes backups: he could write others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RowsDigest([u8; 32]);

impl RowsDigest {
    pub(super) fn add_row<A: ActiveModelTrait>(&mut self, row: &A) {
        use sea_orm::EntityTrait;
        let mut hash = Sha256::new();
        field(&mut hash, A::Entity::default().table_name().as_bytes());
        for column in <A::Entity as EntityTrait>::Column::iter() {
            value(&mut hash, row.get(column).into_value());
        }
        self.add(hash);
    }

    pub(super) fn add_file(&mut self, name: &str, bytes: &[u8]) {
        let mut hash = Sha256::new();
        field(&mut hash, name.as_bytes());
        field(&mut hash, bytes);
        self.add(hash);
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn add(&mut self, hash: Sha256) {
        let mut carry = 0_u16;
        for (sum, byte) in self.0.iter_mut().zip(hash.finalize()) {
            let [low, high] = (u16::from(*sum) + u16::from(byte) + carry).to_le_bytes();
            (*sum, carry) = (low, u16::from(high));
        }
    }
}

/// The kinds of columns that there are.
fn value(hash: &mut Sha256, value: Option<Value>) {
    match value {
        Some(Value::Bytes(Some(bytes))) => field(hash, &bytes),
        Some(Value::String(Some(text))) => field(hash, text.as_bytes()),
        Some(Value::BigInt(Some(number))) => field(hash, &number.to_be_bytes()),
        Some(Value::SmallInt(Some(number))) => field(hash, &number.to_be_bytes()),
        Some(Value::Bool(Some(is))) => field(hash, &[u8::from(is)]),
        _ => hash.update([0]),
    }
}

fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update([1]);
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}
