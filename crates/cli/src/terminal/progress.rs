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

/// A bar for long pulls.
pub(crate) struct PullProgress {
    out: Output,
    bar: Mutex<Option<ProgressBar>>,
}

impl PullProgress {
    pub(crate) const fn new(out: Output) -> Self {
        Self { out, bar: Mutex::new(None) }
    }
}

impl Progress for PullProgress {
    fn items(&self, done: u64, total: u64) {
        if total < LONG || !is_watched(self.out) {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| {
            styled(ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_message("pulling"))
        });
        bar.set_length(total);
        bar.set_position(done);
        if done == total {
            bar.finish_and_clear();
        }
    }
}

fn is_watched(out: Output) -> bool {
    out.remarks == Remarks::Wanted && std::io::stderr().is_terminal()
}

/// Fewer items than that are there before a bar is.
const LONG: u64 = 500;
