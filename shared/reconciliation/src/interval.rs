//! From at least to at most: what a count is while something is not known.

use rust_decimal::Decimal;

use crate::exact;

/// A number that needs more than 28 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number has more than 28 digits")]
pub(crate) struct TooManyDigits;

#[inline]
pub(crate) fn plus(one: Decimal, other: Decimal) -> Result<Decimal, TooManyDigits> {
    exact::sum(one, other).ok_or(TooManyDigits)
}

#[inline]
pub(crate) fn minus(one: Decimal, other: Decimal) -> Result<Decimal, TooManyDigits> {
    exact::difference(one, other).ok_or(TooManyDigits)
}

pub(crate) fn times(one: Decimal, other: Decimal) -> Result<Decimal, TooManyDigits> {
    exact::product(one, other).ok_or(TooManyDigits)
}

/// Adds to a sum that is told and never billed: beyond 28 digits it stays what it was, and its rows are told by
/// themselves.
pub(crate) fn add(sum: &mut Decimal, amount: Decimal) {
    *sum = sum.checked_add(amount).unwrap_or(*sum);
}

/// Both ends of what may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) low: Decimal,
    pub(crate) high: Decimal,
}

impl Span {
    pub(crate) fn of(one: Decimal) -> Self {
        Self { low: one, high: one }
    }

    #[inline]
    pub(crate) fn is_zero(&self) -> bool {
        self.low.is_zero() && self.high.is_zero()
    }

    pub(crate) fn plus(self, other: Self) -> Result<Self, TooManyDigits> {
        Ok(Self { low: plus(self.low, other.low)?, high: plus(self.high, other.high)? })
    }

    /// The least and the most of both.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The same, or nothing.
    pub(crate) fn or_nothing(self) -> Self {
        self.or(Self::default())
    }
}
