//! Quantities with their unit, and what kind of count a quantity is.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What one of a quantity is. Two units are never added: gigabytes are not gibibytes (false gap F53).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Counted pieces with no better name.
    #[default]
    Each,
    /// A device or agent.
    Device,
    /// A user or licence seat.
    Seat,
    /// 10^9 bytes.
    Gigabyte,
    /// 2^30 bytes.
    Gibibyte,
}

/// So many of a unit; fractions and negative numbers occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// How many.
    pub amount: Decimal,
    /// Of what.
    pub unit: Unit,
}

/// Why two quantities cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Two units.
    #[error("{0:?} and {1:?} cannot be added: they are different units")]
    Units(Unit, Unit),
    /// Beyond 28 digits.
    #[error("a quantity is too large to be kept exactly")]
    Overflow,
}

impl Quantity {
    /// # Errors
    /// [`QuantityError`] for two units or beyond 28 digits.
    pub fn checked_add(self, other: Self) -> Result<Self, QuantityError> {
        if self.unit != other.unit {
            return Err(QuantityError::Units(self.unit, other.unit));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(QuantityError::Overflow)?;
        Ok(Self { amount, ..self })
    }
}

/// Which count a rule compares with the billed quantity (false gap F6: assigned is not purchased).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountBasis {
    /// Seats bought from the vendor or distributor.
    Purchased,
    /// Licences given to users, also to those who may not sign in.
    Assigned,
    /// Users who hold a licence, may sign in, and did within the stale days.
    Active,
    /// Every device that the vendor lists.
    DeviceAll,
    /// Devices seen within the stale days.
    DeviceFresh,
    /// What the vendor's own bill says.
    VendorBilled,
}

impl CountBasis {
    /// The word in settings, columns and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::Assigned => "assigned",
            Self::Active => "active",
            Self::DeviceAll => "device_all",
            Self::DeviceFresh => "device_fresh",
            Self::VendorBilled => "vendor_billed",
        }
    }

    /// Whether items not seen within the stale days are left out of this count.
    #[must_use]
    pub fn leaves_out_stale(self) -> bool {
        matches!(self, Self::Active | Self::DeviceFresh)
    }
}

impl fmt::Display for CountBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_kept_apart() {
        let gb = Quantity { amount: Decimal::ONE, unit: Unit::Gigabyte };
        let gib = Quantity { amount: Decimal::ONE, unit: Unit::Gibibyte };
        assert_eq!(gb.checked_add(gib), Err(QuantityError::Units(Unit::Gigabyte, Unit::Gibibyte)));
        assert_eq!(gb.checked_add(gb).unwrap().amount, Decimal::TWO);
    }
}
