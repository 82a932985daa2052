//! A count over the days of a month: the largest of them. Both ends are those of the day on which each is largest; the
//! ledger of a peak is that of its day.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::mem::discriminant;
use std::rc::Rc;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_rules::CountSpec;

use crate::count::{SourceCount, UndecidedShares};
use crate::evidence::{Doubt, Widening};
use crate::interval::TooManyDigits;
use crate::joined::Found;
use crate::peak_days::{DayBefore, days_back, tail_gap};
use crate::pool::Pool;
use crate::selection::Selection;
use crate::service_count::{Counting, OfSource, ServiceCount};

/// What a count is on one day.
struct OfDay {
    day: Date,
    /// Whether the day is surely one of the month that is looked at.
    is_of_month: bool,
    found: Found,
}

impl Counting<'_> {
    /// The largest count of the days from the first of the month to the count day.
    pub(crate) fn peak_of(
        &self,
        spec: &CountSpec,
        sources: &[(usize, Selection<'_>)],
        of_source: OfSource<'_>,
    ) -> Result<Found, TooManyDigits> {
        let (first, surely_from) = self.month_from;
        let mut now = self.counted_in(spec, sources, None, of_source)?;
        for (source, _) in sources {
            self.note_tail(*source, first, &mut now);
        }
        let mut days = vec![OfDay { day: self.count_day, is_of_month: true, found: now }];
        let synced_on = sources.iter().map(|(source, _)| self.inputs.sources[*source].synced_on).max();
        let last = synced_on.unwrap_or(self.count_day).min(self.count_day).yesterday().unwrap_or(first);
        for day in days_back(first, last) {
            let found = self.counted_in(spec, sources, Some(DayBefore { day, first }), of_source)?;
            days.push(OfDay { day, is_of_month: day >= surely_from, found });
        }
        Ok(largest(days))
    }

    /// Notes the days between the snapshot of a source and the count day.
    fn note_tail(&self, source: usize, first: Date, now: &mut Found) {
        let (inputs, index, client) = (self.inputs, self.index, self.client);
        let kept = &inputs.sources[source];
        let Some((from, to, is_short)) = tail_gap(kept.synced_on, first, self.count_day).filter(|_| kept.was_read)
        else {
            return;
        };
        let possible = Pool::possible(inputs, index, client, source);
        // What may be anybody's is told once.
        let told = if Pool::is_of_all_undecided(inputs, index, client, source) { 1 } else { possible.len() };
        let accounts = index.decided(client, source).iter().chain(&possible[..told.min(possible.len())]);
        if !is_short {
            let unread = accounts.map(|account| Widening::DaysUnread { account: *account, from, to });
            let before = now.count.widenings.len();
            now.count.widenings.extend(unread);
            now.is_open |= now.count.widenings.len() > before;
        } else if accounts.count() > 0 {
            let days = from.series(1.day()).take_while(|day| *day <= to).collect();
            now.count.doubts.push(Doubt::GapFilled { source, days });
        }
    }
}

/// The largest of days, of which the first is the count day: of several that are as large, the latest.
fn largest(days: Vec<OfDay>) -> Found {
    let least_at = (0..days.len())
        .filter(|at| days[*at].is_of_month)
        .reduce(
            |best, next| {
                if days[next].found.least.factored > days[best].found.least.factored { next } else { best }
            },
        )
        .unwrap_or_default();
    let most_at = (0..days.len()).fold(least_at, |best, next| {
        if days[next].found.most().factored > days[best].found.most().factored { next } else { best }
    });
    let (least_day, most_day) = (&days[least_at], &days[most_at]);
    let mut least = least_day.found.least.clone();
    least.peak_on = Some(least_day.day);
    let mut most = most_day.found.most().clone();
    most.peak_on = Some(most_day.day);
    if most_at != least_at {
        // What lies between the ends of two days is no device that was replaced.
        least.replaced = Decimal::ZERO;
    }
    let is_one = most_at == least_at && least_day.found.most.is_none();
    let matters = |of: &&OfDay| of.found.is_open || of.found.most().factored > least.factored;
    let mut undecided = BTreeSet::new();
    for one in days.iter().filter(matters).flat_map(|of| &of.found.count.undecided) {
        undecided.extend(one.undecided.each.keys().chain(&one.undecided.linked).copied());
    }
    let linked = UndecidedShares { linked: undecided, ..UndecidedShares::default() };
    let shares =
        (!linked.linked.is_empty()).then(|| Rc::new(SourceCount { undecided: linked, ..SourceCount::default() }));
    let count = ServiceCount {
        is_counted: days.iter().any(|of| of.found.count.is_counted),
        doubts: doubts(&days, least_day, most_day),
        widenings: widenings(days.iter().filter(matters), most_day),
        undecided: shares.into_iter().collect(),
        ..ServiceCount::default()
    };
    let is_open = days.iter().any(|of| of.found.is_open);
    Found { count, least, most: (!is_one).then_some(most), is_open, commitment: None }
}

/// What is doubtful of the days that make the ends, and of each source the days that were not read.
fn doubts(days: &[OfDay], least: &OfDay, most: &OfDay) -> Vec<Doubt> {
    let mut found: Vec<Doubt> = Vec::new();
    // How many facts are missing is told of one day.
    let of_most = most.found.count.doubts.iter().filter(|doubt| !matches!(doubt, Doubt::FactMissing { .. }));
    for doubt in least.found.count.doubts.iter().chain(of_most) {
        if !matches!(doubt, Doubt::GapFilled { .. }) && !found.contains(doubt) {
            found.push(doubt.clone());
        }
    }
    let mut filled: BTreeMap<usize, BTreeSet<Date>> = BTreeMap::new();
    for doubt in days.iter().flat_map(|of| &of.found.count.doubts) {
        if let Doubt::GapFilled { source, days } = doubt {
            filled.entry(*source).or_default().extend(days);
        }
    }
    let gaps = filled.into_iter().map(|(source, days)| Doubt::GapFilled { source, days: days.into_iter().collect() });
    found.extend(gaps);
    found
}

/// Why the ends differ: by the day of the upper end, and of the others what that does not tell.
fn widenings<'d>(days: impl Iterator<Item = &'d OfDay> + Clone, most: &OfDay) -> Vec<Widening> {
    let is_of_days =
        |widening: &Widening| matches!(widening, Widening::DaysUnread { .. } | Widening::ChangedUnread { .. });
    let mut found: Vec<Widening> = Vec::new();
    let mut told = HashSet::new();
    let of_most = days.clone().filter(|of| of.day == most.day);
    for of in of_most.chain(days) {
        let here: Vec<&Widening> = (of.found.count.widenings.iter())
            .filter(|widening| is_of_days(widening) || !told.contains(&discriminant(*widening)))
            .collect();
        for widening in here {
            told.insert(discriminant(widening));
            if !found.contains(widening) {
                found.push(widening.clone());
            }
        }
    }
    found
}
