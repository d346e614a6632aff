use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// Something that many hold parts of at once: each only so much, and all together only so much. Nobody waits for it.
#[derive(Debug)]
pub(crate) struct Shares<K> {
    each: usize,
    all: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    all: usize,
    by: HashMap<K, usize>,
}

/// One holder's part, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share<K: Eq + Hash> {
    of: Arc<Shares<K>>,
    holder: K,
    amount: usize,
}

impl<K: Eq + Hash + Copy> Shares<K> {
    pub(crate) fn new(each: usize, all: usize) -> Arc<Self> {
        Arc::new(Self { each, all, held: Mutex::new(Held { all: 0, by: HashMap::new() }) })
    }

    /// A part of this amount, if there is one.
    pub(crate) fn take(self: &Arc<Self>, holder: K, amount: usize) -> Option<Share<K>> {
        let mut share = Share { of: Arc::clone(self), holder, amount: 0 };
        share.grow_to(amount).then_some(share)
    }

    /// What is held of it.
    pub(crate) fn in_use(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    fn add(&self, holder: K, amount: usize) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let his = held.by.get(&holder).copied().unwrap_or_default();
        if amount > self.each.saturating_sub(his) || amount > self.all.saturating_sub(held.all) {
            return false;
        }
        if amount > 0 {
            held.all += amount;
            held.by.insert(holder, his + amount);
        }
        true
    }
}

impl<K: Eq + Hash + Copy> Share<K> {
    /// Makes the part as large as this, if there is as much; one that is larger stays.
    pub(crate) fn grow_to(&mut self, amount: usize) -> bool {
        let grown = self.of.add(self.holder, amount.saturating_sub(self.amount));
        if grown {
            self.amount = self.amount.max(amount);
        }
        grown
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.of.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(self.amount);
        if let Some(his) = held.by.get_mut(&self.holder) {
            *his = his.saturating_sub(self.amount);
            if *his == 0 {
                held.by.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_his_part_and_all_together_no_more_than_there_is() {
        let shares = Shares::new(2, 3);
        let ana = shares.take("ana", 2).unwrap();
        assert!(shares.take("ana", 1).is_none());
        let ben = shares.take("ben", 1).unwrap();
        assert!(shares.take("eve", 1).is_none());
        drop(ana);
        assert!(shares.take("eve", 2).is_some());
        drop(ben);
        let held = shares.held.lock().unwrap();
        assert_eq!((held.all, held.by.len()), (0, 0));
    }

    #[test]
    fn a_part_grows_while_there_is_room() {
        let shares = Shares::new(10, 12);
        let mut ana = shares.take("ana", 0).unwrap();
        assert!(ana.grow_to(8) && ana.grow_to(3));
        let ben = shares.take("ben", 4).unwrap();
        assert!(!ana.grow_to(9));
        drop(ben);
        assert!(ana.grow_to(10) && !ana.grow_to(11));
    }
}
