//! Months worked by hand.

use std::collections::BTreeSet;

use truecount_billing::ClientId;

use super::*;
use crate::evidence::LedgerReason;
use crate::item_record::{ItemFateWord, ItemRecord};
use crate::outcome::InvoicedWhen;
use crate::record::{ChangeRecord, ClientRecord, RECORD_FORMAT, RowRecord};
use crate::source_record::LinesReadWord;

fn month(number: i32) -> BillingMonth {
    let (year, month) = (2026 + (number - 1) / 12, (number - 1) % 12 + 1);
    format!("{year}-{month:02}").parse().unwrap()
}

fn code(text: &str) -> ProductCode {
    ProductCode::new(text).unwrap()
}

fn row(service: &str, kind: RowKind, units: i64, amount: i64, when: InvoicedWhen) -> RowRecord {
    let change = ChangeRecord {
        line_id: None,
        agreement_id: None,
        from: Decimal::ZERO,
        to: units.into(),
        monthly_impact: Some(amount.into()),
        invoiced: when,
    };
    RowRecord {
        to_correct: Some(units.into()),
        currency: Some(Currency::new("GBP").unwrap()),
        monthly_impact: Some(amount.into()),
        changes: vec![change],
        ..RowRecord::empty(kind, code(service))
    }
}

fn under(service: &str, units: i64, amount: i64) -> RowRecord {
    row(service, RowKind::Underbilled, units, amount, InvoicedWhen::ThisRun)
}

fn bare(service: &str, kind: RowKind) -> RowRecord {
    RowRecord::empty(kind, code(service))
}

/// One client over its closings.
struct Months {
    history: Option<ClientHistory>,
    next_number: u32,
    absence: Absence,
    moved: BTreeSet<(ProductCode, Option<String>)>,
}

impl Months {
    fn new() -> Self {
        Self { history: None, next_number: 1, absence: Absence::Nothing, moved: BTreeSet::new() }
    }

    fn close(&mut self, month_number: i32, rows: Vec<RowRecord>) -> ClientRecord {
        let mut merge = HistoryMerge::closing(month(month_number), month(month_number).last_day(), self.next_number);
        let mut record = record(rows);
        let history =
            merge.client(self.history.take(), &mut record, &self.moved, &KnownMoves::default(), |_, _| self.absence);
        self.history = Some(history);
        self.next_number = merge.next_number().unwrap();
        record
    }
}

fn record(rows: Vec<RowRecord>) -> ClientRecord {
    ClientRecord {
        format: RECORD_FORMAT,
        client_id: ClientId::new("c1").unwrap(),
        client_name: "Alder".to_owned(),
        lines_read: LinesReadWord::Complete,
        rows,
        coverage: BTreeMap::new(),
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    }
}

/// Number, state, months open and what was lost in GBP.
fn told(record: &ClientRecord) -> Vec<(u32, ExceptionState, u32, i64)> {
    let lost = |of: &RowHistory| of.so_far.lost_in(Currency::new("GBP").unwrap()).unwrap_or_default();
    let rows = record.rows.iter().filter_map(|row| row.history.as_ref());
    rows.map(|of| (of.number.unwrap_or(0), of.state, of.months_open, i64::try_from(lost(of)).unwrap())).collect()
}

#[test]
fn an_exception_ages_by_closings_and_what_was_lost_is_what_they_found() {
    let mut months = Months::new();
    assert_eq!(told(&months.close(1, vec![under("SRV", 2, 60)])), [(1, ExceptionState::New, 1, 0)]);
    assert_eq!(told(&months.close(2, vec![under("SRV", 2, 60)])), [(1, ExceptionState::Open, 2, 60)]);
    let changed = months.close(4, vec![under("SRV", 3, 90), under("WKS", 1, 7)]);
    assert_eq!(told(&changed), [(1, ExceptionState::Changed, 3, 120), (2, ExceptionState::New, 1, 0)]);
    let history = changed.rows[0].history.as_ref().unwrap();
    assert_eq!((history.since, history.first_month), (month(1), None));
    assert_eq!(history.before.as_ref().unwrap().units, Decimal::TWO);
}

#[test]
fn what_was_not_reconciled_neither_closes_nor_ages() {
    let mut months = Months::new();
    months.close(1, vec![under("SRV", 2, 60)]);
    let unsure = months.close(2, vec![bare("SRV", RowKind::NotReconciled)]);
    assert_eq!((told(&unsure), not_known(&unsure)), (vec![(1, ExceptionState::Open, 1, 0)], vec![(1, 1, 0)]));
    months.absence = Absence::Unknown;
    assert_eq!(not_known(&months.close(3, Vec::new())), [(1, 1, 0)], "no row, and nobody knows");
    months.moved.insert((code("SRV"), None));
    months.absence = Absence::Nothing;
    assert_eq!(not_known(&months.close(4, Vec::new())), [(1, 1, 0)], "told with another client");
    months.moved.clear();
    let known = months.close(5, vec![under("SRV", 2, 60)]);
    assert_eq!((told(&known), not_known(&known)), (vec![(1, ExceptionState::Open, 2, 60)], Vec::new()));
    months.absence = Absence::Unknown;
    assert_eq!(not_known(&months.close(6, Vec::new())), [(1, 2, 60)], "what was lost before is not forgotten");
    months.absence = Absence::Nothing;
    assert_eq!(months.close(7, Vec::new()).closed.len(), 1);
    months.absence = Absence::Unknown;
    assert_eq!(not_known(&months.close(8, Vec::new())), [], "it is closed");
}

/// Number, months open and what was lost in GBP of what is neither found nor closed; nothing is both.
fn not_known(record: &ClientRecord) -> Vec<(u32, u32, i64)> {
    assert_eq!(record.closed, []);
    let lost = |of: &EarlierException| of.so_far.lost_in(Currency::new("GBP").unwrap()).unwrap_or_default();
    let told = record.not_known.iter().map(|of| (of.number, of.months_open, i64::try_from(lost(of)).unwrap()));
    told.collect()
}

#[test]
fn what_is_gone_is_told_once_with_the_reason_and_reopened_under_its_number() {
    for (rows, absence, because) in [
        (vec![bare("SRV", RowKind::Agrees)], Absence::Unknown, ClosedBecause::Agrees),
        (vec![bare("SRV", RowKind::LeftAlone)], Absence::Unknown, ClosedBecause::LeftAlone),
        (vec![bare("SRV", RowKind::Overbilled)], Absence::Unknown, ClosedBecause::OtherException),
        (vec![bare("SRV", RowKind::Flat)], Absence::Unknown, ClosedBecause::NotCompared),
        (Vec::new(), Absence::Nothing, ClosedBecause::NothingLeft),
        (Vec::new(), Absence::NoRule, ClosedBecause::NoRule),
        (Vec::new(), Absence::OtherRule, ClosedBecause::OtherRule),
    ] {
        let mut months = Months::new();
        months.close(1, vec![under("SRV", 2, 60)]);
        months.absence = absence;
        let [closed] = months.close(2, rows.clone()).closed.try_into().unwrap();
        assert_eq!((closed.earlier.number, closed.earlier.months_open, closed.because), (1, 1, because));
        assert_eq!(closed.earlier.exception_id, closed.earlier.key.exception_id(&ClientId::new("c1").unwrap()));
        assert_eq!(months.close(3, rows).closed, [], "once");
        let again = months.close(4, vec![under("SRV", 1, 30)]);
        assert_eq!(told(&again)[0], (1, ExceptionState::Reopened, 1, 0));
        assert_eq!(again.rows[0].history.as_ref().unwrap().first_month, Some(month(1)));
    }
}

#[test]
fn what_is_on_later_invoices_is_not_lost_yet() {
    let mut months = Months::new();
    let later = || vec![row("SRV", RowKind::Underbilled, 2, 60, InvoicedWhen::Later)];
    months.close(1, later());
    assert_eq!(told(&months.close(2, later())), [(1, ExceptionState::Open, 2, 0)]);
    let unpriced = || vec![RowRecord { monthly_impact: None, ..under("SRV", 2, 0) }];
    months.close(3, unpriced());
    let found = months.close(4, unpriced());
    assert_eq!(found.rows[0].history.as_ref().unwrap().so_far.unpriced_months, 1);
}

#[test]
fn cost_is_no_revenue_and_currencies_are_never_added() {
    let mut months = Months::new();
    let euros = |mut one: RowRecord| {
        one.currency = Some(Currency::new("EUR").unwrap());
        one
    };
    months.close(1, vec![under("SRV", 2, 60)]);
    months.close(2, vec![euros(under("SRV", 2, 50))]);
    let guess = || vec![RowRecord { is_estimated: true, ..under("SRV", 2, 9) }];
    months.close(3, guess());
    let ended = |cost: i64| {
        let mut one = bare("SRV", RowKind::EndedAgreementInUse);
        one.cost.insert(Currency::new("GBP").unwrap(), cost.into());
        vec![one]
    };
    months.close(4, ended(4));
    let last = months.close(5, ended(4)).rows.remove(0).history.unwrap();
    assert_eq!((last.number, last.state, last.months_open), (Some(1), ExceptionState::Open, 5));
    let sums: Vec<String> =
        [&last.so_far.lost, &last.so_far.estimated, &last.so_far.cost].map(|sums| format!("{sums:?}")).to_vec();
    assert_eq!(sums, ["{EUR: 50, GBP: 60}", "{GBP: 9}", "{GBP: 4}"]);
}

#[test]
fn a_draft_gives_out_no_number() {
    let mut record = record(vec![under("SRV", 2, 60)]);
    let mut draft = HistoryMerge::draft(month(1), month(1).last_day());
    let history = draft.client(None, &mut record, &BTreeSet::new(), &KnownMoves::default(), |_, _| Absence::Nothing);
    assert!(history.is_empty() && draft.next_number().is_none());
    let of = record.rows[0].history.as_ref().unwrap();
    assert_eq!((of.number, of.state), (None, ExceptionState::New));
}

#[test]
fn a_closed_exception_is_forgotten_after_two_years() {
    for (gap, expected) in [(24, (1, ExceptionState::Reopened)), (25, (2, ExceptionState::New))] {
        let mut months = Months::new();
        months.close(1, vec![under("SRV", 2, 60)]);
        months.close(2, vec![bare("SRV", RowKind::Agrees)]);
        let back = told(&months.close(2 + gap, vec![under("SRV", 2, 60)]));
        assert_eq!((back[0].0, back[0].1), expected, "{gap} months");
    }
}

#[test]
fn a_client_that_the_psa_no_longer_has_closes_all_that_was_open() {
    let mut months = Months::new();
    months.close(1, vec![under("SRV", 2, 60)]);
    let history = months.history.take().unwrap();
    let mut merge = HistoryMerge::closing(month(2), month(2).last_day(), 9);
    let (kept, told) = merge.absent_client(history.clone(), false);
    assert_eq!((&kept, not_known(&told.unwrap())), (&history, vec![(1, 1, 0)]), "the list was not whole");
    let (kept, told) = merge.absent_client(history, true);
    assert_eq!(told.unwrap().closed[0].because, ClosedBecause::ClientGone);
    assert_eq!(kept.exceptions[0].closed, Some(month(2)));
    assert_eq!(merge.absent_client(kept, true).1, None, "once");
}

#[test]
fn two_agreements_of_one_section_are_one_exception() {
    let mut months = Months::new();
    months.close(1, vec![under("SRV", 2, 60), under("SRV", 1, 30)]);
    let found = months.close(2, vec![under("SRV", 2, 60), under("SRV", 1, 30)]);
    assert_eq!(told(&found), [(1, ExceptionState::Open, 2, 90); 2]);
}

#[test]
fn a_run_goes_on_from_the_last_closing_of_an_earlier_month() {
    let closing =
        |month_number: i32, closing, next_number| PastClosing { month: month(month_number), closing, next_number };
    let closings = [closing(1, 1, 4), closing(2, 1, 7), closing(1, 2, 9), closing(3, 1, 8)];
    for (of, before, same_month) in
        [(1, None, Some(2)), (2, Some(2), Some(1)), (3, Some(1), Some(3)), (5, Some(3), None)]
    {
        let base = base_of_history(&closings, month(of));
        assert_eq!((base.before, base.same_month, base.next_number), (before, same_month, 9), "{of}");
    }
    assert_eq!(base_of_history(&[], month(1)).next_number, 1);
}

#[test]
fn a_replaced_closing_lends_its_numbers() {
    let client = |id: &str, number| {
        let mut months = Months { next_number: number, ..Months::new() };
        months.close(2, vec![under("SRV", 2, 60)]);
        ClientHistory { client_id: ClientId::new(id).unwrap(), ..months.history.unwrap() }
    };
    let before = [client("b", 1)].map(Ok::<_, ()>);
    let same = [client("a", 3), client("b", 9), client("c", 4)].map(Ok);
    let joined: Vec<ClientHistory> =
        HistoryJoin::new(before.into_iter(), same.into_iter(), month(2)).map(Result::unwrap).collect();
    let short: Vec<_> = joined
        .iter()
        .map(|one| (one.client_id.as_str(), one.exceptions.len(), one.reserved.iter().map(|one| one.number).collect()))
        .collect();
    assert_eq!(short, [("a", 0, vec![3]), ("b", 1, Vec::new()), ("c", 0, vec![4])]);
    let mut merge = HistoryMerge::closing(month(2), month(2).last_day(), 10);
    let mut found = record(vec![under("SRV", 2, 60), under("WKS", 1, 1)]);
    merge
        .client(Some(joined[0].clone()), &mut found, &BTreeSet::new(), &KnownMoves::default(), |_, _| Absence::Nothing);
    assert_eq!(told(&found).iter().map(|one| one.0).collect::<Vec<_>>(), [3, 10]);
}

fn item(id: &str, fate: ItemFateWord) -> ItemRecord {
    ItemRecord {
        source: "rmm".parse().unwrap(),
        account_id: "a".parse().unwrap(),
        item_id: id.to_owned(),
        name: Some(format!("Name {id}")),
        kind: None,
        units: None,
        first_seen: (id == "new").then(|| jiff::civil::date(2026, 2, 3)),
        fate,
        reason: (fate == ItemFateWord::Out).then_some(LedgerReason::Stale),
        is_unassigned: false,
    }
}

fn with_items(kind: RowKind, ids: &[&str], out: &[&str]) -> RowRecord {
    let ids = ids.iter().map(|id| item(id, ItemFateWord::In));
    let items = ids.chain(out.iter().map(|id| item(id, ItemFateWord::Out))).collect();
    RowRecord { items, ..bare("SRV", kind) }
}

/// Ids that came with the day on which they were first seen, and those that went with whether they are listed.
fn moved(record: &ClientRecord) -> Option<(String, String, Vec<String>)> {
    let of = record.rows[0].items_moved.as_ref()?;
    let day = |came: &CameItem| came.first_seen.map(|day| format!(" {day}")).unwrap_or_default();
    let came = of.came.iter().map(|came| format!("{}{}", came.item.item_id, day(came))).collect::<Vec<_>>().join(", ");
    let went = of.went.iter().map(|went| format!("{} {} {:?}", went.item.item_id, went.is_listed, went.reason));
    Some((of.since.to_string(), came, went.collect()))
}

#[test]
fn who_came_and_who_went_is_told_though_their_number_is_the_same() {
    let mut months = Months::new();
    let agrees = |ids: &[&str], out: &[&str]| vec![with_items(RowKind::Agrees, ids, out)];
    assert_eq!(moved(&months.close(1, agrees(&["one", "two", "three"], &[]))), None, "nothing was counted before");
    let swapped = months.close(2, agrees(&["one", "new", "other"], &["three"]));
    let went = vec!["three true Some(Stale)".to_owned(), "two false None".to_owned()];
    assert_eq!(moved(&swapped), Some(("2026-01-31".to_owned(), "new 2026-02-03, other".to_owned(), went)));
    assert_eq!(moved(&months.close(3, agrees(&["one", "new", "other"], &["three"]))), None, "nobody moved");

    // What is not reconciled keeps the list of the closing that knew.
    let unsure = vec![with_items(RowKind::NotReconciled, &["one"], &[])];
    assert_eq!(moved(&months.close(4, unsure)), None);
    months.absence = Absence::Unknown;
    months.close(5, Vec::new());
    let back = moved(&months.close(6, agrees(&["one"], &[]))).unwrap();
    assert_eq!((back.0.as_str(), back.2.len()), ("2026-03-31", 2));
    months.absence = Absence::Nothing;
    months.close(7, Vec::new());
    assert_eq!(moved(&months.close(8, agrees(&["one"], &[]))), None, "there was nothing left");
}

#[test]
fn a_row_is_told_what_the_last_three_closings_counted_and_billed() {
    let counted = |units: i64, billed: i64| RowRecord {
        counted: Some(units.into()),
        billed: billed.into(),
        ..bare("A", RowKind::Agrees)
    };
    let unknown = || RowRecord { kind: RowKind::NotReconciled, ..counted(9, 4) };
    let told = |record: &ClientRecord| {
        let units = |units: Option<Decimal>| units.map_or_else(|| "?".to_owned(), |units| units.to_string());
        let closings = record.rows[0].last_closings.iter();
        closings
            .map(|one| format!("{} {}/{}", one.month, units(one.counted), units(one.billed)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut months = Months::new();
    assert_eq!(told(&months.close(1, vec![counted(3, 3)])), "");
    assert_eq!(told(&months.close(2, vec![unknown()])), "2026-01 3/3");
    assert_eq!(told(&months.close(3, vec![counted(5, 4)])), "2026-01 3/3, 2026-02 ?/4");
    assert_eq!(told(&months.close(4, vec![counted(6, 4)])), "2026-01 3/3, 2026-02 ?/4, 2026-03 5/4");
    // A month without a row says nothing, and forgets nothing.
    months.close(5, Vec::new());
    assert_eq!(told(&months.close(6, vec![counted(7, 4)])), "2026-02 ?/4, 2026-03 5/4, 2026-04 6/4");
    // Of several rows of a service the one that compares tells.
    months.close(7, vec![bare("A", RowKind::AgreementEnding), counted(8, 4)]);
    assert_eq!(told(&months.close(8, vec![counted(7, 4)])), "2026-04 6/4, 2026-06 7/4, 2026-07 8/4");
    assert_eq!(told(&months.close(19, vec![counted(7, 4)])), "2026-07 8/4, 2026-08 7/4", "over a year ago");
    let mut draft = record(vec![counted(1, 1)]);
    let history = months.history.clone();
    HistoryMerge::draft(month(20), month(20).last_day()).client(
        history,
        &mut draft,
        &months.moved,
        &KnownMoves::default(),
        |_, _| months.absence,
    );
    assert_eq!(told(&draft), "2026-08 7/4, 2027-07 7/4");
}
