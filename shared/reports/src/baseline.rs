//! The first month in words. Until a baseline is accepted a run says that it is a first comparison, and shows no total; from
//! then on what is left of the opening list is told apart from what is new since.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{BillingMonth, Currency};
use truecount_reconciliation::{AddAndReduce, PortfolioRecord};

use crate::{EarlierRow, ExceptionRow, RunReport, label, run_totals::worth};

/// What a first comparison says instead of totals.
const FIRST: &str = "First comparison, not yet confirmed: a difference can come from rules and mappings as well as from a bill, \
     so no total is shown. Go through the list and fix the setup. Once a month is closed and its list is right, accept it as \
     the starting point:";

/// The same for who does not work on it.
const FIRST_IN_BRIEF: &str = "First comparison, not yet confirmed: a difference can come from rules and mappings as well as from \
     a bill, so no total is shown until the list was gone through.";

/// What accepts it.
pub(crate) const ACCEPT: &str = "truecount baseline accept";

/// The same in a mail's subject.
pub(crate) const FIRST_IN_SUBJECT: &str = "first comparison, not yet confirmed";

/// That a run is a first comparison, and what ends that.
pub(crate) struct FirstComparison {
    pub(crate) text: &'static str,
    /// What to type; `None`: its reader types nothing.
    pub(crate) command: Option<&'static str>,
}

impl FirstComparison {
    /// `None`: a baseline is accepted, or nobody asks.
    pub(crate) fn of(portfolio: &PortfolioRecord) -> Option<Self> {
        portfolio.is_first_comparison().then_some(Self { text: FIRST, command: Some(ACCEPT) })
    }

    /// In lines of at most 80 characters.
    pub(crate) fn lines(&self) -> String {
        let command = self.command.map(|command| format!("  {command}\n")).unwrap_or_default();
        format!("{}\n{command}", crate::wrapped(self.text, 80, 0))
    }

    /// For who does not work on it.
    pub(crate) const fn in_brief() -> Self {
        Self { text: FIRST_IN_BRIEF, command: None }
    }
}

/// What is said of a first comparison where its totals would stand, in lines of at most 80 characters; `None`: it is none.
#[must_use]
pub fn first_comparison(portfolio: &PortfolioRecord) -> Option<String> {
    FirstComparison::of(portfolio).map(|first| first.lines())
}

/// How many exceptions a run has open: those that stand and nobody has set aside, and those of earlier closings of which
/// nothing is known.
#[must_use]
pub fn open_exceptions(report: &RunReport<'_>) -> u64 {
    let (exceptions, not_known) = open(&report.exceptions, &report.earlier, |_| true);
    (exceptions.keys().len() + not_known.len()) as u64
}

/// `Opening list of June 2026: 23 of 104 still open, worth GBP 60.00 to add a month; 2 of them are not known this month. New
/// since: 8, worth GBP 12.00 to add a month.` `None`: the run does not come after a baseline.
#[must_use]
pub fn opening_list(
    exceptions: &[ExceptionRow],
    earlier: &[EarlierRow],
    portfolio: &PortfolioRecord,
    month: BillingMonth,
) -> Option<OpeningList> {
    let accepted = portfolio.opening(month)?;
    let (left, not_known) = open(exceptions, earlier, |since| since <= accepted.month);
    let (new, new_not_known) = open(exceptions, earlier, |since| since > accepted.month);
    let home = portfolio.home_currency;
    let still_open = (left.len() + not_known.len()) as u64;
    // Of a month that was closed once more there can be others.
    let all = accepted.exceptions.max(still_open);
    let number = |number: u64| label::quantity(number.into());
    let unknown = match not_known.len() as u64 {
        0 => String::new(),
        one if one == still_open => "; not known this month".to_owned(),
        some => format!("; of {} of them nothing is known this month", number(some)),
    };
    let opening = match still_open {
        0 => format!("all {} are done", number(all)),
        open => format!("{} of {} still open{}{unknown}", number(open), number(all), worth_of(&left, home)),
    };
    let new = match (new.len() + new_not_known.len()) as u64 {
        0 => "nothing".to_owned(),
        some => format!("{}{}", number(some), worth_of(&new, home)),
    };
    Some(OpeningList { month: label::month(accepted.month), opening, new })
}

/// What is left of the opening list, and what is new since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningList {
    /// The month whose closing run it is of.
    pub month: String,
    /// `23 of 104 still open, worth GBP 60.00 to add a month`.
    pub opening: String,
    /// `8, worth GBP 12.00 to add a month`, or `nothing`.
    pub new: String,
}

impl OpeningList {
    /// Both in two sentences.
    #[must_use]
    pub fn told(&self) -> String {
        format!("Opening list of {}: {}. New since: {}.", self.month, self.opening, self.new)
    }
}

type Sums = BTreeMap<Currency, AddAndReduce>;

/// Of the exceptions that stand since such a month what each is worth, by id; and the ids of those of which nothing is known.
fn open<'r>(
    exceptions: &'r [ExceptionRow],
    earlier: &'r [EarlierRow],
    is_wanted: impl Fn(BillingMonth) -> bool,
) -> (BTreeMap<&'r str, Sums>, BTreeSet<&'r str>) {
    let mut found: BTreeMap<&str, Sums> = BTreeMap::new();
    let is_open = |row: &&ExceptionRow| row.is_known() && !row.is_set_aside() && row.since.is_some_and(&is_wanted);
    for row in exceptions.iter().flat_map(ExceptionRow::each).filter(is_open) {
        let sums = found.entry(&row.exception_id).or_default();
        if let Some((currency, impact)) = row.currency.zip(row.monthly_impact).filter(|_| row.is_change()) {
            sums.entry(currency).or_default().take(&AddAndReduce::of_change(impact, row.is_estimated()));
        }
    }
    let not_known = earlier.iter().filter(|row| row.because.is_none() && is_wanted(row.earlier.since));
    (found, not_known.map(|row| row.earlier.exception_id.as_str()).collect())
}

/// `, worth GBP 60.00 to add a month`; empty: nobody knows, or they change no bill.
fn worth_of(exceptions: &BTreeMap<&str, Sums>, home: Currency) -> String {
    let mut all = Sums::new();
    for (currency, sums) in exceptions.values().flatten() {
        all.entry(*currency).or_default().take(sums);
    }
    worth(&all, home).map(|worth| format!(", worth {worth}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use truecount_reconciliation::{
        AcceptedBaseline, BaselineState, EarlierException, EarlierFigures, ExceptionDirection, ExceptionKey, RowKind,
        SumsSoFar,
    };

    use super::*;
    use crate::exception_row::blank;

    fn row(id: &str, since: &str, impact: Option<i64>) -> ExceptionRow {
        ExceptionRow {
            exception_id: id.to_owned(),
            state: "open",
            since: Some(since.parse().unwrap()),
            monthly_impact: impact.map(Decimal::from),
            currency: impact.map(|_| Currency::new("GBP").unwrap()),
            ..blank(RowKind::Underbilled)
        }
    }

    fn not_known(id: &str, since: &str) -> EarlierRow {
        let key = ExceptionKey { service: "SRV".parse().unwrap(), section: None, direction: ExceptionDirection::Under };
        EarlierRow {
            client_id: "1".parse().unwrap(),
            client: "Alder".to_owned(),
            earlier: EarlierException {
                exception_id: id.to_owned(),
                key,
                number: 1,
                kind: RowKind::Underbilled,
                since: since.parse().unwrap(),
                months_open: 1,
                last: EarlierFigures { units: 1.into(), monthly_impact: None },
                so_far: SumsSoFar::default(),
            },
            because: None,
        }
    }

    fn told(exceptions: &[ExceptionRow], earlier: &[EarlierRow], accepted: u64) -> Option<String> {
        let accepted = AcceptedBaseline {
            month: "2026-06".parse().unwrap(),
            exceptions: accepted,
            actor: "kim".to_owned(),
            accepted_on: jiff::civil::date(2026, 7, 2),
        };
        let baseline = Some(BaselineState::Accepted(accepted));
        let last_closing = Some("2026-07".parse().unwrap());
        let empty = PortfolioRecord::empty(Currency::new("GBP").unwrap());
        let portfolio = PortfolioRecord { baseline, last_closing, ..empty };
        opening_list(exceptions, earlier, &portfolio, "2026-08".parse().unwrap()).map(|list| list.told())
    }

    #[test]
    fn the_opening_list_is_told_apart_from_what_is_new_since() {
        let rows = [
            row("a", "2026-06", Some(60)),
            row("a", "2026-06", Some(5)),
            row("b", "2026-05", Some(-50)),
            row("c", "2026-07", Some(12)),
            row("d", "2026-08", None),
        ];
        let earlier = [not_known("e", "2026-06"), not_known("f", "2026-07")];
        assert_eq!(
            told(&rows, &earlier, 104).unwrap(),
            "Opening list of June 2026: 3 of 104 still open, worth GBP 65.00 to add and GBP 50.00 to reduce a month; of 1 of \
             them nothing is known this month. New since: 3, worth GBP 12.00 to add a month."
        );
        assert_eq!(told(&[], &[], 104).unwrap(), "Opening list of June 2026: all 104 are done. New since: nothing.");
        assert_eq!(
            told(&[], &earlier[..1], 1).unwrap(),
            "Opening list of June 2026: 1 of 1 still open; not known this month. New since: nothing."
        );
        let closed_again = told(&rows, &[], 1).unwrap();
        assert!(closed_again.starts_with("Opening list of June 2026: 2 of 2 still open"), "{closed_again}");
    }

    #[test]
    fn a_first_comparison_says_so_and_what_ends_that() {
        let home = Currency::new("GBP").unwrap();
        let rows = || [(RowKind::Agrees, 1)].into();
        let of = |baseline| PortfolioRecord { baseline, rows: rows(), ..PortfolioRecord::empty(home) };
        let text = first_comparison(&of(Some(BaselineState::NotAccepted))).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.ends_with("starting point:\n  truecount baseline accept\n"), "{text}");
        assert_eq!(first_comparison(&of(None)), None);
    }
}
