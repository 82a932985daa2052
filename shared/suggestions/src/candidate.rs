//! A rule that may count a product, and the ones that are tried first.

use toml_edit::{Array, InlineTable, Value};
use truecount_billing::{SourceId, Unit};

use crate::seen::{KindSeen, SKU};

/// Days within which an item must have been seen, beside what is usual for its kind.
const DAYS: [u32; 6] = [14, 30, 45, 60, 90, 180];
/// The same together with an attribute.
const DAYS_WITH_WORD: [u32; 3] = [30, 60, 90];
/// Units in which data is billed.
const DATA_UNITS: [&str; 4] = ["GB", "TB", "GiB", "TiB"];
/// To leave one word out is tried of attributes with at most so many.
const WORDS_LEFT_OUT_MAX: usize = 8;

/// A rule that may count a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// At least one; several are added up.
    pub(crate) kinds: Vec<(SourceId, String)>,
    pub(crate) filter: Option<WordFilter>,
    pub(crate) seen: SeenWithin,
    /// Of data: the unit that is billed.
    pub(crate) unit: Option<BilledUnit>,
}

/// Which items of the kinds count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WordFilter {
    pub(crate) attribute: String,
    pub(crate) words: Vec<String>,
    pub(crate) use_of: WordsUse,
}

/// Whether items with a word count, or those without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordsUse {
    Wanted,
    LeftOut,
}

/// How lately an item must have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenWithin {
    Usual,
    Days(u32),
    Ever,
}

/// The unit of data in which a quantity is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BilledUnit {
    Exact(&'static str),
    RoundedUp(&'static str),
}

impl Candidate {
    fn of(kind: &KindSeen) -> Self {
        let kinds = vec![(kind.source.clone(), kind.kind.clone())];
        Self { kinds, filter: None, seen: SeenWithin::Usual, unit: None }
    }

    fn wanting(&self, attribute: &str, word: &str, use_of: WordsUse) -> Self {
        let filter = WordFilter { attribute: attribute.to_owned(), words: vec![word.to_owned()], use_of };
        Self { filter: Some(filter), ..self.clone() }
    }

    fn seen(&self, seen: SeenWithin) -> Self {
        Self { seen, ..self.clone() }
    }

    /// How many things it says beyond the usual: of rules that fit alike the one that says the least is meant.
    pub(crate) fn complexity(&self) -> i64 {
        let filter = self.filter.as_ref().map_or(0, |filter| match filter.use_of {
            WordsUse::Wanted if filter.attribute == SKU => filter.words.len() - 1,
            WordsUse::Wanted => filter.words.len(),
            WordsUse::LeftOut => 2,
        });
        let parts = self.kinds.len() - 1 + filter + usize::from(self.seen != SeenWithin::Usual);
        i64::try_from(parts).unwrap_or(i64::MAX)
    }

    /// The same but for the days.
    pub(crate) fn is_variant_of(&self, other: &Self) -> bool {
        self.kinds == other.kinds && self.filter == other.filter && self.unit == other.unit
    }

    /// Both together, if one rule can say so: several kinds without an attribute, or several words of one attribute.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        if self.seen != other.seen || self.unit != other.unit {
            return None;
        }
        match (&self.filter, &other.filter) {
            (None, None) if !other.kinds.iter().any(|kind| self.kinds.contains(kind)) => {
                let mut kinds: Vec<_> = self.kinds.iter().chain(&other.kinds).cloned().collect();
                kinds.sort();
                Some(Self { kinds, ..self.clone() })
            }
            (Some(one), Some(two)) if self.kinds == other.kinds => {
                let is_same = one.attribute == two.attribute && [one, two].iter().all(|f| f.use_of == WordsUse::Wanted);
                if !is_same || two.words.iter().any(|word| one.words.contains(word)) {
                    return None;
                }
                let mut words: Vec<_> = one.words.iter().chain(&two.words).cloned().collect();
                words.sort();
                Some(Self { filter: Some(WordFilter { words, ..one.clone() }), ..self.clone() })
            }
            _ => None,
        }
    }

    /// As it stands in a rules file behind the code.
    pub(crate) fn rule(&self) -> InlineTable {
        let mut rule = InlineTable::new();
        let kind = |(source, kind): &(SourceId, String)| format!("{source}.{kind}");
        match self.kinds.as_slice() {
            [one] => rule.insert("count", kind(one).into()),
            several => rule.insert("count", Value::Array(several.iter().map(kind).collect::<Array>())),
        };
        if let Some(filter) = &self.filter {
            let mut table = InlineTable::new();
            match filter.words.as_slice() {
                [one] => table.insert(&filter.attribute, one.as_str().into()),
                several => table.insert(&filter.attribute, Value::Array(several.iter().collect::<Array>())),
            };
            let key = if filter.use_of == WordsUse::Wanted { "where" } else { "where_not" };
            rule.insert(key, Value::InlineTable(table));
        }
        match self.seen {
            SeenWithin::Usual => {}
            SeenWithin::Days(days) => drop(rule.insert("seen_within_days", i64::from(days).into())),
            SeenWithin::Ever => drop(rule.insert("seen_within_days", false.into())),
        }
        if let Some(unit) = self.unit {
            let (BilledUnit::Exact(name) | BilledUnit::RoundedUp(name)) = unit;
            rule.insert("unit", name.into());
            if matches!(unit, BilledUnit::RoundedUp(_)) {
                rule.insert("round_up", 1.into());
            }
        }
        rule
    }
}

/// Everything of one kind that is tried by itself.
pub(crate) fn simple(kinds: &[KindSeen]) -> Vec<Candidate> {
    kinds.iter().flat_map(of_kind).collect()
}

fn of_kind(kind: &KindSeen) -> Vec<Candidate> {
    let usual = Candidate::of(kind);
    let mut found: Vec<Candidate> = std::iter::once(usual.clone()).chain(variants(kind, &usual, &DAYS)).collect();
    for (attribute, words) in &kind.words {
        for word in words {
            let wanted = usual.wanting(attribute, word, WordsUse::Wanted);
            found.extend(variants(kind, &wanted, &DAYS_WITH_WORD));
            found.push(wanted);
        }
        if (2..=WORDS_LEFT_OUT_MAX).contains(&words.len()) {
            let left_out = words.iter().map(|word| usual.wanting(attribute, word, WordsUse::LeftOut));
            found.extend(left_out);
        }
    }
    if !matches!(kind.unit, Unit::Gigabyte | Unit::Gibibyte) {
        return found;
    }
    let in_units = |one: Candidate| {
        let units = DATA_UNITS.iter().flat_map(|unit| [BilledUnit::Exact(unit), BilledUnit::RoundedUp(unit)]);
        units.map(move |unit| Candidate { unit: Some(unit), ..one.clone() })
    };
    found.into_iter().flat_map(in_units).collect()
}

/// The same with other days than are usual; none where it is not known when an item was last seen.
fn variants(kind: &KindSeen, usual: &Candidate, days: &[u32]) -> Vec<Candidate> {
    if !kind.has_last_seen {
        return Vec::new();
    }
    let days = days.iter().filter(|days| kind.stale_days != Some(**days));
    let mut found: Vec<_> = days.map(|days| usual.seen(SeenWithin::Days(*days))).collect();
    if kind.stale_days.is_some() {
        found.push(usual.seen(SeenWithin::Ever));
    }
    found
}
