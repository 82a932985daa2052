//! A month that goes on from an earlier closing: what its files and its summary say of the time since.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::invented::{self, currency, decimal, header};
use truecount_billing::{Money, ProductCode};
use truecount_reconciliation::{
    CameItem, ClientRecord, ClosedBecause, ClosedException, ClosingFigures, CountedItem, EarlierException,
    EarlierFigures, ExceptionDirection, ExceptionKey, ExceptionState, ItemsMoved, LedgerReason, RowHistory, RowKind,
    SumsSoFar, WentItem,
};
use truecount_reports::{ExplainedItems, explain_client, text_summary};

fn history(number: u32, state: ExceptionState, months_open: u32, lost: &[(&str, &str)]) -> RowHistory {
    let before = EarlierFigures {
        units: decimal("1"),
        monthly_impact: Some(Money { amount: decimal("12.50"), currency: currency("GBP") }),
    };
    let lost = lost.iter().map(|(of, amount)| (currency(of), decimal(amount)));
    RowHistory {
        number: Some(number),
        state,
        since: if months_open == 1 { "2026-06" } else { "2026-04" }.parse().unwrap(),
        first_month: (state == ExceptionState::Reopened).then(|| "2026-01".parse().unwrap()),
        months_open,
        so_far: SumsSoFar { lost: lost.collect(), ..SumsSoFar::default() },
        before: (state == ExceptionState::Changed).then_some(before),
        began: (state == ExceptionState::Open).then(|| jiff::civil::date(2026, 4, 9)),
    }
}

fn earlier(number: u32, amount: &str) -> EarlierException {
    let key = ExceptionKey {
        service: ProductCode::new("BKP-SRV").unwrap(),
        section: None,
        direction: ExceptionDirection::Under,
    };
    EarlierException {
        exception_id: format!("x{number:012}"),
        key,
        number,
        kind: RowKind::Underbilled,
        since: "2026-03".parse().unwrap(),
        months_open: 3,
        last: EarlierFigures {
            units: decimal("2"),
            monthly_impact: Some(Money { amount: decimal(amount), currency: currency("GBP") }),
        },
        so_far: SumsSoFar { lost: [(currency("GBP"), decimal(amount))].into(), ..SumsSoFar::default() },
    }
}

/// The usual month, the exceptions of which have stood, changed, come back or are new; six that are gone, and two of which
/// nothing is known.
fn month() -> invented::Sample {
    let mut sample = invented::month();
    let histories = [
        history(3, ExceptionState::Open, 3, &[("GBP", "91.00")]),
        history(4, ExceptionState::Changed, 3, &[("GBP", "-20.00")]),
        history(9, ExceptionState::Reopened, 1, &[]),
        history(21, ExceptionState::New, 1, &[]),
    ];
    let is_told = |kind: RowKind| kind.is_acted_on();
    for (at, row) in sample.rows().filter(|row| is_told(row.kind)).enumerate() {
        row.history = histories.get(at).cloned().or_else(|| Some(history(22 + at as u32, ExceptionState::New, 1, &[])));
    }
    let gone = [
        (1, "5.00", ClosedBecause::Agrees),
        (2, "70.00", ClosedBecause::NothingLeft),
        (5, "8.00", ClosedBecause::LeftAlone),
        (6, "7.00", ClosedBecause::NoRule),
        (7, "6.00", ClosedBecause::OtherException),
        (8, "1.00", ClosedBecause::ClientGone),
    ];
    let closed = |(number, amount, because)| ClosedException { earlier: earlier(number, amount), because };
    sample.clients[0].closed = gone.map(closed).to_vec();
    sample.clients[0].not_known = vec![earlier(11, "90.00")];
    sample.clients[1].not_known = vec![earlier(10, "2.50")];
    let item = |id: &str, name: Option<&str>| CountedItem {
        source: "ninjaone".parse().unwrap(),
        account_id: "a".parse().unwrap(),
        item_id: id.to_owned(),
        name: name.map(str::to_owned),
    };
    let first = sample.rows().find(|row| row.history.is_some()).unwrap();
    first.items_moved = Some(ItemsMoved {
        since: jiff::civil::date(2026, 5, 29),
        came: vec![
            CameItem { item: item("17", Some("LT-21")), first_seen: Some(jiff::civil::date(2026, 6, 3)), day: None },
            CameItem { item: item("18", None), first_seen: None, day: Some(jiff::civil::date(2026, 6, 9)) },
        ],
        went: vec![
            WentItem { item: item("4", Some("WS-07")), is_listed: true, reason: Some(LedgerReason::Stale), day: None },
            WentItem {
                item: item("5", Some("WS-08")),
                is_listed: false,
                reason: None,
                day: Some(jiff::civil::date(2026, 6, 12)),
            },
        ],
    });
    let closing = |month: &str, counted: Option<i64>, billed: i64| ClosingFigures {
        month: month.parse().unwrap(),
        counted: counted.map(Into::into),
        billed: Some(billed.into()),
    };
    let closings = [("2026-03", Some(1_400), 1_400), ("2026-04", None, 1_400), ("2026-05", Some(1_405), 1_400)];
    first.last_closings = closings.map(|(month, counted, billed)| closing(month, counted, billed)).to_vec();
    sample.portfolio.last_closing = Some("2026-05".parse().unwrap());
    sample
}

#[test]
fn the_summary_says_what_is_new_and_what_is_gone() {
    let sample = month();
    let text = text_summary(&sample.report());
    let wide = text.lines().find(|line| line.chars().count() > 80 && !line.starts_with("FILES"));
    assert_eq!(wide, None);
    let from = text.find("HISTORY").unwrap();
    insta::assert_snapshot!(text[from..].split("\nSETUP").next().unwrap());
    let without = invented::month();
    assert!(!text_summary(&without.report()).contains("HISTORY"), "no month was closed before");
}

#[test]
fn files_say_since_when_an_exception_stands_and_what_was_closed() {
    let sample = month();
    let mut shown = String::new();
    for name in ["exceptions.csv", "lines.csv"] {
        let bytes = sample.file(name);
        let mut csv = csv::Reader::from_reader(bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap());
        let names = csv.headers().unwrap().clone();
        let wanted = ["number", "product", "state", "since", "months_open", "lost_so_far", "currency", "came", "went"];
        let places = wanted.map(|wanted| names.iter().position(|name| name == wanted).unwrap());
        shown.push_str(&format!("=== {name}\n"));
        for row in csv.records().map(Result::unwrap).filter(|row| !row[places[2]].is_empty()) {
            shown.push_str(&format!("{}\n", places.map(|place| row[place].to_owned()).join(" | ")));
        }
    }
    shown.push_str(&format!(
        "=== closed.csv\n{}",
        String::from_utf8(sample.file("closed.csv")).unwrap().replace('\r', "")
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn the_page_of_a_client_says_the_same() {
    let sample = month();
    assert_eq!(header().month.to_string(), "2026-06");
    let has_moved = |client: &&ClientRecord| client.rows.iter().any(|row| row.items_moved.is_some());
    let mut client = sample.clients.iter().find(has_moved).unwrap().clone();
    client.closed = sample.clients[0].closed.iter().take(1).cloned().collect();
    client.not_known.clone_from(&sample.clients[0].not_known);
    let page = explain_client(&client, sample.portfolio.home_currency, ExplainedItems::Numbers);
    insta::assert_snapshot!(page);
}
