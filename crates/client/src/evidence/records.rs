use std::collections::BTreeMap;

use keyfold_wire::{
    TenantId,
    v1::{Signed, TenantRecord, TenantRecords},
};

/// Makes a record of a tenant where there is none. The others keep their places: the first tenant that lists a relying party is the
/// one that vouches there, at each time.
pub(crate) fn keep(records: &mut TenantRecords, tenant: TenantId, name: &str) {
    if !records.tenants.iter().any(|record| is_of(record, tenant)) {
        let (tenant, name) = (tenant.to_vec(), name.to_owned());
        records.tenants.push(TenantRecord { tenant, name, ..TenantRecord::default() });
    }
}

/// Makes records of all of these.
pub(crate) fn keep_all(records: &mut TenantRecords, tenants: &BTreeMap<TenantId, String>) {
    tenants.iter().for_each(|(tenant, name)| keep(records, *tenant, name));
}

/// Has an export wait until each of the account's tenants has taken it, also one that this device has yet to ask.
pub(crate) fn queue_export(records: &mut TenantRecords, tenants: &BTreeMap<TenantId, String>, export: &Signed) {
    keep_all(records, tenants);
    for record in records.tenants.iter_mut().filter(|record| id_of(record).is_some_and(|id| tenants.contains_key(&id)))
    {
        record.exports.push(export.clone());
        let more = record.exports.len().saturating_sub(MOST_EXPORTS);
        record.exports.drain(..more);
    }
}

/// Has a statement wait until the tenant has taken it.
pub(super) fn queue_statement(record: &mut TenantRecord, statement: Vec<u8>) {
    record.statements.push(statement);
    let more = record.statements.len().saturating_sub(MOST_STATEMENTS);
    record.statements.drain(..more);
}

/// Changes a tenant's record, where there is one.
pub(super) fn change(records: &mut TenantRecords, tenant: TenantId, change: impl FnOnce(&mut TenantRecord)) {
    if let Some(record) = records.tenants.iter_mut().find(|record| is_of(record, tenant)) {
        change(record);
    }
}

/// Forgets tenants, and what can't be read.
pub(super) fn forget(records: &mut TenantRecords, which: impl Fn(&TenantId) -> bool) {
    records.tenants.retain(|record| id_of(record).is_some_and(|tenant| !which(&tenant)));
}

/// Has a statement wait behind the others.
pub(super) fn put_last(record: &mut TenantRecord, statement: &[u8]) {
    if let Some(position) = record.statements.iter().position(|other| other == statement) {
        let statement = record.statements.remove(position);
        record.statements.push(statement);
    }
}

pub(super) fn id_of(record: &TenantRecord) -> Option<TenantId> {
    TenantId::try_from(record.tenant.as_slice()).ok()
}

pub(super) fn is_of(record: &TenantRecord, tenant: TenantId) -> bool {
    record.tenant == tenant.as_bytes()
}

/// What waits for a tenant that takes nothing: of more, the oldest are dropped.
const MOST_STATEMENTS: usize = 256;
const MOST_EXPORTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u8) -> TenantId {
        TenantId::new([number; 16])
    }

    fn names(records: &TenantRecords) -> Vec<&str> {
        records.tenants.iter().map(|record| record.name.as_str()).collect()
    }

    #[test]
    fn tenants_keep_their_places_however_often_they_are_looked_up() {
        let mut records = TenantRecords::default();
        for (number, name) in [(3, "Third"), (1, "First"), (2, "Second")] {
            keep(&mut records, tenant(number), name);
        }
        let before = records.clone();
        for number in [1, 2, 3, 3, 1, 2] {
            keep(&mut records, tenant(number), "another name");
            change(&mut records, tenant(number), |record| record.asked_at = 0);
            assert_eq!(records, before);
        }
        forget(&mut records, |known| *known == tenant(3));
        assert_eq!(names(&records), ["First", "Second"]);
    }

    #[test]
    fn a_statement_that_there_is_no_room_for_goes_behind_the_others() {
        let mut record = TenantRecord { statements: vec![vec![1], vec![2], vec![3]], ..TenantRecord::default() };
        put_last(&mut record, &[1]);
        assert_eq!(record.statements, [[2], [3], [1]]);
        put_last(&mut record, &[4]);
        assert_eq!(record.statements, [[2], [3], [1]]);
    }

    #[test]
    fn an_export_waits_for_each_tenant_of_the_account_also_one_that_was_never_asked() {
        let mut records = TenantRecords::default();
        keep(&mut records, tenant(9), "Left Ltd.");
        let joined = BTreeMap::from([(tenant(1), "First".to_owned()), (tenant(2), "Second".to_owned())]);
        queue_export(&mut records, &joined, &export(1));
        let waiting = records.tenants.iter().map(|record| (record.name.as_str(), record.exports.len()));
        assert_eq!(waiting.collect::<Vec<_>>(), [("Left Ltd.", 0), ("First", 1), ("Second", 1)]);
    }

    #[test]
    fn no_more_waits_for_a_tenant_than_is_stated() {
        let mut records = TenantRecords::default();
        let joined = BTreeMap::from([(tenant(1), "First".to_owned())]);
        for number in 0..300_u16 {
            queue_export(&mut records, &joined, &export(number));
            change(&mut records, tenant(1), |record| queue_statement(record, number.to_be_bytes().to_vec()));
        }
        let record = records.tenants.first().unwrap();
        assert_eq!((record.exports.len(), record.statements.len()), (256, 256));
        assert_eq!(record.exports.first(), Some(&export(44)), "the oldest are gone");
        assert_eq!(record.statements.last().unwrap().as_slice(), 299_u16.to_be_bytes());
    }

    fn export(number: u16) -> Signed {
        Signed { body: number.to_be_bytes().to_vec(), ..Signed::default() }
    }
}
