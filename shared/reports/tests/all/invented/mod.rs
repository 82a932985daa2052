//! Invented months for the tests and the example: clients, rows and sources that exist nowhere.

#![expect(clippy::unwrap_used, reason = "what is written here is known to be right")]
#![allow(dead_code, reason = "the tests and the example use their own part")]

pub(crate) mod large;
mod rows;
pub(crate) mod worlds;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use mail_parser::MessageParser;
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, ClientId, ControlTotals, CountDay, Currency, Money, ReadReason, ReadState, Receipt, RowReason, Side,
    SourceId, StreamReceipt, UnknownWord, decimal_from_text,
};
use truecount_reconciliation::{
    AccountReadWord, AccountRecord, AddAndReduce, AgreementFinding, AtStake, ClientRecord, IncompleteAccount,
    LinesReadWord, MappingSuggestion, OutcomeLine, PortfolioRecord, ProposalEffect, RowKind, RowRecord, SetupFinding,
    SourceReadWord, SourceReading, SourceRecord,
};
use truecount_reports::{
    InputRef, LINES_CSV, MailContent, Oversight, ReportFile, ReportMail, ReportPage, ReportWorkbook, RunHeader,
    RunReport, RunReportBuilder, email, files,
};

use rows::{agreeing, difference};

/// The subject of a report's mail.
pub(crate) fn subject(report: &RunReport<'_>) -> String {
    let raw = email(report, &mail_settings()).unwrap();
    MessageParser::default().parse(&raw).unwrap().subject().unwrap().to_owned()
}

/// A mail to somebody who works with it, without files.
pub(crate) fn mail_settings<'f>() -> ReportMail<'f> {
    ReportMail {
        from: "billing@hollybank.example".into(),
        to: vec!["ada@hollybank.example".into()],
        group: "billing".into(),
        attempt: 1,
        files: &[],
        content: MailContent::Work,
        entries_from: None,
        about: Vec::new(),
    }
}

/// A run: its header, and the lines of its outcome.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) header: RunHeader,
    pub(crate) portfolio: PortfolioRecord,
    pub(crate) sources: Vec<SourceReading>,
    pub(crate) setup: Vec<SetupFinding>,
    pub(crate) suggestions: Vec<MappingSuggestion>,
    pub(crate) agreement_findings: Vec<AgreementFinding>,
    pub(crate) clients: Vec<ClientRecord>,
}

impl Sample {
    /// The lines as they are stored.
    pub(crate) fn lines(&self) -> Vec<OutcomeLine> {
        let mut lines = vec![OutcomeLine::Portfolio(Box::new(self.portfolio.clone()))];
        lines.extend(self.sources.iter().cloned().map(|source| OutcomeLine::Source(Box::new(source))));
        lines.extend(self.setup.iter().cloned().map(OutcomeLine::Setup));
        lines.extend(self.suggestions.iter().cloned().map(OutcomeLine::Suggestion));
        lines.extend(self.clients.iter().cloned().map(|client| OutcomeLine::Client(Box::new(client))));
        let findings = self.agreement_findings.iter().cloned();
        lines.extend(findings.map(|found| OutcomeLine::AgreementFinding(Box::new(found))));
        lines
    }

    pub(crate) fn report(&self) -> RunReport<'_> {
        self.built(std::io::sink())
    }

    pub(crate) fn built<W: std::io::Write>(&self, lines_csv: W) -> RunReport<'_> {
        let mut builder = RunReportBuilder::begin(&self.header, lines_csv);
        self.lines().into_iter().for_each(|line| builder.line(line).unwrap());
        builder.finish().unwrap()
    }

    pub(crate) fn files(&self) -> Vec<ReportFile> {
        let mut lines = Vec::new();
        let report = self.built(&mut lines);
        let mut files = files(&report).unwrap();
        files.push(ReportFile { name: LINES_CSV, bytes: lines });
        let mut book = ReportWorkbook::begin(&report).unwrap();
        self.clients.iter().for_each(|client| book.client(client).unwrap());
        files.push(book.finish().unwrap());
        files
    }

    /// The page.
    pub(crate) fn page(&self) -> String {
        let report = self.report();
        let mut page = ReportPage::begin(&report, Vec::new()).unwrap();
        self.clients.iter().for_each(|client| page.client(client).unwrap());
        String::from_utf8(page.finish().unwrap()).unwrap()
    }

    /// One file of them.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        self.files().into_iter().find(|file| file.name == name).unwrap().bytes
    }

    /// Every row of every client.
    pub(crate) fn rows(&mut self) -> impl Iterator<Item = &mut RowRecord> {
        self.clients.iter_mut().flat_map(|client| &mut client.rows)
    }

    /// Adds up again what the clients' rows say.
    pub(crate) fn added_up(mut self) -> Self {
        let portfolio = &mut self.portfolio;
        (portfolio.rows, portfolio.totals, portfolio.coverage) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        (portfolio.unpriced, portfolio.unknown_stakes) = (0, 0);
        for row in self.clients.iter().flat_map(|client| &client.rows) {
            *portfolio.rows.entry(row.kind).or_default() += 1;
            let is_unknown = [row.stake_up, row.stake_down].contains(&Some(AtStake::Unknown));
            portfolio.unknown_stakes += u64::from(is_unknown);
            portfolio.unpriced += u64::from(row.kind.changes_a_bill() && row.monthly_impact.is_none());
            add_up(portfolio, row);
        }
        self
    }
}

/// Adds one row to the totals and to the revenue.
fn add_up(portfolio: &mut PortfolioRecord, row: &RowRecord) {
    for (currency, cost) in &row.cost {
        portfolio.totals.entry(*currency).or_default().clean_up += cost;
    }
    let Some(currency) = row.currency else { return };
    let known = |stake| if let Some(AtStake::Known(amount)) = stake { amount } else { Decimal::ZERO };
    let (up, down) = (known(row.stake_up), known(row.stake_down));
    let impact = row.monthly_impact.unwrap_or_default();
    if !impact.is_zero() || !up.is_zero() || !down.is_zero() {
        let totals = portfolio.totals.entry(currency).or_default();
        let (add, reduce) = match row.is_estimated {
            true => (&mut totals.estimated_add, &mut totals.estimated_reduce),
            false => (&mut totals.add, &mut totals.reduce),
        };
        *add += impact.max(Decimal::ZERO);
        *reduce -= impact.min(Decimal::ZERO);
        totals.not_reconciled_up += up;
        totals.not_reconciled_down += down;
    }
    let billed: Decimal = row.lines.iter().map(|line| line.quantity * line.unit_price.unwrap_or_default()).sum();
    if billed.is_zero() {
        return;
    }
    let revenue = portfolio.coverage.entry(currency).or_default();
    match row.kind {
        RowKind::UncountedLine => revenue.uncounted += billed,
        RowKind::Flat => revenue.flat += billed,
        RowKind::NotReconciled => {
            revenue.not_reconciled += down;
            revenue.compared += billed - down;
        }
        _ => revenue.compared += billed,
    }
}

pub(crate) const COUNT_DAY: Date = date(2026, 6, 30);

pub(crate) fn decimal(text: &str) -> Decimal {
    decimal_from_text(text).unwrap()
}

pub(crate) fn currency(text: &str) -> Currency {
    Currency::new(text).unwrap()
}

/// client | service | source | should bill | billed | price | currency | kind | units not seen for long
const DIFFERENCES: [&str; 18] = [
    "Hartwell Dental Group|MNG-WKS|ninjaone|412|380|38.50|GBP|underbilled|",
    "Brackenfield Surveyors LLP|M365-BP|microsoft-graph|64|22|17.60|GBP|underbilled|",
    "Ostrava & Finch Architects|BCK-SRV|ninjaone|9|0|79.00|GBP|unbilled_usage|",
    "Kestrel Logistics GmbH|M365-E3|pax8|41|26|36.90|EUR|underbilled|",
    "Maple & Thorn Veterinary|MNG-WKS|ninjaone|18|31|38.50|GBP|overbilled|11",
    "Northgate Housing Trust|SEC-EDR|pax8|120|75|6.25|GBP|underbilled|",
    "Dunmore Fire & Security|M365-BP|microsoft-graph|0|12|17.60|GBP|billed_without_usage|",
    "Société Générale de Plomberie|BCK-WKS|ninjaone|33|20|11.4375|EUR|underbilled|",
    "Ivybridge Primary School|MNG-SRV|ninjaone|3|2|145.00|GBP|underbilled|",
    "Calloway Insurance Brokers|M365-BP|microsoft-graph|21|19|17.60|GBP|underbilled|",
    "Redwick Farm Shop|SEC-EDR|pax8|7|9|6.25|GBP|overbilled|",
    "Tamsin Hale Interiors|VOIP-STD|pax8|6|0||GBP|unbilled_usage|",
    "Pellworth Estates|M365-BP|pax8|0|14|17.60|GBP|not_reconciled|undecided",
    "Wexcombe Opticians|M365-BP|microsoft-graph|0|12|17.60|GBP|not_reconciled|failed",
    "Wexcombe Opticians|M365-E3|microsoft-graph|0|4|36.90|GBP|not_reconciled|failed",
    "Yarrow Mill Hotel|M365-BP|microsoft-graph|0|20|17.60|GBP|not_reconciled|failed",
    "Lindqvist Furniture|MNG-WKS|ninjaone|11|11|38.50|GBP|agreement_ending|",
    "Old Quay Brewery|M365-BP|microsoft-graph|5|0|14.20|GBP|ended_agreement_in_use|",
];

/// A usual closing month: two tenants answered 403, two currencies, mapping work.
pub(crate) fn month() -> Sample {
    let mut clients: BTreeMap<ClientId, ClientRecord> = BTreeMap::new();
    let differing = DIFFERENCES.iter().map(|row| difference(row));
    for (name, row) in differing.chain((0..104).map(agreeing)) {
        let client = clients.entry(client_id(&name)).or_insert_with(|| client(&name));
        client.rows.push(row);
    }
    let failed = ["Wexcombe Opticians", "Yarrow Mill Hotel"];
    let mut portfolio = PortfolioRecord::empty(currency("GBP"));
    portfolio.sources = ["microsoft-graph", "ninjaone", "pax8"].map(used).into();
    portfolio.sources[0].incomplete = failed.iter().map(|name| not_read(name)).collect();
    portfolio.unmapped = vec![account("pax8", "Pellworth (old tenant)")];
    let sample = Sample {
        header: header(),
        portfolio,
        sources: vec![
            read("connectwise", ReadState::Complete, 0),
            read("microsoft-graph", ReadState::Complete, 2),
            read("ninjaone", ReadState::Complete, 0),
            read("pax8", ReadState::Complete, 0),
        ],
        setup: vec![
            setup(
                "line_without_rule",
                "HW-LAPTOP",
                "product `HW-LAPTOP` is billed on 6 lines and no rule counts it; add one, or list it as not counted",
                6,
            ),
            setup("unknown_status", "pax8", "status `PendingReview` is not known and was not counted", 2),
        ],
        suggestions: vec![
            suggestion("Pellworth (old tenant)", Some("Pellworth Estates"), &[("246.40", "GBP")]),
            suggestion("Zürcher Treuhand", Some("Zuercher Treuhand AG"), &[("88.10", "CHF")]),
            suggestion("test tenant", None, &[]),
        ],
        agreement_findings: Vec::new(),
        clients: clients.into_values().collect(),
    };
    sample.added_up()
}

/// Everything agrees, everything was read.
pub(crate) fn clean() -> Sample {
    let mut sample = month();
    for client in &mut sample.clients {
        client.rows.retain(|row| row.kind == RowKind::Agrees);
    }
    sample.portfolio.sources.iter_mut().for_each(|source| source.incomplete.clear());
    sample.sources.iter_mut().for_each(|source| source.accounts_incomplete = 0);
    sample.portfolio.unmapped.clear();
    (sample.setup, sample.suggestions) = (Vec::new(), Vec::new());
    sample.added_up()
}

/// No usage source could be read at all.
pub(crate) fn nothing_compared() -> Sample {
    let mut sample = clean();
    sample.clients.truncate(14);
    for client in &mut sample.clients {
        client.rows.truncate(1);
        client.rows.iter_mut().for_each(rows::make_unread);
    }
    let refused = "the token was refused (401): renew the secret of `ninjaone`, then sync again";
    sample.sources =
        vec![read("connectwise", ReadState::Complete, 0), read("ninjaone", ReadState::Failed(because(refused)), 48)];
    sample.portfolio.sources =
        vec![SourceRecord { read: SourceReadWord::NotRead, synced_on: None, ..used("ninjaone") }];
    sample.added_up()
}

/// A reason whose words a source gave.
pub(crate) fn because(detail: &str) -> ReadReason {
    ReadReason::UnexpectedAnswer { detail: detail.to_owned() }
}

/// Exceptions in five currencies.
pub(crate) fn many_currencies() -> Sample {
    let mut sample = month();
    let currencies = ["AUD", "CHF", "EUR", "GBP", "USD"].map(currency);
    for (at, row) in sample.rows().filter(|row| row.kind != RowKind::Agrees).enumerate() {
        row.currency = Some(currencies[at % currencies.len()]);
        row.lines.iter_mut().for_each(|line| line.currency = currencies[at % currencies.len()]);
    }
    sample.added_up()
}

/// Differences, but no price for any of them.
pub(crate) fn no_prices() -> Sample {
    let mut sample = month();
    for row in sample.rows() {
        (row.unit_price, row.monthly_impact, row.is_estimated) = (None, None, false);
        row.lines.iter_mut().for_each(|line| line.unit_price = None);
        row.changes.iter_mut().for_each(|change| change.monthly_impact = None);
        row.cost.clear();
        if row.kind == RowKind::NotReconciled {
            (row.stake_up, row.stake_down) = (Some(AtStake::Unknown), Some(AtStake::Unknown));
        }
    }
    sample.added_up()
}

pub(crate) fn header() -> RunHeader {
    let input = |name: &str, fill: &str| InputRef { name: name.into(), sha256: fill.repeat(32), bytes: 4096 };
    RunHeader {
        run_id: "2026-06-closing-1-7f3c9a".into(),
        month: "2026-06".parse().unwrap(),
        closing: Some(1),
        count_day: CountDay(COUNT_DAY),
        created_at: "2026-06-30T22:15:00Z".parse().unwrap(),
        inputs: vec![
            input("inputs/settings.toml", "ab"),
            input("inputs/rules.toml", "12"),
            input("inputs/decisions.json", "9e"),
        ],
        archive_place: "s3://hollybank-truecount/reports/2026-06/2026-06-closing-1-7f3c9a/".into(),
        replaces: None,
        missed: Vec::new(),
        oversight: Oversight::default(),
        is_incomplete: false,
    }
}

fn client_id(name: &str) -> ClientId {
    let hash = name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
    ClientId::new(format!("C-{hash:08x}")).unwrap()
}

fn client(name: &str) -> ClientRecord {
    ClientRecord {
        format: 1,
        client_id: client_id(name),
        client_name: name.into(),
        lines_read: LinesReadWord::Complete,
        rows: Vec::new(),
        coverage: BTreeMap::new(),
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    }
}

pub(crate) fn account(source: &str, name: &str) -> AccountRecord {
    AccountRecord {
        source: SourceId::new(source).unwrap(),
        account_id: AccountId::new(format!("acc-{}", name.len())).unwrap(),
        account_name: name.into(),
        in_file: false,
    }
}

fn not_read(name: &str) -> IncompleteAccount {
    IncompleteAccount {
        account: account("microsoft-graph", name),
        read: AccountReadWord::Failed,
        as_of: None,
        client_id: Some(client_id(name)),
        client_name: Some(name.into()),
    }
}

fn used(source: &str) -> SourceRecord {
    SourceRecord {
        source: SourceId::new(source).unwrap(),
        read: SourceReadWord::Used,
        synced_on: Some(COUNT_DAY),
        fresh_days: 3,
        last_failure: None,
        accounts: 48,
        incomplete: Vec::new(),
    }
}

fn suggestion(name: &str, client: Option<&str>, worth: &[(&str, &str)]) -> MappingSuggestion {
    let AccountRecord { source, account_id, account_name, .. } = account("pax8", name);
    MappingSuggestion {
        source,
        account_id,
        account_name,
        client_id: client.map(client_id),
        client_name: client.map(str::to_owned),
        score: client.map(|_| decimal("0.870")),
        reason: client.map_or("nobody resembles it", |_| "both have the rare treuhand").into(),
        against: client.map_or("", |_| "only the account has old").into(),
        items: 14,
        monthly_value: worth.iter().map(|(amount, code)| Money::new(decimal(amount), currency(code))).collect(),
        if_confirmed: client.map(|_| Box::new(effect(worth))),
    }
}

/// One row agrees then, and one comes that is worth all that the account holds.
fn effect(worth: &[(&str, &str)]) -> ProposalEffect {
    let change = |(amount, code): &(&str, &str)| (currency(code), AddAndReduce::of_change(decimal(amount), false));
    ProposalEffect {
        settled: [(RowKind::Agrees, 1)].into(),
        new: [(RowKind::UnbilledUsage, 1)].into(),
        amounts: worth.iter().map(change).collect(),
        ..ProposalEffect::default()
    }
}

fn setup(code: &str, subject: &str, message: &str, count: u64) -> SetupFinding {
    SetupFinding { code: code.into(), subject: subject.into(), message: message.into(), count }
}

/// A receipt with something of everything.
pub(crate) fn receipt() -> Receipt {
    let mut receipt = Receipt::default();
    let stream = StreamReceipt {
        rows: 1909,
        used: 1904,
        looked_up: 0,
        left_out: [(RowReason::Repeated, 3), (RowReason::Unreadable, 2)].into(),
        totals: ControlTotals { agreed: 4, differed: 1, refused: 2, none: 0 },
        lists_read_again: 1,
    };
    receipt.streams.insert("devices".into(), stream);
    receipt.streams.insert("sites".into(), StreamReceipt { rows: 7, looked_up: 7, ..StreamReceipt::default() });
    receipt.unknown_words.push(UnknownWord { field: "approvalStatus".into(), word: "ON_HOLD".into(), rows: 2 });
    receipt
}

pub(crate) fn read(source: &str, state: ReadState, incomplete: u64) -> SourceReading {
    SourceReading {
        source: SourceId::new(source).unwrap(),
        source_kind: source.into(),
        side: if source == "connectwise" { Side::Agreed } else { Side::Used },
        as_of: (!matches!(state, ReadState::Failed(_))).then_some(COUNT_DAY),
        last_failure: None,
        unread_since: None,
        receipt: None,
        state,
        accounts: 48,
        accounts_incomplete: incomplete,
    }
}
