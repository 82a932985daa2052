//! The form of a short mail: a headline, what is to be done by whom, and what happens next; as text and as HTML.

use std::fmt::Write as _;

use askama::Template;

use super::{Notice, last_day, words};
use crate::ReportError;
use crate::commands::with_options;
use crate::words::{WorkOwner, wrapped, wrapped_from};

/// Columns of a line. Only a command can be longer.
const COLUMNS: usize = 80;

/// The content of a short mail. Every text in it is harmless in a mail.
pub(crate) struct ShortMail {
    pub(crate) subject: String,
    /// `June 2026`.
    pub(crate) month: String,
    pub(crate) headline: String,
    pub(crate) blocks: Vec<Block>,
    /// What happens next, a paragraph each.
    pub(crate) next: Vec<String>,
    /// Our own words, to be copied, each after what it does.
    pub(crate) commands: Vec<(String, String)>,
}

/// What is to be put right, of one kind.
pub(crate) struct Block {
    pub(crate) title: String,
    pub(crate) entries: Vec<Entry>,
    /// `and 3 more`.
    pub(crate) more: Option<String>,
}

/// One thing that is to be put right.
pub(crate) struct Entry {
    pub(crate) what: String,
    /// What helps, and who does it; `None`: nothing is to be done.
    pub(crate) fix: Option<(String, WorkOwner)>,
}

impl ShortMail {
    pub(crate) fn of(notice: &Notice) -> Self {
        match notice {
            Notice::Reminder(reminder) => words::reminder(reminder),
            Notice::NotReady(waits) => words::not_ready(waits),
            Notice::LastDay(review) => last_day::last_day(review),
        }
    }

    /// The same with what each command of ours needs to reach the data.
    pub(crate) fn with_options(mut self, options: &str) -> Self {
        let add = |text: &mut String| *text = with_options(text, options).into_owned();
        self.next.iter_mut().for_each(add);
        self.commands.iter_mut().for_each(|(_, command)| add(command));
        for entry in self.blocks.iter_mut().flat_map(|block| &mut block.entries) {
            add(&mut entry.what);
            entry.fix.iter_mut().for_each(|(fix, _)| add(fix));
        }
        self
    }

    /// Writing to a `String` cannot fail, so the results of `write!` are dropped.
    pub(crate) fn text(&self, first_line: Option<&str>) -> String {
        let mut out = String::new();
        if let Some(line) = first_line {
            let _ = writeln!(out, "{}\n", wrapped(line, COLUMNS, 0));
        }
        let _ = writeln!(out, "TRUECOUNT · {}\n{}\n", self.month, wrapped(&self.headline, COLUMNS, 0));
        for block in &self.blocks {
            let _ = writeln!(out, "{}", wrapped(&block.title, COLUMNS, 0));
            for entry in &block.entries {
                let _ = writeln!(out, "  {}", wrapped_from(&entry.what, COLUMNS, 2, 2));
                if let Some((fix, owner)) = &entry.fix {
                    let fix = format!("→ {fix} ({})", owner.as_str());
                    let _ = writeln!(out, "    {}", wrapped_from(&fix, COLUMNS, 4, 6));
                }
            }
            if let Some(more) = &block.more {
                let _ = writeln!(out, "  {more}");
            }
            out.push('\n');
        }
        for paragraph in &self.next {
            let _ = writeln!(out, "{}\n", wrapped(paragraph, COLUMNS, 0));
        }
        for (what, command) in &self.commands {
            // Never wrapped: it is to be copied.
            let _ = writeln!(out, "{}\n  {command}", wrapped(what, COLUMNS, 0));
        }
        out
    }

    pub(crate) fn html(&self, first_line: Option<&str>) -> Result<String, ReportError> {
        Ok(Page { mail: self, first_line }.render()?)
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Page<'a> {
    mail: &'a ShortMail,
    first_line: Option<&'a str>,
}
