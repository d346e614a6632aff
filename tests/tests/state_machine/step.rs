use keyfold_tests::{memory::Cut, sdk::Mishap};

/// One thing that happens. Devices, passkeys and times are named by numbers of which each counts round: whatever there is when
/// it comes to it, there is somebody whom it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Add {
        by: usize,
    },
    Set {
        by: usize,
        item: usize,
        text: Text,
    },
    Delete {
        by: usize,
        item: usize,
    },
    Restore {
        by: usize,
        item: usize,
    },
    SignIn {
        by: usize,
        item: usize,
    },
    Sync {
        by: usize,
        trouble: Trouble,
    },
    /// At the same time as the other syncs.
    Both {
        one: usize,
        does: Deed,
        other: usize,
    },
    Rotate {
        by: usize,
        trouble: Trouble,
    },
    Remove {
        by: usize,
        whom: usize,
        trouble: Trouble,
    },
    Enrol {
        by: usize,
        trouble: Trouble,
    },
    MakeCode {
        by: usize,
        trouble: Trouble,
    },
    RemoveCode {
        by: usize,
        trouble: Trouble,
    },
    /// Whoever has the code begins to use it.
    UseCode,
    /// And is let in, once the delay is over.
    LetInByCode,
    CancelCode {
        by: usize,
        trouble: Trouble,
    },
    /// A device that came by the code puts another in its place; of the others some go.
    ReplaceCode {
        by: usize,
        gone: usize,
        trouble: Trouble,
    },
    /// The device reaches no server.
    Part {
        whom: usize,
    },
    Meet {
        whom: usize,
    },
    Wait {
        how_long: u64,
    },
    /// The server tells these devices (a bit each) that it stands where it stood so many steps ago, and goes on from there.
    Lie {
        back: usize,
        to: usize,
    },
    /// It tells all the same again.
    Repent,
}

/// What a device does while another syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Sync,
    Rotate,
    Remove { whom: usize },
}

/// Which of a passkey's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Label,
    UserName,
}

/// What goes wrong while a device does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The power is cut, and the device is started anew.
    PowerCut(Cut),
    /// The next request but so many does not come through, or its answer.
    Lost {
        spared: usize,
        what: Loss,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Request,
    Answer,
    /// The connection breaks after so many bytes of the answer, counted round.
    Broken(usize),
    /// Somebody changes this bit of the answer.
    Changed(usize),
    /// Somebody repeats an older answer.
    Repeated,
}

impl Loss {
    pub(crate) const fn mishap(self) -> Mishap {
        match self {
            Self::Request => Mishap::RequestLost,
            Self::Answer => Mishap::AnswerLost,
            Self::Broken(bytes) => Mishap::AnswerBroken(bytes),
            Self::Changed(bit) => Mishap::AnswerChanged(bit),
            Self::Repeated => Mishap::AnswerRepeated,
        }
    }
}
