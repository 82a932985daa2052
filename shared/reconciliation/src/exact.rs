//! Sums and products that are exact or are not there: the decimal type's own would round what does not fit.

use rust_decimal::{Decimal, RoundingStrategy};

/// The sum, unless it would have to be rounded.
#[inline]
pub(crate) fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let sum = a.checked_add(b)?;
    (a.is_zero() || b.is_zero() || sum.scale() >= a.scale().max(b.scale())).then_some(sum)
}

/// The difference, unless it would have to be rounded.
#[inline]
pub(crate) fn difference(a: Decimal, b: Decimal) -> Option<Decimal> {
    sum(a, -b)
}

/// The product, unless it would have to be rounded.
pub(crate) fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let product = a.checked_mul(b)?;
    (a.is_zero() || b.is_zero() || product.scale() == a.scale() + b.scale()).then_some(product)
}

/// The quotient by a number above zero, rounded once, half away from zero.
pub(crate) fn quotient(number: Decimal, divisor: Decimal, places: u32) -> Option<Decimal> {
    // The quotient itself is rounded, to 28 digits: only what is left of the number tells on which side of a half it lies.
    let whole = number.checked_div(divisor)?.round_dp_with_strategy(places, RoundingStrategy::ToZero);
    let left = difference(number, product(whole, divisor)?)?;
    let smallest = Decimal::new(1, places);
    match product(left.abs(), Decimal::TWO)? >= product(smallest, divisor)? {
        true => sum(whole, if number.is_sign_negative() { -smallest } else { smallest }),
        false => Some(whole),
    }
}

/// The quotient by a number above zero, rounded up.
pub(crate) fn quotient_up(number: Decimal, divisor: Decimal, places: u32) -> Option<Decimal> {
    let whole = number.checked_div(divisor)?.round_dp_with_strategy(places, RoundingStrategy::ToZero);
    let left = difference(number, product(whole, divisor)?)?;
    if left > Decimal::ZERO { sum(whole, Decimal::new(1, places)) } else { Some(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truecount_billing::decimal_from_text;

    #[test]
    fn exact_or_nothing() {
        let number = |text| decimal_from_text(text).unwrap();
        let (large, small) = (number("100000000000000000000"), number("0.00000000000000000001"));
        assert_eq!(sum(large, small), None);
        assert_eq!(difference(large, small), None);
        assert_eq!(sum(large, Decimal::ZERO), Some(large));
        assert_eq!(sum(number("0.1"), number("-0.10")), Some(Decimal::ZERO));
        assert_eq!(sum(number("99.99"), number("0.01")), Some(number("100")));
        assert_eq!(sum(Decimal::MAX, Decimal::ONE), None);
        assert_eq!(product(number("1.5"), number("2.25")), Some(number("3.375")));
        assert_eq!(product(small, small), None);
    }

    #[test]
    fn quotients_are_rounded_once() {
        let number = |text| decimal_from_text(text).unwrap();
        for (dividend, divisor, nearest, up) in [
            ("10", "3", "3.33", "3.34"),
            ("20", "3", "6.67", "6.67"),
            ("-10", "3", "-3.33", "-3.33"),
            ("0.015", "1", "0.02", "0.02"),
            ("-0.015", "1", "-0.02", "-0.01"),
            ("9", "3", "3", "3"),
            ("0.0000000000000000001", "3", "0", "0.01"),
            ("5", "2.5", "2", "2"),
        ] {
            let (dividend, divisor) = (number(dividend), number(divisor));
            assert_eq!(quotient(dividend, divisor, 2), Some(number(nearest)), "{dividend} / {divisor}");
            assert_eq!(quotient_up(dividend, divisor, 2), Some(number(up)), "{dividend} / {divisor}");
        }
        assert_eq!(quotient_up(Decimal::MAX, number("0.1"), 2), None);
    }
}
