//! What a long command is doing, on one line of the terminal that is gone before anything else is written there.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use truecount_app::{ProgressObserver, Quiet};

use crate::output::counted;

/// How often the line is redrawn.
const TICK: Duration = Duration::from_millis(120);

/// The line, while it is drawn. One for the process, because it shares one terminal with all output.
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shows progress where stderr is a terminal, and nothing in a pipe.
pub(crate) fn observer() -> Arc<dyn ProgressObserver> {
    if std::io::stderr().is_terminal() { Arc::new(StatusLine) } else { Arc::new(Quiet) }
}

/// Takes the line off the terminal; the next step draws it again.
pub(crate) fn clear() {
    if let Some(line) = LINE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        line.finish_and_clear();
    }
}

struct StatusLine;

impl ProgressObserver for StatusLine {
    fn pages(&self, source: &str, pages: u64) {
        self.step(&format!("reading {source}: {}", counted(pages, "page", "pages")));
    }

    fn step(&self, what: &str) {
        let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        line.get_or_insert_with(spinner).set_message(what.to_owned());
    }
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(TICK);
    spinner
}
