//! Looks for a rule for each product: candidates of what the sources hold, then sums where none of them fits.

use truecount_reconciliation::{RunContext, RunInputs, RunReconciler};
use truecount_rules::{Rules, SourceVocabulary};

use crate::billed::{Billed, Product};
use crate::candidate::{self, Candidate};
use crate::categories::categories;
use crate::caution::{
    CLIENTS_MIN, PERCENT_MIN, SOME_PERCENT, caution, counts_alike, is_one_everywhere, not_sold_everywhere,
    shows_who_has_none,
};
use crate::ranking::{Ranked, ranking};
use crate::seen::kinds_seen;
use crate::suggestion::{Caution, ProductSuggestion, RuleFit, SuggestedBasis, Suggestions, TriedRule};
use crate::sums::sums;
use crate::trial::{Trial, TrialError, Tried};

/// A sum has at most so many parts more than its first.
const SUM_ROUNDS: usize = 3;
/// Of fewer clients nothing is learned.
const CLIENTS_SHOWN_MIN: usize = 3;
/// So many other rules are told.
const OTHERS_MAX: usize = 2;
/// The rule of a fee.
const FLAT: &str = "{ flat = true }";

/// For which products a rule is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichProducts {
    /// Those that neither a service nor a category of the rules names.
    WithoutRule,
    /// All of them.
    All,
}

/// What a rule is looked for in.
#[derive(Debug, Clone, Copy)]
pub struct SuggestionInputs<'a> {
    /// What is billed and used.
    pub inputs: &'a RunInputs,
    /// The day.
    pub context: RunContext,
    /// The rules so far.
    pub rules: &'a Rules,
    /// Their file.
    pub rules_text: &'a str,
    /// What rules can ask of the sources.
    pub vocabulary: &'a [SourceVocabulary],
    /// For which products.
    pub which: WhichProducts,
}

/// Looks for rules.
///
/// # Errors
/// [`TrialError`] if the rules so far are no TOML; that a candidate is no rule is a fault of this program.
pub fn suggest(of: &SuggestionInputs<'_>) -> Result<Suggestions, TrialError> {
    let reconciler = RunReconciler::new(of.inputs, of.rules, of.context);
    let billed = Billed::of(&reconciler, of.inputs.clients.len());
    let wanted: Vec<&Product> = billed.products.iter().filter(|product| of.is_wanted(product)).collect();
    let mut trial = Trial::new(of.inputs, of.context, of.vocabulary, of.rules_text, billed.clients.clone())?;
    if wanted.is_empty() {
        return Ok(Suggestions { clients: billed.clients.len() as u64, ..Suggestions::default() });
    }
    trial.add(candidate::simple(&kinds_seen(of.inputs, of.vocabulary)))?;
    add_sums(&mut trial, &wanted, of.vocabulary)?;
    let all: Vec<_> = wanted.iter().map(|product| suggestion(product, &trial.tried, of.vocabulary)).collect();
    let categories = categories(&billed, of.rules, &all);
    let (products, unfitted): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.basis != SuggestedBasis::Nothing);
    let has_category =
        |one: &ProductSuggestion| categories.iter().any(|of| Some(of.category.as_str()) == one.category.as_deref());
    let unfitted = unfitted.into_iter().filter(|one| !has_category(one)).collect();
    let (clients, tried) = (billed.clients.len() as u64, trial.tried.len() as u64);
    Ok(Suggestions { clients, tried, products, categories, unfitted })
}

impl SuggestionInputs<'_> {
    fn is_wanted(&self, product: &Product) -> bool {
        let category = product.category.as_deref().and_then(|name| self.rules.category(name));
        let is_ruled = self.rules.service_of_product(&product.code).is_some() || category.is_some();
        product.clients() > 0 && (!is_ruled || self.which == WhichProducts::All)
    }
}

/// Tries sums for the products that nothing by itself fits, part by part.
fn add_sums(trial: &mut Trial<'_>, wanted: &[&Product], vocabulary: &[SourceVocabulary]) -> Result<(), TrialError> {
    let simple = trial.tried.len();
    let mut ends = 0..simple;
    for _ in 0..SUM_ROUNDS {
        let mut next: Vec<Candidate> = Vec::new();
        for product in wanted.iter().filter(|product| product.clients() >= CLIENTS_SHOWN_MIN) {
            let best = ranking(product, &trial.tried, vocabulary).first().map(|best| best.fit);
            if best.is_some_and(|fit| fit.is_at_least(PERCENT_MIN)) || is_one_everywhere(product) {
                continue;
            }
            let ends: Vec<&Tried> = trial.tried[ends.clone()].iter().collect();
            let parts: Vec<&Tried> = trial.tried[..simple].iter().collect();
            for sum in sums(product, &ends, &parts) {
                if !next.contains(&sum) && !trial.has(&sum) {
                    next.push(sum);
                }
            }
        }
        ends = trial.tried.len()..trial.tried.len() + next.len();
        trial.add(next)?;
        ends.end = ends.end.min(trial.tried.len());
    }
    Ok(())
}

fn suggestion(product: &Product, tried: &[Tried], vocabulary: &[SourceVocabulary]) -> ProductSuggestion {
    let ranked = ranking(product, tried, vocabulary);
    let (basis, caution) = basis(product, &ranked);
    let first = ranked.first();
    let (rule, fit) = match (basis, first) {
        (SuggestedBasis::Counted, Some(first)) => (Some(rule_of(first)), first.fit),
        (SuggestedBasis::Flat, _) => (Some(FLAT.to_owned()), fit_of_fee(product)),
        _ => (None, RuleFit::default()),
    };
    let others = if basis == SuggestedBasis::Counted { others(&ranked) } else { told(ranked.iter().take(1)) };
    ProductSuggestion {
        product: product.code.clone(),
        name: product.name.clone(),
        category: product.category.clone(),
        clients: product.clients() as u64,
        revenue: product.revenue.clone(),
        basis,
        rule,
        fit,
        others,
        caution,
    }
}

/// What the product is by what fits best, and what speaks against taking that over.
fn basis(product: &Product, ranked: &[Ranked<'_>]) -> (SuggestedBasis, Option<Caution>) {
    let first = ranked.first();
    let is_fitted = |percent| first.is_some_and(|first| first.fit.is_at_least(percent));
    let few = ((product.clients() as u64) < CLIENTS_MIN).then_some(Caution::FewClients { needed: CLIENTS_MIN });
    if product.clients() < CLIENTS_SHOWN_MIN {
        return (SuggestedBasis::Nothing, few);
    }
    match first {
        Some(first) if is_one_everywhere(product) => {
            let rule = first.rule();
            match is_fitted(PERCENT_MIN) {
                true if shows_who_has_none(&first.fit) => (SuggestedBasis::Counted, caution(product, ranked)),
                true => (SuggestedBasis::Flat, Some(Caution::FeeOrCount { rule })),
                false if is_fitted(SOME_PERCENT) => (SuggestedBasis::Flat, Some(Caution::PartlyCounted { rule })),
                false => (SuggestedBasis::Flat, few),
            }
        }
        None if is_one_everywhere(product) => (SuggestedBasis::Flat, few),
        Some(_) if is_fitted(SOME_PERCENT) => (SuggestedBasis::Counted, caution(product, ranked)),
        _ => (SuggestedBasis::Nothing, None),
    }
}

/// The rule as it would be written: where others use it without a line, that is a list and no exception.
fn rule_of(first: &Ranked<'_>) -> String {
    let mut rule = first.tried.candidate.rule();
    if not_sold_everywhere(&first.fit).is_some() {
        rule.insert("no_line", "list".into());
    }
    rule.to_string().trim().to_owned()
}

fn fit_of_fee(product: &Product) -> RuleFit {
    RuleFit { equal: product.billed_once() as u64, clients: product.clients() as u64, ..RuleFit::default() }
}

/// The best of the others: first the same with other days, which says what the days are worth.
fn others(ranked: &[Ranked<'_>]) -> Vec<TriedRule> {
    let Some((first, rest)) = ranked.split_first() else { return Vec::new() };
    let variant = rest.iter().filter(|other| other.tried.candidate.is_variant_of(&first.tried.candidate)).take(1);
    let further = rest.iter().filter(|other| !other.tried.candidate.is_variant_of(&first.tried.candidate));
    let differs = |other: &&Ranked<'_>| !counts_alike(first, other);
    told(variant.chain(further).filter(differs).take(OTHERS_MAX))
}

fn told<'r, 't: 'r>(ranked: impl Iterator<Item = &'r Ranked<'t>>) -> Vec<TriedRule> {
    ranked.map(|one| TriedRule { rule: one.rule(), fit: one.fit }).collect()
}
