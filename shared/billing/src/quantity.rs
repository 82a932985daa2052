//! Quantities with their unit.

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

/// So many of a unit; fractions occur. A negative number occurs, and nobody knows what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// How many.
    pub amount: Decimal,
    /// Of what.
    pub unit: Unit,
}
