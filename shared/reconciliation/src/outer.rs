//! What services that another one lives inside take off its count: one that covers it takes all, one that grants takes
//! so many units. Deliberately absent: where such a service holds at a client.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use truecount_billing::ProductCode;

use crate::evidence::Widening;
use crate::interval::{TooManyDigits, plus};

/// Whether a service that holds only where a line of it stands does so, or an agreement lives; the surest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holds {
    Surely,
    /// A line ends before the day looked at, may stand on another day, or was perhaps not read.
    Perhaps,
    #[default]
    No,
}

impl Holds {
    /// What several say of which one is enough.
    pub(crate) fn of_any(parts: impl Iterator<Item = Self>) -> Self {
        parts.min().unwrap_or_default()
    }

    /// What parts of a service say together.
    pub(crate) fn of_all(parts: impl Iterator<Item = Self>) -> Self {
        parts.reduce(|one, other| if one == other { one } else { Self::Perhaps }).unwrap_or_default()
    }
}

/// A service that the service of a row lives inside, or that comes before it in the order of their group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum OuterService {
    /// All units live inside it, however many.
    Covers {
        /// Its code.
        service: ProductCode,
        /// Whether it surely holds at the client.
        is_sure: bool,
    },
    /// Each of its units that should be billed brings units.
    Grants {
        /// Its code.
        service: ProductCode,
        /// The least that it brings, in units that are billed.
        at_least: Decimal,
        /// The most; `None`: nobody knows.
        at_most: Option<Decimal>,
    },
    /// It comes before in the order of the group, and counts what both take.
    Takes {
        /// Its code.
        service: ProductCode,
        /// Whether it surely holds at the client.
        is_sure: bool,
    },
}

/// What is taken off one end of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TakenOff {
    pub(crate) is_covered: bool,
    /// `None`: all that is left.
    pub(crate) granted: Option<Decimal>,
}

impl TakenOff {
    /// What is granted of so many units.
    pub(crate) fn granted_of(&self, units: Decimal) -> Decimal {
        let all = units.max(Decimal::ZERO);
        self.granted.map_or(all, |granted| granted.min(all))
    }
}

/// The services that one lives inside at a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct OuterServices(pub(crate) Vec<OuterService>);

impl OuterServices {
    pub(crate) fn covered(&mut self, service: &ProductCode, holds: Holds) {
        if holds != Holds::No {
            self.0.push(OuterService::Covers { service: service.clone(), is_sure: holds == Holds::Surely });
        }
    }

    pub(crate) fn granted(&mut self, service: &ProductCode, at_least: Decimal, at_most: Option<Decimal>) {
        if at_most != Some(Decimal::ZERO) {
            self.0.push(OuterService::Grants { service: service.clone(), at_least, at_most });
        }
    }

    pub(crate) fn taken(&mut self, service: &ProductCode, is_sure: bool) {
        let known = self.0.iter_mut().find_map(|one| match one {
            OuterService::Takes { service: known, is_sure } if known == service => Some(is_sure),
            _ => None,
        });
        match known {
            Some(known) => *known |= is_sure,
            None => self.0.push(OuterService::Takes { service: service.clone(), is_sure }),
        }
    }

    /// What is taken off the lower end: the most that may be.
    pub(crate) fn off_least(&self) -> Result<TakenOff, TooManyDigits> {
        let mut taken = TakenOff { is_covered: false, granted: Some(Decimal::ZERO) };
        for one in &self.0 {
            match one {
                OuterService::Covers { .. } => taken.is_covered = true,
                OuterService::Grants { at_most, .. } => {
                    let both = taken.granted.zip(*at_most);
                    taken.granted = both.map(|(sum, more)| plus(sum, more)).transpose()?;
                }
                OuterService::Takes { .. } => {}
            }
        }
        Ok(taken)
    }

    /// What is taken off the upper end: the least that may be.
    pub(crate) fn off_most(&self) -> Result<TakenOff, TooManyDigits> {
        let (mut is_covered, mut granted) = (false, Decimal::ZERO);
        for one in &self.0 {
            match one {
                OuterService::Covers { is_sure, .. } => is_covered |= is_sure,
                OuterService::Grants { at_least, .. } => granted = plus(granted, *at_least)?,
                OuterService::Takes { .. } => {}
            }
        }
        Ok(TakenOff { is_covered, granted: Some(granted) })
    }

    /// Whether what it takes off is no interval.
    pub(crate) fn is_sure(&self) -> bool {
        self.widenings().next().is_none()
    }

    /// Why what is taken off is no single number.
    pub(crate) fn widenings(&self) -> impl Iterator<Item = Widening> {
        self.0.iter().filter_map(|one| match one {
            OuterService::Covers { service, is_sure: false } => {
                Some(Widening::CoverNotSure { service: service.clone() })
            }
            OuterService::Grants { service, at_least, at_most } if Some(*at_least) != *at_most => {
                Some(Widening::GrantNotSure { service: service.clone() })
            }
            OuterService::Covers { .. } | OuterService::Grants { .. } | OuterService::Takes { .. } => None,
        })
    }
}
