//! Which rules take the items of one source. Items that the same rules take are of one kind here: what an item is called
//! makes no difference beyond that, and a kind is a number.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::rules::PlainRule;

/// The number of a kind among those of its source.
pub(super) type KindNo = u16;

/// Why a source cannot be taken: its items are taken in too many different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyKinds;

/// The rules that take items of one source.
#[derive(Debug, Default)]
pub(super) struct Takers {
    /// By kind: the rules that take it, by their numbers, in order; never none.
    kinds: Vec<Box<[u16]>>,
    numbers: HashMap<Box<[u16]>, KindNo>,
    /// What items are called, and which kind that is.
    called: Vec<Called>,
    /// Indexes of `called`.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    last: usize,
}

/// Items of one kind word and SKU.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) kind_word: Box<str>,
    pub(super) sku: Box<str>,
    /// `None`: no rule takes them.
    pub(super) kind: Option<KindNo>,
    /// Rows whose status counts, of items that no rule takes.
    pub(super) untaken_rows: u64,
    /// Accounts that have such rows; one whose rows stand apart counts again.
    pub(super) untaken_accounts: u64,
    last_account: Option<u32>,
}

impl Takers {
    /// The kind of items that are called so; `None`: no rule takes them. `rules`: those of the source, with their numbers.
    pub(super) fn kind<'r, Of: Iterator<Item = (u16, &'r PlainRule)>>(
        &mut self,
        rules: impl FnOnce() -> Of,
        word: &str,
        sku: &str,
    ) -> Result<Option<KindNo>, TooManyKinds> {
        let is_it = |called: &Called| *called.kind_word == *word && *called.sku == *sku;
        if let Some(known) = self.called.get(self.last).filter(|called| is_it(called)) {
            return Ok(known.kind);
        }
        let hash = hash_of(&self.hasher, word, sku);
        if let Some(known) = self.index.find(hash, |place| is_it(&self.called[*place as usize])) {
            self.last = *known as usize;
            return Ok(self.called[self.last].kind);
        }
        let taking: Box<[u16]> = rules().filter(|(_, rule)| rule.takes(word, sku)).map(|(no, _)| no).collect();
        let kind = if taking.is_empty() { None } else { Some(self.kind_of(taking)?) };
        self.last = self.called.len();
        let place = u32::try_from(self.last).map_err(|_| TooManyKinds)?;
        let (kind_word, sku) = (word.into(), sku.into());
        self.called.push(Called { kind_word, sku, kind, untaken_rows: 0, untaken_accounts: 0, last_account: None });
        let (called, hasher) = (&self.called, &self.hasher);
        let rehash = |place: &u32| hash_of(hasher, &called[*place as usize].kind_word, &called[*place as usize].sku);
        self.index.insert_unique(hash, place, rehash);
        Ok(kind)
    }

    /// The kind that exactly these rules take.
    pub(super) fn kind_of(&mut self, taking: Box<[u16]>) -> Result<KindNo, TooManyKinds> {
        if let Some(known) = self.numbers.get(&taking) {
            return Ok(*known);
        }
        // the last number is kept for items of no kind
        let number = KindNo::try_from(self.kinds.len()).ok().filter(|number| *number < KindNo::MAX);
        let number = number.ok_or(TooManyKinds)?;
        self.kinds.push(taking.clone());
        self.numbers.insert(taking, number);
        Ok(number)
    }

    /// The rules that take a kind.
    pub(super) fn rules_of(&self, kind: KindNo) -> &[u16] {
        &self.kinds[usize::from(kind)]
    }

    /// Whether a rule takes both kinds.
    pub(super) fn overlap(&self, one: KindNo, other: KindNo) -> bool {
        self.rules_of(one).iter().any(|rule| self.rules_of(other).contains(rule))
    }

    /// Notes a row of the kind asked for last, which no rule takes.
    pub(super) fn note_untaken(&mut self, account: u32) {
        let called = &mut self.called[self.last];
        called.untaken_rows += 1;
        if called.last_account != Some(account) {
            called.last_account = Some(account);
            called.untaken_accounts += 1;
        }
    }

    /// The kinds, each with the rules that take it.
    pub(super) fn kinds(&self) -> impl ExactSizeIterator<Item = &[u16]> {
        self.kinds.iter().map(AsRef::as_ref)
    }

    /// Everything that items are called.
    pub(super) fn called(&self) -> &[Called] {
        &self.called
    }
}

fn hash_of(hasher: &DefaultHashBuilder, word: &str, sku: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(word.as_bytes());
    state.write_u8(0);
    state.write(sku.as_bytes());
    state.finish()
}
