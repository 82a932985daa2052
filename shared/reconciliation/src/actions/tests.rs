//! Each rule of the decisions once: what a request needs, how a decision stands later, and what is in which total.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use truecount_billing::{Currency, ProductCode};

use super::*;
use crate::history::Absence;
use crate::outcome::{InvoicedWhen, LineChange, OutcomeRow, RowValue, RunOutcome};
use crate::record::ClientRecord;
use crate::source_record::LinesReadWord;

const TODAY: Date = date(2026, 7, 2);

fn month(text: &str) -> BillingMonth {
    text.parse().unwrap()
}

fn row(kind: RowKind, billed: i64, variance: i64) -> RowRecord {
    RowRecord {
        billed: billed.into(),
        should_bill: Some((billed + variance).into()),
        variance: Some(variance.into()),
        to_correct: Some(variance.into()),
        changes: vec![ChangeRecord {
            line_id: Some("L1".parse().unwrap()),
            agreement_id: None,
            from: billed.into(),
            to: (billed + variance).into(),
            monthly_impact: None,
            invoiced: InvoicedWhen::ThisRun,
        }],
        ..RowRecord::empty(kind, "SRV".parse().unwrap())
    }
}

fn client(rows: Vec<RowRecord>) -> ClientRecord {
    ClientRecord {
        format: 1,
        client_id: "c1".parse().unwrap(),
        client_name: "Harbour Dental".to_owned(),
        lines_read: LinesReadWord::Complete,
        rows,
        coverage: BTreeMap::new(),
        agreements: Vec::new(),
        closed: Vec::new(),
        not_known: Vec::new(),
    }
}

/// A decision of June about a row.
fn record(action: ExceptionAction, row: &RowRecord) -> ActionRecord {
    let (key, client) = (exception_key(row), client(Vec::new()));
    ActionRecord {
        exception_id: key.exception_id(&client.client_id),
        client_id: client.client_id,
        client_name: client.client_name,
        key,
        action,
        figures: DecidedFigures::of(row),
        run_id: "2026-06-c1-1".to_owned(),
        month: month("2026-06"),
        actor: "kim".to_owned(),
        note: "by phone".to_owned(),
        ticket: String::new(),
        decided_on: TODAY,
        decided_at: Timestamp::UNIX_EPOCH,
        number: 1,
    }
}

fn request(kind: ActionKind) -> ActionRequest {
    ActionRequest { kind: Some(kind), ..ActionRequest::default() }
}

/// All that can be filled in, by its field.
fn filled(request: ActionRequest, fields: &[ActionField]) -> ActionRequest {
    fields.iter().fold(request, |request, field| match field {
        ActionField::Quantity => ActionRequest { quantity: Some(11.into()), ..request },
        ActionField::Whom => ActionRequest { whom: "the client".to_owned(), ..request },
        ActionField::Until => ActionRequest { until: Some(date(2026, 12, 31)), ..request },
        ActionField::Note => ActionRequest { note: "agreed by phone".to_owned(), ..request },
        ActionField::Ticket => ActionRequest { ticket: "T-4711".to_owned(), ..request },
        ActionField::Action => request,
    })
}

#[test]
fn each_kind_needs_its_fields_and_has_no_use_for_the_others() {
    use ActionField::{Note, Quantity, Until, Whom};
    let under = DecidedFigures::of(&row(RowKind::Underbilled, 10, 3));
    for (kind, needed, useless) in [
        (ActionKind::Approved, &[][..], &[Quantity, Whom, Until][..]),
        (ActionKind::Adjusted, &[Quantity], &[Whom, Until]),
        (ActionKind::Asked, &[Whom, Until], &[Quantity]),
        (ActionKind::Accepted, &[Until, Note], &[Whom]),
        (ActionKind::Dismissed, &[Note], &[Quantity, Whom]),
        (ActionKind::Snoozed, &[Until], &[Quantity, Whom]),
        (ActionKind::Reopened, &[], &[Quantity, Whom, Until]),
    ] {
        let whole = filled(request(kind), needed);
        let action = whole.check(&under, true, TODAY).unwrap_or_else(|faults| panic!("{kind:?}: {faults:?}"));
        assert_eq!(action.kind(), kind);
        for field in needed {
            let others: Vec<_> = needed.iter().copied().filter(|other| other != field).collect();
            let faults = filled(request(kind), &others).check(&under, true, TODAY).unwrap_err();
            let missing = match (kind, field) {
                (ActionKind::Accepted, Until) => ActionFault::NeedsAnEnd,
                _ => ActionFault::Needs(kind, *field),
            };
            assert_eq!(faults, [missing], "{kind:?} without {field:?}");
        }
        for field in useless {
            let faults = filled(whole.clone(), &[*field]).check(&under, true, TODAY).unwrap_err();
            assert_eq!(faults, [ActionFault::TakesNo(kind, *field)], "{kind:?} with {field:?}");
        }
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let under = DecidedFigures::of(&row(RowKind::Underbilled, 10, 3));
    let wrong = ActionRequest {
        quantity: Some(2.into()),
        whom: "somebody".to_owned(),
        until: Some(TODAY),
        ..request(ActionKind::Accepted)
    };
    assert_eq!(
        wrong.check(&under, false, TODAY).unwrap_err(),
        [
            ActionFault::FewerThanDiffer { up_to: 2.into(), units: 3.into() },
            ActionFault::TakesNo(ActionKind::Accepted, ActionField::Whom),
            ActionFault::PastDay { until: TODAY, today: TODAY },
            ActionFault::Needs(ActionKind::Accepted, ActionField::Note),
        ]
    );
    let adjusted = |quantity: i64| ActionRequest { quantity: Some(quantity.into()), ..request(ActionKind::Adjusted) };
    for (request, fault) in [
        (adjusted(10), ActionFault::IsBilled(10.into())),
        (adjusted(-1), ActionFault::Negative((-1).into())),
        (ActionRequest { note: "x".to_owned(), ..ActionRequest::default() }, ActionFault::NoAction),
        (request(ActionKind::Reopened), ActionFault::NothingToReopen),
        (
            ActionRequest { note: "x".repeat(1001), ..request(ActionKind::Approved) },
            ActionFault::TooLong(ActionField::Note, 1000),
        ),
        (
            ActionRequest { ticket: "4".repeat(101), ..request(ActionKind::Approved) },
            ActionFault::TooLong(ActionField::Ticket, 100),
        ),
    ] {
        assert_eq!(request.check(&under, false, TODAY).unwrap_err(), [fault]);
    }
}

#[test]
fn what_changes_no_bill_is_not_approved_and_of_what_nobody_knows_somebody_is_asked() {
    let figures = |kind| DecidedFigures::of(&row(kind, 10, 3));
    let approved = request(ActionKind::Approved);
    for kind in [RowKind::UncountedLine, RowKind::AgreementEnding, RowKind::EndedAgreementInUse] {
        let faults = approved.check(&figures(kind), false, TODAY).unwrap_err();
        assert_eq!(faults, [ActionFault::ChangesNoBill(ActionKind::Approved, kind)]);
    }
    let unknown = figures(RowKind::NotReconciled);
    let dismissed = filled(request(ActionKind::Dismissed), &[ActionField::Note]);
    assert_eq!(
        dismissed.check(&unknown, false, TODAY).unwrap_err(),
        [ActionFault::NotReconciled(ActionKind::Dismissed)]
    );
    let asked = filled(request(ActionKind::Asked), &[ActionField::Whom, ActionField::Until]);
    assert!(asked.check(&unknown, false, TODAY).is_ok());
}

#[test]
fn a_word_is_read_as_people_write_it() {
    for kind in ActionKind::ALL {
        assert_eq!(ActionKind::parse(&kind.as_str().to_uppercase()), Some(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
    }
    assert_eq!(ActionKind::parse(" approve "), Some(ActionKind::Approved));
    assert_eq!(ActionKind::parse("undo"), Some(ActionKind::Reopened));
    assert_eq!(ActionKind::parse("fine"), None);
    for standing in ActionStanding::ALL {
        assert_eq!(serde_json::to_string(&standing).unwrap(), format!("\"{}\"", standing.as_str()));
    }
}

#[test]
fn what_is_set_aside_comes_back_when_it_grows_or_its_day_has_passed() {
    let until = |day: &str| Some(day.parse::<Date>().unwrap());
    let accepted = |day: Option<Date>, up_to: Option<i64>| ExceptionAction::Accepted {
        until: day,
        up_to: up_to.map(Decimal::from),
    };
    let dismissed = |day: Option<Date>| ExceptionAction::Dismissed { until: day };
    let last_day = until("2026-07-31");
    for (action, units, of_month, day, expected) in [
        (accepted(last_day, None), 3, "2026-07", "2026-07-31", ActionStanding::SetAside),
        (accepted(last_day, None), 3, "2026-08", "2026-08-01", ActionStanding::DatePassed),
        (accepted(last_day, None), 4, "2026-07", "2026-07-31", ActionStanding::Grown),
        (accepted(None, Some(5)), 5, "2027-07", "2027-07-31", ActionStanding::SetAside),
        (accepted(None, Some(5)), 6, "2026-07", "2026-07-31", ActionStanding::Grown),
        (accepted(None, Some(5)), 1, "2026-07", "2026-07-31", ActionStanding::SetAside),
        (dismissed(None), 9, "2026-06", "2026-06-30", ActionStanding::SetAside),
        (dismissed(None), 3, "2026-07", "2026-07-31", ActionStanding::MonthOver),
        (dismissed(last_day), 9, "2026-07", "2026-07-31", ActionStanding::SetAside),
        (dismissed(last_day), 9, "2026-08", "2026-08-31", ActionStanding::DatePassed),
        (ExceptionAction::Snoozed { until: date(2026, 7, 31) }, 9, "2026-07", "2026-07-31", ActionStanding::SetAside),
        (ExceptionAction::Snoozed { until: date(2026, 7, 31) }, 9, "2026-08", "2026-08-01", ActionStanding::DatePassed),
        (
            ExceptionAction::Asked { whom: "them".to_owned(), until: date(2026, 7, 31) },
            9,
            "2026-07",
            "2026-07-31",
            ActionStanding::Waits,
        ),
        (
            ExceptionAction::Asked { whom: "them".to_owned(), until: date(2026, 7, 31) },
            9,
            "2026-08",
            "2026-08-01",
            ActionStanding::DatePassed,
        ),
    ] {
        for sign in [1, -1] {
            let kind = if sign > 0 { RowKind::Underbilled } else { RowKind::Overbilled };
            let record = record(action.clone(), &row(kind, 10, 3 * sign));
            let at = (month(of_month), day.parse().unwrap());
            let found = record.standing(kind, (units * sign).into(), BilledNow::Unknown, at);
            assert_eq!(found, expected, "{action:?} {units} on {day}");
        }
    }
}

#[test]
fn a_change_is_done_when_the_psa_bills_it() {
    let approved = || record(ExceptionAction::Approved, &row(RowKind::Underbilled, 10, 3));
    let adjusted = || record(ExceptionAction::Adjusted { quantity: 12.into() }, &row(RowKind::Underbilled, 10, 3));
    let of = |billed: i64, differs: bool| BilledNow::Units(billed.into(), differs);
    for (record, billed, expected) in [
        (approved(), of(10, true), ActionStanding::NotChanged),
        (approved(), of(10, false), ActionStanding::NoLongerNeeded),
        (approved(), of(13, false), ActionStanding::Resolved),
        (approved(), of(12, true), ActionStanding::ChangedOtherwise),
        (approved(), BilledNow::Unknown, ActionStanding::NotKnown),
        (adjusted(), of(12, true), ActionStanding::Resolved),
        (adjusted(), of(13, false), ActionStanding::ChangedOtherwise),
    ] {
        assert_eq!(record.done(billed), expected, "{:?} {billed:?}", record.action);
    }
    let fewer = record(ExceptionAction::Approved, &row(RowKind::Overbilled, 10, -4));
    assert_eq!(fewer.target(), Some(6.into()));
    assert_eq!(record(ExceptionAction::Reopened, &row(RowKind::Overbilled, 10, -4)).target(), None);
}

/// Puts one decision to rows of a month's last day: the standings of the rows, and what became of it.
fn put(
    record: ActionRecord,
    rows: Vec<RowRecord>,
    of_month: &str,
    absence: Absence,
) -> (Vec<Option<ActionStanding>>, Vec<ActionOutcome>) {
    let mut client = client(rows);
    let month = month(of_month);
    let outcomes = ActionsInForce::of([record]).put_to(&mut client, (month, month.last_day()), |_| absence);
    (client.rows.iter().map(|row| row.action.as_ref().map(|action| action.standing)).collect(), outcomes)
}

#[test]
fn a_decision_is_put_to_its_row_and_told_when_the_row_is_gone() {
    let approved = || record(ExceptionAction::Approved, &row(RowKind::Underbilled, 10, 3));
    let (rows, told) = put(approved(), vec![row(RowKind::Underbilled, 10, 3)], "2026-07", Absence::Unknown);
    assert_eq!(rows, [Some(ActionStanding::NotChanged)]);
    assert_eq!(told.len(), 1);
    let (rows, told) = put(approved(), vec![row(RowKind::Agrees, 13, 0)], "2026-07", Absence::Unknown);
    assert_eq!(rows, [None]);
    assert_eq!((told[0].decided.standing, told[0].billed), (ActionStanding::Resolved, Some(13.into())));
    let (_, told) = put(approved(), vec![row(RowKind::Agrees, 13, 0)], "2026-08", Absence::Unknown);
    assert!(told.is_empty(), "two months later it is history: {told:?}");
    let (_, told) = put(approved(), Vec::new(), "2026-07", Absence::Unknown);
    assert_eq!((told[0].decided.standing, told[0].billed), (ActionStanding::NotKnown, None));

    let none_used = || record(ExceptionAction::Approved, &row(RowKind::BilledWithoutUsage, 4, -4));
    let (_, told) = put(none_used(), Vec::new(), "2026-07", Absence::Nothing);
    assert_eq!((told[0].decided.standing, told[0].billed), (ActionStanding::Resolved, Some(0.into())));

    let over = row(RowKind::Overbilled, 10, -2);
    let (rows, told) = put(approved(), vec![over], "2026-07", Absence::Unknown);
    assert_eq!(rows, [None], "the other direction is another exception");
    assert_eq!(told[0].decided.standing, ActionStanding::NoLongerNeeded);
    let unread = |mut record: ClientRecord| {
        record.lines_read = LinesReadWord::Partial;
        ActionsInForce::of([approved()]).put_to(&mut record, (month("2026-07"), TODAY), |_| Absence::Nothing)
    };
    assert_eq!(unread(client(vec![row(RowKind::Agrees, 13, 0)]))[0].decided.standing, ActionStanding::NotKnown);
}

#[test]
fn two_rows_of_one_exception_are_decided_together() {
    let rows = || vec![row(RowKind::Underbilled, 10, 3), row(RowKind::Underbilled, 5, 1)];
    let figures = DecidedFigures::of_rows(&rows()).unwrap();
    assert_eq!((figures.billed, figures.units, figures.should_bill), (15.into(), 4.into(), Some(19.into())));
    assert_eq!(figures.changes.len(), 2);
    let accepted = ExceptionAction::Accepted { until: None, up_to: Some(4.into()) };
    let decided = ActionRecord { figures, ..record(accepted, &rows()[0]) };
    let (standings, _) = put(decided.clone(), rows(), "2026-07", Absence::Unknown);
    assert_eq!(standings, [Some(ActionStanding::SetAside); 2]);
    let grown = vec![row(RowKind::Underbilled, 10, 3), row(RowKind::Underbilled, 5, 2)];
    assert_eq!(put(decided, grown, "2026-07", Absence::Unknown).0, [Some(ActionStanding::Grown); 2]);
}

#[test]
fn the_last_decision_counts_and_a_withdrawn_one_does_not() {
    let under = row(RowKind::Underbilled, 10, 3);
    let numbered = |number: i64, action: ExceptionAction| ActionRecord { number, ..record(action, &under) };
    let snoozed = ExceptionAction::Snoozed { until: date(2026, 12, 31) };
    let all = [numbered(2, snoozed.clone()), numbered(1, ExceptionAction::Approved)];
    let in_force = ActionsInForce::of(all);
    let client_id = client(Vec::new()).client_id;
    assert_eq!(in_force.about(&client_id, &exception_key(&under)).unwrap().action, snoozed);
    let withdrawn = ActionsInForce::of([numbered(2, ExceptionAction::Reopened), numbered(1, snoozed)]);
    assert_eq!(withdrawn, ActionsInForce::default());
}

#[test]
fn what_is_set_aside_is_in_a_total_of_its_own() {
    let currency = Currency::new("USD").unwrap();
    let line_change = |amount: i64| LineChange {
        line: None,
        from: 10.into(),
        to: 13.into(),
        amount: Some(amount.into()),
        when: InvoicedWhen::ThisRun,
    };
    let found = |service: &str, amount: i64| OutcomeRow {
        kind: RowKind::Underbilled,
        service: ProductCode::new(service).unwrap(),
        section: None,
        billed: 10.into(),
        compared: None,
        value: Some(RowValue {
            currency: Some(currency),
            impact: Some(amount.into()),
            unit_price: None,
            is_estimated: false,
            stakes: None,
            when: Some(InvoicedWhen::ThisRun),
            due: None,
            changes: vec![line_change(amount)],
            cost: Vec::new(),
        }),
        doubts: Vec::new(),
        widenings: Vec::new(),
        outer: Vec::new(),
        left_alone: None,
        fault: None,
    };
    let rows = [found("SRV", 30), found("WKS", 7)];
    let accepted = ExceptionAction::Accepted { until: Some(date(2026, 12, 31)), up_to: Some(10.into()) };
    let in_force = ActionsInForce::of([record(accepted, &row(RowKind::Underbilled, 10, 3))]);
    let client_id = client(Vec::new()).client_id;
    let set_aside = in_force.set_aside(&client_id, &rows, (month("2026-07"), date(2026, 7, 31)));
    assert_eq!(set_aside, [Some(ActionKind::Accepted), None]);
    let mut outcome = RunOutcome::default();
    rows.iter().zip(set_aside).for_each(|(row, set_aside)| outcome.note(row, set_aside));
    assert_eq!(outcome.rows[&RowKind::Underbilled], 2);
    assert_eq!(outcome.totals[&currency].add, 7.into());
    assert_eq!(outcome.set_aside.totals[&currency].add, 30.into());
    assert_eq!((outcome.set_aside.count(), outcome.set_aside.rows[&ActionKind::Accepted]), (1, 1));
    let later = in_force.set_aside(&client_id, &rows, (month("2027-01"), date(2027, 1, 31)));
    assert_eq!(later, [None, None], "its day has passed");
}
