use serde::{Deserialize, Serialize};

/// How a device stands to a rule, or to all of them. Each is worse than those before; the worst wins.
///
/// What is not known is worse than what is known to be wrong for a while, since only the first two are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is as required.
    Compliant,
    /// It is not, and has some time left to be mended.
    InGracePeriod,
    /// Nobody knows.
    Unknown,
    /// It is not as required.
    NonCompliant,
    /// What is reported cannot be true, or could not be judged.
    Error,
}

impl State {
    /// All of them, the best first.
    pub const ALL: [Self; 5] = [Self::Compliant, Self::InGracePeriod, Self::Unknown, Self::NonCompliant, Self::Error];

    /// Whether a device in this state is handed sealed keys and evidence leaves.
    #[must_use]
    pub const fn is_let_in(self) -> bool {
        matches!(self, Self::Compliant | Self::InGracePeriod)
    }

    /// As it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::InGracePeriod => "in-grace-period",
            Self::Unknown => "unknown",
            Self::NonCompliant => "non-compliant",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_best_are_let_in() {
        assert!(State::ALL.is_sorted());
        let let_in: Vec<_> = State::ALL.into_iter().filter(|state| state.is_let_in()).collect();
        assert_eq!(let_in, [State::Compliant, State::InGracePeriod]);
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
