//! A progress bar for bulk work, where somebody looks.
//!
//! Owns: the line on standard error, if that is a terminal and no script reads the answer. Refuses: anything
//! elsewhere: what is piped or asked for as JSON gets no bar.

use std::cell::Cell;
use std::io::{IsTerminal, Write};

use super::rest::OutputForm;

/// The bar's width in characters.
const BAR_CHARS: usize = 30;
/// Goes to the line's beginning and leaves nothing of it.
const CLEAR: &str = "\r\u{1b}[K";

/// A progress bar, or nothing where nobody would see it.
pub(super) struct ProgressBar {
    is_seen: bool,
    /// Whether the cursor stands behind it.
    is_shown: Cell<bool>,
}

impl ProgressBar {
    pub(super) fn new(form: OutputForm) -> Self {
        Self {
            is_seen: form == OutputForm::Human && std::io::stderr().is_terminal(),
            is_shown: Cell::new(false),
        }
    }

    /// Shows how much of what is to be done is done; of how much where that is known.
    pub(super) fn show(&self, done: u64, total: Option<u64>) {
        self.is_shown.set(true);
        self.write(&format!("\r{}", layout(done, total)));
    }

    /// Makes room for a line of another kind.
    pub(super) fn clear(&self) {
        if self.is_shown.replace(false) {
            self.write(CLEAR);
        }
    }

    /// Leaves what was shown, and goes on below it.
    pub(super) fn end(&self) {
        self.is_shown.set(false);
        self.write("\n");
    }

    fn write(&self, text: &str) {
        if self.is_seen {
            // A terminal that went away needs no bar.
            drop(std::io::stderr().write_all(text.as_bytes()));
        }
    }
}

/// Whatever went wrong meanwhile is said on a line of its own.
impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn layout(done: u64, total: Option<u64>) -> String {
    let Some(total) = total else {
        return format!("{done} done");
    };
    let share = match total {
        0 => 1.0,
        _ => (done as f64 / total as f64).min(1.0),
    };
    let full = (share * BAR_CHARS as f64) as usize;
    format!(
        "[{}{}] {done} of {total}",
        "#".repeat(full),
        " ".repeat(BAR_CHARS - full)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_never_leaves_its_frame() {
        assert_eq!(layout(0, Some(0)), format!("[{}] 0 of 0", "#".repeat(30)));
        assert!(layout(1, Some(2)).starts_with(&format!("[{}{}]", "#".repeat(15), " ".repeat(15))));
        assert!(layout(9, Some(2)).starts_with(&format!("[{}]", "#".repeat(30))));
        assert_eq!(layout(7, None), "7 done");
    }
}
