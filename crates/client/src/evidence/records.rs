use keyfold_wire::{
    TenantId,
    v1::{TenantRecord, TenantRecords},
};

/// Makes a record of a tenant where there is none. The others keep their places: the first tenant that lists a relying party is the
/// one that vouches there, at each time.
pub(crate) fn keep(records: &mut TenantRecords, tenant: TenantId, name: &str) {
    if !records.tenants.iter().any(|record| is_of(record, tenant)) {
        let (tenant, name) = (tenant.to_vec(), name.to_owned());
        records.tenants.push(TenantRecord { tenant, name, ..TenantRecord::default() });
    }
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
}
