//! The clients that an undecided vendor account may belong to, as `suggest`, `review` and `confirm --above` show them.

use truecount_app::mapping::{Candidates, MappingRow, Proposal};
use truecount_reports::sanitize;

use crate::output::{say, say_wrapped, tell};

/// Where a person is shown what there is to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// On stdout.
    AsResult,
    /// On stderr, because stdout has JSON.
    AsTalk,
}

impl Shown {
    pub(super) fn of(is_json: bool) -> Self {
        if is_json { Self::AsTalk } else { Self::AsResult }
    }

    /// A line with foreign text, wrapped at the width of the terminal.
    pub(super) fn line(self, line: &str, indent: usize) {
        let line = sanitize::visible(line);
        match self {
            Self::AsResult => say_wrapped(&line, indent),
            Self::AsTalk => tell(&line),
        }
    }

    pub(super) fn blank(self) {
        match self {
            Self::AsResult => say(""),
            Self::AsTalk => tell("\n"),
        }
    }
}

/// `Quay Legal [251] 97 %`.
pub(super) fn client(proposal: &Proposal) -> String {
    let percent = proposal.percent.map_or_else(String::new, |percent| format!(" {percent} %"));
    format!("{} [{}]{percent}", proposal.client_name, proposal.client_id)
}

/// `both have the rare quay; but only the client has legal`.
pub(super) fn why(proposal: &Proposal) -> String {
    match (proposal.reasons.join(", "), proposal.against.join(", ")) {
        (reasons, against) if against.is_empty() => reasons,
        (reasons, against) if reasons.is_empty() => format!("but {against}"),
        (reasons, against) => format!("{reasons}; but {against}"),
    }
}

/// What is said where no client is proposed.
pub(super) fn nobody(candidates: Option<&Candidates>) -> String {
    candidates.and_then(Candidates::nobody).unwrap_or_default()
}

/// `rmm 17  Brown & Partners`.
pub(super) fn account(row: &MappingRow) -> String {
    format!("{} {}  {}", row.source, row.account_id, row.account_name)
}
