//! Devices that stand at two clients: the accounts of both list one serial number, or one network address. The newest sighting
//! counts; whether the device is still at the other client nobody knows.
//!
//! Only what tells a machine from every other is compared, and only within one source: people may work for two clients, and
//! names in a network repeat.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;
use truecount_rules::IdentityKey;

use crate::columns::ItemNo;
use crate::peak_days::{DayBefore, OnDay};
use crate::pool::{Pool, is_fresh, owners_of_split};
use crate::run_index::RunIndex;
use crate::run_inputs::{AccountBelonging, ItemsRead, RunInputs, UsageAccount};
use crate::texts::TextNo;

/// What more clients have is a placeholder, such as `To be filled by O.E.M.`.
const CLIENTS_MAX: usize = 3;
/// What more items of one source have is a placeholder, too.
const ITEMS_MAX: usize = 1_000;
/// So many other places of one device are named.
const NAMED_MAX: usize = 5;
/// A text that no account has so far, and one that several have.
const NO_PLACE: u32 = u32::MAX;
const SEVERAL_PLACES: u32 = u32::MAX - 1;

/// A device of one client that another has, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenElsewhere {
    /// Whether it was seen here after it was seen there.
    pub(crate) is_newest: bool,
    /// The items that it is there: those that may be newer; where none may be, the older ones.
    pub(crate) at: Vec<ItemNo>,
}

/// An identity of a device, within its source.
type Identity = (usize, IdentityKey, TextNo);

/// Items that have an identity in common, and may be two clients'.
#[derive(Debug, Clone)]
struct DeviceGroup {
    source: usize,
    /// Each with its account.
    items: Vec<(ItemNo, usize)>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DevicesOfTwo {
    groups: Vec<DeviceGroup>,
    /// By item: its groups.
    of_item: HashMap<ItemNo, Vec<usize>>,
    placeholders: HashSet<Identity>,
    /// By source: clients, up to two, of which any undecided account may be.
    without_account: Vec<Vec<usize>>,
}

/// An item that has an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    identity: Identity,
    item: ItemNo,
    account: usize,
}

impl DevicesOfTwo {
    /// Those of the count day, or of a day before it.
    pub(crate) fn of(inputs: &RunInputs, index: &RunIndex, count_day: Date, before: Option<DayBefore>) -> Self {
        let looked_at = LookedAt { inputs, index, count_day, before };
        let mut found = Self::default();
        if inputs.items.has_no_identities() {
            return found;
        }
        let of_source = |source: usize| {
            let is_one = |client: &usize| Pool::is_of_all_undecided(inputs, index, *client, source);
            (0..inputs.clients.len()).filter(is_one).take(2).collect()
        };
        found.without_account = (0..inputs.sources.len()).map(of_source).collect();
        let holders = looked_at.shared_identities();
        for same in holders.chunk_by(|one, other| one.identity == other.identity) {
            let is_of_one = |one: &Holder| place(inputs, index, one.account) == place(inputs, index, same[0].account);
            if same.iter().all(is_of_one) && !is_split(&inputs.accounts[same[0].account]) {
                continue;
            }
            if same.len() > ITEMS_MAX || looked_at.has_many_clients(same) {
                found.placeholders.insert(same[0].identity);
                continue;
            }
            let sightings = same.iter().filter(|one| looked_at.may_be_seen(one));
            let items: Vec<(ItemNo, usize)> = sightings.map(|one| (one.item, one.account)).collect();
            for (item, _) in &items {
                found.of_item.entry(*item).or_default().push(found.groups.len());
            }
            found.groups.push(DeviceGroup { source: same[0].identity.0, items });
        }
        found
    }

    /// Where else an item of a client is.
    pub(crate) fn elsewhere(
        &self,
        inputs: &RunInputs,
        index: &RunIndex,
        client: usize,
        item: ItemNo,
    ) -> Option<SeenElsewhere> {
        let seen = |item: ItemNo| inputs.items.last_seen_microsecond(item);
        let (mut newer, mut older) = (Vec::new(), Vec::new());
        for group in self.of_item.get(&item)?.iter().map(|group| &self.groups[*group]) {
            for (other, account) in group.items.iter().copied().filter(|(other, _)| *other != item) {
                let whose = self.whose((inputs, index), account, other, client);
                if whose == Whose::Client || !self.may_be_same(inputs, group.source, item, other) {
                    continue;
                }
                let is_older = seen(other).zip(seen(item)).is_some_and(|(there, here)| there < here);
                match (is_older, whose) {
                    (false, _) => newer.push((account, other)),
                    (true, Whose::Another) => older.push((account, other)),
                    (true, _) => {}
                }
            }
        }
        let is_newest = newer.is_empty();
        let mut at = if is_newest { older } else { newer };
        // By what they are called, so that the order of the inputs makes no difference.
        at.sort_by_key(|(account, item)| (&inputs.accounts[*account].id, inputs.items.id(*item)));
        at.dedup_by_key(|(account, _)| *account);
        at.truncate(NAMED_MAX);
        let at: Vec<ItemNo> = at.into_iter().map(|(_, item)| item).collect();
        (!at.is_empty()).then_some(SeenElsewhere { is_newest, at })
    }

    /// The devices that are listed at two clients whose they surely are: by source and clients, those of the first.
    pub(crate) fn of_sure_clients(
        &self,
        inputs: &RunInputs,
        index: &RunIndex,
    ) -> BTreeMap<(usize, usize, usize), BTreeSet<ItemNo>> {
        let mut found: BTreeMap<(usize, usize, usize), BTreeSet<ItemNo>> = BTreeMap::new();
        for DeviceGroup { source, items } in &self.groups {
            for (at, (item, account)) in items.iter().enumerate() {
                for (other, other_account) in &items[at + 1..] {
                    if !self.may_be_same(inputs, *source, *item, *other) {
                        continue;
                    }
                    for mine in clients_of(inputs, index, *account, *item) {
                        let theirs = clients_of(inputs, index, *other_account, *other);
                        for theirs in theirs.into_iter().filter(|one| *one != mine) {
                            let is_first = inputs.clients[mine].id < inputs.clients[theirs].id;
                            let (key, first) = if is_first {
                                ((*source, mine, theirs), item)
                            } else {
                                ((*source, theirs, mine), other)
                            };
                            found.entry(key).or_default().insert(*first);
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether two items may be one device: whether they have the first identity in common that both have.
    fn may_be_same(&self, inputs: &RunInputs, source: usize, one: ItemNo, other: ItemNo) -> bool {
        let (mine, theirs) = (inputs.items.identities(one), inputs.items.identities(other));
        let has = |identities: &[(IdentityKey, TextNo)], key| identities.iter().any(|(of, _)| *of == key);
        let is_same = |keys: &[IdentityKey], other_keys: &[IdentityKey]| {
            let mut shared = keys.iter().copied().filter(|key| is_of_device(*key) && other_keys.contains(key));
            let first = shared.find(|key| has(mine, *key) && has(theirs, *key));
            let is_shared = |(key, text): &(IdentityKey, TextNo)| {
                Some(*key) == first
                    && theirs.contains(&(*key, *text))
                    && !self.placeholders.contains(&(source, *key, *text))
            };
            mine.iter().any(is_shared)
        };
        let mut own = keys_of(inputs, source, one);
        own.any(|keys| keys_of(inputs, source, other).any(|other_keys| is_same(keys, other_keys)))
    }

    /// Whose an item is, as a client sees it.
    fn whose(&self, (inputs, index): (&RunInputs, &RunIndex), account: usize, item: ItemNo, client: usize) -> Whose {
        let is_other = |owner: &usize| *owner != client;
        let sure = clients_of(inputs, index, account, item);
        if !sure.is_empty() {
            return if sure.iter().any(is_other) { Whose::Another } else { Whose::Client };
        }
        let is_open = match index.belongs(inputs, account) {
            AccountBelonging::Client(_) | AccountBelonging::Ignored => false,
            AccountBelonging::Split { parts, .. } => parts.iter().any(|(_, owner)| is_other(owner)),
            AccountBelonging::Undecided { may_be } => {
                let without = &self.without_account[inputs.accounts[account].source];
                may_be.iter().chain(without).any(is_other)
            }
        };
        if is_open { Whose::Open } else { Whose::Client }
    }
}

/// Whose an item is that one of a client's items may be, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The same client's, or nobody's that is billed.
    Client,
    /// Another's.
    Another,
    /// Perhaps another's.
    Open,
}

const fn is_of_device(key: IdentityKey) -> bool {
    matches!(key, IdentityKey::Serial | IdentityKey::Mac)
}

fn is_split(account: &UsageAccount) -> bool {
    matches!(account.belongs, AccountBelonging::Split { .. })
}

/// What the kinds go by that an item may be of.
fn keys_of(inputs: &RunInputs, source: usize, item: ItemNo) -> impl Iterator<Item = &[IdentityKey]> {
    let kinds = &inputs.sources[source].kinds;
    let its = inputs.items.kind(item).map_or(0..kinds.len(), |kind| kind..kind + 1);
    kinds[its].iter().map(|kind| kind.identity.as_slice())
}

/// What tells an account's items from those of other clients: the client, or the account itself, where it may be several'.
fn place(inputs: &RunInputs, index: &RunIndex, account: usize) -> Option<u32> {
    let number = match index.belongs(inputs, account) {
        AccountBelonging::Client(client) => *client,
        AccountBelonging::Ignored => return None,
        AccountBelonging::Split { .. } | AccountBelonging::Undecided { .. } => inputs.clients.len() + account,
    };
    u32::try_from(number).ok().filter(|place| *place < SEVERAL_PLACES)
}

/// The clients whose an item surely is.
pub(crate) fn clients_of(inputs: &RunInputs, index: &RunIndex, account: usize, item: ItemNo) -> Vec<usize> {
    match index.belongs(inputs, account) {
        AccountBelonging::Client(client) => vec![*client],
        AccountBelonging::Split { by, parts } => owners_of_split(inputs, by, parts, item),
        AccountBelonging::Ignored | AccountBelonging::Undecided { .. } => Vec::new(),
    }
}

/// The day whose devices are looked at.
struct LookedAt<'a> {
    inputs: &'a RunInputs,
    index: &'a RunIndex,
    count_day: Date,
    before: Option<DayBefore>,
}

impl<'a> LookedAt<'a> {
    /// What is known of an account's items on that day.
    fn reading(&self, account: usize) -> Cow<'a, ItemsRead> {
        let reading = &self.inputs.accounts[account].reading;
        let known = self.before.map(|before| before.of_account(self.inputs, account));
        match known {
            None | Some(OnDay::AsNow) => Cow::Borrowed(reading),
            Some(OnDay::Read(items)) => Cow::Owned(ItemsRead::Complete(items)),
            Some(OnDay::Between { before, after, .. }) => Cow::Owned(ItemsRead::Fell { now: after, before }),
            Some(OnDay::Unread { .. }) => Cow::Owned(ItemsRead::Doubtful),
        }
    }

    /// The identities of devices that several accounts may have at different clients, each with its items.
    fn shared_identities(&self) -> Vec<Holder> {
        let Self { inputs, index, .. } = *self;
        let mut places = vec![NO_PLACE; inputs.items.text_count()];
        self.each_identity(|of, _, _, text| {
            let Some(own) = place(inputs, index, of) else { return };
            let known = &mut places[text.index()];
            let is_same = *known == own && !is_split(&inputs.accounts[of]);
            *known = if *known == NO_PLACE || is_same { own } else { SEVERAL_PLACES };
        });
        let mut holders = Vec::new();
        self.each_identity(|account, item, key, text| {
            if places[text.index()] == SEVERAL_PLACES && place(inputs, index, account).is_some() {
                holders.push(Holder { identity: (inputs.accounts[account].source, key, text), item, account });
            }
        });
        holders.sort_unstable();
        holders.dedup();
        holders
    }

    /// Takes each identity of a device of each account.
    fn each_identity(&self, mut take: impl FnMut(usize, ItemNo, IdentityKey, TextNo)) {
        let inputs = self.inputs;
        for number in 0..inputs.accounts.len() {
            for item in self.reading(number).ranges().cloned().flatten() {
                let of_devices = inputs.items.identities(item).iter().filter(|(key, _)| is_of_device(*key));
                of_devices.for_each(|(key, text)| take(number, item, *key, *text));
            }
        }
    }

    /// Whether more clients surely have an identity than one device can be at.
    fn has_many_clients(&self, same: &[Holder]) -> bool {
        let inputs = self.inputs;
        let mut clients = Vec::new();
        for Holder { identity: (source, key, _), item, account } in same {
            let is_known =
                inputs.items.kind(*item).is_some() && keys_of(inputs, *source, *item).any(|one| one.contains(key));
            if !is_known || !self.is_surely_there(*account, *item) {
                continue;
            }
            clients.extend(clients_of(inputs, self.index, *account, *item));
        }
        clients.sort_unstable();
        clients.dedup();
        clients.len() > CLIENTS_MAX
    }

    fn is_surely_there(&self, account: usize, item: ItemNo) -> bool {
        let source = &self.inputs.sources[self.inputs.accounts[account].source];
        match &*self.reading(account) {
            ItemsRead::Complete(now) | ItemsRead::Partial(now) | ItemsRead::Fell { now, .. } => now.contains(&item),
            ItemsRead::Failed { earlier: Some((day, _)) } => is_fresh(*day, self.count_day, source.fresh_days),
            ItemsRead::Failed { earlier: None } | ItemsRead::Doubtful | ItemsRead::Gone { .. } => false,
        }
    }

    /// Whether an item is, or may be, seen where it is listed: it is there, and does not say itself that it is not used.
    fn may_be_seen(&self, holder: &Holder) -> bool {
        let Self { inputs, index, .. } = *self;
        let Holder { identity: (source, key, _), item, account } = *holder;
        let items = &inputs.items;
        if items.left_out(item).is_some() || !keys_of(inputs, source, item).any(|keys| keys.contains(&key)) {
            return false;
        }
        match &*self.reading(account) {
            ItemsRead::Fell { now, .. } if !now.contains(&item) => {
                let is_it = |other: ItemNo| items.kind(other) == items.kind(item) && items.id(other) == items.id(item);
                !now.clone().any(is_it)
            }
            ItemsRead::Gone { .. } if !inputs.sources[source].list.is_whole() => false,
            ItemsRead::Gone { confirmed: Some(_), .. } => {
                let may_have_moved = |client: usize| !Pool::possible(inputs, index, client, source).is_empty();
                match index.belongs(inputs, account) {
                    AccountBelonging::Client(client) => may_have_moved(*client),
                    AccountBelonging::Split { parts, .. } => parts.iter().any(|(_, client)| may_have_moved(*client)),
                    AccountBelonging::Ignored | AccountBelonging::Undecided { .. } => false,
                }
            }
            ItemsRead::Gone { confirmed: None, .. } => true,
            _ => self.is_surely_there(account, item),
        }
    }
}
