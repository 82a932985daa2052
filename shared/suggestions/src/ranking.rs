//! Which of the rules that were tried fits a product best.

use std::cmp::Reverse;

use truecount_rules::SourceVocabulary;

use crate::billed::Product;
use crate::fit::fit;
use crate::likeness::likeness;
use crate::suggestion::RuleFit;
use crate::trial::Tried;

/// A rule with how it fits one product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranked<'t> {
    pub(crate) tried: &'t Tried,
    pub(crate) fit: RuleFit,
    pub(crate) likeness: u64,
}

impl Ranked<'_> {
    pub(crate) fn complexity(&self) -> i64 {
        self.tried.candidate.complexity()
    }

    pub(crate) fn score(&self) -> i64 {
        self.fit.score(self.complexity())
    }

    pub(crate) fn rule(&self) -> String {
        self.tried.candidate.rule().to_string().trim().to_owned()
    }
}

/// The rules that are equal anywhere, the best first.
pub(crate) fn ranking<'t>(product: &Product, tried: &'t [Tried], vocabulary: &[SourceVocabulary]) -> Vec<Ranked<'t>> {
    let fits = tried.iter().map(|tried| Ranked { tried, fit: fit(product, tried), likeness: 0 });
    let mut ranked: Vec<_> = fits.filter(|one| one.fit.equal > 0).collect();
    for one in &mut ranked {
        one.likeness = likeness(product, &one.tried.candidate, vocabulary);
    }
    ranked.sort_by_cached_key(|one| (Reverse(one.score()), one.complexity(), Reverse(one.likeness)));
    ranked
}
