//! How much the words of a product and of a rule have in common. It only breaks ties.

use std::collections::BTreeSet;

use truecount_rules::SourceVocabulary;

use crate::billed::Product;
use crate::candidate::Candidate;
use crate::seen::SKU;

/// Words that say nothing of what is counted.
const COMMON: [&str; 8] = ["managed", "monthly", "per", "for", "and", "the", "service", "support"];

/// The words that a product and a rule share, in thousandths of the rule's.
pub(crate) fn likeness(product: &Product, candidate: &Candidate, vocabulary: &[SourceVocabulary]) -> u64 {
    let name = product.name.as_deref().unwrap_or_default();
    let of_product: BTreeSet<String> = words(product.code.as_str()).chain(words(name)).collect();
    let of_rule = words_of(candidate, vocabulary);
    let shared = of_rule.iter().filter(|word| of_product.contains(*word)).count() as u64;
    if of_rule.is_empty() { 0 } else { shared * 1000 / of_rule.len() as u64 }
}

/// What a rule is called: its kinds, and its words with the friendly names of products.
fn words_of(candidate: &Candidate, vocabulary: &[SourceVocabulary]) -> BTreeSet<String> {
    let Some(filter) = &candidate.filter else {
        return candidate.kinds.iter().flat_map(|(_, kind)| words(kind)).collect();
    };
    let sources = vocabulary.iter().filter(|one| candidate.kinds.iter().any(|(source, _)| one.source == *source));
    let names: Vec<&(String, String)> = sources.flat_map(|source| &source.sku_names).collect();
    let is_named = filter.attribute == SKU;
    let friendly = |word: &String| {
        let known = names.iter().filter(|(part, _)| is_named && part.eq_ignore_ascii_case(word));
        known
            .map(|(_, name)| name.clone())
            .chain([word.clone()])
            .flat_map(|text| words(&text).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    filter.words.iter().flat_map(friendly).collect()
}

/// The words of a text in small letters, in the singular.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1).map(str::to_lowercase);
    words.filter(|word| !COMMON.contains(&word.as_str())).map(|word| match word.strip_suffix('s') {
        Some(one) if one.len() > 2 => one.to_owned(),
        _ => word,
    })
}
