//! What a report says of a run beside its lines, gathered from the lines of a stored outcome, one at a time.
//!
//! Deliberately absent: any client's rows. They go to `lines.csv` as they come, and only their exceptions are kept.

use std::io;

use truecount_billing::SourceId;
use truecount_reconciliation::{
    ActionOutcome, AgreementFinding, ClientRecord, LinesReadWord, MappingSuggestion, OutcomeLine, PortfolioRecord,
    RowKind, SetupFinding, SourceReading,
};

use crate::{
    ChangeRow, EarlierRow, ExceptionRow, Exceptions, LinesSheet, ReportError, RunHeader, actions::sort_done,
    agreement_findings::sort_findings, change_row::sort_changes, common_cause::ids_at_many_clients,
    map_first::WaitingRevenue, sort_earlier,
};

/// Everything a report says about a run but its lines.
#[derive(Debug, Clone)]
pub struct RunReport<'h> {
    /// Which run it is.
    pub header: &'h RunHeader,
    /// What the run adds up beside its clients.
    pub portfolio: PortfolioRecord,
    /// How far each source of either side was read, by id.
    pub sources: Vec<SourceReading>,
    /// What about the setup makes counts unreliable.
    pub setup: Vec<SetupFinding>,
    /// Vendor accounts that nobody decided.
    pub suggestions: Vec<MappingSuggestion>,
    /// What the agreements give away by themselves, the largest first.
    pub agreement_findings: Vec<AgreementFinding>,
    /// What somebody should act on, and what nobody knows, in order.
    pub exceptions: Vec<ExceptionRow>,
    /// What is to be changed on agreements, line by line, in the order in which one works.
    pub changes: Vec<ChangeRow>,
    /// What became of decisions to change a bill, what is open first.
    pub actions: Vec<ActionOutcome>,
    /// What earlier closings found and is gone, or not known, in order.
    pub earlier: Vec<EarlierRow>,
    /// Clients whose lines were not read completely.
    pub(crate) unread_clients: Vec<UnreadClient>,
    /// Clients of which something was compared.
    pub(crate) clients_compared: u64,
    /// Revenue that is not reconciled while accounts are not mapped.
    pub(crate) waiting: WaitingRevenue,
}

/// A client whose lines were not read completely.
#[derive(Debug, Clone)]
pub(crate) struct UnreadClient {
    /// Its name. Foreign text.
    pub(crate) name: String,
    /// How far they were read.
    pub(crate) read: LinesReadWord,
}

impl RunReport<'_> {
    /// Comparisons that came to a result: sure differences, and those of which nothing is to be done.
    pub(crate) fn comparisons(&self) -> u64 {
        self.portfolio.rows.iter().filter(|(kind, _)| kind.is_compared()).map(|(_, rows)| rows).sum()
    }

    /// How many rows there are of a kind.
    pub(crate) fn rows_of(&self, kind: RowKind) -> u64 {
        self.portfolio.rows.get(&kind).copied().unwrap_or(0)
    }

    /// The exceptions of a kind that nobody has set aside, in order.
    pub(crate) fn exceptions_of(&self, kind: RowKind) -> impl Iterator<Item = &ExceptionRow> {
        self.exceptions.iter().filter(move |row| row.kind == kind.as_str() && !row.is_set_aside())
    }
}

/// Takes the lines of a stored outcome, the portfolio first, in the memory of one client beside the
/// exceptions.
pub struct RunReportBuilder<'h, W: io::Write> {
    header: &'h RunHeader,
    state: BuilderState<'h, W>,
}

/// How far the lines have come.
enum BuilderState<'h, W: io::Write> {
    /// Nothing yet: where `lines.csv` goes.
    Empty(W),
    /// The portfolio is there.
    Begun(Box<Gathered<'h, W>>),
    /// A line was refused; the rest is of no use.
    Refused,
}

struct Gathered<'h, W: io::Write> {
    lines: LinesSheet<'h, W>,
    exceptions: Exceptions,
    changes: Vec<ChangeRow>,
    earlier: Vec<EarlierRow>,
    actions: Vec<ActionOutcome>,
    portfolio: PortfolioRecord,
    sources: Vec<SourceReading>,
    setup: Vec<SetupFinding>,
    suggestions: Vec<MappingSuggestion>,
    agreement_findings: Vec<AgreementFinding>,
    unread_clients: Vec<UnreadClient>,
    clients_compared: u64,
    waiting: WaitingRevenue,
}

impl<'h, W: io::Write> RunReportBuilder<'h, W> {
    /// No line yet. `lines_csv`: where `lines.csv` goes; [`io::sink`] where nobody wants it.
    pub fn begin(header: &'h RunHeader, lines_csv: W) -> Self {
        Self { header, state: BuilderState::Empty(lines_csv) }
    }

    /// Takes one line.
    ///
    /// # Errors
    /// [`ReportError::Outcome`] if the portfolio is not first, or comes again;
    /// [`ReportError::Sheet`] if `lines.csv` cannot be written. The builder takes no further line after either.
    pub fn line(&mut self, line: OutcomeLine) -> Result<(), ReportError> {
        match (std::mem::replace(&mut self.state, BuilderState::Refused), line) {
            (BuilderState::Empty(lines_csv), OutcomeLine::Portfolio(portfolio)) => {
                let begun = Gathered::begin(self.header, *portfolio, lines_csv)?;
                self.state = BuilderState::Begun(Box::new(begun));
                Ok(())
            }
            (BuilderState::Empty(_), _) => Err(ReportError::Outcome { what: PORTFOLIO_MISSING }),
            (BuilderState::Begun(mut begun), line) => {
                begun.take(line)?;
                self.state = BuilderState::Begun(begun);
                Ok(())
            }
            (BuilderState::Refused, _) => Err(ReportError::Outcome { what: "an earlier line was refused" }),
        }
    }

    /// Ends `lines.csv` and puts the exceptions in order.
    ///
    /// # Errors
    /// [`ReportError::Outcome`] if there was no portfolio, or a line was refused; [`ReportError::Sheet`] if `lines.csv`
    /// cannot be written.
    pub fn finish(self) -> Result<RunReport<'h>, ReportError> {
        match self.state {
            BuilderState::Begun(begun) => begun.finish(self.header),
            BuilderState::Empty(_) => Err(ReportError::Outcome { what: PORTFOLIO_MISSING }),
            BuilderState::Refused => Err(ReportError::Outcome { what: "a line was refused" }),
        }
    }
}

const PORTFOLIO_MISSING: &str = "its first line is not the portfolio";

impl<'h, W: io::Write> Gathered<'h, W> {
    fn begin(header: &'h RunHeader, portfolio: PortfolioRecord, lines_csv: W) -> Result<Self, ReportError> {
        let home = portfolio.home_currency;
        Ok(Self {
            lines: LinesSheet::begin(header, home, lines_csv)?,
            exceptions: Exceptions::new(home),
            changes: Vec::new(),
            earlier: Vec::new(),
            actions: Vec::new(),
            portfolio,
            sources: Vec::new(),
            setup: Vec::new(),
            suggestions: Vec::new(),
            agreement_findings: Vec::new(),
            unread_clients: Vec::new(),
            clients_compared: 0,
            waiting: WaitingRevenue::default(),
        })
    }

    fn take(&mut self, line: OutcomeLine) -> Result<(), ReportError> {
        match line {
            OutcomeLine::Portfolio(_) => return Err(ReportError::Outcome { what: "it has two portfolios" }),
            OutcomeLine::Source(source) => {
                self.exceptions.source(&source);
                self.sources.push(*source);
            }
            OutcomeLine::Setup(setup) => self.setup.push(setup),
            OutcomeLine::Suggestion(suggestion) => {
                self.exceptions.suggestion(&suggestion);
                self.suggestions.push(suggestion);
            }
            OutcomeLine::Client(client) => self.client(&client)?,
            OutcomeLine::Action(action) => self.actions.push(*action),
            OutcomeLine::AgreementFinding(found) => self.agreement_findings.push(*found),
        }
        Ok(())
    }

    fn client(&mut self, client: &ClientRecord) -> Result<(), ReportError> {
        self.clients_compared += u64::from(client.rows.iter().any(|row| row.kind.is_compared()));
        if !client.lines_read.is_complete() {
            self.unread_clients.push(UnreadClient { name: client.client_name.clone(), read: client.lines_read });
        }
        self.waiting.client(client);
        self.exceptions.client(client);
        self.changes.extend(ChangeRow::of_client(client));
        self.earlier.extend(EarlierRow::of_client(client));
        self.lines.client(client)
    }

    fn finish(self, header: &'h RunHeader) -> Result<RunReport<'h>, ReportError> {
        self.lines.finish(&self.portfolio)?;
        let mut sources = self.sources;
        sources.sort_by(|a, b| id(a).cmp(id(b)));
        let mut agreement_findings = self.agreement_findings;
        sort_findings(&mut agreement_findings, &self.portfolio.weights, self.portfolio.home_currency);
        let mut earlier = self.earlier;
        sort_earlier(&mut earlier, &self.portfolio);
        let mut changes = self.changes;
        if self.portfolio.is_first_comparison() {
            let of_setup = ids_at_many_clients(&self.portfolio);
            changes.retain(|change| !of_setup.contains(&change.exception_id));
        }
        sort_changes(&mut changes);
        let mut actions = self.actions;
        sort_done(&mut actions);
        let mut exceptions = self.exceptions.finish(&self.portfolio);
        header.oversight.note_exceptions(&mut exceptions, &self.portfolio);
        header.oversight.note_changes(&mut changes, &exceptions);
        Ok(RunReport {
            header,
            actions,
            changes,
            earlier,
            exceptions,
            portfolio: self.portfolio,
            sources,
            setup: self.setup,
            suggestions: self.suggestions,
            agreement_findings,
            unread_clients: self.unread_clients,
            clients_compared: self.clients_compared,
            waiting: self.waiting,
        })
    }
}

fn id(source: &SourceReading) -> &SourceId {
    &source.source
}
