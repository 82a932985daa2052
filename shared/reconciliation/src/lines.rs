//! The lines of one client and rule, added up as they come: what is billed, at which price, in which terms.

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use truecount_billing::{BillingStatus, Currency, ServicePeriod};

use crate::{LineRef, exact};

/// A price on a line of the client's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnPrice {
    /// Whether it is on an invoice at all; lines at no charge are worth nothing, and give way to those that are.
    charged: bool,
    from: Option<Date>,
    line_id: LineKey,
    /// For one billing cycle.
    pub(crate) price: Decimal,
    pub(crate) currency: Option<Currency>,
    /// Never zero.
    pub(crate) cycle_months: u32,
}

/// The lines of one client and rule.
#[derive(Debug, Default)]
pub(crate) struct RuleLines {
    /// The rule's place in its set.
    pub(crate) rule: u16,
    pub(crate) active_count: u32,
    /// Lines that ended, or have not begun.
    pub(crate) other_count: u32,
    /// Units on active lines, less what they include.
    pub(crate) billed: Decimal,
    /// Units that active lines include; `None`: none says.
    pub(crate) less_included: Option<Decimal>,
    price: Option<OwnPrice>,
    ended_price: Option<Box<OwnPrice>>,
    billable_count: u32,
    /// Active lines whose agreement has no cycle that can be brought to a month.
    pub(crate) cycle_unknown_count: u32,
    /// Whether a line ended because its agreement did.
    pub(crate) agreement_ended_on: Option<Date>,
    /// Of the newest line, active before not.
    pub(crate) period: Option<ServicePeriod>,
    /// Of the earliest invoice.
    pub(crate) next_invoice_date: Option<Date>,
}

/// A line and the days on which it is looked at.
pub(crate) struct Dated<'a, 'b> {
    pub(crate) line: &'b LineRef<'a>,
    pub(crate) period: ServicePeriod,
    pub(crate) day: Date,
}

impl Dated<'_, '_> {
    pub(crate) fn is_active(&self) -> bool {
        let within = |from: Option<Date>, to: Option<Date>| {
            from.is_none_or(|from| from <= self.day) && to.is_none_or(|to| self.day <= to)
        };
        within(self.line.effective_from, self.line.effective_to) && within(self.line.terms.from, self.line.terms.to)
    }

    /// The last day billed, by the line or its agreement.
    fn ended_on(&self) -> Option<Date> {
        let ends = [self.line.effective_to, self.line.terms.to];
        ends.into_iter().flatten().min().filter(|to| *to < self.day)
    }
}

impl RuleLines {
    /// No line yet.
    pub(crate) fn of(rule: u16) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Adds a line; `None` if a sum has more digits than are kept exactly.
    pub(crate) fn add(&mut self, dated: &Dated<'_, '_>) -> Option<()> {
        if dated.is_active() {
            return self.add_active(dated);
        }
        self.add_other(dated);
        Some(())
    }

    fn add_active(&mut self, dated: &Dated<'_, '_>) -> Option<()> {
        let line = dated.line;
        self.active_count += 1;
        let units = match line.less_included {
            Some(included) => {
                self.less_included = Some(exact::sum(self.less_included.unwrap_or_default(), included)?);
                exact::difference(line.quantity, included)?
            }
            None => line.quantity,
        };
        self.billed = exact::sum(self.billed, units)?;
        let cycle = line.terms.cycle_months.filter(|months| *months > 0);
        self.cycle_unknown_count += u32::from(cycle.is_none());
        if self.active_count == 1 || dated.period > self.period.unwrap_or(dated.period) {
            self.period = Some(dated.period);
        }
        let earliest = [self.next_invoice_date, line.terms.next_invoice_date].into_iter().flatten().min();
        self.next_invoice_date = earliest;
        self.billable_count += u32::from(line.billing_status == BillingStatus::Billable);
        self.price = newer_of(self.price.take(), line, cycle);
        Some(())
    }

    fn add_other(&mut self, dated: &Dated<'_, '_>) {
        self.other_count += 1;
        if self.active_count == 0 {
            self.period = self.period.max(Some(dated.period));
        }
        let Some(ended) = dated.ended_on() else { return };
        if dated.line.terms.to == Some(ended) {
            self.agreement_ended_on = self.agreement_ended_on.max(Some(ended));
        }
        let within_a_year = ended >= dated.day.saturating_sub(1.year());
        if within_a_year && dated.line.billing_status == BillingStatus::Billable {
            let cycle = dated.line.terms.cycle_months.filter(|months| *months > 0);
            self.ended_price = newer_of(self.ended_price.take().map(|kept| *kept), dated.line, cycle).map(Box::new);
        }
    }

    /// The price of the newest active line that is billed; zero if every active line is at no charge.
    pub(crate) fn price(&self) -> Option<&OwnPrice> {
        self.price.as_ref().filter(|price| price.charged || self.billable_count == 0)
    }

    /// The price of the newest line that ended within a year, where no line is active.
    pub(crate) fn ended_price(&self) -> Option<&OwnPrice> {
        self.ended_price.as_deref().filter(|_| self.active_count == 0)
    }
}

/// The newer of two prices: one that is charged before one that is not, then by first day, then by line.
fn newer_of(kept: Option<OwnPrice>, line: &LineRef<'_>, cycle: Option<u32>) -> Option<OwnPrice> {
    let charged = line.billing_status == BillingStatus::Billable;
    let price = if charged { line.unit_price } else { Some(Decimal::ZERO) };
    let (Some(price), Some(cycle_months)) = (price, cycle) else { return kept };
    let line_id = LineKey::from(line.line_id);
    let is_older =
        |kept: &OwnPrice| (charged, line.effective_from, &line_id) < (kept.charged, kept.from, &kept.line_id);
    if kept.as_ref().is_some_and(is_older) {
        return kept;
    }
    Some(OwnPrice { charged, from: line.effective_from, line_id, price, currency: line.currency, cycle_months })
}

/// Short numbers by their value and before all other ids, which go by their bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum LineKey {
    Number(u64),
    Text(Box<str>),
}

impl From<&str> for LineKey {
    fn from(id: &str) -> Self {
        let is_number = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0') && id.len() <= 18;
        match id.parse() {
            Ok(number) if is_number => Self::Number(number),
            _ => Self::Text(id.into()),
        }
    }
}
