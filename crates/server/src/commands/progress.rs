use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Form;

/// How far long work has come, where a person watches.
pub(super) struct Bar(ProgressBar);

pub(super) fn bar(what: &'static str, form: Form) -> Bar {
    if form == Form::Json || !stderr().is_terminal() {
        return Bar(ProgressBar::hidden());
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_message(what);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} rows, {eta} left");
    Bar(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
}

impl Bar {
    pub(super) fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
