//! Items of one source that can be one device or person: of each, the newest counts, the others are its duplicates.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::columns::ItemColumns;
use crate::drawn::{can_be_there, draw_next};
use crate::evidence::LedgerReason;
use crate::interval::{Span, TooManyDigits, plus};
use crate::pool::{Candidate, Origin};
use crate::selection::{Fate, Selection, Way};
use crate::texts::TextNo;
use crate::weighing::Weighing;
use truecount_rules::IdentityKey;

/// The most ways of settling one group that are gone through.
const SETTLINGS_MAX: usize = 20_000;
/// The most items of one group whose order may matter.
const ORDERED_MAX: usize = 7;

/// What a group of items that can be one gives to a count.
#[derive(Debug, Clone)]
pub(crate) struct GroupCount {
    /// The accounts that have items in it and are the client's, and still there, or not: undecided ones, and gone ones.
    pub(crate) accounts: Vec<usize>,
    /// By what is there.
    spans: Vec<(Presence, Span)>,
    /// What may become of each item.
    pub(crate) fates: Vec<Vec<Fate>>,
    /// The same while only what is surely the client's is there; of an item that is not, nothing.
    pub(crate) own_fates: Vec<Vec<Fate>>,
    /// Units that are duplicates however the rest is settled, of items that count in some other way.
    pub(crate) sure_duplicates: Decimal,
    pub(crate) is_endless: bool,
}

/// What of a group is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Presence {
    /// The least sure origin of what is there.
    origin: Origin,
    /// By their place in [`GroupCount::accounts`].
    accounts: u32,
}

impl GroupCount {
    /// The ends while these of its accounts are there, and no item is less sure than of this origin.
    pub(crate) fn span(&self, origin: Origin, accounts: &[usize]) -> Span {
        let here = self.accounts.iter().enumerate().filter(|(_, one)| accounts.contains(one));
        let here = here.fold(0, |mask, (at, _)| mask | 1 << at);
        let is_so = |presence: &Presence| presence.origin <= origin && presence.accounts == here;
        let mut fitting = self.spans.iter().filter(|(presence, _)| is_so(presence)).map(|(_, span)| *span);
        let first = fitting.next();
        first.map(|first| fitting.fold(first, Span::or)).unwrap_or_default()
    }

    /// The ends whatever is there.
    pub(crate) fn widest(&self) -> Span {
        self.spans.iter().map(|(_, span)| *span).fold(Span::default(), Span::or)
    }
}

/// One way in which a group is settled.
pub(crate) struct SettledWay<'s> {
    /// Which of [`GroupCount::accounts`] are there, by their place.
    pub(crate) accounts: u32,
    /// What became of each item; `None`: it is not there.
    pub(crate) fates: &'s [Option<Fate>],
    /// Which of its ways each item went.
    pub(crate) drawn: &'s [usize],
    /// What all of it comes to.
    pub(crate) units: Decimal,
}

/// Goes through every way in which a group may be settled, and tells each; `None`: there are too many. `gone`: all accounts
/// of the client that are gone.
pub(crate) fn settle_group(
    items: &ItemColumns,
    members: &[&Candidate],
    ways: &[Vec<Way>],
    gone: &[usize],
    selection: &Selection<'_>,
    weighing: Weighing<'_>,
    tell: &mut dyn FnMut(&SettledWay<'_>),
) -> Result<Option<GroupCount>, TooManyDigits> {
    let seen: Vec<Option<Timestamp>> = members.iter().map(|member| items.last_seen(member.item)).collect();
    let mut accounts: Vec<usize> =
        members.iter().filter(|member| member.origin >= Origin::Gone).map(|member| member.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let loose = members.iter().filter(|member| member.is_loose()).count();
    let Some(orders) = orders(&seen) else { return Ok(None) };
    let switches = accounts.len() + loose;
    let size = ways.iter().map(Vec::len).chain([orders.len()]).try_fold(1_usize, usize::checked_mul);
    let size = size.filter(|_| switches < 16).and_then(|size| size.checked_mul(1 << switches));
    if size.is_none_or(|size| size > SETTLINGS_MAX) {
        return Ok(None);
    }
    let mut group = Settling {
        items,
        members,
        ways,
        selection,
        weighing,
        accounts: &accounts,
        gone,
        are_ids_sure: true,
        found: GroupCount {
            accounts: accounts.clone(),
            spans: Vec::new(),
            fates: vec![Vec::new(); members.len()],
            own_fates: vec![Vec::new(); members.len()],
            sure_duplicates: Decimal::ZERO,
            is_endless: false,
        },
        own_twins: Vec::new(),
        tell,
    };
    for are_ids_sure in std::iter::once(true).chain(group.has_doubtful_ids().then_some(false)) {
        group.are_ids_sure = are_ids_sure;
        for there in 0..1_u32 << switches {
            let Some(presence) = group.presence(there) else { continue };
            for order in &orders {
                group.settle_ways(order, &presence)?;
            }
        }
    }
    group.finish()?;
    Ok(Some(group.found))
}

/// Every order from the newest to the oldest that the moments allow; `None`: too many.
fn orders(seen: &[Option<Timestamp>]) -> Option<Vec<Vec<usize>>> {
    let mut newest_first: Vec<usize> = (0..seen.len()).collect();
    newest_first.sort_by(|one, other| seen[*other].cmp(&seen[*one]));
    let is_settled = newest_first.windows(2).all(|pair| {
        let (newer, older) = (seen[pair[0]], seen[pair[1]]);
        newer.is_some() && older.is_some() && newer != older
    });
    if is_settled {
        return Some(vec![newest_first]);
    }
    if seen.len() > ORDERED_MAX {
        return None;
    }
    let mut found = Vec::new();
    extend(seen, &mut Vec::new(), &mut found);
    Some(found)
}

fn extend(seen: &[Option<Timestamp>], begun: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if begun.len() == seen.len() {
        found.push(begun.clone());
        return;
    }
    for next in 0..seen.len() {
        let is_older = |earlier: &usize| seen[*earlier].zip(seen[next]).is_some_and(|(newer, older)| newer < older);
        if !begun.contains(&next) && !begun.iter().any(is_older) {
            begun.push(next);
            extend(seen, begun, found);
            begun.pop();
        }
    }
}

/// What of a group is there, item by item.
struct There {
    presence: Presence,
    items: Vec<bool>,
}

/// What an item that counts is known by.
#[derive(Clone, Copy)]
struct Known<'a> {
    account: usize,
    kind: usize,
    id: &'a str,
    identities: &'a [(IdentityKey, TextNo)],
    /// Those that its kind goes by.
    keys: &'a [IdentityKey],
}

struct Settling<'a> {
    items: &'a ItemColumns,
    members: &'a [&'a Candidate],
    ways: &'a [Vec<Way>],
    selection: &'a Selection<'a>,
    weighing: Weighing<'a>,
    accounts: &'a [usize],
    gone: &'a [usize],
    /// Whether one id is one item also where another identity contradicts that.
    are_ids_sure: bool,
    found: GroupCount,
    /// Of each settling of what is surely the client's: the duplicates, with their units.
    own_twins: Vec<Vec<(usize, Decimal)>>,
    tell: &'a mut dyn FnMut(&SettledWay<'_>),
}

impl<'a> Settling<'a> {
    /// What is there by these switches: an account each, then an item each that may be absent by itself.
    fn presence(&self, switches: u32) -> Option<There> {
        let is_on = |at: usize| switches & (1 << at) != 0;
        let accounts = switches & ((1 << self.accounts.len()) - 1);
        let here = self.accounts.iter().enumerate().filter(|(at, _)| is_on(*at)).map(|(_, account)| *account);
        let here: Vec<usize> = here.collect();
        if !can_be_there(&here, self.gone) {
            return None;
        }
        let has_undecided = here.iter().any(|account| !self.gone.contains(account));
        let (mut next, mut origin) = (self.accounts.len(), Origin::Own);
        let mut items = Vec::with_capacity(self.members.len());
        for member in self.members {
            let with_account = match member.origin {
                Origin::Undecided | Origin::Gone => {
                    self.accounts.iter().position(|one| *one == member.account).is_some_and(is_on)
                }
                Origin::Own | Origin::Split | Origin::Fell => true,
            };
            let mut is_there = with_account;
            if member.is_loose() {
                // One that is absent with its account is not settled twice.
                if is_on(next) && !with_account {
                    return None;
                }
                is_there &= is_on(next);
                next += 1;
            }
            if is_there {
                origin = origin.max(member.origin);
            }
            items.push(is_there);
        }
        if has_undecided {
            origin = Origin::Undecided;
        }
        Some(There { presence: Presence { origin, accounts }, items })
    }

    /// Goes through every way of the items in one order.
    fn settle_ways(&mut self, order: &[usize], there: &There) -> Result<(), TooManyDigits> {
        let mut drawn = vec![0; self.members.len()];
        loop {
            self.settle(order, there, &drawn)?;
            if !draw_next(&mut drawn, |at| if there.items[at] { self.ways[at].len() } else { 1 }) {
                return Ok(());
            }
        }
    }

    fn settle(&mut self, order: &[usize], there: &There, drawn: &[usize]) -> Result<(), TooManyDigits> {
        let mut kept: Vec<Known<'a>> = Vec::new();
        let mut units = Decimal::ZERO;
        let mut presence = there.presence;
        let mut fates: Vec<Option<Fate>> = vec![None; self.members.len()];
        let mut twins = Vec::new();
        for at in order.iter().copied().filter(|at| there.items[*at]) {
            let way = self.ways[at][drawn[at]];
            if way.is_larger {
                presence.origin = presence.origin.max(Origin::Fell);
            }
            let is_twin = self.is_twin(at, &way, &mut kept);
            let fate = match way.fate() {
                fate if !is_twin || fate == Fate::Passed => fate,
                _ if way.is_of_holder() => Fate::Passed,
                _ => Fate::Left(LedgerReason::Duplicate),
            };
            if is_twin && way.fate() != Fate::Passed {
                twins.push((at, way.units.unwrap_or_default()));
            }
            fates[at] = Some(fate);
            match fate {
                Fate::Taken(mask) => match self.weighing.units(&way, mask)? {
                    Some(more) => units = plus(units, more)?,
                    None => self.found.is_endless = true,
                },
                Fate::Left(_) | Fate::Passed => {}
            }
        }
        (self.tell)(&SettledWay { accounts: presence.accounts, fates: &fates, drawn, units });
        self.note(presence, Span::of(units), &fates, twins);
        Ok(())
    }

    /// Whether an item is one with a newer one. `kept`: those that are newer.
    fn is_twin(&self, at: usize, way: &Way, kept: &mut Vec<Known<'a>>) -> bool {
        let Some(kind) = way.kind.filter(|_| way.is_kept()) else { return false };
        let mine = self.known(at, kind);
        let is_twin = kept.iter().any(|other| is_same(&mine, other).unwrap_or(self.are_ids_sure));
        if !is_twin {
            kept.push(mine);
        }
        is_twin
    }

    fn known(&self, at: usize, kind: usize) -> Known<'a> {
        let (items, member) = (self.items, self.members[at]);
        let (id, identities) = (items.id(member.item), items.identities(member.item));
        Known { account: member.account, kind, id, identities, keys: self.selection.identity_of(kind) }
    }

    /// Whether an id and another identity of two items contradict each other.
    fn has_doubtful_ids(&self) -> bool {
        let known = |at: usize| self.ways[at].iter().filter_map(move |way| Some(self.known(at, way.kind?)));
        let is_doubtful = |one: Known<'_>, at: usize| known(at).any(|other| is_same(&one, &other).is_none());
        (0..self.members.len()).any(|at| known(at).any(|one| (0..at).any(|before| is_doubtful(one, before))))
    }

    fn note(&mut self, presence: Presence, span: Span, fates: &[Option<Fate>], twins: Vec<(usize, Decimal)>) {
        match self.found.spans.iter_mut().find(|(known, _)| *known == presence) {
            Some((_, known)) => *known = known.or(span),
            None => self.found.spans.push((presence, span)),
        }
        let is_own = presence.origin == Origin::Own;
        for (at, fate) in fates.iter().enumerate().filter_map(|(at, fate)| fate.map(|fate| (at, fate))) {
            if !self.found.fates[at].contains(&fate) {
                self.found.fates[at].push(fate);
            }
            if is_own && !self.members[at].is_loose() && !self.found.own_fates[at].contains(&fate) {
                self.found.own_fates[at].push(fate);
            }
        }
        if is_own && !self.own_twins.contains(&twins) {
            self.own_twins.push(twins);
        }
    }

    /// The units that are duplicates however the rest is settled.
    fn finish(&mut self) -> Result<(), TooManyDigits> {
        let counts_sometimes = |at: usize| self.found.own_fates[at].iter().any(|fate| matches!(fate, Fate::Taken(_)));
        let mut least: Option<Decimal> = None;
        for twins in &self.own_twins {
            let sometimes = twins.iter().filter(|(at, _)| counts_sometimes(*at));
            let sum = sometimes.map(|(_, units)| *units).try_fold(Decimal::ZERO, plus)?;
            least = Some(least.filter(|least| least.abs() <= sum.abs()).unwrap_or(sum));
        }
        self.found.sure_duplicates = least.unwrap_or_default();
        Ok(())
    }
}

/// Whether two items are one: by their id, which two accounts of a source list for one kind, and by the first identity that
/// both have; `None`: the one says so, and the other contradicts it.
fn is_same(mine: &Known<'_>, other: &Known<'_>) -> Option<bool> {
    let has = |known: &Known<'_>, key: IdentityKey| {
        known.keys.contains(&key) && known.identities.iter().any(|(one, _)| *one == key)
    };
    let has_one_id = mine.account != other.account && mine.kind == other.kind && mine.id == other.id;
    let Some(first) = mine.keys.iter().copied().find(|key| has(mine, *key) && has(other, *key)) else {
        return Some(has_one_id);
    };
    let shared = mine.identities.iter().any(|one| one.0 == first && other.identities.contains(one));
    if has_one_id && !shared { None } else { Some(shared) }
}
