//! One exception, made of a row of a client, or of what is told beside the clients.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{BillingMonth, Currency};
use truecount_reconciliation::{
    AccountReadWord, AccountRecord, AtStake, ClientRecord, IncompleteAccount, LinesReadWord, MovedRecord, RowAction,
    RowKind, RowRecord, SourceReading, SourceRecord, SumsSoFar,
};

use crate::{
    actions,
    came_and_went::{came, to_look_for, went},
    catch_up, cells,
    common_cause::{AT_MANY_CLIENTS, PRODUCT_REPLACED},
    exception_id::{self, ExceptionSubject},
    history::{last_closings, state_word, told},
    is_exception,
    row_totals::RowTotals,
    words::{self, WorkOwner, WorkStep},
};

/// One exception, with its cells as they came: foreign text is made harmless where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// The client's name; empty: no client is known. Foreign text.
    pub client: String,
    /// Names of agreements. Foreign text.
    pub agreement: String,
    /// Names of products, else the service. Foreign text.
    pub product: String,
    /// What it says, as a word.
    pub kind: &'static str,
    /// As people read it.
    pub kind_label: &'static str,
    /// For how many comparisons it stands: more than one where they are told together.
    pub rows: u64,
    /// Units that count.
    pub counted: Option<Decimal>,
    /// Units that are billed; `None`: not known.
    pub billed: Option<Decimal>,
    /// Units that should be billed; `None`: only the ends are known.
    pub should_bill: Option<Decimal>,
    /// `should_bill` less `billed`.
    pub variance: Option<Decimal>,
    /// The price of one more a month.
    pub unit_price: Option<Decimal>,
    /// What the change is worth a month, signed.
    pub monthly_impact: Option<Decimal>,
    /// What that is on the first invoice that has it: of a whole billing cycle.
    pub invoice_amount: Option<Decimal>,
    /// What those that joined within periods already invoiced are worth there; `None`: none did, or nobody can say.
    pub catch_up: Option<Decimal>,
    /// Which those are, each from which day and with its amount. Foreign text.
    pub catch_up_for: String,
    /// Of which currency.
    pub currency: Option<Currency>,
    /// `calculated`, `estimated`, or empty.
    pub value_basis: &'static str,
    /// What to do next.
    pub next_step: WorkStep,
    /// Whose that is.
    pub owner: WorkOwner,
    /// Who looks after the client, by the settings; empty: nobody is named.
    pub account_manager: String,
    /// Whether its change of a bill needs approval, by the settings.
    pub needs_approval: bool,
    /// Items that count. Foreign text.
    pub items_in: String,
    /// Items that do not, or of which nobody knows. Foreign text.
    pub items_out: String,
    /// Items that count now and did not at an earlier closing. Foreign text.
    pub came: String,
    /// Items that counted then and do not now. Foreign text.
    pub went: String,
    /// Of those names the ones that a person looks for, in a mail. Foreign text.
    pub(crate) to_look_for: String,
    /// `high`, `medium`, `low`, or empty.
    pub confidence: &'static str,
    /// Why it is not sure.
    pub doubts: String,
    /// One sentence. Holds foreign text.
    pub reason: String,
    /// What it would be if the mappings that are proposed were confirmed; empty: the same. Holds foreign text.
    pub if_confirmed: String,
    /// The next invoice date.
    pub next_invoice_date: Option<Date>,
    /// The day of the invoice that the change is on, where that is not the next one.
    pub effective_date: Option<Date>,
    /// The day on which usage was counted.
    pub counted_on: Option<Date>,
    /// The sources.
    pub source: String,
    /// The account's name. Foreign text.
    pub account: String,
    /// The same every month, and short; `None`: only exceptions that a closing has found have one.
    pub number: Option<u32>,
    /// What has become of it since the last closing, as a word; empty: nothing is known.
    pub state: &'static str,
    /// The month since which it stands.
    pub since: Option<BillingMonth>,
    /// The day on which it began, where the syncs between two closings tell.
    pub began: Option<Date>,
    /// Closings that found it since then.
    pub months_open: Option<u32>,
    /// What the earlier of them found on their own invoices.
    pub so_far: SumsSoFar,
    /// All that in words.
    pub history: String,
    /// What the last closings before counted and billed.
    pub last_closings: String,
    /// A sentence for the client, where a bill is to be changed. Holds foreign text.
    pub for_client: String,
    /// What was decided about it; `None`: nothing.
    pub action: Option<RowAction>,
    /// The same every month.
    pub exception_id: String,
    /// The client's id.
    pub client_id: String,
    /// Of an entry about several clients, their ids and names. Names are foreign text.
    pub clients: Vec<(String, String)>,
    /// Ids of agreements.
    pub agreement_id: String,
    /// Ids of lines, and what is to be changed of each.
    pub line_ids: String,
    /// The service's code.
    pub product_code: String,
    /// The account's id.
    pub account_id: String,
    /// Of an entry for several exceptions that probably have one cause: those. They stand nowhere else.
    pub members: Vec<Self>,
    /// Of one of these the entry's id.
    pub part_of: String,
    /// What it is put in order by: of which currency, and how much a month; `None`: not known.
    pub(crate) order: Option<(Currency, Decimal)>,
    /// What would settle it, where nobody knows.
    pub(crate) settled_by: Option<&'static str>,
    /// What it adds to the totals, unless it is set aside; of an entry for others nothing, they have their own.
    pub(crate) totals: RowTotals,
}

/// The kind of an account that nobody decided.
const UNMAPPED_ACCOUNT: (&str, &str) = ("unmapped_account", "vendor account not mapped");
/// The kind of a client that another has taken over.
const MOVED: (&str, &str) = ("moved", "client moved");

impl ExceptionRow {
    /// What a row is put in order by where it changes no bill: what is at stake, ends or is not counted a month; `None`:
    /// it changes one, or nobody knows.
    #[must_use]
    pub fn at_stake(&self) -> Option<(Currency, Decimal)> {
        let is_change = self.is_change() || !self.members.is_empty();
        if is_change { None } else { self.order.map(|(currency, amount)| (currency, amount.abs())) }
    }

    /// The exceptions that it stands for: its members, else itself.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        let own = self.members.is_empty().then_some(self);
        own.into_iter().chain(&self.members)
    }

    /// Of an entry for several exceptions what they come to a month, of the currency in which that is most, signed.
    #[must_use]
    pub fn sum_of_members(&self) -> Option<(Currency, Decimal)> {
        self.order.filter(|_| !self.members.is_empty())
    }

    /// Whether less should be billed.
    pub(crate) fn is_over(&self) -> bool {
        self.variance.is_some_and(|variance| variance < Decimal::ZERO)
            || self.sum_of_members().is_some_and(|(_, amount)| amount < Decimal::ZERO)
    }

    /// Whether its price is a guess.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.value_basis == cells::ESTIMATED
    }

    /// Every kind: the word, and as people read it.
    pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
        let rows = RowKind::ALL.into_iter().filter(|kind| is_exception(*kind));
        rows.map(|kind| (kind.as_str(), words::kind(kind))).chain([
            MOVED,
            UNMAPPED_ACCOUNT,
            AT_MANY_CLIENTS,
            PRODUCT_REPLACED,
        ])
    }

    /// Whether it surely stands, and has a history.
    pub(crate) fn is_known(&self) -> bool {
        !self.state.is_empty() && self.kind != RowKind::NotReconciled.as_str()
    }

    /// What earlier closings found on their own invoices, in its currency.
    pub(crate) fn lost_so_far(&self) -> Option<Decimal> {
        self.so_far.lost_in(self.currency?)
    }

    /// Whether it rests: in no total of what is to be done.
    #[must_use]
    pub fn is_set_aside(&self) -> bool {
        self.action.as_ref().is_some_and(RowAction::is_set_aside)
    }

    /// What was decided about it, in words; empty: nothing. Holds foreign text.
    #[must_use]
    pub fn decided(&self) -> String {
        self.action.as_ref().map(actions::told).unwrap_or_default()
    }

    /// Whether it is an account that nobody decided.
    pub(crate) fn is_unmapped(&self) -> bool {
        self.kind == UNMAPPED_ACCOUNT.0
    }

    /// Whether a quantity on a bill is to be changed.
    pub(crate) fn is_change(&self) -> bool {
        RowKind::ALL.iter().any(|kind| kind.changes_a_bill() && kind.as_str() == self.kind)
    }
}

impl ExceptionRow {
    /// The exception that a row of a client is; `None`: there is nothing to do. `home`: the currency that is told first.
    #[must_use]
    pub fn of_row(client: &ClientRecord, row: &RowRecord, home: Currency) -> Option<Self> {
        of_row(client, row, home)
    }

    /// An account with usage of which nobody decided whose it is.
    #[must_use]
    pub fn of_unmapped_account(account: &AccountRecord) -> Self {
        of_unmapped(account)
    }

    /// A source of usage that was not used.
    #[must_use]
    pub fn of_unread_source(source: &SourceRecord) -> Self {
        of_unread_source(source)
    }
}

impl ExceptionRow {
    /// Whether it is about a service or all of a client, and not about a source or an account of usage.
    pub(crate) fn is_comparison(&self) -> bool {
        !self.product_code.is_empty() || self.source.is_empty()
    }
}

pub(crate) fn of_row(client: &ClientRecord, row: &RowRecord, home: Currency) -> Option<ExceptionRow> {
    let read = client.lines_read;
    Some(ExceptionRow {
        client: client.client_name.clone(),
        client_id: client.client_id.to_string(),
        kind: row.kind.as_str(),
        kind_label: words::kind(row.kind),
        billed: cells::billed(read, row),
        monthly_impact: cells::monthly_impact(row).map(|(_, amount)| amount),
        value_basis: cells::value_basis(row),
        next_step: words::step(read, row)?,
        owner: words::owner(read, row)?,
        confidence: cells::confidence(row),
        reason: words::row(read, row, home),
        exception_id: exception_id::of_row(client, row),
        order: order(row, home),
        settled_by: words::settled_by(read, row),
        totals: row.totals().into_iter().collect(),
        ..with_history(of_cells(row), row, home)
    })
}

/// What earlier closings found of it.
fn with_history(cells: ExceptionRow, row: &RowRecord, home: Currency) -> ExceptionRow {
    let Some(history) = &row.history else { return cells };
    ExceptionRow {
        number: history.number,
        state: state_word(history.state),
        since: Some(history.since),
        began: history.began,
        months_open: Some(history.months_open),
        so_far: history.so_far.clone(),
        history: told(history, row.kind, home),
        ..cells
    }
}

/// What a row's own cells say.
fn of_cells(row: &RowRecord) -> ExceptionRow {
    let (catch_up, catch_up_for) = catch_up::of_row(row).map(|found| (found.amount, found.items)).unzip();
    ExceptionRow {
        agreement: cells::agreements(row),
        product: cells::product(row),
        counted: row.counted,
        should_bill: row.should_bill,
        variance: row.variance,
        unit_price: cells::unit_price(row),
        invoice_amount: cells::invoice_amounts(row),
        catch_up,
        catch_up_for: catch_up_for.unwrap_or_default(),
        currency: cells::currency(row).copied(),
        items_in: cells::items_in(row),
        items_out: cells::items_out(row),
        came: came(row),
        went: went(row),
        to_look_for: to_look_for(row),
        last_closings: last_closings(row),
        for_client: words::for_client(row),
        doubts: cells::doubts(row),
        if_confirmed: words::if_confirmed(row).unwrap_or_default(),
        next_invoice_date: row.next_invoice_date,
        effective_date: row.due,
        counted_on: cells::counted_on(row),
        source: cells::sources(row),
        agreement_id: cells::agreement_ids(row),
        line_ids: cells::line_ids(row),
        action: row.action.clone(),
        product_code: row.service.to_string(),
        ..blank(RowKind::NotReconciled)
    }
}

/// Something of which nothing but its kind is known.
pub(crate) fn blank(kind: RowKind) -> ExceptionRow {
    ExceptionRow {
        client: String::new(),
        agreement: String::new(),
        product: String::new(),
        kind: kind.as_str(),
        kind_label: words::kind(kind),
        rows: 1,
        counted: None,
        billed: None,
        should_bill: None,
        variance: None,
        unit_price: None,
        monthly_impact: None,
        invoice_amount: None,
        catch_up: None,
        catch_up_for: String::new(),
        currency: None,
        value_basis: "",
        next_step: WorkStep::FixSource,
        owner: WorkOwner::SyncAdmin,
        account_manager: String::new(),
        needs_approval: false,
        items_in: String::new(),
        items_out: String::new(),
        came: String::new(),
        went: String::new(),
        to_look_for: String::new(),
        confidence: "",
        doubts: String::new(),
        reason: String::new(),
        if_confirmed: String::new(),
        next_invoice_date: None,
        effective_date: None,
        counted_on: None,
        source: String::new(),
        account: String::new(),
        number: None,
        state: "",
        since: None,
        began: None,
        months_open: None,
        so_far: SumsSoFar::default(),
        history: String::new(),
        last_closings: String::new(),
        for_client: String::new(),
        action: None,
        exception_id: String::new(),
        client_id: String::new(),
        clients: Vec::new(),
        agreement_id: String::new(),
        line_ids: String::new(),
        product_code: String::new(),
        account_id: String::new(),
        members: Vec::new(),
        part_of: String::new(),
        order: None,
        settled_by: None,
        totals: RowTotals::new(),
    }
}

/// What a row is put in order by: its change, its cost, what is at stake, or the revenue that it is about.
fn order(row: &RowRecord, home: Currency) -> Option<(Currency, Decimal)> {
    let known = |stake: Option<AtStake>| match stake {
        Some(AtStake::Known(amount)) => Some(amount),
        Some(AtStake::Unknown) | None => None,
    };
    match row.kind {
        RowKind::EndedAgreementInUse => {
            let of_home = row.cost.get(&home).map(|amount| (home, *amount));
            of_home.or_else(|| row.cost.first_key_value().map(|(currency, amount)| (*currency, *amount)))
        }
        RowKind::NotReconciled => Some((row.currency?, known(row.stake_up).max(known(row.stake_down))?)),
        _ => cells::monthly_impact(row),
    }
}

/// A client whose lines were not read, and of which no row says so.
pub(crate) fn of_unread_client(client: &ClientRecord) -> ExceptionRow {
    ExceptionRow {
        client: client.client_name.clone(),
        client_id: client.client_id.to_string(),
        reason: words::unread_client(client.lines_read).to_string(),
        settled_by: Some(words::unread_client(client.lines_read).settled_by),
        exception_id: ExceptionSubject::Client(&client.client_id).id(),
        ..blank(RowKind::NotReconciled)
    }
}

/// One entry for all services of two clients.
pub(crate) fn of_moved(moved: &MovedRecord) -> ExceptionRow {
    let services: Vec<_> = moved.services.iter().map(|(used, _)| used.service.to_string()).collect();
    let of_billed = |cell: fn(&RowRecord) -> String| {
        let cells: BTreeSet<_> = moved.services.iter().map(|(_, billed)| cell(billed)).collect();
        cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("; ")
    };
    let only = match moved.services.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    ExceptionRow {
        client: moved.from_name.clone(),
        client_id: moved.from_id.to_string(),
        clients: vec![
            (moved.from_id.to_string(), moved.from_name.clone()),
            (moved.to_id.to_string(), moved.to_name.clone()),
        ],
        agreement: of_billed(cells::agreements),
        agreement_id: of_billed(cells::agreement_ids),
        product: services.join("; "),
        product_code: services.join("; "),
        kind: MOVED.0,
        kind_label: MOVED.1,
        counted: only.and_then(|(used, _)| used.counted),
        billed: only.and_then(|(_, billed)| cells::billed(LinesReadWord::Complete, billed)),
        next_step: WorkStep::MoveAccounts,
        owner: WorkOwner::BillingClerk,
        items_in: only.map(|(used, _)| cells::items_in(used)).unwrap_or_default(),
        items_out: only.map(|(used, _)| cells::items_out(used)).unwrap_or_default(),
        reason: words::moved(&moved.from_name, &moved.to_name),
        counted_on: moved.services.iter().filter_map(|(used, _)| cells::counted_on(used)).min(),
        source: of_billed(cells::sources),
        exception_id: ExceptionSubject::Moved { from: &moved.from_id, to: &moved.to_id }.id(),
        ..blank(RowKind::NotReconciled)
    }
}

pub(crate) fn of_unmapped(account: &AccountRecord) -> ExceptionRow {
    ExceptionRow {
        kind: UNMAPPED_ACCOUNT.0,
        kind_label: UNMAPPED_ACCOUNT.1,
        next_step: WorkStep::ConfirmMapping,
        owner: WorkOwner::BillingClerk,
        reason: "it has usage, and nobody decided which client it belongs to".to_owned(),
        exception_id: ExceptionSubject::Unmapped(&account.source, &account.account_id).id(),
        ..of_account(account)
    }
}

fn of_account(account: &AccountRecord) -> ExceptionRow {
    ExceptionRow {
        source: account.source.to_string(),
        account: account.account_name.clone(),
        account_id: account.account_id.to_string(),
        ..blank(RowKind::NotReconciled)
    }
}

pub(crate) fn of_unread_source(source: &SourceRecord) -> ExceptionRow {
    ExceptionRow {
        source: source.source.to_string(),
        reason: format!("{}; what only it counts is unknown", words::unread_source(source)),
        settled_by: Some(words::unread_source(source).settled_by),
        exception_id: ExceptionSubject::Source(&source.source).id(),
        ..blank(RowKind::NotReconciled)
    }
}

/// A source of what is billed that was not read at all.
pub(crate) fn of_unread_bills(source: &SourceReading) -> ExceptionRow {
    let told = words::unread_bills(source);
    ExceptionRow {
        source: source.source.to_string(),
        reason: told.to_string(),
        settled_by: Some(told.settled_by),
        exception_id: ExceptionSubject::Source(&source.source).id(),
        ..blank(RowKind::NotReconciled)
    }
}

pub(crate) fn of_incomplete(source: &SourceRecord, one: &IncompleteAccount) -> ExceptionRow {
    let told = words::incomplete_account(one);
    ExceptionRow {
        client: one.client_name.clone().unwrap_or_default(),
        client_id: one.client_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        next_step: match one.read {
            AccountReadWord::Fell | AccountReadWord::Gone => WorkStep::Check,
            AccountReadWord::Partial | AccountReadWord::Failed | AccountReadWord::Doubtful => WorkStep::FixSource,
        },
        owner: told.owner,
        reason: told.to_string(),
        settled_by: Some(told.settled_by),
        counted_on: source.synced_on,
        exception_id: ExceptionSubject::Account(&one.account.source, &one.account.account_id).id(),
        ..of_account(&one.account)
    }
}
