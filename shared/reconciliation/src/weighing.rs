//! What units come to in the parts of a count that take them: parts may multiply theirs, or count nothing.

use rust_decimal::Decimal;

use crate::interval::{TooManyDigits, plus, times};
use crate::selection::{PartMask, Way};

/// What one unit of an item comes to in the parts that take it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weighing<'s> {
    /// Parts that count nothing.
    pub(crate) without: PartMask,
    /// What each part multiplies its units by; `None`: none does.
    pub(crate) factors: Option<&'s [Decimal]>,
}

impl Weighing<'_> {
    /// Whether some part multiplies its units.
    pub(crate) fn has_factors(&self) -> bool {
        self.factors.is_some()
    }

    /// The same, where some parts count nothing.
    pub(crate) fn without(self, without: PartMask) -> Self {
        Self { without, ..self }
    }

    /// The units of a way, where it is taken; `None`: the vendor did not say how many.
    pub(crate) fn units(&self, way: &Way, mask: PartMask) -> Result<Option<Decimal>, TooManyDigits> {
        let weight = self.of_one(mask)?;
        way.units.map(|units| times(units, weight)).transpose()
    }

    /// What one unit comes to.
    pub(crate) fn of_one(&self, mask: PartMask) -> Result<Decimal, TooManyDigits> {
        let mask = mask & !self.without;
        let Some(factors) = self.factors else { return Ok(Decimal::from(mask.count_ones())) };
        let taking = factors.iter().enumerate().filter(|(part, _)| mask & 1 << part != 0);
        taking.map(|(_, factor)| *factor).try_fold(Decimal::ZERO, plus)
    }
}
