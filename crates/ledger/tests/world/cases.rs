use std::{collections::BTreeSet, fmt::Debug};

/// What stands, and the same with one thing changed, which is refused for just that reason.
pub(crate) struct Case<E> {
    rule: &'static str,
    unchanged: Result<(), E>,
    changed: Result<(), E>,
    error: E,
}

pub(crate) fn case<E>(rule: &'static str, unchanged: Result<(), E>, changed: Result<(), E>, error: E) -> Case<E> {
    Case { rule, unchanged, changed, error }
}

/// The names of every variant of an error, and which of them an error is. A variant that is not listed does not compile.
#[allow(unused_macros, reason = "each test file uses its part")]
macro_rules! every {
    ($error:ident { $($variant:ident),* $(,)? }) => {
        (
            &[$(stringify!($variant)),*] as &[&str],
            (|error| match error { $($error::$variant { .. } => stringify!($variant)),* }) as fn(&$error) -> &'static str,
        )
    };
}
pub(crate) use every;

/// Checks each case, and that every variant of the error has one.
pub(crate) fn each_breaks_just_its_rule<E: Debug + PartialEq>(
    cases: Vec<Case<E>>,
    (every, name): (&[&str], fn(&E) -> &'static str),
) {
    let mut shown = BTreeSet::new();
    for Case { rule, unchanged, changed, error } in cases {
        assert_eq!(unchanged, Ok(()), "unchanged, it stands: {rule}");
        shown.insert(name(&error));
        assert_eq!(changed, Err(error), "{rule}");
    }
    let missing: Vec<_> = every.iter().filter(|variant| !shown.contains(*variant)).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
}
