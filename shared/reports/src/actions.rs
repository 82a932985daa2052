//! What was decided about exceptions, in words: how each decision stands, what rests, and what was really done.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::Currency;
use truecount_reconciliation::{
    ActionFault, ActionField, ActionKind, ActionOutcome, ActionStanding, ExceptionAction, PortfolioRecord, RowAction,
    RunTotals, SetAside,
};

use crate::{
    RunReport,
    column::plain,
    label, sanitize,
    summary::{TextTarget, foreign},
    words::{self, money_by_currency},
};

/// How many changes that were not made as decided are named in the summary.
const NAMED_MAX: usize = 8;

/// `accepted by kim until 31 December 2026, up to 3, ticket 4711 (agreed by phone)`. Holds foreign text.
pub(crate) fn told(decided: &RowAction) -> String {
    let ticket = if decided.ticket.is_empty() { String::new() } else { format!(", ticket {}", decided.ticket) };
    let note = if decided.note.is_empty() { String::new() } else { format!(" ({})", decided.note) };
    format!("{}{ticket}{}{note}", what(decided), standing(decided))
}

/// The same, as a person at a terminal reads it.
#[must_use]
pub fn action_told(decided: &RowAction) -> String {
    sanitize::visible(&told(decided)).into_owned()
}

/// What is wrong with a decision, and what to do.
#[must_use]
pub fn action_fault(fault: &ActionFault) -> String {
    match fault {
        ActionFault::NoAction => format!("nothing says what is decided; write {}", action_words().join(", ")),
        ActionFault::Needs(kind, field) => format!("`{}` needs {}", kind.as_str(), field_words(*kind, *field)),
        ActionFault::TakesNo(kind, field) => {
            format!("`{}` has no use for {}; leave it empty", kind.as_str(), field_words(*kind, *field))
        }
        ActionFault::NeedsAnEnd => {
            "`accepted` needs an end: the last day on which it holds, or up to how many units may differ".to_owned()
        }
        ActionFault::PastDay { until, today } => {
            format!("{until} is not after today, {today}; name a later day")
        }
        ActionFault::Negative(quantity) => format!("{} is less than none", units(*quantity)),
        ActionFault::IsBilled(quantity) => {
            format!("{} are billed now: nothing changes; to leave it so, use `accepted`", units(*quantity))
        }
        ActionFault::FewerThanDiffer { up_to, units: differ } => format!(
            "up to {} are to be accepted, and {} differ: it would stand again at once",
            units(*up_to),
            units(*differ)
        ),
        ActionFault::ChangesNoBill(kind, row) => {
            format!("`{}` is for what changes a quantity on a bill, and this is: {}", kind.as_str(), words::kind(*row))
        }
        ActionFault::NotReconciled(kind) => format!(
            "`{}` is for what is known, and this is not reconciled: settle it, or ask somebody (`asked`)",
            kind.as_str()
        ),
        ActionFault::NothingToReopen => "no decision about it is in force".to_owned(),
        ActionFault::TooLong(_, most) => format!("it is longer than {most} characters"),
    }
}

fn field_words(kind: ActionKind, field: ActionField) -> &'static str {
    match (field, kind) {
        (ActionField::Action, _) => "an action",
        (ActionField::Quantity, ActionKind::Accepted) => "the units that may differ",
        (ActionField::Quantity, _) => "a quantity: the units to be billed",
        (ActionField::Whom, _) => "who is asked",
        (ActionField::Until, ActionKind::Asked) => "the day until which an answer is waited for",
        (ActionField::Until, _) => "the last day on which it holds",
        (ActionField::Note, _) => "a reason as note",
        (ActionField::Ticket, _) => "a ticket",
    }
}

/// What was decided, and by whom.
fn what(decided: &RowAction) -> String {
    let by = format!("by {} on {}", decided.actor, label::day(decided.decided_on));
    let (billed, should_bill) = (units(decided.figures.billed), decided.figures.should_bill.map(units));
    match &decided.action {
        ExceptionAction::Approved => match should_bill {
            Some(should_bill) => format!("approved {by}: {billed} → {should_bill}"),
            None => format!("approved {by}"),
        },
        ExceptionAction::Adjusted { quantity } => format!("adjusted {by}: {billed} → {}", units(*quantity)),
        ExceptionAction::Asked { whom, until } => format!("{whom} asked {by}, answer until {}", label::day(*until)),
        ExceptionAction::Accepted { until, up_to } => {
            let up_to = up_to.unwrap_or(decided.figures.units.abs());
            let until = until.map(|until| format!(" until {}", label::day(until))).unwrap_or_default();
            format!("accepted {by}: up to {}{until}", units(up_to))
        }
        ExceptionAction::Dismissed { until: Some(until) } => format!("dismissed {by} until {}", label::day(*until)),
        ExceptionAction::Dismissed { until: None } => {
            format!("dismissed {by} for {}", label::month(decided.month))
        }
        ExceptionAction::Snoozed { until } => format!("snoozed {by} until {}", label::day(*until)),
        ExceptionAction::Reopened => format!("reopened {by}"),
    }
}

fn units(units: Decimal) -> String {
    label::quantity(plain(units))
}

/// How that stands, where it does not go without saying.
fn standing(decided: &RowAction) -> &'static str {
    match (decided.standing, &decided.action) {
        (ActionStanding::SetAside | ActionStanding::Waits, _) => "",
        (ActionStanding::DatePassed, ExceptionAction::Asked { .. }) => "; no answer by then",
        (ActionStanding::DatePassed, _) => "; that day has passed",
        (ActionStanding::MonthOver, _) => "; that month is over",
        (ActionStanding::Grown, _) => "; it grew since",
        (ActionStanding::NotChanged, _) => "; not changed yet",
        (ActionStanding::NoLongerNeeded, _) => "; not changed, and no longer needed",
        (ActionStanding::Resolved, _) => "; done",
        (ActionStanding::ChangedOtherwise, _) => "; changed otherwise",
        (ActionStanding::NotKnown, _) => "; nobody knows whether it was done",
    }
}

/// `3 exceptions are set aside (2 accepted, 1 snoozed), USD 420.00 a month to add: they are in no total.`
pub(crate) fn set_aside(portfolio: &PortfolioRecord) -> Option<String> {
    let SetAside { rows, unpriced, totals, .. } = &portfolio.set_aside;
    let all = portfolio.set_aside.count();
    if all == 0 {
        return None;
    }
    let by_kind: Vec<_> =
        rows.iter().map(|(kind, rows)| format!("{} {}", label::quantity((*rows).into()), kind.as_str())).collect();
    let sum = |part: fn(&RunTotals) -> Decimal| -> BTreeMap<Currency, Decimal> {
        let amounts = totals.iter().map(|(currency, totals)| (*currency, part(totals)));
        amounts.filter(|(_, amount)| !amount.is_zero()).collect()
    };
    let parts = [
        (sum(|totals| totals.add.saturating_add(totals.later_add)), "to add"),
        (sum(|totals| totals.estimated_add.saturating_add(totals.estimated_later_add)), "to add, estimated"),
        (sum(|totals| totals.reduce.saturating_add(totals.later_reduce)), "to reduce"),
        (sum(|totals| totals.estimated_reduce.saturating_add(totals.estimated_later_reduce)), "to reduce, estimated"),
        (sum(|totals| totals.clean_up), "of cost"),
    ];
    let parts = parts.iter().filter(|(amounts, _)| !amounts.is_empty());
    let mut worth: Vec<_> = parts
        .map(|(amounts, what)| format!("{} a month {what}", money_by_currency(amounts, portfolio.home_currency)))
        .collect();
    if *unpriced > 0 {
        worth.push(format!("{} without a single known value", label::quantity((*unpriced).into())));
    }
    let worth = if worth.is_empty() { String::new() } else { format!(": {}", worth.join("; ")) };
    let (is, are) = if all == 1 { ("is", "it is") } else { ("are", "they are") };
    let exceptions = label::count(all, "exception", "exceptions");
    Some(format!("{exceptions} {is} set aside ({}){worth}; {are} in no total.", by_kind.join(", ")))
}

/// What was really done of what was decided to be changed.
pub(crate) struct ChangesDone {
    /// `Of 14 changes that were decided: 9 resolved, 3 approved and not changed yet, 2 changed otherwise.`
    pub(crate) text: String,
    /// Those that were not made as decided.
    pub(crate) open: Vec<String>,
    /// `and 3 more: truecount actions list`
    pub(crate) more: Option<String>,
}

impl ChangesDone {
    /// `None`: nothing was decided.
    pub(crate) fn of(report: &RunReport<'_>, target: TextTarget) -> Option<Self> {
        let all = &report.actions;
        if all.is_empty() {
            return None;
        }
        let number = |standing| all.iter().filter(|one| one.decided.standing == standing).count() as u64;
        let counts = [
            (ActionStanding::Resolved, "resolved"),
            (ActionStanding::NotChanged, "approved and not changed yet"),
            (ActionStanding::ChangedOtherwise, "changed otherwise"),
            (ActionStanding::NoLongerNeeded, "not changed, and no longer needed"),
            (ActionStanding::NotKnown, "not known"),
        ];
        let counts = counts.map(|(standing, words)| (number(standing), words));
        let counts = counts.iter().filter(|(number, _)| *number > 0);
        let counts: Vec<_> =
            counts.map(|(number, words)| format!("{} {words}", label::quantity((*number).into()))).collect();
        let decided = label::count(all.len() as u64, "change that was decided", "changes that were decided");
        let is_open = |one: &&ActionOutcome| {
            matches!(one.decided.standing, ActionStanding::NotChanged | ActionStanding::ChangedOtherwise)
        };
        let open: Vec<_> = all.iter().filter(is_open).collect();
        let more = open.len().saturating_sub(NAMED_MAX) as u64;
        Some(Self {
            text: format!("Of {decided}: {}.", counts.join(", ")),
            open: open.iter().take(NAMED_MAX).map(|one| named(one, target)).collect(),
            more: (more > 0).then(|| format!("and {}: truecount actions list", label::count(more, "more", "more"))),
        })
    }
}

/// `Harbour Dental (MNG-SRV): approved 10 → 13, 12 billed now`.
fn named(one: &ActionOutcome, target: TextTarget) -> String {
    let (client, service) = (foreign(target, &one.client_name, 44), foreign(target, one.key.service.as_str(), 40));
    let figures = &one.decided.figures;
    let to = match &one.decided.action {
        ExceptionAction::Adjusted { quantity } => Some(*quantity),
        _ => figures.should_bill,
    };
    let to = to.map(|to| format!(" → {}", units(to))).unwrap_or_default();
    let now = match (one.decided.standing, one.billed) {
        (ActionStanding::ChangedOtherwise, Some(billed)) => format!("{} billed now", units(billed)),
        _ => "not changed yet".to_owned(),
    };
    format!("{client} ({service}): {} {}{to}, {now}", one.decided.action.kind().as_str(), units(figures.billed))
}

/// The word of a decision in files; empty: there is none.
pub(crate) fn decision_word(decided: Option<&RowAction>) -> &'static str {
    decided.map_or("", |decided| decided.action.kind().as_str())
}

/// The word of how it stands; empty: there is no decision.
pub(crate) fn standing_word(decided: Option<&RowAction>) -> &'static str {
    decided.map_or("", |decided| decided.standing.as_str())
}

/// Puts what became of decisions in order: what is open first, then by client and exception.
pub(crate) fn sort_done(actions: &mut [ActionOutcome]) {
    actions.sort_by(|a, b| {
        let place = |one: &ActionOutcome| (one.decided.standing, one.client_name.clone(), one.exception_id.clone());
        place(a).cmp(&place(b))
    });
}

/// The words that a column `action` may have.
#[must_use]
pub fn action_words() -> Vec<&'static str> {
    ActionKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_reconciliation::{ActionRecord, DecidedFigures, RowKind, RowRecord, exception_key};

    use super::*;

    fn decided(action: ExceptionAction, standing: ActionStanding) -> RowAction {
        let row = RowRecord {
            billed: 10.into(),
            should_bill: Some(13.into()),
            variance: Some(3.into()),
            ..RowRecord::empty(RowKind::Underbilled, "SRV".parse().unwrap())
        };
        let (key, client_id) = (exception_key(&row), "c1".parse().unwrap());
        let record = ActionRecord {
            exception_id: key.exception_id(&client_id),
            client_id,
            client_name: "Harbour Dental".to_owned(),
            key,
            action,
            figures: DecidedFigures::of(&row),
            run_id: "2026-06-c1-1".to_owned(),
            month: "2026-06".parse().unwrap(),
            actor: "kim".to_owned(),
            note: String::new(),
            ticket: String::new(),
            decided_on: date(2026, 7, 2),
            decided_at: jiff::Timestamp::UNIX_EPOCH,
            number: 1,
        };
        RowAction::of(&record, standing)
    }

    #[test]
    fn each_decision_says_what_it_is_and_how_it_stands() {
        let day = date(2026, 12, 31);
        let asked = || ExceptionAction::Asked { whom: "Ann".to_owned(), until: day };
        let accepted = |until, up_to: Option<i64>| ExceptionAction::Accepted { until, up_to: up_to.map(Decimal::from) };
        for (action, standing, expected) in [
            (
                ExceptionAction::Approved,
                ActionStanding::NotChanged,
                "approved by kim on 2 July 2026: 10 → 13; not changed yet",
            ),
            (ExceptionAction::Approved, ActionStanding::Resolved, "approved by kim on 2 July 2026: 10 → 13; done"),
            (
                ExceptionAction::Adjusted { quantity: 12.into() },
                ActionStanding::ChangedOtherwise,
                "adjusted by kim on 2 July 2026: 10 → 12; changed otherwise",
            ),
            (asked(), ActionStanding::Waits, "Ann asked by kim on 2 July 2026, answer until 31 December 2026"),
            (
                asked(),
                ActionStanding::DatePassed,
                "Ann asked by kim on 2 July 2026, answer until 31 December 2026; no answer by then",
            ),
            (accepted(None, Some(5)), ActionStanding::SetAside, "accepted by kim on 2 July 2026: up to 5"),
            (
                accepted(Some(day), None),
                ActionStanding::Grown,
                "accepted by kim on 2 July 2026: up to 3 until 31 December 2026; it grew since",
            ),
            (
                ExceptionAction::Dismissed { until: None },
                ActionStanding::MonthOver,
                "dismissed by kim on 2 July 2026 for June 2026; that month is over",
            ),
            (
                ExceptionAction::Snoozed { until: day },
                ActionStanding::DatePassed,
                "snoozed by kim on 2 July 2026 until 31 December 2026; that day has passed",
            ),
        ] {
            assert_eq!(told(&decided(action, standing)), expected);
        }
        let noted =
            RowAction { note: "by phone".to_owned(), ..decided(ExceptionAction::Approved, ActionStanding::Waits) };
        assert_eq!(told(&noted), "approved by kim on 2 July 2026: 10 → 13 (by phone)");
        let ticketed = RowAction { ticket: "T-4711".to_owned(), ..noted };
        assert_eq!(told(&ticketed), "approved by kim on 2 July 2026: 10 → 13, ticket T-4711 (by phone)");
    }

    #[test]
    fn what_is_set_aside_is_named_with_its_sums_by_currency() {
        let [home, other] = ["USD", "EUR"].map(|code| Currency::new(code).unwrap());
        let mut portfolio = PortfolioRecord::empty(home);
        assert_eq!(set_aside(&portfolio), None);
        let sums = |add: i64, reduce: i64| RunTotals { add: add.into(), reduce: reduce.into(), ..RunTotals::default() };
        portfolio.set_aside.rows = [(ActionKind::Accepted, 2), (ActionKind::Snoozed, 1)].into();
        portfolio.set_aside.totals = [(home, sums(420, 30)), (other, sums(7, 0))].into();
        portfolio.set_aside.unpriced = 1;
        assert_eq!(
            set_aside(&portfolio).unwrap(),
            "3 exceptions are set aside (2 accepted, 1 snoozed): USD 420.00 and EUR 7.00 a month to add; USD 30.00 a month \
             to reduce; 1 without a single known value; they are in no total."
        );
    }

    #[test]
    fn what_is_wrong_says_what_to_do() {
        for (fault, expected) in [
            (ActionFault::NeedsAnEnd, "needs an end"),
            (ActionFault::Needs(ActionKind::Asked, ActionField::Until), "`asked` needs the day until which"),
            (ActionFault::TakesNo(ActionKind::Snoozed, ActionField::Quantity), "leave it empty"),
            (
                ActionFault::ChangesNoBill(ActionKind::Approved, RowKind::UncountedLine),
                "is for what changes a quantity",
            ),
            (ActionFault::NotReconciled(ActionKind::Accepted), "settle it, or ask somebody"),
        ] {
            assert!(action_fault(&fault).contains(expected), "{}", action_fault(&fault));
        }
    }
}
