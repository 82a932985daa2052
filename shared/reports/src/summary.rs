//! The run on one screen: what the email and the terminal say.

use crate::ReportInput;

/// The summary as plain text, for a terminal: at most about 40 lines.
#[must_use]
pub fn text_summary(input: &ReportInput<'_>) -> String {
    format!("Truecount, {}\n", crate::people::month(input.header.month))
}
