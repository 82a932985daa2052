//! What is listed, filtered and summed, on rows that are made up.

use std::collections::BTreeMap;

use truecount_billing::ProductCode;
use truecount_reconciliation::{
    AtStake, ClientRecord, ClosedBecause, EarlierException, EarlierFigures, ExceptionDirection, ExceptionKey,
    LinesReadWord, PortfolioRecord, RowKind, RowRecord, SumsSoFar, WideningRecord,
};

use super::*;

const ALL: &str = "`--all` lists them";

fn gbp() -> Currency {
    Currency::new("GBP").unwrap()
}

fn filter(wanted: &str, clients: &[(&str, &str)]) -> ClientFilter {
    let mut filter = ClientFilter::new(wanted);
    clients.iter().for_each(|(id, name)| filter.look(&id.parse().unwrap(), name));
    filter
}

/// Rows of one client: kind, currency, and what it is worth or what is at stake.
fn rows(texts: &[(RowKind, &str, Option<i64>)]) -> Vec<Numbered> {
    let row = |(at, (kind, currency, amount)): (usize, &(RowKind, &str, Option<i64>))| {
        let mut row = RowRecord::empty(*kind, ProductCode::new(format!("P{at}")).unwrap());
        row.currency = Some(Currency::new(currency).unwrap());
        match kind {
            RowKind::NotReconciled => row.stake_up = amount.map(|amount| AtStake::Known(amount.into())),
            _ => row.monthly_impact = amount.map(Decimal::from),
        }
        row
    };
    let client = ClientRecord {
        format: 1,
        client_id: "c1".parse().unwrap(),
        client_name: "Harbour Dental".to_owned(),
        lines_read: LinesReadWord::Complete,
        rows: texts.iter().enumerate().map(row).collect(),
        coverage: BTreeMap::new(),
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    };
    let home = Currency::new("GBP").unwrap();
    let mut exceptions = Exceptions::new(home);
    exceptions.client(&client);
    numbered(exceptions.finish(&PortfolioRecord::empty(home)))
}

fn numbered(rows: Vec<ExceptionRow>) -> Vec<Numbered> {
    rows.into_iter().map(|row| (called(&row), row)).collect()
}

fn mixed() -> Vec<Numbered> {
    rows(&[
        (RowKind::Underbilled, "GBP", Some(30)),
        (RowKind::Overbilled, "GBP", Some(-20)),
        (RowKind::NotReconciled, "GBP", Some(10)),
        (RowKind::Underbilled, "USD", Some(5)),
        (RowKind::UnbilledUsage, "GBP", None),
    ])
}

#[test]
fn a_change_is_signed_and_what_is_at_stake_in_brackets() {
    let values: Vec<String> = mixed().iter().map(|row| cells(row, false).pop().unwrap()).collect();
    assert_eq!(values, ["GBP 30.00", "GBP -20.00", "(GBP 10.00)", "USD 5.00", "?"]);
}

#[test]
fn below_stand_how_many_more_and_the_sums_of_what_is_shown() {
    let all = mixed();
    assert_eq!(
        below(&all, 5, ALL),
        [
            "shown: GBP 30.00 to add, GBP 20.00 to reduce, GBP 10.00 in brackets a month",
            "shown: USD 5.00 to add a month"
        ]
    );
    assert_eq!(below(&all, 1, ALL), ["and 4 more: `--all` lists them", "shown: GBP 30.00 to add a month"]);
    let mut guessed = mixed();
    guessed[0].1.value_basis = "estimated";
    guessed[3].1.value_basis = "estimated";
    assert_eq!(
        below(&guessed, 5, ALL),
        [
            "shown: GBP 20.00 to reduce, GBP 30.00 to add (estimated), GBP 10.00 in brackets a month",
            "shown: USD 5.00 to add (estimated) a month"
        ]
    );
    assert_eq!(below(&[], 0, ALL), Vec::<String>::new());
    let nothing = rows(&[(RowKind::NotReconciled, "GBP", Some(0))]);
    assert_eq!(below(&nothing, 1, ALL), Vec::<String>::new(), "nothing is at stake");
}

#[test]
fn what_one_entry_stands_for_is_summed_once_and_told_where_it_is_asked_for() {
    let member = |number: u32, mut row: ExceptionRow| {
        (row.number, row.part_of) = (Some(number), "x1".to_owned());
        row
    };
    let mut all = mixed();
    let members = vec![member(3, all.remove(0).1), member(4, all.remove(2).1)];
    let mut entry = all[0].1.clone();
    (entry.kind, entry.kind_label) = ("service_at_many_clients", "wrong at many clients");
    (entry.exception_id, entry.client, entry.monthly_impact) = ("x1".to_owned(), "2 clients".to_owned(), None);
    entry.clients = vec![("c1".to_owned(), "Harbour Dental".to_owned())];
    entry.members = members;
    all.insert(0, (called(&entry), entry));
    let sums = [
        "shown: GBP 30.00 to add, GBP 20.00 to reduce, GBP 10.00 in brackets a month",
        "shown: USD 5.00 to add a month",
    ];
    assert_eq!(below(&all, all.len(), ALL), sums);
    let whole = with_members(&all);
    assert_eq!((whole.len(), whole[1].0.as_str()), (all.len() + 2, "3"));
    assert_eq!(below(&whole, whole.len(), ALL), sums);
    let by_itself = filtered(all.clone(), None, Some("underbilled")).unwrap();
    assert_eq!(by_itself.iter().map(|(number, _)| number.as_str()).collect::<Vec<_>>(), ["3", "4"]);
    assert_eq!(filtered(all.clone(), None, Some("wrong at many clients")).unwrap().len(), 1);
    let client = filter("harbour", &[("c1", "Harbour Dental")]);
    assert_eq!(filtered(all, Some(&client), None).unwrap().len(), 5, "each by itself");
}

#[test]
fn what_is_told_of_several_clients_is_told_of_each() {
    let home = Currency::new("GBP").unwrap();
    let source = truecount_billing::SourceId::new("rmm").unwrap();
    let client = |id: &str, name: &str| ClientRecord {
        format: 1,
        client_id: id.parse().unwrap(),
        client_name: name.to_owned(),
        lines_read: LinesReadWord::Complete,
        rows: vec![RowRecord {
            widenings: vec![WideningRecord::SourceNotRead { source: source.clone() }],
            ..RowRecord::empty(RowKind::NotReconciled, ProductCode::new("SRV").unwrap())
        }],
        coverage: BTreeMap::new(),
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    };
    let mut exceptions = Exceptions::new(home);
    exceptions.client(&client("c1", "Harbour Dental"));
    exceptions.client(&client("c2", "Quay Foods"));
    let all = numbered(exceptions.finish(&PortfolioRecord::empty(home)));
    assert_eq!(all.len(), 1);
    for (wanted, expected) in [("c1", 1), ("quay", 1), ("c3", 0), ("clients", 0)] {
        let filter = filter(wanted, &[("c1", "Harbour Dental"), ("c2", "Quay Foods"), ("c3", "Third")]);
        assert_eq!(filtered(all.clone(), Some(&filter), None).unwrap().len(), expected, "{wanted}");
    }
}

#[test]
fn what_has_a_history_is_called_by_its_number_and_what_is_gone_stands_below() {
    let month = |text: &str| text.parse::<BillingMonth>().unwrap();
    let mut row = mixed().remove(0).1;
    (row.state, row.since) = ("new", Some(month("2026-06")));
    let new = (called(&row), row.clone());
    row.number = Some(17);
    let known = (called(&row), row);
    let shown: Vec<_> =
        [new, known].iter().map(|row| (cells(row, true)[0].clone(), cells(row, true)[5].clone())).collect();
    assert_eq!(shown, [("new".to_owned(), "2026-06".to_owned()), ("17".to_owned(), "2026-06".to_owned())]);

    let earlier = |number: u32, client: &str, because| EarlierRow {
        client_id: format!("c{number}").parse().unwrap(),
        client: client.to_owned(),
        because,
        earlier: EarlierException {
            exception_id: "x0".to_owned(),
            key: ExceptionKey {
                service: ProductCode::new("SRV").unwrap(),
                section: None,
                direction: ExceptionDirection::Under,
            },
            number,
            kind: RowKind::Underbilled,
            since: month("2026-04"),
            months_open: 2,
            last: EarlierFigures { units: 3.into(), monthly_impact: None },
            so_far: SumsSoFar { lost: [(gbp(), 420.into())].into(), ..SumsSoFar::default() },
        },
    };
    let agrees = Some(ClosedBecause::Agrees);
    let all = vec![earlier(4, "Harbour", agrees), earlier(5, "Quay Foods", agrees), earlier(6, "Quarry", None)];
    assert_eq!(
        below_earlier(&all, month("2026-05"), 1, gbp()),
        [
            "",
            "closed since 2026-05:",
            "    4  Harbour, SRV: agrees now; it was underbilled by 3, since April 2026",
            "and 1 more: `--all` lists them",
            "",
            "not known this month:",
            "    6  Quarry, SRV: nobody knows whether it still stands; it was underbilled by\n       3, since April 2026; \
             GBP 420.00 lost so far",
        ]
    );
    let clients = [("c4", "Harbour"), ("c5", "Quay Foods"), ("c6", "Quarry"), ("c7", "Other")];
    for (wanted, expected) in [("c5", 1), ("qua", 2), ("c7", 0)] {
        assert_eq!(earlier_of(all.clone(), Some(&filter(wanted, &clients)), &[]).len(), expected, "{wanted}");
    }
    let mut told = mixed().remove(0);
    told.1.number = Some(6);
    assert_eq!(earlier_of(all, None, &[told]).len(), 2, "a row says it already");
    assert!(below_earlier(&[], month("2026-05"), 1, gbp()).is_empty());
}

#[test]
fn a_kind_is_its_word_or_what_people_read() {
    for (kind, expected) in [
        ("unbilled_usage", 1),
        ("Unbilled usage", 1),
        ("used, not on the agreement", 1),
        ("underbilled", 2),
        ("moved", 0),
    ] {
        assert_eq!(filtered(mixed(), None, Some(kind)).unwrap().len(), expected, "{kind}");
    }
    assert!(filtered(mixed(), None, Some("agrees")).unwrap_err().to_string().contains("no kind `agrees`"));
    let clients = [("c1", "Harbour Dental"), ("c2", "Quay Foods")];
    for (wanted, expected) in [("harbour", 5), ("c1", 5), ("quay", 0)] {
        let filter = filter(wanted, &clients);
        filter.check().unwrap();
        assert_eq!(filtered(mixed(), Some(&filter), None).unwrap().len(), expected, "{wanted}");
    }
    let wrong = filter("harbor", &clients).check().unwrap_err().to_string();
    assert_eq!(wrong, "there is no client `harbor` in the run: did you mean Harbour Dental [c1]?");
}
