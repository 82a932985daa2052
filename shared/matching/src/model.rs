//! From measures to a probability.

use crate::measure::Measures;

/// Logarithm of the odds that a pair is right, by its names.
pub(crate) fn odds(measures: &Measures) -> f32 {
    let is = |holds: bool| if holds { 1.0 } else { 0.0 };
    -8.0 + 3.0 * measures.left_covered
        + 4.0 * measures.right_covered
        + 3.0 * measures.grams
        + 2.0 * is(measures.same_core > 0.0)
        + 1.0 * measures.first_word
        + 1.5 * is(measures.whole_initials > 2.0)
        - 2.0 * is(measures.number >= 4.0)
        - 1.0 * is(measures.legal >= 5.0)
        + 2.0 * measures.lead.clamp(-0.3, 0.3)
}

/// The probability of odds given as a logarithm.
pub(crate) fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}
