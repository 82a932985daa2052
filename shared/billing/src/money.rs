//! Money: an exact amount in one currency. There are no operators, so that two currencies cannot be added by
//! accident.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Currency;

/// An exact amount in one currency; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The exact amount, not rounded.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of a currency.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }
}
