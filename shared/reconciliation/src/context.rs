//! The days of a run: when an agreement is looked at, invoiced, live, ended.

use jiff::{ToSpan, civil::Date};
use truecount_billing::{Agreement, Currency, InvoiceTiming};

/// What holds for a whole run.
#[derive(Debug, Clone, Copy)]
pub struct RunContext {
    /// The day on which usage is counted.
    pub count_day: Date,
    /// The count day of the next closing.
    pub next_closing: Date,
    /// The currency of lines and prices that tell none.
    pub home_currency: Currency,
}

impl RunContext {
    /// The first day of the month after the count day: what an agreement without an invoice date bills next.
    pub(crate) fn coming_month(&self) -> Date {
        months_later(self.count_day.first_of_month(), 1)
    }

    /// The next invoice date after the count day: the PSA's, stepped on by the cycle; `None`: it told none.
    pub(crate) fn next_invoice(&self, agreement: &Agreement) -> Option<Date> {
        let given = agreement.next_invoice_date?;
        let cycle = agreement.cycle_months.unwrap_or(1).max(1);
        let behind =
            (self.count_day.year() - given.year()) as i32 * 12 + i32::from(self.count_day.month() - given.month());
        let steps = behind.max(0).cast_unsigned() / cycle;
        // The day of the month may lie before or after: at most two more steps.
        (steps..=steps + 2).map(|step| months_later(given, step * cycle)).find(|day| *day > self.count_day)
    }

    /// The days on which the lines of an agreement may be looked at: one, and two where the cycle is not known.
    pub(crate) fn days_looked_at(&self, agreement: &Agreement) -> (Date, Option<Date>) {
        let invoice = self.next_invoice(agreement).unwrap_or_else(|| self.coming_month());
        let monthly = match agreement.timing {
            InvoiceTiming::Advance => invoice,
            InvoiceTiming::Arrears => day_before(invoice),
        };
        let longer = self.count_day.tomorrow().unwrap_or(self.count_day);
        match agreement.cycle_months {
            None if longer == monthly => (monthly, None),
            None => (monthly.min(longer), Some(monthly.max(longer))),
            Some(0 | 1) => (monthly, None),
            Some(_) => (longer, None),
        }
    }

    /// The day on which the lines of an agreement are looked at.
    pub(crate) fn day_looked_at(&self, agreement: &Agreement) -> Date {
        self.days_looked_at(agreement).0
    }

    /// From the invoice before the one that bills the period looked at to the first day after that period.
    pub(crate) fn period(&self, agreement: &Agreement) -> (Date, Date) {
        let Some(months) = agreement.cycle_months else {
            let of = |months| self.period(&Agreement { cycle_months: Some(months), ..agreement.clone() });
            let (yearly, monthly) = (of(12), of(1));
            return (yearly.0.min(monthly.0), yearly.1.max(monthly.1));
        };
        if months > 1 {
            let end = self.next_invoice(agreement).unwrap_or_else(|| self.day_looked_at(agreement));
            return (months_earlier(end, months), end);
        }
        let invoice = self.next_invoice(agreement).unwrap_or_else(|| self.coming_month());
        let end = match agreement.timing {
            InvoiceTiming::Advance => months_later(invoice, 1),
            InvoiceTiming::Arrears => invoice.tomorrow().unwrap_or(invoice),
        };
        (months_earlier(invoice, 1), end)
    }

    /// First and last day of what the next invoice pays for; of longer cycles, of the running one.
    pub(crate) fn service_period(&self, agreement: &Agreement) -> (Date, Date) {
        let months = agreement.cycle_months.unwrap_or(1).max(1);
        let invoice = self.next_invoice(agreement).unwrap_or_else(|| self.coming_month());
        if months == 1 && agreement.timing == InvoiceTiming::Advance {
            return (invoice, day_before(months_later(invoice, months)));
        }
        (months_earlier(invoice, months), day_before(invoice))
    }

    /// The first day of the month that runs on the count day, as the agreement is invoiced; `None`: of the calendar month.
    pub(crate) fn running_month(&self, agreement: Option<&Agreement>) -> Date {
        let invoice =
            agreement.and_then(|agreement| self.next_invoice(agreement)).unwrap_or_else(|| self.coming_month());
        let mut starts = (1..).map(|months| months_earlier(invoice, months));
        starts.find(|start| *start <= self.count_day).unwrap_or(self.count_day)
    }

    /// The first days of the months that run by agreements: the earliest, and the latest.
    pub(crate) fn running_months(&self, agreements: &[&Agreement]) -> (Date, Date) {
        let starts = || agreements.iter().map(|agreement| self.running_month(Some(agreement)));
        let usual = self.running_month(None);
        (starts().min().unwrap_or(usual), starts().max().unwrap_or(usual))
    }

    /// Whether an agreement stands on the day on which it is looked at.
    pub(crate) fn stands(&self, agreement: &Agreement) -> bool {
        let day = self.day_looked_at(agreement);
        agreement.from.is_none_or(|from| from <= day) && agreement.to.is_none_or(|to| day <= to)
    }

    /// Whether an agreement has begun on the day looked at and did not end before the count day.
    pub(crate) fn is_live(&self, agreement: &Agreement) -> bool {
        let day = self.day_looked_at(agreement);
        agreement.from.is_none_or(|from| from <= day) && agreement.to.is_none_or(|to| self.count_day <= to)
    }
}

pub(crate) fn months_later(day: Date, months: u32) -> Date {
    day.checked_add(i64::from(months).months()).unwrap_or(Date::MAX)
}

pub(crate) fn months_earlier(day: Date, months: u32) -> Date {
    day.checked_sub(i64::from(months).months()).unwrap_or(Date::MIN)
}

fn day_before(day: Date) -> Date {
    day.yesterday().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use truecount_billing::AgreementId;

    fn context() -> RunContext {
        let home_currency = Currency::new("USD").unwrap();
        RunContext { count_day: date(2026, 11, 26), next_closing: date(2026, 12, 26), home_currency }
    }

    fn agreement(cycle_months: Option<u32>, next_invoice_date: Option<Date>) -> Agreement {
        Agreement { cycle_months, next_invoice_date, ..Agreement::new(AgreementId::new("a").unwrap(), "Managed") }
    }

    #[test]
    fn an_invoice_date_of_the_past_is_stepped_on_by_the_cycle() {
        let next = |cycle, given| context().next_invoice(&agreement(Some(cycle), Some(given)));
        assert_eq!(next(1, date(2026, 1, 31)), Some(date(2026, 11, 30)));
        assert_eq!(next(3, date(2026, 1, 10)), Some(date(2027, 1, 10)));
        assert_eq!(next(3, date(2026, 2, 26)), Some(date(2027, 2, 26)));
        assert_eq!(next(12, date(2026, 11, 27)), Some(date(2026, 11, 27)));
        assert_eq!(next(12, date(2019, 11, 26)), Some(date(2027, 11, 26)));
    }

    #[test]
    fn a_month_is_looked_at_where_its_quantity_can_still_be_changed() {
        let looked_at = |agreement: &Agreement| context().days_looked_at(agreement);
        assert_eq!(looked_at(&agreement(Some(1), None)), (date(2026, 12, 1), None));
        assert_eq!(looked_at(&agreement(Some(1), Some(date(2026, 12, 15)))), (date(2026, 12, 15), None));
        let arrears = Agreement { timing: InvoiceTiming::Arrears, ..agreement(Some(1), None) };
        assert_eq!(looked_at(&arrears), (date(2026, 11, 30), None));
        assert_eq!(looked_at(&agreement(Some(12), Some(date(2027, 3, 1)))), (date(2026, 11, 27), None));
        assert_eq!(looked_at(&agreement(None, None)), (date(2026, 11, 27), Some(date(2026, 12, 1))));
    }

    #[test]
    fn a_period_goes_from_the_invoice_before_to_the_end_of_what_is_billed() {
        let of = |agreement: &Agreement| (context().period(agreement), context().service_period(agreement));
        let (advance, yearly) =
            (agreement(Some(1), Some(date(2026, 12, 15))), agreement(Some(12), Some(date(2027, 3, 1))));
        let arrears = Agreement { timing: InvoiceTiming::Arrears, ..advance.clone() };
        let expected = (date(2026, 11, 15), date(2027, 1, 15));
        assert_eq!(of(&advance), (expected, (date(2026, 12, 15), date(2027, 1, 14))));
        let expected = (date(2026, 11, 15), date(2026, 12, 16));
        assert_eq!(of(&arrears), (expected, (date(2026, 11, 15), date(2026, 12, 14))));
        let expected = (date(2026, 3, 1), date(2027, 3, 1));
        assert_eq!(of(&yearly), (expected, (date(2026, 3, 1), date(2027, 2, 28))));
        let unknown = agreement(None, Some(date(2026, 12, 15)));
        assert_eq!(context().period(&unknown), (date(2025, 12, 15), date(2027, 1, 15)), "that of any cycle");
    }

    #[test]
    fn the_month_that_runs_begins_on_the_day_of_the_invoice() {
        let of = |agreement: &Agreement| context().running_month(Some(agreement));
        assert_eq!(context().running_month(None), date(2026, 11, 1));
        for (cycle, next_invoice, expected) in [
            (Some(1), date(2026, 12, 15), date(2026, 11, 15)),
            (Some(1), date(2026, 11, 27), date(2026, 10, 27)),
            (Some(1), date(2026, 11, 26), date(2026, 11, 26)),
            (Some(12), date(2027, 3, 10), date(2026, 11, 10)),
            (None, date(2027, 3, 27), date(2026, 10, 27)),
        ] {
            assert_eq!(of(&agreement(cycle, Some(next_invoice))), expected, "{cycle:?} {next_invoice}");
        }
    }

    #[test]
    fn an_agreement_stands_from_its_first_to_its_last_day() {
        let day = date(2026, 12, 1);
        let between = |from, to| context().stands(&Agreement { from, to, ..agreement(Some(1), None) });
        assert!(between(None, None) && between(Some(day), Some(day)));
        assert!(!between(Some(date(2026, 12, 2)), None) && !between(None, Some(date(2026, 11, 30))));
    }
}
