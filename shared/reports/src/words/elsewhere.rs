//! Devices of a client that are listed at another, too.

use truecount_reconciliation::{DoubtRecord, NamedItem, SightingRecord};

use super::{Explanation, WorkOwner, item_name, name};
use crate::label;

/// Where devices are listed: the same where it is in the same accounts.
#[derive(Clone, Copy)]
pub(super) struct Places<'a>(pub(super) &'a [SightingRecord]);

impl PartialEq for Places<'_> {
    fn eq(&self, other: &Self) -> bool {
        let accounts = |places: &Self| places.0.iter().map(|one| &one.account).collect::<Vec<_>>();
        accounts(self) == accounts(other)
    }
}

impl Eq for Places<'_> {}

/// That of one item, with the days on which it was seen there.
pub(super) fn of_one(item: &NamedItem, at: &[SightingRecord]) -> Explanation {
    let places = at.iter().map(|sighting| match sighting.last_seen {
        Some(day) => format!("{}, seen there on {}", place(sighting), label::day(day)),
        None => format!("{}, nobody knows when it was seen there", place(sighting)),
    });
    listed(&format!("{} is", item_name(item)), places)
}

/// That of several items.
pub(super) fn of_several(items: &str, at: &[SightingRecord]) -> Explanation {
    listed(&format!("{items} are"), at.iter().map(place))
}

fn listed(items_are: &str, places: impl Iterator<Item = String>) -> Explanation {
    let places = places.collect::<Vec<_>>().join("; and at ");
    let what = format!("{items_are} also listed at {places}");
    Explanation::new(what, "look which client has it, and remove it at the other", WorkOwner::Technician)
}

/// The client; where nobody decided whose it is, the account.
fn place(sighting: &SightingRecord) -> String {
    let clients: Vec<String> = sighting.clients.iter().map(|client| name(&client.client_name)).collect();
    match clients.is_empty() {
        true => format!("account {} in {}", name(&sighting.account.account_name), sighting.account.source),
        false => clients.join(" and "),
    }
}

fn places(doubt: &DoubtRecord) -> Option<Places<'_>> {
    match doubt {
        DoubtRecord::SeenElsewhere { at, .. } => Some(Places(at)),
        _ => None,
    }
}

/// Each doubt of a row, devices that are listed at the same other clients together.
pub(crate) fn doubts(doubts: &[DoubtRecord]) -> Vec<Explanation> {
    let mut found: Vec<(&DoubtRecord, u64)> = Vec::new();
    for doubt in doubts {
        let own = places(doubt);
        match found.iter_mut().find(|(first, _)| own.is_some() && places(first) == own) {
            Some((_, items)) => *items += 1,
            None => found.push((doubt, 1)),
        }
    }
    let explained = |(first, items): (&DoubtRecord, u64)| match places(first).filter(|_| items > 1) {
        Some(at) => of_several(&label::count(items, "item", "items"), at.0),
        None => super::doubt(first),
    };
    found.into_iter().map(explained).collect()
}
