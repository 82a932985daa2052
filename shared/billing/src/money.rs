//! Money: an exact amount in one currency. There are no operators, so that two currencies cannot be added by
//! accident.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Currency, number::round_for_people};

/// An exact amount in one currency; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The exact amount, not rounded.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

/// Why two amounts cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Never converted silently (false gap F36).
    #[error("{0} and {1} cannot be added: amounts of two currencies are kept apart")]
    Currencies(Currency, Currency),
    /// Beyond 28 digits.
    #[error("an amount is too large to be kept exactly")]
    Overflow,
}

impl Money {
    /// An amount of a currency.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// # Errors
    /// [`MoneyError::Currencies`] for two currencies, [`MoneyError::Overflow`] beyond 28 digits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currencies(self.currency, other.currency));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// The amount as a person reads it: two places, half away from zero.
    #[must_use]
    pub fn for_people(self) -> Decimal {
        round_for_people(self.amount)
    }
}

/// The price of one unit a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPrice(pub Money);

impl UnitPrice {
    /// The price of so many units, exactly.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 28 digits: an exact product is never rounded.
    pub fn times(self, units: Decimal) -> Result<Money, MoneyError> {
        let amount = exact_product(self.0.amount, units).ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self.0 })
    }
}

/// `checked_mul` rounds a product whose digits do not fit; this refuses instead.
fn exact_product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let product = a.checked_mul(b)?;
    (a.is_zero() || b.is_zero() || product.scale() == a.scale() + b.scale()).then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal_from_text;

    fn money(text: &str, currency: &str) -> Money {
        Money::new(decimal_from_text(text).unwrap(), Currency::new(currency).unwrap())
    }

    #[test]
    fn two_currencies_are_an_error() {
        assert_eq!(money("1.10", "GBP").checked_add(money("2.20", "GBP")), Ok(money("3.30", "GBP")));
        let mixed = money("1", "GBP").checked_add(money("1", "EUR")).unwrap_err();
        assert_eq!(mixed.to_string(), "GBP and EUR cannot be added: amounts of two currencies are kept apart");
    }

    #[test]
    fn products_are_exact_or_refused() {
        let price = UnitPrice(money("12.3456", "USD"));
        assert_eq!(price.times(decimal_from_text("2.25").unwrap()), Ok(money("27.777600", "USD")));
        let tiny = UnitPrice(money("0.1234567890123456789", "USD"));
        assert_eq!(tiny.times(decimal_from_text("0.1234567890123456789").unwrap()), Err(MoneyError::Overflow));
    }

    #[test]
    fn overflow_is_an_error() {
        let most = money("7922816251426433759354395033", "USD");
        let price = UnitPrice(most);
        assert_eq!(price.times(Decimal::ONE_THOUSAND), Err(MoneyError::Overflow));
    }
}
