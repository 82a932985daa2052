//! What a plain list compares, as it is read: clients with lines, and accounts with items, in the columns that the
//! reconciliation reads.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use jiff::ToSpan;
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, AccountList, Agreement, AgreementId, ClientId, CountDay, Currency, IdError, InvoiceTiming, ProductCode,
    SourceId, Unit,
};
use truecount_reconciliation::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemNo, ItemsRead, LinesRead, RunContext,
    RunInputs, UsageAccount, UsageSource, WordsOfSource,
};
use truecount_rules::{
    CountAt, CountJoin, CountPart, CountSpec, Filter, KindPolicies, KindVocabulary, PriceScale, ProductNamedTwice,
    RulePrice, Rules, ServiceBasis, ServiceRule, StalePolicy, Tolerance, UnknownPolicy,
};

use super::{
    account_rows::{AccountRows, Said, TooMuch},
    rules::PlainRule,
    takers::Takers,
};

/// Items that were not seen for more than so many days do not count.
const STALE_DAYS: u32 = 30;
/// The currency of amounts that tell none; nothing of a plain list is added up in it.
const HOME_CURRENCY: &str = "USD";

/// What was read so far.
pub(super) struct List {
    pub(super) rules: Vec<PlainRule>,
    pub(super) inputs: RunInputs,
    pub(super) products: HashMap<Box<str>, Product>,
    /// What was read of each source of the inputs.
    pub(super) sources: Vec<ListSource>,
    client_index: HashMap<ClientId, u32>,
    /// Clients that the billed side names.
    pub(super) named_clients: Vec<bool>,
    /// Numbers of accounts.
    account_index: HashTable<u32>,
    /// The account whose rows come now.
    rows: AccountRows,
    current: Option<u32>,
    /// Accounts whose rows do not stand together, with the items that were put in for each before.
    apart: Vec<(u32, Range<ItemNo>)>,
    as_of: CountDay,
    /// On which all lines stand.
    agreement: Agreement,
    hasher: DefaultHashBuilder,
}

/// A product of the billed side.
#[derive(Debug, Default)]
pub(super) struct Product {
    /// The rule that names it, by its number.
    pub(super) rule: Option<u16>,
    pub(super) line_count: u64,
    /// Of these, active.
    pub(super) active_count: u64,
}

/// What was read of a source.
#[derive(Debug, Default)]
pub(super) struct ListSource {
    /// The rules that count in it, by their numbers.
    rules: Vec<u16>,
    pub(super) takers: Takers,
    pub(super) row_count: u64,
    pub(super) rows_without_quantity: u64,
    pub(super) rows_with_negative_quantity: u64,
    /// Accounts that came with several names, each with all of them.
    pub(super) accounts_with_names: BTreeMap<u32, BTreeSet<String>>,
    /// Rows by a status word that nobody knows.
    pub(super) unknown_words: HashMap<Box<str>, u64>,
}

impl List {
    pub(super) fn new(rules: Vec<PlainRule>, as_of: CountDay) -> Result<Self, IdError> {
        let mut products: HashMap<Box<str>, Product> = HashMap::new();
        for (number, rule) in (0_u16..).zip(&rules) {
            products.insert(rule.product.as_str().into(), Product { rule: Some(number), ..Product::default() });
        }
        // The day looked at is the count day: an agreement in arrears whose invoice date is the day after it.
        let agreement = Agreement {
            timing: InvoiceTiming::Arrears,
            cycle_months: Some(1),
            next_invoice_date: Some(as_of.0.saturating_add(1.day())),
            ..Agreement::new(AgreementId::new("list")?, "")
        };
        Ok(Self {
            rules,
            inputs: RunInputs::default(),
            products,
            sources: Vec::new(),
            client_index: HashMap::new(),
            named_clients: Vec::new(),
            account_index: HashTable::new(),
            rows: AccountRows::default(),
            current: None,
            apart: Vec::new(),
            as_of,
            agreement,
            hasher: DefaultHashBuilder::default(),
        })
    }

    pub(super) fn find_client(&self, id: &str) -> Option<u32> {
        self.client_index.get(id).copied()
    }

    /// A client of the billed side.
    pub(super) fn billed_client(&mut self, id: ClientId, name: &str) -> Result<u32, TooMuch> {
        let number = self.client(id)?;
        let client = &mut self.inputs.clients[number as usize];
        if client.name.is_empty() {
            name.clone_into(&mut client.name);
        }
        self.named_clients[number as usize] = true;
        Ok(number)
    }

    /// A client that a mapping names.
    pub(super) fn client(&mut self, id: ClientId) -> Result<u32, TooMuch> {
        if let Some(known) = self.find_client(id.as_str()) {
            return Ok(known);
        }
        let number = u32::try_from(self.inputs.clients.len()).map_err(|_| TooMuch::Items)?;
        let (agreement, lines) = (self.agreement.clone(), Vec::new());
        self.inputs.clients.push(BilledClient {
            id: id.clone(),
            name: String::new(),
            identifier: None,
            read: LinesRead::Complete,
            last_known: Vec::new(),
            agreements: vec![BilledAgreement { agreement, amount: None, currency: None, lines }],
        });
        self.named_clients.push(false);
        self.client_index.insert(id, number);
        Ok(number)
    }

    /// Notes a line of a product, and answers with the product if a rule compares it.
    pub(super) fn note_line(&mut self, code: &str, is_active: bool) -> Option<ProductCode> {
        if !self.products.contains_key(code) {
            self.products.insert(code.into(), Product::default());
        }
        let product = self.products.get_mut(code)?;
        product.line_count += 1;
        product.active_count += u64::from(is_active);
        product.rule.map(|rule| self.rules[usize::from(rule)].product.clone())
    }

    /// Adds an active line of a product that a rule compares.
    pub(super) fn line(&mut self, client: u32, line: AgreementLine) {
        let lines = &mut self.inputs.clients[client as usize].agreements[0].lines;
        // a client has few lines, and there are many clients: no doubling
        if lines.len() == lines.capacity() {
            lines.reserve_exact(4);
        }
        lines.push(line);
    }

    /// The number of a source; it is taken to be read.
    pub(super) fn source(&mut self, id: &SourceId) -> usize {
        if let Some(known) = self.find_source(id.as_str()) {
            return known;
        }
        let numbered = (0_u16..).zip(&self.rules);
        let rules = numbered.filter(|(_, rule)| rule.source == *id).map(|(number, _)| number).collect();
        self.sources.push(ListSource { rules, ..ListSource::default() });
        self.inputs.sources.push(UsageSource {
            id: id.clone(),
            kinds: Vec::new(),
            list: AccountList::Owned,
            was_read: true,
            synced_on: self.as_of.0,
            fresh_days: 0,
            last_failure: None,
            unread_since: None,
            // A client without an account in a list has nothing there.
            none_for_rest: true,
            none: Default::default(),
            words: WordsOfSource::default(),
        });
        self.sources.len() - 1
    }

    pub(super) fn find_source(&self, id: &str) -> Option<usize> {
        self.inputs.sources.iter().position(|source| source.id.as_str() == id)
    }

    pub(super) fn find_account(&self, source: usize, id: &str) -> Option<u32> {
        let accounts = &self.inputs.accounts;
        let is_it = |place: &u32| {
            let account = &accounts[*place as usize];
            account.source == source && account.id.as_str() == id
        };
        self.account_index.find(hash_of(&self.hasher, source, id), is_it).copied()
    }

    /// An account that was not there yet.
    pub(super) fn new_account(
        &mut self,
        source: usize,
        id: AccountId,
        name: &str,
        belongs: AccountBelonging,
    ) -> Result<u32, TooMuch> {
        let number = u32::try_from(self.inputs.accounts.len()).map_err(|_| TooMuch::Items)?;
        let hash = hash_of(&self.hasher, source, id.as_str());
        let reading = ItemsRead::Complete(0..0);
        self.inputs.accounts.push(UsageAccount::new(source, id, name.to_owned(), belongs, reading));
        let (accounts, hasher) = (&self.inputs.accounts, &self.hasher);
        let rehash = |place: &u32| {
            let account = &accounts[*place as usize];
            hash_of(hasher, account.source, account.id.as_str())
        };
        self.account_index.insert_unique(hash, number, rehash);
        Ok(number)
    }

    /// Notes what a row calls an account that no mapping names: its name may say whose it is.
    pub(super) fn note_name(&mut self, account: u32, name: &str) {
        let known = &mut self.inputs.accounts[account as usize];
        let folded = |name: &str| name.trim().to_lowercase();
        if known.name.is_empty() {
            name.clone_into(&mut known.name);
        } else if !name.is_empty() && folded(name) != folded(&known.name) {
            let names = self.sources[known.source].accounts_with_names.entry(account).or_default();
            names.extend([known.name.clone(), name.to_owned()]);
        }
    }

    /// The account whose rows come next.
    pub(super) fn turn_to(&mut self, account: u32) -> Result<(), TooMuch> {
        if self.current != Some(account) {
            self.put_rows()?;
            self.current = Some(account);
        }
        Ok(())
    }

    /// Takes a row of the account turned to.
    pub(super) fn item(&mut self, id: &str, word: &str, sku: &str, said: Said) -> Result<(), TooMuch> {
        let Some(account) = self.current else { return Ok(()) };
        let source = self.inputs.accounts[account as usize].source;
        let ListSource { rules, takers, row_count, rows_without_quantity, rows_with_negative_quantity, .. } =
            &mut self.sources[source];
        *row_count += 1;
        let of_source = || rules.iter().map(|rule| (*rule, &self.rules[usize::from(*rule)]));
        match takers.kind(of_source, word, sku)? {
            Some(kind) => {
                if said.left_out.is_none() {
                    *rows_without_quantity += u64::from(said.units.is_none());
                    *rows_with_negative_quantity += u64::from(said.units.is_some_and(|units| units < Decimal::ZERO));
                }
                self.rows.add(takers, id, kind, said)
            }
            None if said.left_out.is_none() => {
                takers.note_untaken(account);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes a status word that nobody knows, of the account turned to.
    pub(super) fn note_unknown_word(&mut self, word: &str) {
        let Some(account) = self.current else { return };
        let words = &mut self.sources[self.inputs.accounts[account as usize].source].unknown_words;
        match words.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                words.insert(word.into(), 1);
            }
        }
    }

    fn put_rows(&mut self) -> Result<(), TooMuch> {
        let Some(account) = self.current.filter(|_| !self.rows.is_empty()) else { return Ok(()) };
        let known = &mut self.inputs.accounts[account as usize];
        let items = self.rows.put(&mut self.sources[known.source].takers, &mut self.inputs.items)?;
        let ItemsRead::Complete(before) = std::mem::replace(&mut known.reading, ItemsRead::Complete(items)) else {
            return Ok(());
        };
        if !before.is_empty() {
            self.apart.push((account, before));
        }
        Ok(())
    }

    /// Ends the reading: rows of an account that do not stand together are put together, and rules are made of what there
    /// is.
    pub(super) fn finish(mut self) -> Result<ReadList, ListError> {
        self.put_rows()?;
        self.put_together()?;
        for at in 0..self.rules.len() {
            let id = self.rules[at].source.clone();
            if self.find_source(id.as_str()).is_none() {
                let source = self.source(&id);
                self.inputs.sources[source].was_read = false;
            }
        }
        for (source, read) in self.inputs.sources.iter_mut().zip(&self.sources) {
            source.kinds = (0..read.takers.kinds().len()).map(|number| kind(&kind_name(number))).collect();
        }
        let rules = Rules::of_services("rules", self.services())?;
        let home_currency = Currency::new(HOME_CURRENCY)?;
        let next_closing = self.as_of.0.saturating_add(1.month());
        let context = RunContext { count_day: self.as_of.0, next_closing, home_currency };
        let Self { inputs, rules: plain, products, sources, named_clients, .. } = self;
        Ok(ReadList { inputs, rules, context, plain, products, sources, named_clients })
    }

    fn put_together(&mut self) -> Result<(), TooMuch> {
        let mut apart = std::mem::take(&mut self.apart);
        apart.sort_by_key(|(account, items)| (*account, items.start));
        for of_account in apart.chunk_by(|one, other| one.0 == other.0) {
            let known = &mut self.inputs.accounts[of_account[0].0 as usize];
            let takers = &mut self.sources[known.source].takers;
            let last = match &known.reading {
                ItemsRead::Complete(items) => Some(items.clone()),
                _ => None,
            };
            for items in of_account.iter().map(|(_, items)| items.clone()).chain(last) {
                self.rows.take_back(takers, &self.inputs.items, items)?;
            }
            known.reading = ItemsRead::Complete(self.rows.put(takers, &mut self.inputs.items)?);
        }
        Ok(())
    }

    fn services(&self) -> Vec<ServiceRule> {
        let of = |(number, rule): (u16, &PlainRule)| {
            let source = self.find_source(rule.source.as_str()).map(|source| &self.sources[source]);
            let kinds = source.into_iter().flat_map(|source| source.takers.kinds().enumerate());
            let taken = kinds.filter(|(_, rules)| rules.contains(&number)).map(|(kind, _)| kind_name(kind));
            let mut parts: Vec<CountPart> = taken.map(|kind| part(&rule.source, kind)).collect();
            if parts.is_empty() {
                parts.push(part(&rule.source, String::new()));
            }
            service(rule, parts)
        };
        (0_u16..).zip(&self.rules).map(of).collect()
    }
}

/// Everything that was read, ready to be compared.
pub(super) struct ReadList {
    pub(super) inputs: RunInputs,
    pub(super) rules: Rules,
    pub(super) context: RunContext,
    pub(super) plain: Vec<PlainRule>,
    pub(super) products: HashMap<Box<str>, Product>,
    pub(super) sources: Vec<ListSource>,
    pub(super) named_clients: Vec<bool>,
}

/// Why what was read cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("there are too many of them")]
    TooMuch(TooMuch),
    #[error(transparent)]
    Rules(#[from] ProductNamedTwice),
    #[error(transparent)]
    Name(#[from] IdError),
}

impl From<TooMuch> for ListError {
    fn from(what: TooMuch) -> Self {
        Self::TooMuch(what)
    }
}

/// The name of a kind is its number.
fn kind_name(number: usize) -> String {
    number.to_string()
}

fn kind(name: &str) -> KindVocabulary {
    KindVocabulary {
        name: name.to_owned(),
        unit: Unit::Each,
        identity: Vec::new(),
        stale_days: Some(STALE_DAYS),
        usual: Vec::new(),
        attributes: Vec::new(),
        is_person: false,
        drawn_from: None,
    }
}

/// Every item of a kind that was seen lately, or of which no sighting is known.
fn part(source: &SourceId, kind: String) -> CountPart {
    CountPart {
        source: source.clone(),
        kind,
        times: Decimal::ONE,
        wanted: Vec::new(),
        unwanted: Filter::default(),
        except: Filter::default(),
        group: None,
        less: Vec::new(),
        service_wanted: None,
        usual: Vec::new(),
        stale: StalePolicy::AfterDays(STALE_DAYS),
        unknown: UnknownPolicy::Counts,
        may_be_empty: true,
        term: 0,
    }
}

fn service(rule: &PlainRule, parts: Vec<CountPart>) -> ServiceRule {
    let spec = CountSpec {
        join: CountJoin::Sum,
        parts,
        conversion: None,
        policies: KindPolicies::default(),
        at: CountAt::CountDay,
    };
    ServiceRule {
        included: rule.included,
        minimum: Some(rule.minimum),
        tolerance: Tolerance { units: rule.tolerance, percent: Decimal::ZERO },
        price: rule.list_price.map(|(each, currency)| RulePrice {
            scale: PriceScale::Each(each),
            currency,
            is_clients_own: false,
        }),
        ..ServiceRule::new(rule.product.clone(), ServiceBasis::Counted(spec))
    }
}

fn hash_of(hasher: &DefaultHashBuilder, source: usize, id: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write_usize(source);
    state.write(id.as_bytes());
    state.finish()
}
