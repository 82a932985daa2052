//! What weighs how much in a report: below which amount rows are told together, and how amounts of several currencies are
//! put in one order. Nothing is ever added over currencies.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::Currency;

/// What the settings say of how much weighs how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportWeights {
    /// Rows that are not reconciled are told in sum where less than this is at stake a month, in the home currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materiality: Option<Decimal>,
    /// What one of another currency is in the home currency. For the order only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<Currency, DatedRate>,
}

/// What one of a currency was in the home currency on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRate {
    /// So much of the home currency.
    pub rate: Decimal,
    /// On this day.
    pub on: Date,
}

impl ReportWeights {
    /// Whether the settings say nothing.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// About how much an amount is in the home currency; `None`: no rate is known, or it has too many digits.
    #[must_use]
    pub fn in_home_currency(&self, home: Currency, currency: Currency, amount: Decimal) -> Option<Decimal> {
        if currency == home {
            return Some(amount);
        }
        amount.checked_mul(self.rates.get(&currency)?.rate)
    }
}

/// The place of an amount among others, the first being the largest: what is or can be said in the home currency, then by
/// currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountPlace {
    other: Option<Currency>,
    amount: Decimal,
}

impl AmountPlace {
    /// Of an amount, whatever its sign.
    #[must_use]
    pub fn of(weights: &ReportWeights, home: Currency, currency: Currency, amount: Decimal) -> Self {
        match weights.in_home_currency(home, currency, amount.abs()) {
            Some(amount) => Self { other: None, amount },
            None => Self { other: Some(currency), amount: amount.abs() },
        }
    }
}

impl Ord for AmountPlace {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.other, other.amount).cmp(&(other.other, self.amount))
    }
}

impl PartialOrd for AmountPlace {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    #[test]
    fn what_has_a_rate_stands_among_the_home_currency() {
        let rate = DatedRate { rate: Decimal::new(79, 2), on: date(2026, 11, 1) };
        let weights = ReportWeights { rates: [(currency("USD"), rate)].into(), ..ReportWeights::default() };
        let mut amounts = [("EUR", 900), ("USD", 100), ("GBP", 78), ("GBP", -80), ("AUD", 1), ("AUD", 2)];
        let place = |weights: &ReportWeights, (code, amount): (&str, i64)| {
            AmountPlace::of(weights, currency("GBP"), currency(code), amount.into())
        };
        amounts.sort_by_key(|one| place(&weights, *one));
        assert_eq!(amounts, [("GBP", -80), ("USD", 100), ("GBP", 78), ("AUD", 2), ("AUD", 1), ("EUR", 900)]);
        amounts.sort_by_key(|one| place(&ReportWeights::default(), *one));
        assert_eq!(amounts, [("GBP", -80), ("GBP", 78), ("AUD", 2), ("AUD", 1), ("EUR", 900), ("USD", 100)]);
    }
}
