use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keyfold_client::sync::Progress;

use crate::output::{Output, Remarks};

/// Shows that something takes its time, where a person watches.
pub(crate) fn spinner(what: &'static str, out: Output) -> ProgressBar {
    if !is_watched(out) {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// A bar for work of so many steps, where a person watches.
pub(crate) fn bar(what: &'static str, out: Output) -> ProgressBar {
    if !is_watched(out) {
        return ProgressBar::hidden();
    }
    styled(ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_message(what))
}

fn styled(bar: ProgressBar) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// A bar for what takes long in a sync.
pub(crate) struct SyncProgress {
    out: Output,
    bar: Mutex<Option<ProgressBar>>,
}

impl SyncProgress {
    pub(crate) const fn new(out: Output) -> Self {
        Self { out, bar: Mutex::new(None) }
    }

    fn show(&self, what: &'static str, done: u64, total: u64) {
        if total < LONG || !is_watched(self.out) {
            return;
        }
        let mut shown = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = shown.get_or_insert_with(|| {
            styled(ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_message(what))
        });
        bar.set_length(total);
        bar.set_position(done);
        if done == total {
            bar.finish_and_clear();
            *shown = None;
        }
    }
}

impl Progress for SyncProgress {
    fn items(&self, done: u64, total: u64) {
        self.show("pulling", done, total);
    }

    fn pushed(&self, done: u64, total: u64) {
        self.show("pushing", done, total);
    }

    fn reencrypted(&self, done: u64, total: u64) {
        self.show("encrypting anew", done, total);
    }
}

fn is_watched(out: Output) -> bool {
    out.remarks == Remarks::Wanted && std::io::stderr().is_terminal()
}

/// Fewer items than that are there before a bar is.
const LONG: u64 = 500;
