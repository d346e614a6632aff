use keyfold_tests::{
    memory::Cut,
    sdk::{DAY, HOUR, MINUTE},
};
use proptest::{
    prelude::*,
    strategy::{BoxedStrategy, Union},
};
use proptest_state_machine::ReferenceStateMachine;

use crate::step::{Deed, Loss, Step, Text, Trouble};

/// What a program means to do, as far as it can be told beforehand: by it the next step is chosen, so that most steps find
/// something to do. What became of it the [record](crate::record::Record) tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) devices: usize,
    pub(crate) items: usize,
    pub(crate) deleted: usize,
    pub(crate) parted: usize,
    pub(crate) code: Code,
    pub(crate) is_lying: bool,
}

/// What is known of the recovery code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Code {
    #[default]
    None,
    Made,
    InUse,
    /// A device came by it, which has yet to replace it.
    Used,
}

impl Plan {
    /// As every program begins.
    pub(crate) fn begun() -> Self {
        Self { devices: 2, items: 2, ..Self::default() }
    }
}

impl ReferenceStateMachine for Plan {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::begun()).boxed()
    }

    fn transitions(plan: &Self) -> BoxedStrategy<Step> {
        Union::new_weighted(choices(plan)).boxed()
    }

    fn apply(mut plan: Self, step: &Step) -> Self {
        match step {
            Step::Add { .. } => plan.items += 1,
            Step::Delete { .. } => plan.deleted += 1,
            Step::Restore { .. } => plan.deleted = plan.deleted.saturating_sub(1),
            Step::Remove { .. } => plan.devices -= 1,
            Step::Enrol { .. } => plan.devices += 1,
            Step::MakeCode { .. } | Step::ReplaceCode { .. } | Step::CancelCode { .. } => plan.code = Code::Made,
            Step::RemoveCode { .. } => plan.code = Code::None,
            Step::UseCode => plan.code = Code::InUse,
            Step::LetInByCode => {
                plan.code = Code::Used;
                plan.devices += 1;
            }
            Step::Part { .. } => plan.parted += 1,
            Step::Meet { .. } => plan.parted -= 1,
            Step::Lie { .. } => plan.is_lying = true,
            Step::Repent => plan.is_lying = false,
            Step::Set { .. }
            | Step::SignIn { .. }
            | Step::Sync { .. }
            | Step::Both { .. }
            | Step::Rotate { .. }
            | Step::Wait { .. } => {}
        }
        plan
    }

    fn preconditions(plan: &Self, step: &Step) -> bool {
        match step {
            Step::Remove { .. } => plan.devices > 1,
            Step::Enrol { .. } => plan.devices < MOST_DEVICES,
            Step::Meet { .. } => plan.parted > 0,
            Step::MakeCode { .. } => plan.code == Code::None,
            Step::UseCode | Step::RemoveCode { .. } => plan.code == Code::Made,
            Step::LetInByCode | Step::CancelCode { .. } => plan.code == Code::InUse,
            Step::ReplaceCode { .. } => plan.code == Code::Used,
            Step::Repent => plan.is_lying,
            _ => true,
        }
    }
}

fn choices(plan: &Plan) -> Vec<(u32, BoxedStrategy<Step>)> {
    let mut choices = vec![
        (6, by().prop_map(|by| Step::Add { by }).boxed()),
        (10, (any(), any(), text()).prop_map(|(by, item, text)| Step::Set { by, item, text }).boxed()),
        (3, (any(), any()).prop_map(|(by, item)| Step::Delete { by, item }).boxed()),
        (3, (any(), any()).prop_map(|(by, item)| Step::SignIn { by, item }).boxed()),
        (24, (any(), trouble()).prop_map(|(by, trouble)| Step::Sync { by, trouble }).boxed()),
        (8, (any(), deed(), any()).prop_map(|(one, does, other)| Step::Both { one, does, other }).boxed()),
        (6, (any(), trouble()).prop_map(|(by, trouble)| Step::Rotate { by, trouble }).boxed()),
        (6, how_long().prop_map(|how_long| Step::Wait { how_long }).boxed()),
        (2, any().prop_map(|whom| Step::Part { whom }).boxed()),
        (2, (0..6_usize, any()).prop_map(|(back, to)| Step::Lie { back, to }).boxed()),
    ];
    if plan.deleted > 0 {
        choices.push((4, (any(), any()).prop_map(|(by, item)| Step::Restore { by, item }).boxed()));
    }
    if plan.devices > 1 {
        let remove = (any(), any(), trouble()).prop_map(|(by, whom, trouble)| Step::Remove { by, whom, trouble });
        choices.push((4, remove.boxed()));
    }
    if plan.devices < MOST_DEVICES {
        choices.push((4, (any(), trouble()).prop_map(|(by, trouble)| Step::Enrol { by, trouble }).boxed()));
    }
    if plan.parted > 0 {
        choices.push((4, any().prop_map(|whom| Step::Meet { whom }).boxed()));
    }
    if plan.is_lying {
        choices.push((6, Just(Step::Repent).boxed()));
    }
    choices.extend(of_the_code(plan.code));
    choices
}

fn of_the_code(code: Code) -> Vec<(u32, BoxedStrategy<Step>)> {
    let with =
        |make: fn(usize, Trouble) -> Step| (any(), trouble()).prop_map(move |(by, trouble)| make(by, trouble)).boxed();
    match code {
        Code::None => vec![(3, with(|by, trouble| Step::MakeCode { by, trouble }))],
        Code::Made => vec![(4, Just(Step::UseCode).boxed()), (1, with(|by, trouble| Step::RemoveCode { by, trouble }))],
        Code::InUse => {
            vec![(8, Just(Step::LetInByCode).boxed()), (3, with(|by, trouble| Step::CancelCode { by, trouble }))]
        }
        Code::Used => {
            let replace =
                (any(), any(), trouble()).prop_map(|(by, gone, trouble)| Step::ReplaceCode { by, gone, trouble });
            vec![(12, replace.boxed())]
        }
    }
}

fn any() -> std::ops::Range<usize> {
    0..12
}

fn by() -> impl Strategy<Value = usize> {
    any()
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Sync),
        2 => Just(Deed::Rotate),
        1 => any().prop_map(|whom| Deed::Remove { whom }),
    ]
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![Just(Text::Label), Just(Text::UserName)]
}

fn how_long() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 1..5_000_u64,
        3 => MINUTE..20 * MINUTE,
        2 => HOUR..8 * HOUR,
        1 => Just(31 * DAY),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let cut = prop_oneof![
        3 => (0..8_usize).prop_map(Cut::Write),
        1 => (0..5_usize).prop_map(Cut::Request),
        1 => (0..5_usize).prop_map(Cut::Answer),
    ];
    let loss = prop_oneof![
        Just(Loss::Request),
        Just(Loss::Answer),
        (0..4_000_usize).prop_map(Loss::Broken),
        (0..40_000_usize).prop_map(Loss::Changed),
        Just(Loss::Repeated),
    ];
    prop_oneof![
        6 => Just(Trouble::None),
        2 => cut.prop_map(Trouble::PowerCut),
        2 => (0..4_usize, loss).prop_map(|(spared, what)| Trouble::Lost { spared, what }),
    ]
}

/// An account may have more; here every step costs what its members cost.
const MOST_DEVICES: usize = 4;
