//! Which items of several sources are one machine: those that share the first identity that both have.

use hashbrown::HashMap;
use rust_decimal::Decimal;
use truecount_rules::IdentityKey;

use crate::columns::{ItemColumns, ItemNo};
use crate::interval::{TooManyDigits, plus};
use crate::texts::TextNo;

/// An item that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Taken<'a> {
    pub(crate) item: ItemNo,
    pub(crate) units: Decimal,
    /// The identities that its kind goes by.
    pub(crate) keys: &'a [IdentityKey],
}

/// What items are joined by, the surest first.
#[derive(Clone, Copy)]
pub(crate) struct SameBy<'a> {
    pub(crate) items: &'a ItemColumns,
    pub(crate) keys: &'a [IdentityKey],
}

/// Items that are one machine, by their places.
pub(crate) struct Machine {
    pub(crate) members: Vec<usize>,
    /// Whether it is one of those that are known by something surer.
    pub(crate) is_known: bool,
}

impl<'a> SameBy<'a> {
    /// The units of items, each machine once: as many as its item with the most.
    pub(crate) fn units(&self, taken: &[Taken<'_>]) -> Result<Decimal, TooManyDigits> {
        if let [one] = taken {
            return Ok(one.units);
        }
        let own = self.machines(taken).into_iter().filter(|machine| !machine.is_known);
        let units = own.map(|machine| machine.members.iter().map(|at| taken[*at].units).max().unwrap_or_default());
        units.into_iter().try_fold(Decimal::ZERO, plus)
    }

    /// The machines that items are. Items whose surest identity is the same one are one machine where they share it, be it
    /// by way of a third; those known by something less sure are one of these where the first identity that both have says so.
    pub(crate) fn machines(&self, taken: &[Taken<'_>]) -> Vec<Machine> {
        let surest: Vec<Option<usize>> = taken.iter().map(|one| self.surest(one)).collect();
        let mut links: Vec<usize> = (0..taken.len()).collect();
        let mut first: HashMap<(IdentityKey, TextNo), usize> = HashMap::new();
        for (at, one) in taken.iter().enumerate() {
            let Some(key) = surest[at].map(|place| self.keys[place]) else { continue };
            for value in self.values(one, key) {
                let known = *first.entry((key, value)).or_insert(at);
                unite(&mut links, known, at);
            }
        }
        let mut machines: Vec<Machine> = Vec::new();
        let mut of_root: HashMap<usize, usize> = HashMap::new();
        for at in 0..taken.len() {
            let root = root(&mut links, at);
            let number = *of_root.entry(root).or_insert_with(|| {
                machines.push(Machine { members: Vec::new(), is_known: false });
                machines.len() - 1
            });
            machines[number].members.push(at);
        }
        let having = self.having(taken);
        for machine in &mut machines {
            machine.is_known = machine.members.iter().any(|at| self.is_known(*at, taken, &surest, &having));
        }
        machines
    }

    /// Whether an item is the same machine as one that is known by something surer.
    fn is_known(
        &self,
        at: usize,
        taken: &[Taken<'_>],
        surest: &[Option<usize>],
        having: &HashMap<(IdentityKey, TextNo), Vec<usize>>,
    ) -> bool {
        let Some(own) = surest[at].filter(|own| *own > 0) else { return false };
        self.keys[own..].iter().any(|key| {
            self.values(&taken[at], *key).any(|value| {
                let others = having.get(&(*key, value)).map(Vec::as_slice).unwrap_or_default();
                let is_it = |other: &&usize| {
                    surest[**other].is_some_and(|surer| surer < own)
                        && self.first_of_both(&taken[at], &taken[**other]) == Some(*key)
                };
                others.iter().any(|other| is_it(&other))
            })
        })
    }

    fn having(&self, taken: &[Taken<'_>]) -> HashMap<(IdentityKey, TextNo), Vec<usize>> {
        let mut having: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, one) in taken.iter().enumerate() {
            for key in self.keys {
                self.values(one, *key).for_each(|value| having.entry((*key, value)).or_default().push(at));
            }
        }
        having
    }

    /// The place of the surest identity that an item has; `None`: it has none, and is like no other.
    fn surest(&self, one: &Taken<'_>) -> Option<usize> {
        self.keys.iter().position(|key| self.values(one, *key).next().is_some())
    }

    fn first_of_both(&self, one: &Taken<'_>, other: &Taken<'_>) -> Option<IdentityKey> {
        let has = |one: &Taken<'_>, key: IdentityKey| self.values(one, key).next().is_some();
        self.keys.iter().copied().find(|key| has(one, *key) && has(other, *key))
    }

    pub(crate) fn values(&self, one: &Taken<'_>, key: IdentityKey) -> impl Iterator<Item = TextNo> + use<'a> {
        let identities = if one.keys.contains(&key) { self.items.identities(one.item) } else { &[] };
        identities.iter().filter(move |(of, _)| *of == key).map(|(_, value)| *value)
    }
}

pub(crate) fn root(links: &mut [usize], mut at: usize) -> usize {
    while links[at] != at {
        links[at] = links[links[at]];
        at = links[at];
    }
    at
}

pub(crate) fn unite(links: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(links, one), root(links, other));
    links[one.max(other)] = one.min(other);
}
