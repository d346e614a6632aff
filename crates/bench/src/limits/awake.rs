//! Keeps the cores from going to sleep while a limit and its subject take their turns, by what runs only when nothing else
//! wants to.
//!
//! One writer that waits for its disk leaves a core idle, and on a virtual machine waking it can take several times as long
//! as the flush that it waited for. Sixteen writers keep it awake by themselves: without this the limit of a disk would be
//! that of a wake-up, and a server would seem faster than what it stands on.

use std::{os::unix::process::parent_id, process::Command, thread};

use crate::{
    children::{Child, End},
    failure::Failure,
};

/// A process for each core that does nothing, busily. They end with this value.
pub(crate) struct Awake {
    _spinning: Vec<Child>,
}

impl Awake {
    pub(crate) fn keep() -> Result<Self, Failure> {
        let own = std::env::current_exe().map_err(Failure::io("this program's path"))?;
        let cores = thread::available_parallelism().map_err(Failure::io("the number of cores"))?.get();
        let spin = |_| {
            let mut command = Command::new("chrt");
            command.args(["--idle", "0"]).arg(&own).arg("stay-awake");
            Child::start(command, End::Kill)
        };
        Ok(Self { _spinning: (0..cores).map(spin).collect::<Result<_, _>>()? })
    }
}

/// Spins until the program that started this one is gone.
pub(crate) fn spin() {
    let started_by = parent_id();
    while parent_id() == started_by {
        for _ in 0..BETWEEN_LOOKS {
            std::hint::spin_loop();
        }
    }
}

const BETWEEN_LOOKS: u32 = 1_000_000;
