//! What all values of a column say about the form of its days.

use super::{DateOrder, Stamp, plain, scan};
use crate::{
    cell::CellKind,
    places::{Places, Tally},
};

/// The values of a column as days or moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateEvidence {
    /// Days by the orders in which they are days: a bit for each of [`DateOrder::ALL`].
    by_orders: [Tally; 8],
    /// Days that two orders read differently: day first or month first, day or year first, month or year first.
    differing: [Tally; 3],
    /// Cells that are no days.
    pub(crate) others: Places,
    /// Moments that are not midnight as they are written.
    off_midnight: Tally,
    /// Of these, without an offset.
    without_offset: Tally,
    with_time: Tally,
}

/// What the values of a column come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateFinding {
    /// Every day is one day: in this order.
    Sure(DateOrder),
    /// Some value is another day in another order, and none settles it.
    Open {
        /// The line of the first such value.
        line: u64,
        /// The orders in which all values are days.
        orders: Vec<DateOrder>,
    },
    /// No order reads all values.
    Mixed {
        /// The line of the first value against day first.
        first_line: u64,
        /// The line of the first value against month first.
        second_line: u64,
    },
    /// No value is a day.
    NoDates,
}

const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

impl DateEvidence {
    /// Takes the text of a cell that is not blank.
    #[inline]
    pub(crate) fn take(&mut self, text: &str, kind: CellKind, line: u64) {
        if !matches!(kind, CellKind::Text | CellKind::Day | CellKind::Moment) || !begins_like_a_day(text) {
            self.others.add(line, text);
        } else if let Some(stamp) = plain(text.as_bytes()) {
            self.by_orders[7].add(line);
            self.take_time(&stamp, line);
        } else {
            self.take_text(text, line);
        }
    }

    fn take_text(&mut self, text: &str, line: u64) {
        let Some(written) = scan::scan(text) else {
            self.others.add(line, text);
            return;
        };
        let dates = DateOrder::ALL.map(|order| written.numbers.date(order));
        let orders = (0..3).filter(|at| dates[*at].is_some()).map(|at| 1 << at).sum::<usize>();
        let Some(date) = dates.into_iter().flatten().next() else {
            self.others.add(line, text);
            return;
        };
        self.by_orders[orders].add(line);
        for (tally, (a, b)) in self.differing.iter_mut().zip(PAIRS) {
            if dates[a].zip(dates[b]).is_some_and(|(a, b)| a != b) {
                tally.add(line);
            }
        }
        self.take_time(&Stamp { date, time: written.time, offset: written.offset }, line);
    }

    fn take_time(&mut self, stamp: &Stamp, line: u64) {
        if stamp.time.is_none() {
            return;
        }
        self.with_time.add(line);
        if !stamp.is_midnight() {
            self.off_midnight.add(line);
            if stamp.offset.is_none() {
                self.without_offset.add(line);
            }
        }
    }

    /// How many values are days or moments.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.by_orders.iter().map(|tally| tally.count).sum()
    }

    /// How many values are none.
    #[must_use]
    pub fn other_count(&self) -> u64 {
        self.others.count
    }

    /// How many values have a time of day.
    #[must_use]
    pub fn time_count(&self) -> u64 {
        self.with_time.count
    }

    /// What all values together say.
    #[must_use]
    pub fn finding(&self) -> DateFinding {
        if self.count() == 0 {
            return DateFinding::NoDates;
        }
        let able: Vec<usize> = (0..3).filter(|at| self.against(DateOrder::ALL[*at]).is_none()).collect();
        let Some(first) = able.first() else {
            let against = |order| self.against(order).unwrap_or(0);
            return DateFinding::Mixed {
                first_line: against(DateOrder::DayMonthYear),
                second_line: against(DateOrder::MonthDayYear),
            };
        };
        let differs = |(tally, (a, b)): (&Tally, (usize, usize))| {
            (able.contains(&a) && able.contains(&b)).then(|| tally.first()).flatten()
        };
        match self.differing.iter().zip(PAIRS).filter_map(differs).min() {
            Some(line) => DateFinding::Open { line, orders: able.iter().map(|at| DateOrder::ALL[*at]).collect() },
            None => DateFinding::Sure(DateOrder::ALL[*first]),
        }
    }

    /// The first line whose value is no day in this order.
    pub(crate) fn against(&self, order: DateOrder) -> Option<u64> {
        let bit = 1 << DateOrder::ALL.iter().position(|one| *one == order)?;
        let against = self.by_orders.iter().enumerate().filter(|(orders, _)| orders & bit == 0);
        against.filter_map(|(_, tally)| tally.first()).min()
    }

    /// The first line with a moment that is not midnight: which day it is in depends on the zone.
    pub(crate) fn off_midnight(&self) -> Option<u64> {
        self.off_midnight.first()
    }

    /// The first line with a moment whose offset is not written.
    pub(crate) fn without_offset(&self) -> Option<u64> {
        self.without_offset.first()
    }
}

/// Most texts are none: days begin with a digit, or with a name and have a digit near.
#[inline]
fn begins_like_a_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 6 && (bytes[0].is_ascii_digit() || !bytes[0].is_ascii_punctuation())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(texts: &[&str]) -> DateEvidence {
        let mut evidence = DateEvidence::default();
        for (line, text) in (2..).zip(texts) {
            evidence.take(text, CellKind::Text, line);
        }
        evidence
    }

    #[test]
    fn all_values_together_decide_or_leave_it_open() {
        use DateOrder::{DayMonthYear as D, MonthDayYear as M, YearMonthDay as Y};
        for (texts, finding) in [
            (&["2026-06-30", "30 Jun 2026"][..], DateFinding::Sure(D)),
            (&["1/2/2026"], DateFinding::Open { line: 2, orders: vec![D, M] }),
            (&["1/2/2026", "31/12/2026"], DateFinding::Sure(D)),
            (&["1/2/2026", "12/31/2026"], DateFinding::Sure(M)),
            (&["3/3/2026", "4/4/2026"], DateFinding::Sure(D)),
            (&["31/12/2026", "12/31/2026"], DateFinding::Mixed { first_line: 3, second_line: 2 }),
            (&["1/2/2026", "1.2.2026"], DateFinding::Sure(D)),
            (&["12/31/2026", "1.2.2026"], DateFinding::Mixed { first_line: 2, second_line: 3 }),
            (&["26-12-31", "26-01-02"], DateFinding::Open { line: 2, orders: vec![D, Y] }),
            (&["26-12-31", "99-01-02"], DateFinding::Sure(Y)),
            (&["01/02/03"], DateFinding::Open { line: 2, orders: vec![D, M, Y] }),
            (&["n/a", "today's"], DateFinding::NoDates),
        ] {
            assert_eq!(evidence(texts).finding(), finding, "{texts:?}");
        }
    }

    #[test]
    fn times_that_need_a_zone_are_told() {
        let times = evidence(&["2026-06-30T00:00:00Z", "2026-06-30 08:00", "2026-06-30T08:00:00Z", "x"]);
        assert_eq!((times.count(), times.other_count(), times.time_count()), (3, 1, 3));
        assert_eq!((times.off_midnight(), times.without_offset()), (Some(3), Some(3)));
        let days = evidence(&["2026-06-30T00:00:00Z", "2026-06-30"]);
        assert_eq!((days.off_midnight(), days.without_offset()), (None, None));
    }
}
