use super::ChainFailure;

/// The order in which a pull's frames come (specification §11). What the later ones are held against must be complete
/// before they begin: a frame that comes too late would be held against nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Nothing came yet.
    Beginning,
    /// The heads, once.
    Heads,
    /// Entries, each with its sealed key and links.
    Entries,
    /// Elements of a snapshot.
    Elements,
    /// Commits.
    Commits,
    /// Envelopes.
    Envelopes,
}

impl Place {
    /// Moves on to `next`.
    pub(super) fn enter(&mut self, next: Self) -> Result<(), ChainFailure> {
        let in_order = match next {
            Self::Beginning => false,
            Self::Heads => *self == Self::Beginning,
            _ => *self >= Self::Heads && next >= *self,
        };
        if !in_order {
            return Err(ChainFailure::Disordered);
        }
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Place::*, *};

    fn walk(places: &[Place]) -> Result<(), ChainFailure> {
        let mut place = Beginning;
        places.iter().try_for_each(|next| place.enter(*next))
    }

    #[test]
    fn an_honest_pull_is_in_order_whatever_it_leaves_out() {
        assert_eq!(
            walk(&[Heads, Entries, Entries, Elements, Elements, Commits, Commits, Envelopes, Envelopes]),
            Ok(())
        );
        assert_eq!(walk(&[Heads]), Ok(()));
        assert_eq!(walk(&[Heads, Commits, Envelopes]), Ok(()));
    }

    #[test]
    fn nothing_comes_before_the_heads_and_they_come_once() {
        for first in [Entries, Elements, Commits, Envelopes, Beginning] {
            assert_eq!(walk(&[first]), Err(ChainFailure::Disordered), "{first:?}");
        }
        assert_eq!(walk(&[Heads, Heads]), Err(ChainFailure::Disordered));
        assert_eq!(walk(&[Heads, Commits, Heads]), Err(ChainFailure::Disordered));
    }

    #[test]
    fn nothing_comes_after_what_is_held_against_it() {
        let places = [Entries, Elements, Commits, Envelopes];
        for (index, earlier) in places.iter().enumerate() {
            for later in &places[index + 1..] {
                assert_eq!(
                    walk(&[Heads, *later, *earlier]),
                    Err(ChainFailure::Disordered),
                    "{earlier:?} after {later:?}"
                );
            }
        }
    }
}
