//! Takes everything that a reconciliation needs, one thing at a time, and keeps of it only sums and what tells
//! items apart. What the sums mean is in `finish`.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use jiff::civil::Date;
use truecount_billing::{
    AccountId, BilledLine, ClientId, InvoiceTiming, ItemState, LeftOutReason, LineRole, ReadReason, ReadState,
    ServicePeriod, Side, SourceId,
};

use crate::{
    AccountNo, ClientNo, DecidedBy, ItemRef, LineRef, Mapping, Options, Profile, ReconcileError, Reconciliation,
    RuleSet, SourceNo, SourceStatus,
    items::{AccountItems, HasItems, Outcome, Report, SeenItems},
    lines::{Dated, RuleLines},
    takers::{Certainty, Takers},
    words::Words,
};

/// The most accounts, and the most clients, of one reconciliation.
pub const ACCOUNTS_MAX: u32 = 20_000_000;

/// One reconciliation being filled. Push the sources first, then clients with their lines, and accounts with
/// their items and decisions, in any order among themselves; then [`finish`](Self::finish).
///
/// ```
/// use truecount_billing::*;
/// use truecount_reconciliation::*;
///
/// let rules = RuleSet::from_toml("rules.toml", r#"
///     [[rules]]
///     product_codes = ["MNG-SRV"]
///     source = "rmm"
///     kinds = ["server"]
///     count_basis = "device_fresh"
/// "#)?;
/// let mut reconciler = Reconciler::new(rules, Options::for_month("2026-06-30".parse()?));
/// # let _ = &mut reconciler;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reconciler {
    pub(crate) options: Options,
    pub(crate) rules: RuleSet,
    pub(crate) sources: Vec<SourceEntry>,
    pub(crate) clients: Vec<ClientEntry>,
    pub(crate) accounts: Vec<AccountEntry>,
    pub(crate) products: HashMap<Box<str>, Product>,
    pub(crate) words: Words,
    pub(crate) line_count: u64,
    /// Further clients that an undecided account might be.
    pub(crate) proposals: Vec<(AccountNo, ClientNo)>,
    /// Accounts that are parts of another one.
    pub(crate) parts: BTreeSet<AccountNo>,
    seen: SeenItems,
    source_index: HashMap<SourceId, SourceNo>,
    client_index: HashMap<ClientId, ClientNo>,
    /// The upper half of the hash, and the place: growing looks at no account.
    account_index: HashTable<(u32, u32)>,
    advance: (ServicePeriod, Date),
    arrears: (ServicePeriod, Date),
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
pub(crate) struct SourceEntry {
    pub(crate) status: SourceStatus,
    pub(crate) takers: Takers,
    pub(crate) item_count: u64,
    pub(crate) quantity_unknown_count: u64,
    /// Items by status word, for the words that do not count.
    pub(crate) status_counts: Vec<u64>,
}

#[derive(Debug)]
pub(crate) struct ClientEntry {
    pub(crate) id: ClientId,
    pub(crate) name: Box<str>,
    /// Whether the billed side names it; else only a mapping does.
    pub(crate) is_known: bool,
    pub(crate) read_state: ReadState,
    pub(crate) lines: Vec<RuleLines>,
}

#[derive(Debug)]
pub(crate) struct AccountEntry {
    pub(crate) source: SourceNo,
    pub(crate) id: AccountId,
    pub(crate) name: Box<str>,
    /// `None`: complete.
    pub(crate) unread: Option<Box<ReadState>>,
    pub(crate) decision: Decision,
    pub(crate) items: AccountItems,
}

impl HasItems for AccountEntry {
    fn items(&mut self) -> &mut AccountItems {
        &mut self.items
    }
}

#[derive(Debug, Default)]
pub(crate) enum Decision {
    #[default]
    None,
    Confirmed(ClientNo, DecidedBy),
    Ignored,
    /// Parts of it are clients'; what it has itself is nobody's.
    Split(Box<str>),
    Proposed(Box<(ClientNo, String)>),
    Unclear(Box<str>),
}

#[derive(Debug, Default)]
pub(crate) struct Product {
    pub(crate) rule: Option<u16>,
    pub(crate) line_count: u64,
    /// Of these, active and recurring.
    pub(crate) recurring_count: u64,
}

impl Reconciler {
    /// An empty reconciliation.
    #[must_use]
    pub fn new(rules: RuleSet, options: Options) -> Self {
        let mut products = HashMap::<Box<str>, Product>::new();
        for (place, rule) in (0_u16..).zip(rules.rules()) {
            for code in &rule.product_codes {
                products.insert(code.as_str().into(), Product { rule: Some(place), ..Product::default() });
            }
        }
        let days = |timing| options.billing_days.of(timing, options.count_day);
        Self {
            advance: days(InvoiceTiming::Advance),
            arrears: days(InvoiceTiming::Arrears),
            options,
            rules,
            products,
            sources: Vec::new(),
            clients: Vec::new(),
            accounts: Vec::new(),
            words: Words::default(),
            line_count: 0,
            proposals: Vec::new(),
            parts: BTreeSet::new(),
            seen: SeenItems::default(),
            source_index: HashMap::new(),
            client_index: HashMap::new(),
            account_index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Declares a source of the run, read or not. Twice: the later status holds.
    pub fn source(&mut self, status: SourceStatus) -> SourceNo {
        if let Some(known) = self.source_index.get(&status.source) {
            self.sources[usize::from(known.0)].status = status;
            return *known;
        }
        let number = SourceNo(u16::try_from(self.sources.len()).unwrap_or(u16::MAX));
        self.source_index.insert(status.source.clone(), number);
        let here = (0_u16..).zip(self.rules.rules()).filter(|(_, rule)| rule.source == status.source);
        let takers = Takers::of(here, self.options.count_day.0, self.options.profile);
        self.sources.push(SourceEntry {
            status,
            takers,
            item_count: 0,
            quantity_unknown_count: 0,
            status_counts: Vec::new(),
        });
        number
    }

    /// The number of a source, if it was pushed.
    #[must_use]
    pub fn find_source(&self, source: &SourceId) -> Option<SourceNo> {
        self.source_index.get(source).copied()
    }

    /// A client of the billed side with its name there.
    ///
    /// # Errors
    /// [`ReconcileError::TooMany`] beyond [`ACCOUNTS_MAX`].
    pub fn client(&mut self, id: &ClientId, name: &str) -> Result<ClientNo, ReconcileError> {
        let number = self.client_number(id)?;
        let client = &mut self.clients[number.0 as usize];
        client.is_known = true;
        if client.name.is_empty() {
            client.name = name.into();
        }
        Ok(number)
    }

    /// How far the billed side of one client was read, where that is not everything: it is not compared then.
    pub fn client_read_state(&mut self, client: ClientNo, state: ReadState) {
        self.clients[client.0 as usize].read_state = state;
    }

    /// The client of an id, if it was pushed.
    #[must_use]
    pub fn find_client(&self, id: &str) -> Option<ClientNo> {
        self.client_index.get(id).copied()
    }

    /// A billed line. Credits, prorations and one-time lines bill no recurring quantity: they make the client known,
    /// and no more.
    ///
    /// # Errors
    /// [`ReconcileError::TooLarge`] if a sum is no longer exact.
    pub fn billed_line(&mut self, line: &BilledLine) -> Result<(), ReconcileError> {
        let client = self.client_number(&line.client_id)?;
        self.clients[client.0 as usize].is_known = true;
        match line.role {
            LineRole::Recurring | LineRole::Flat => self.line(client, &LineRef::from(line)),
            LineRole::Credit | LineRole::Proration | LineRole::OneTime => Ok(()),
        }
    }

    /// A billed line, borrowed, of a client that was pushed.
    ///
    /// # Errors
    /// [`ReconcileError::TooLarge`] if a sum is no longer exact.
    pub fn line(&mut self, client: ClientNo, line: &LineRef<'_>) -> Result<(), ReconcileError> {
        let (period, day) = match line.terms.timing {
            InvoiceTiming::Advance => self.advance,
            InvoiceTiming::Arrears => self.arrears,
        };
        let dated = Dated { line, period, day };
        self.line_count += 1;
        let product = match self.products.get_mut(line.product_code) {
            Some(product) => product,
            None => self.products.entry(line.product_code.into()).or_default(),
        };
        product.line_count += 1;
        let Some(rule) = product.rule else {
            product.recurring_count += u64::from(line.terms.cycle_months.is_some() && dated.is_active());
            return Ok(());
        };
        let client = &mut self.clients[client.0 as usize];
        let place = client.lines.iter().rposition(|lines| lines.rule == rule).unwrap_or_else(|| {
            // a client has a handful of rules, and there are many clients: no doubling
            if client.lines.len() == client.lines.capacity() {
                client.lines.reserve_exact(2);
            }
            client.lines.push(RuleLines::of(rule));
            client.lines.len() - 1
        });
        client.lines[place].add(&dated).ok_or_else(|| ReconcileError::TooLarge {
            subject: format!("client `{}`, product `{}`", client.id, line.product_code),
            what: "the sum of its lines",
        })
    }

    /// An account of a usage source. Again with the same id: the same number.
    ///
    /// # Errors
    /// [`ReconcileError::TooMany`] beyond [`ACCOUNTS_MAX`].
    pub fn account(
        &mut self,
        source: &SourceId,
        account: &AccountId,
        name: &str,
        state: &ReadState,
    ) -> Result<AccountNo, ReconcileError> {
        let source = match self.source_index.get(source) {
            Some(source) => *source,
            None => self.source(SourceStatus {
                source: source.clone(),
                connector: String::new(),
                side: Side::Used,
                read_state: ReadState::Failed(ReadReason::NotInRun),
                synced_on: None,
                receipt: None,
            }),
        };
        let number = match self.find_account(source, account.as_str()) {
            Some(number) => number,
            None => self.new_account(source, account)?,
        };
        let entry = &mut self.accounts[number.0 as usize];
        if entry.name.is_empty() {
            entry.name = name.into();
        }
        if !state.is_complete() {
            entry.unread = Some(Box::new(state.clone()));
        }
        Ok(number)
    }

    /// The account of an id, if it was pushed.
    #[must_use]
    pub fn find_account(&self, source: SourceNo, id: &str) -> Option<AccountNo> {
        let half = hash_account(&self.hasher, source, id);
        let is = |(other, place): &(u32, u32)| {
            let account = &self.accounts[*place as usize];
            *other == half && account.source == source && account.id.as_str() == id
        };
        self.account_index.find(spread(half), is).map(|(_, place)| AccountNo(*place))
    }

    /// One usage item of an account.
    ///
    /// # Errors
    /// [`ReconcileError::TooLarge`] if a sum is no longer exact, [`ReconcileError::TooMany`] beyond the caps.
    pub fn usage_item(&mut self, account: AccountNo, item: ItemRef<'_>) -> Result<(), ReconcileError> {
        self.seen.turn_to(account, &mut self.accounts);
        let entry = &mut self.accounts[account.0 as usize];
        let source = &mut self.sources[usize::from(entry.source.0)];
        source.item_count += 1;
        let left_out = self.words.outcome(item.state);
        if let Some(outcome) = left_out {
            let place = usize::from(outcome.0 - Outcome::STATUS);
            if source.status_counts.len() <= place {
                source.status_counts.resize(place + 1, 0);
            }
            source.status_counts[place] += 1;
        } else {
            source.quantity_unknown_count += u64::from(item.quantity.is_none());
        }
        let is_disabled = matches!(item.state, ItemState::LeftOut(LeftOutReason::Disabled));
        let is_unclear = matches!(item.state, ItemState::Unknown(_)) && self.options.profile == Profile::Full;
        for take in source.takers.takes(self.rules.rules(), item.kind, item.sku) {
            let stale = take.terms.seen_since.is_some_and(|since| item.last_seen.is_some_and(|seen| seen < since));
            let outcome = match left_out {
                Some(_) if take.terms.counts_disabled && is_disabled => Outcome::DISABLED,
                // Whatever its state means, it was not seen for too long.
                Some(_) if is_unclear && stale => Outcome::STALE,
                Some(outcome) => outcome,
                None if stale => Outcome::STALE,
                None => Outcome::COUNTS,
            };
            let outcome = match take.certainty {
                Certainty::Takes => outcome,
                Certainty::MayTake if outcome.is_used() => self.words.unknown_kind(),
                Certainty::MayTake if is_unclear && !stale => outcome,
                Certainty::MayTake => continue,
            };
            let report = Report { group: take.group, mask: take.mask, outcome, quantity: item.quantity };
            self.seen.report(&mut entry.items, item.item_id, report, &self.words)?;
        }
        Ok(())
    }

    /// What is decided about an account; the last word holds.
    ///
    /// # Errors
    /// [`ReconcileError::TooMany`] beyond [`ACCOUNTS_MAX`].
    pub fn decide(&mut self, account: AccountNo, mapping: Mapping) -> Result<(), ReconcileError> {
        let decision = match mapping {
            Mapping::Confirmed { client_id, by } => Decision::Confirmed(self.client_number(&client_id)?, by),
            Mapping::Ignored { .. } => Decision::Ignored,
            Mapping::Split { why } => Decision::Split(why.into()),
            Mapping::Undecided { proposal: Some(client_id), why } => {
                Decision::Proposed(Box::new((self.client_number(&client_id)?, why)))
            }
            Mapping::Undecided { proposal: None, why } if why.is_empty() => Decision::None,
            Mapping::Undecided { proposal: None, why } => Decision::Unclear(why.into()),
        };
        self.accounts[account.0 as usize].decision = decision;
        Ok(())
    }

    /// A part of a split account, for the items that are this client's; also one without any, so that the client has
    /// used nothing of it rather than something unknown.
    ///
    /// # Errors
    /// [`ReconcileError::TooMany`] beyond [`ACCOUNTS_MAX`].
    pub fn part(&mut self, whole: AccountNo, value: &str, client: &ClientId) -> Result<AccountNo, ReconcileError> {
        let client = self.client_number(client)?;
        let number = next_number(self.accounts.len(), "accounts")?;
        let account = &self.accounts[whole.0 as usize];
        self.accounts.push(AccountEntry {
            source: account.source,
            id: account.id.clone(),
            name: format!("{} ({value})", account.name).into(),
            unread: account.unread.clone(),
            decision: Decision::Confirmed(client, DecidedBy::Person),
            items: AccountItems::default(),
        });
        self.parts.insert(AccountNo(number));
        Ok(AccountNo(number))
    }

    /// A further client that an undecided account might be, beside the one it is proposed for: none of them counts
    /// as having used nothing.
    ///
    /// # Errors
    /// [`ReconcileError::TooMany`] beyond [`ACCOUNTS_MAX`].
    pub fn propose(&mut self, account: AccountNo, client: &ClientId) -> Result<(), ReconcileError> {
        let client = self.client_number(client)?;
        self.proposals.push((account, client));
        Ok(())
    }

    /// Whether an account has a name.
    #[must_use]
    pub fn has_name(&self, account: AccountNo) -> bool {
        !self.accounts[account.0 as usize].name.is_empty()
    }

    /// The client to whom an account is confirmed so far.
    #[must_use]
    pub fn mapped_client(&self, account: AccountNo) -> Option<&ClientId> {
        match self.accounts[account.0 as usize].decision {
            Decision::Confirmed(client, _) => Some(&self.clients[client.0 as usize].id),
            _ => None,
        }
    }

    /// Every account so far with its source and name, in the order in which they were pushed.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountNo, SourceNo, &str)> {
        (0_u32..).map(AccountNo).zip(&self.accounts).map(|(number, account)| (number, account.source, &*account.name))
    }

    /// Every client that the billed side has named so far, with its name.
    pub fn clients(&self) -> impl Iterator<Item = (&ClientId, &str)> {
        self.clients.iter().filter(|client| client.is_known).map(|client| (&client.id, &*client.name))
    }

    /// Compares everything that was pushed.
    ///
    /// # Errors
    /// [`ReconcileError`] names what may not be guessed around. A difference is never an error.
    pub fn finish(mut self) -> Result<Reconciliation, ReconcileError> {
        self.seen.park(&mut self.accounts);
        self.seen = SeenItems::default();
        self.account_index = HashTable::new();
        crate::finish::finish(&self)
    }

    fn client_number(&mut self, id: &ClientId) -> Result<ClientNo, ReconcileError> {
        if let Some(number) = self.client_index.get(id) {
            return Ok(*number);
        }
        let number = ClientNo(next_number(self.clients.len(), "clients")?);
        self.client_index.insert(id.clone(), number);
        self.clients.push(ClientEntry {
            id: id.clone(),
            name: Box::default(),
            is_known: false,
            read_state: ReadState::Complete,
            lines: Vec::new(),
        });
        Ok(number)
    }

    fn new_account(&mut self, source: SourceNo, id: &AccountId) -> Result<AccountNo, ReconcileError> {
        let number = next_number(self.accounts.len(), "accounts")?;
        self.accounts.push(AccountEntry {
            source,
            id: id.clone(),
            name: Box::default(),
            unread: None,
            decision: Decision::None,
            items: AccountItems::default(),
        });
        let half = hash_account(&self.hasher, source, id.as_str());
        self.account_index.insert_unique(spread(half), (half, number), |(half, _)| spread(*half));
        Ok(AccountNo(number))
    }
}

fn next_number(count: usize, what: &'static str) -> Result<u32, ReconcileError> {
    let number = u32::try_from(count).ok().filter(|number| *number < ACCOUNTS_MAX);
    number.ok_or(ReconcileError::TooMany { what, max: u64::from(ACCOUNTS_MAX) })
}

/// Half a hash; the index spreads it over 64 bits again.
fn hash_account(hasher: &DefaultHashBuilder, source: SourceNo, id: &str) -> u32 {
    let mut state = hasher.build_hasher();
    state.write_u16(source.0);
    state.write(id.as_bytes());
    (state.finish() >> 32) as u32
}

fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
