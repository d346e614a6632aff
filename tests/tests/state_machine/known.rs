use keyfold_tests::{memory::Cut, sdk::DAY};

use crate::step::{Deed, Loss, Step, Text, Trouble};

/// Programs that failed once, whatever becomes of how others are drawn.
pub(crate) fn known() -> Vec<Vec<Step>> {
    vec![
        // Its message was kept: the removal comes with the next sync.
        vec![Step::Remove { by: 0, whom: 1, trouble: Trouble::PowerCut(Cut::Request(1)) }],
        // The other device was away from the deletion until the purge.
        vec![
            Step::Sync { by: 1, trouble: Trouble::None },
            Step::Part { whom: 1 },
            Step::Delete { by: 0, item: 0 },
            Step::Sync { by: 0, trouble: Trouble::None },
            Step::Wait { how_long: 31 * DAY },
        ],
        // Deleted once more by a device that had not heard of the purge.
        vec![
            Step::Delete { by: 0, item: 2 },
            Step::Both { one: 0, does: Deed::Sync, other: 5 },
            Step::Wait { how_long: 31 * DAY },
            Step::Delete { by: 7, item: 2 },
            Step::Add { by: 0 },
        ],
        // The other device had no key for the deletion, since somebody had changed an answer, and was shown the purge then.
        vec![
            Step::Rotate { by: 7, trouble: Trouble::None },
            Step::Rotate { by: 0, trouble: Trouble::Lost { spared: 1, what: Loss::Changed(4352) } },
            Step::Delete { by: 1, item: 0 },
            Step::Sync { by: 1, trouble: Trouble::None },
            Step::Wait { how_long: 31 * DAY },
        ],
        // Its sync was stopped, and the power went when it was about to look again.
        vec![
            Step::Sync { by: 1, trouble: Trouble::Lost { spared: 1, what: Loss::Changed(64) } },
            Step::Enrol { by: 1, trouble: Trouble::PowerCut(Cut::Write(0)) },
        ],
        // Somebody changed its key of the new epoch on the way: it asks for it again.
        vec![
            Step::Remove { by: 7, whom: 2, trouble: Trouble::Lost { spared: 2, what: Loss::Changed(600) } },
            Step::Sync { by: 7, trouble: Trouble::Lost { spared: 0, what: Loss::Changed(4120) } },
            Step::Set { by: 5, item: 0, text: Text::Label },
        ],
        // Removed by a device that it does not know: it is locked, and its passkeys sign in nowhere.
        vec![
            Step::Sync { by: 1, trouble: Trouble::None },
            Step::Enrol { by: 8, trouble: Trouble::None },
            Step::Remove { by: 2, whom: 4, trouble: Trouble::None },
            Step::Sync { by: 4, trouble: Trouble::None },
            Step::SignIn { by: 4, item: 0 },
        ],
        // While one device could not do what it wanted, another learned of its removal and wiped itself.
        vec![
            Step::MakeCode { by: 0, trouble: Trouble::None },
            Step::UseCode,
            Step::LetInByCode,
            Step::Remove { by: 10, whom: 0, trouble: Trouble::None },
            Step::Both { one: 2, does: Deed::Rotate, other: 3 },
        ],
    ]
}
