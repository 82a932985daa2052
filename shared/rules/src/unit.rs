//! Units in which data is counted and billed, and how one is converted into another.

use rust_decimal::Decimal;
use truecount_billing::Unit;

/// A unit of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataUnit {
    /// 10^6 bytes.
    Megabyte,
    /// 2^20 bytes.
    Mebibyte,
    /// 10^9 bytes.
    Gigabyte,
    /// 2^30 bytes.
    Gibibyte,
    /// 10^12 bytes.
    Terabyte,
    /// 2^40 bytes.
    Tebibyte,
}

impl DataUnit {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Megabyte, Self::Mebibyte, Self::Gigabyte, Self::Gibibyte, Self::Terabyte, Self::Tebibyte];

    /// As rules write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Megabyte => "MB",
            Self::Mebibyte => "MiB",
            Self::Gigabyte => "GB",
            Self::Gibibyte => "GiB",
            Self::Terabyte => "TB",
            Self::Tebibyte => "TiB",
        }
    }

    /// In which a kind of item is counted; `None`: in pieces.
    #[must_use]
    pub const fn of(unit: Unit) -> Option<Self> {
        match unit {
            Unit::Each | Unit::Device | Unit::Seat => None,
            Unit::Gigabyte => Some(Self::Gigabyte),
            Unit::Gibibyte => Some(Self::Gibibyte),
        }
    }

    const fn bytes(self) -> u64 {
        match self {
            Self::Megabyte => 1_000_000,
            Self::Mebibyte => 1 << 20,
            Self::Gigabyte => 1_000_000_000,
            Self::Gibibyte => 1 << 30,
            Self::Terabyte => 1_000_000_000_000,
            Self::Tebibyte => 1 << 40,
        }
    }
}

/// From the unit that is counted to the one that is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitConversion {
    /// What is counted.
    pub from: DataUnit,
    /// What is billed.
    pub to: DataUnit,
}

impl UnitConversion {
    /// A number is multiplied by the first and divided by the second; both whole, and without a common factor.
    #[must_use]
    pub fn ratio(self) -> (Decimal, Decimal) {
        let (from, to) = (self.from.bytes(), self.to.bytes());
        let (mut one, mut other) = (from, to);
        while other != 0 {
            (one, other) = (other, one % other);
        }
        (Decimal::from(from / one), Decimal::from(to / one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_of_ten_or_of_two() {
        let ratio = |from, to| UnitConversion { from, to }.ratio();
        let of = |one: u64, other: u64| (Decimal::from(one), Decimal::from(other));
        assert_eq!(ratio(DataUnit::Gibibyte, DataUnit::Gigabyte), of(2_097_152, 1_953_125));
        assert_eq!(ratio(DataUnit::Gigabyte, DataUnit::Gibibyte), of(1_953_125, 2_097_152));
        assert_eq!(ratio(DataUnit::Gibibyte, DataUnit::Tebibyte), of(1, 1024));
        assert_eq!(ratio(DataUnit::Terabyte, DataUnit::Megabyte), of(1_000_000, 1));
        assert_eq!(ratio(DataUnit::Mebibyte, DataUnit::Mebibyte), of(1, 1));
    }
}
