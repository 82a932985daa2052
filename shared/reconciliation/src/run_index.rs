//! Which accounts of which source are, or may be, whose.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use jiff::civil::Date;
use truecount_billing::ClientId;

use crate::columns::ItemNo;
use crate::run_inputs::{AccountBelonging, BilledClient, ItemsRead, RunInputs, UsageAccount};
use crate::two_clients::DevicesOfTwo;

/// Accounts by client and source.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunIndex {
    /// The accounts that are decided to be a client's, whole or in part, by client, source and number.
    decided: DecidedAccounts,
    /// By client and source: the undecided accounts that may be the client's by what they are called.
    may_be: BTreeMap<(usize, usize), Vec<usize>>,
    /// By client and source: the accounts that the source no longer has and that were, or may have been, the client's.
    former: BTreeMap<(usize, usize), Vec<FormerAccount>>,
    /// By source: all undecided accounts.
    undecided: Vec<Vec<usize>>,
    /// By source: those of them that resemble no client.
    nobodys: Vec<Vec<usize>>,
    /// By source and kind: whether there are such items today.
    kinds_here: Vec<Vec<bool>>,
    /// By client: the clients that a parent or a bill-to links it with, in either direction.
    linked: BTreeMap<usize, Vec<usize>>,
    /// Accounts that are looked at as if somebody had decided whose they are, by number.
    as_if: HashMap<usize, AccountBelonging>,
    /// The first item of each range of items, in their order, with the account that has it.
    starts: Vec<(ItemNo, usize)>,
    /// Devices that may stand at two clients.
    pub(crate) devices_of_two: DevicesOfTwo,
}

/// An account that its source no longer has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormerAccount {
    pub(crate) number: usize,
    /// Whether it is decided whose it was.
    pub(crate) is_decided: bool,
}

/// Accounts by client, source and number.
#[derive(Debug, Clone, Default)]
struct DecidedAccounts {
    sources: Vec<usize>,
    accounts: Vec<usize>,
    /// By client: where its accounts begin; they end where those of the next begin.
    starts: Vec<usize>,
}

impl DecidedAccounts {
    /// Of clients, sources and accounts, by their numbers.
    fn of(mut decided: Vec<(usize, usize, usize)>, clients: usize) -> Self {
        decided.sort_unstable();
        decided.dedup();
        let mut starts = Vec::with_capacity(clients + 1);
        for (at, (client, ..)) in decided.iter().enumerate() {
            while starts.len() <= *client {
                starts.push(at);
            }
        }
        starts.resize(clients + 1, decided.len());
        let (sources, accounts) = decided.into_iter().map(|(_, source, account)| (source, account)).unzip();
        Self { sources, accounts, starts }
    }

    fn of_client(&self, client: usize, source: usize) -> &[usize] {
        let [start, end] =
            [client, client.saturating_add(1)].map(|at| self.starts.get(at).copied().unwrap_or(self.accounts.len()));
        let own = &self.sources[start..end];
        let first = own.partition_point(|of| *of < source);
        let count = own[first..].partition_point(|of| *of == source);
        &self.accounts[start + first..start + first + count]
    }
}

impl RunIndex {
    pub(crate) fn of(inputs: &RunInputs, count_day: Date) -> Self {
        Self::as_if(inputs, count_day, HashMap::new())
    }

    /// The same, if somebody had decided so whose some accounts are, by number.
    pub(crate) fn as_if(inputs: &RunInputs, count_day: Date, as_if: HashMap<usize, AccountBelonging>) -> Self {
        let mut index = Self {
            as_if,
            undecided: vec![Vec::new(); inputs.sources.len()],
            nobodys: vec![Vec::new(); inputs.sources.len()],
            ..Self::default()
        };
        let mut decided = Vec::with_capacity(inputs.accounts.len());
        for (number, account) in inputs.accounts.iter().enumerate() {
            let source = account.source;
            if account.is_former {
                index.note_former(number, account);
                continue;
            }
            match index.as_if.get(&number).unwrap_or(&account.belongs) {
                AccountBelonging::Client(client) => decided.push((*client, source, number)),
                AccountBelonging::Ignored => {}
                AccountBelonging::Split { parts, .. } => {
                    decided.extend(parts.iter().map(|(_, client)| (*client, source, number)));
                }
                AccountBelonging::Undecided { may_be } => {
                    index.undecided[source].push(number);
                    if may_be.is_empty() {
                        index.nobodys[source].push(number);
                    }
                    for client in may_be {
                        index.may_be.entry((*client, source)).or_default().push(number);
                    }
                }
            }
        }
        index.decided = DecidedAccounts::of(decided, inputs.clients.len());
        let ranges = |(number, account): (usize, &UsageAccount)| {
            let of_days = account.days.values().filter(|items| !items.is_empty());
            account.reading.ranges().chain(of_days).map(|items| (items.start, number)).collect::<Vec<_>>()
        };
        index.starts = inputs.accounts.iter().enumerate().flat_map(ranges).collect();
        index.starts.sort_unstable();
        index.starts.dedup();
        index.note_kinds(inputs);
        index.linked = client_links(&inputs.clients);
        index.devices_of_two = DevicesOfTwo::of(inputs, &index, count_day, None);
        index
    }

    fn note_former(&mut self, number: usize, account: &UsageAccount) {
        let (clients, is_decided): (Vec<usize>, bool) = match &account.belongs {
            AccountBelonging::Client(client) => (vec![*client], true),
            AccountBelonging::Ignored => return,
            AccountBelonging::Split { parts, .. } => (parts.iter().map(|(_, client)| *client).collect(), true),
            AccountBelonging::Undecided { may_be } => (may_be.clone(), false),
        };
        for client in clients.into_iter().collect::<BTreeSet<usize>>() {
            let of = self.former.entry((client, account.source)).or_default();
            of.push(FormerAccount { number, is_decided });
        }
    }

    /// The accounts that the source no longer has and that were, or may have been, the client's.
    pub(crate) fn former(&self, client: usize, source: usize) -> &[FormerAccount] {
        self.former.get(&(client, source)).map(Vec::as_slice).unwrap_or_default()
    }

    fn note_kinds(&mut self, inputs: &RunInputs) {
        let mut kinds_here: Vec<Vec<bool>> =
            inputs.sources.iter().map(|source| vec![false; source.kinds.len()]).collect();
        for account in &inputs.accounts {
            let here = &mut kinds_here[account.source];
            let now = match &account.reading {
                ItemsRead::Complete(now) | ItemsRead::Partial(now) | ItemsRead::Fell { now, .. } => now.clone(),
                ItemsRead::Failed { earlier: Some((_, items)) } => items.clone(),
                ItemsRead::Failed { earlier: None } | ItemsRead::Doubtful | ItemsRead::Gone { .. } => 0..0,
            };
            now.filter_map(|item| inputs.items.kind(item)).for_each(|kind| here[kind] = true);
        }
        self.kinds_here = kinds_here;
    }

    /// Whose an account is.
    pub(crate) fn belongs<'b>(&'b self, inputs: &'b RunInputs, account: usize) -> &'b AccountBelonging {
        self.as_if.get(&account).unwrap_or(&inputs.accounts[account].belongs)
    }

    /// The account that has an item.
    pub(crate) fn account_of(&self, item: ItemNo) -> Option<usize> {
        let after = self.starts.partition_point(|(start, _)| *start <= item);
        self.starts[..after].last().map(|(_, account)| *account)
    }

    /// Whether a source has items of a kind today.
    pub(crate) fn has_items(&self, source: usize, kind: usize) -> bool {
        self.kinds_here[source][kind]
    }

    /// The clients that a parent or a bill-to links a client with.
    pub(crate) fn linked(&self, client: usize) -> &[usize] {
        self.linked.get(&client).map(Vec::as_slice).unwrap_or_default()
    }

    /// The accounts of a source that are decided to be a client's, whole or in part.
    pub(crate) fn decided(&self, client: usize, source: usize) -> &[usize] {
        self.decided.of_client(client, source)
    }

    /// The undecided accounts of a source that may be a client's: those that resemble it, or all, where nothing says
    /// that only those can be.
    pub(crate) fn possible(&self, client: usize, source: usize, only_like: bool) -> &[usize] {
        match only_like {
            true => self.may_be.get(&(client, source)).map(Vec::as_slice).unwrap_or_default(),
            false => self.undecided(source),
        }
    }

    /// The undecided accounts of a source that resemble no client.
    pub(crate) fn nobodys(&self, source: usize) -> &[usize] {
        &self.nobodys[source]
    }

    /// All undecided accounts of a source.
    pub(crate) fn undecided(&self, source: usize) -> &[usize] {
        &self.undecided[source]
    }
}

/// By client: the clients that a parent or a bill-to links it with, in either direction.
pub(crate) fn client_links(clients: &[BilledClient]) -> BTreeMap<usize, Vec<usize>> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_id: BTreeMap<&ClientId, usize> = BTreeMap::new();
    for (number, client) in clients.iter().enumerate() {
        by_id.entry(&client.id).or_insert(number);
        by_name.entry(client.id.as_str()).or_default().push(number);
        for of in &client.agreements {
            by_name.entry(of.agreement.id.as_str()).or_default().push(number);
        }
    }
    let mut links: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (number, client) in clients.iter().enumerate() {
        for agreement in client.agreements.iter().map(|of| &of.agreement) {
            let parents = agreement.parent.iter().filter_map(|parent| by_name.get(parent.as_str())).flatten();
            let billed_to = agreement.bill_to.iter().filter_map(|id| by_id.get(id));
            for other in parents.chain(billed_to).copied().filter(|other| *other != number) {
                links.extend([(number, other), (other, number)]);
            }
        }
    }
    let mut linked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (one, other) in links {
        linked.entry(one).or_default().push(other);
    }
    linked
}
