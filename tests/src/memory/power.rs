use std::sync::{Mutex, MutexGuard};

use keyfold_client::{storage::StorageError, transport::TransportError};

/// A device's power. Once it is off, nothing is written, read or sent any more, until it is started anew.
#[derive(Default)]
pub struct Power(Mutex<State>);

/// Where the power is cut: a boundary between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the next write but so many.
    Write(usize),
    /// Before the next request but so many reaches the server.
    Request(usize),
    /// After the server has acted on it, and before its answer is here.
    Answer(usize),
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    is_off: bool,
}

impl Power {
    /// From now on it is cut there.
    pub fn cut_at(&self, cut: Cut) {
        self.state().cut = Some(cut);
    }

    /// The device is started anew, if it went off; whether it had.
    pub fn on(&self) -> bool {
        std::mem::take(&mut *self.state()).is_off
    }

    pub(super) fn reads(&self) -> Result<(), StorageError> {
        self.state().storage()
    }

    pub(super) fn writes(&self) -> Result<(), StorageError> {
        let mut state = self.state();
        state.pass(|cut| if let Cut::Write(left) = cut { Some(left) } else { None });
        state.storage()
    }

    pub fn sends(&self) -> Result<(), TransportError> {
        let mut state = self.state();
        state.pass(|cut| if let Cut::Request(left) = cut { Some(left) } else { None });
        state.wire()
    }

    pub fn hears(&self) -> Result<(), TransportError> {
        let mut state = self.state();
        state.pass(|cut| if let Cut::Answer(left) = cut { Some(left) } else { None });
        state.wire()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    /// One more of what the cut counts, if it is of this kind.
    fn pass(&mut self, counted: impl Fn(&mut Cut) -> Option<&mut usize>) {
        let Some(left) = self.cut.as_mut().and_then(counted) else { return };
        match left.checked_sub(1) {
            Some(fewer) => *left = fewer,
            None => self.is_off = true,
        }
    }

    fn storage(&self) -> Result<(), StorageError> {
        if self.is_off { Err(StorageError::Unusable(OFF.to_owned())) } else { Ok(()) }
    }

    fn wire(&self) -> Result<(), TransportError> {
        if self.is_off { Err(TransportError::Unreachable(OFF.to_owned())) } else { Ok(()) }
    }
}

const OFF: &str = "the power is off";
