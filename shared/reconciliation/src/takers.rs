//! Which rules of a source take an item of a kind and SKU: looked up once per kind and SKU, not once per item.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::{
    Timestamp,
    civil::{Date, date},
};
use truecount_billing::CountBasis;

use crate::{
    Profile, Rule,
    items::{GROUP_RULES, LocalRule},
    words::UNKNOWN_KIND,
};

/// So many kinds and SKUs of one source are told apart where no rule takes them; the rest is one.
const UNTAKEN_MAX: usize = 1_000;

/// The rules of one group that take an item, and which items count for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Take {
    pub(crate) group: u8,
    pub(crate) mask: u16,
    pub(crate) terms: Terms,
    pub(crate) certainty: Certainty,
}

/// Whether a rule takes items of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It does.
    Takes,
    /// Nobody knows of what kind they are: it may.
    MayTake,
}

/// Which items count for a rule, beside those that are active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Until when an item must have been seen.
    pub(crate) seen_since: Option<Timestamp>,
    /// Whether a licence counts whose user may not sign in (false gap F9): it is assigned, and paid for.
    pub(crate) counts_disabled: bool,
}

/// Items of one kind and SKU.
#[derive(Debug)]
struct Class {
    kind: Box<str>,
    sku: Box<str>,
    takes: Vec<Take>,
}

/// What a local rule of a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taker {
    /// One of the rule set, by its place there.
    Rule(u16),
    /// None: items of a kind and SKU that no rule takes.
    Nobody { kind: Box<str>, sku: Box<str> },
}

/// The rules of one source.
#[derive(Debug, Default)]
pub(crate) struct Takers {
    takers: Vec<Taker>,
    terms: Vec<Terms>,
    classes: Vec<Class>,
    index: HashTable<u32>,
    last: usize,
    untaken: usize,
    /// Whether it matters that nobody knows what kind an item is.
    minds_unknown_kinds: bool,
    hasher: DefaultHashBuilder,
}

impl Takers {
    /// The rules of the set that count in this source.
    pub(crate) fn of<'a>(rules: impl Iterator<Item = (u16, &'a Rule)>, count_day: Date, profile: Profile) -> Self {
        let mut takers = Self { minds_unknown_kinds: profile == Profile::Full, ..Self::default() };
        for (place, rule) in rules {
            takers.takers.push(Taker::Rule(place));
            takers.terms.push(Terms {
                seen_since: seen_since(rule, count_day),
                counts_disabled: profile == Profile::Full && rule.count_basis == CountBasis::Assigned,
            });
        }
        takers
    }

    /// What a local rule is.
    pub(crate) fn taker(&self, rule: LocalRule) -> &Taker {
        &self.takers[usize::from(rule)]
    }

    /// Whether any rule counts in this source.
    pub(crate) fn has_rules(&self) -> bool {
        self.takers.iter().any(|taker| matches!(taker, Taker::Rule(_)))
    }

    /// Whether any item of a kind was seen.
    pub(crate) fn has_kind(&self, kind: &str) -> bool {
        self.classes.iter().any(|class| *class.kind == *kind)
    }

    /// The rules that take items of this kind and SKU; `None` if there are too many kinds to remember.
    pub(crate) fn takes(&mut self, rules: &[Rule], kind: &str, sku: &str) -> &[Take] {
        let is = |class: &Class| *class.kind == *kind && *class.sku == *sku;
        if self.classes.get(self.last).is_none_or(|class| !is(class)) {
            let hash = self.hash(kind, sku);
            let known = self.index.find(hash, |place| is(&self.classes[*place as usize])).copied();
            self.last = match known {
                Some(place) => place as usize,
                None => self.learn(rules, kind, sku, hash),
            };
        }
        &self.classes[self.last].takes
    }

    fn learn(&mut self, rules: &[Rule], kind: &str, sku: &str, hash: u64) -> usize {
        let mut takes: Vec<Take> = Vec::new();
        for (local, taker) in (0_u16..).zip(&self.takers) {
            let Taker::Rule(place) = taker else { continue };
            let (rule, terms) = (&rules[usize::from(*place)], self.terms[usize::from(local)]);
            if rule.takes(kind, sku) {
                add(&mut takes, local, terms, Certainty::Takes);
            } else if self.minds_unknown_kinds && kind == UNKNOWN_KIND && (sku.is_empty() || rule.takes_sku(sku)) {
                add(&mut takes, local, terms, Certainty::MayTake);
            }
        }
        let (mut kind, mut sku) = (kind, sku);
        if takes.is_empty() && self.has_rules() {
            self.untaken += 1;
            if self.untaken > UNTAKEN_MAX {
                (kind, sku) = ("", "");
                let rest = |class: &Class| class.kind.is_empty() && class.sku.is_empty();
                if let Some(place) = self.classes.iter().position(rest) {
                    return place;
                }
            }
            let local = u16::try_from(self.takers.len()).unwrap_or(u16::MAX);
            self.takers.push(Taker::Nobody { kind: kind.into(), sku: sku.into() });
            self.terms.push(Terms::default());
            add(&mut takes, local, Terms::default(), Certainty::Takes);
        }
        let place = self.classes.len();
        self.classes.push(Class { kind: kind.into(), sku: sku.into(), takes });
        let (classes, hasher) = (&self.classes, &self.hasher);
        let rehash = |place: &u32| hash_of(hasher, &classes[*place as usize].kind, &classes[*place as usize].sku);
        self.index.insert_unique(hash, u32::try_from(place).unwrap_or(u32::MAX), rehash);
        place
    }

    fn hash(&self, kind: &str, sku: &str) -> u64 {
        hash_of(&self.hasher, kind, sku)
    }
}

fn hash_of(hasher: &DefaultHashBuilder, kind: &str, sku: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(kind.as_bytes());
    state.write_u8(0xff);
    state.write(sku.as_bytes());
    state.finish()
}

fn add(takes: &mut Vec<Take>, local: LocalRule, terms: Terms, certainty: Certainty) {
    let (group, bit) = ((local / GROUP_RULES) as u8, 1 << (local % GROUP_RULES));
    let is_same = |take: &&mut Take| take.group == group && take.terms == terms && take.certainty == certainty;
    match takes.iter_mut().find(is_same) {
        Some(take) => take.mask |= bit,
        None => takes.push(Take { group, mask: bit, terms, certainty }),
    }
}

/// The first moment that is not stale: midnight UTC, so many days before the count day.
fn seen_since(rule: &Rule, count_day: Date) -> Option<Timestamp> {
    if !rule.count_basis.leaves_out_stale() {
        return None;
    }
    let seconds = count_day.duration_since(date(1970, 1, 1)).as_secs() - i64::from(rule.stale_days) * 86_400;
    Some(Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN))
}
