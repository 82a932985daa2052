//! What is the same for many clients of a run, computed once: what the usual rules count, and what undecided accounts hold
//! together.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use hashbrown::HashMap;
use jiff::civil::Date;
use truecount_billing::ProductCode;
use truecount_rules::{CountSpec, Rules, ServiceRule};

use crate::binding::Binding;
use crate::columns::ItemColumns;
use crate::context::RunContext;
use crate::count::{SourceCount, count};
use crate::interval::TooManyDigits;
use crate::peak_days::{DayBefore, unread_from};
use crate::pool::{Pool, PoolDay};
use crate::price::PricesOfAll;
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;
use crate::run_options::RunOptions;
use crate::selection::{Selection, selections};
use crate::two_clients::DevicesOfTwo;

/// Of a count and of candidates the addresses, the term, and which items bind.
type CountKey = (usize, usize, usize, Option<Binding>);

/// Computed once for all clients.
pub(crate) struct RunCache<'a> {
    pub(crate) rules: &'a Rules,
    /// The services' codes in their order.
    pub(crate) services: Vec<&'a ProductCode>,
    /// By the address of what a usual rule counts: what that is, by source.
    usual: HashMap<usize, Vec<(usize, Selection<'a>)>>,
    /// By source: the candidates of a client that has no account there, where any undecided one may be its.
    undecided: Vec<OnceCell<Rc<Pool>>>,
    /// By source and day before the count day: the same on that day.
    undecided_before: RefCell<HashMap<(usize, DayBefore), Rc<Pool>>>,
    /// By day before the count day: the devices that stood at two clients.
    devices_before: RefCell<HashMap<DayBefore, Rc<DevicesOfTwo>>>,
    /// By day before the count day: from when on, up to it, some account was not read on any day.
    unread_from: RefCell<HashMap<Date, Date>>,
    /// By source: the candidates of the undecided accounts that resemble no client.
    nobodys: Vec<OnceCell<Rc<Pool>>>,
    /// By the addresses of what a usual rule counts and of such candidates, and by term: what they give to it.
    counts: RefCell<HashMap<CountKey, Rc<SourceCount>>>,
    prices: Rc<OnceCell<PricesOfAll>>,
}

impl<'a> RunCache<'a> {
    pub(crate) fn of(inputs: &'a RunInputs, rules: &'a Rules) -> Self {
        let mut services: Vec<&ProductCode> = rules.services().collect();
        services.sort_unstable();
        let usual = services
            .iter()
            .filter_map(|code| rules.usual_rule(code))
            .flat_map(|rule| rule.count().into_iter().chain(rule.committed()));
        Self {
            rules,
            usual: usual.map(|spec| (address(spec), selections(spec, inputs, rules))).collect(),
            undecided: inputs.sources.iter().map(|_| OnceCell::new()).collect(),
            undecided_before: RefCell::default(),
            devices_before: RefCell::default(),
            unread_from: RefCell::default(),
            nobodys: inputs.sources.iter().map(|_| OnceCell::new()).collect(),
            counts: RefCell::default(),
            prices: Rc::default(),
            services,
        }
    }

    /// The same for the same clients, if somebody had decided otherwise whose accounts are: what that leaves alone is shared.
    pub(crate) fn as_if(&self, inputs: &'a RunInputs) -> Self {
        Self { prices: Rc::clone(&self.prices), ..Self::of(inputs, self.rules) }
    }

    /// What is counted in each source; `None`: no usual rule counts it.
    pub(crate) fn selections(&self, spec: &CountSpec) -> Option<&[(usize, Selection<'a>)]> {
        self.usual.get(&address(spec)).map(Vec::as_slice)
    }

    /// What the usual rule of a service counts, by source; nothing of one that is not counted.
    pub(crate) fn usual(&self, rules: &Rules, service: &ProductCode) -> &[(usize, Selection<'a>)] {
        rules
            .usual_rule(service)
            .and_then(ServiceRule::count)
            .and_then(|spec| self.selections(spec))
            .unwrap_or_default()
    }

    /// What the usual rules count in a source.
    pub(crate) fn of_source(&self, source: usize) -> impl Iterator<Item = &Selection<'a>> {
        self.usual.values().flatten().filter(move |(of, _)| *of == source).map(|(_, selection)| selection)
    }

    /// The candidates of a client that has no account in a source, where any undecided one may be its.
    pub(crate) fn undecided(&self, inputs: &RunInputs, index: &RunIndex, source: usize, count_day: Date) -> &Rc<Pool> {
        let on = PoolDay::count(count_day);
        self.undecided[source].get_or_init(|| Rc::new(Pool::of_all_undecided(inputs, index, source, on)))
    }

    /// The same on a day before the count day.
    pub(crate) fn undecided_before(
        &self,
        inputs: &RunInputs,
        index: &RunIndex,
        source: usize,
        count_day: Date,
        (day, devices): (DayBefore, &DevicesOfTwo),
    ) -> Rc<Pool> {
        let on = PoolDay { count_day, before: Some((day, devices)) };
        let mut known = self.undecided_before.borrow_mut();
        let pool = || Rc::new(Pool::of_all_undecided(inputs, index, source, on));
        Rc::clone(known.entry((source, day)).or_insert_with(pool))
    }

    /// The devices that stood at two clients on a day before the count day.
    pub(crate) fn devices_before(
        &self,
        inputs: &RunInputs,
        index: &RunIndex,
        count_day: Date,
        day: DayBefore,
    ) -> Rc<DevicesOfTwo> {
        let day = self.widest(inputs, day);
        let mut known = self.devices_before.borrow_mut();
        let devices = || Rc::new(DevicesOfTwo::of(inputs, index, count_day, Some(day)));
        Rc::clone(known.entry(day).or_insert_with(devices))
    }

    /// The same day, which months of other first days share where it makes no difference: no account has days in a row without
    /// a reading that go farther back.
    fn widest(&self, inputs: &RunInputs, day: DayBefore) -> DayBefore {
        let mut known = self.unread_from.borrow_mut();
        let unread_from = *known.entry(day.day).or_insert_with(|| unread_from(inputs, day.day));
        DayBefore { first: day.first.max(unread_from), ..day }
    }

    /// The candidates of undecided accounts of a source that resemble no client.
    pub(crate) fn nobodys(&self, inputs: &RunInputs, accounts: &[usize], source: usize, count_day: Date) -> &Rc<Pool> {
        self.nobodys[source].get_or_init(|| Rc::new(Pool::of_undecided(inputs, accounts, PoolDay::count(count_day))))
    }

    /// What the lines of all clients say of prices: gathered when the first client has no price of its own.
    pub(crate) fn prices(
        &self,
        inputs: &RunInputs,
        rules: &Rules,
        context: &RunContext,
        options: &RunOptions,
    ) -> &PricesOfAll {
        self.prices.get_or_init(|| PricesOfAll::of(inputs, rules, context, options))
    }

    /// What candidates that are kept here give to a count.
    pub(crate) fn count(
        &self,
        items: &ItemColumns,
        spec: &CountSpec,
        pool: &Rc<Pool>,
        selection: &Selection<'_>,
    ) -> Result<Rc<SourceCount>, TooManyDigits> {
        let key = (address(spec), Rc::as_ptr(pool).addr(), selection.term, selection.binding);
        if let Some(known) = self.counts.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let found = Rc::new(count(items, pool, selection)?);
        // A rule made for one client is gone soon, and another may come to lie at its address.
        if self.usual.contains_key(&address(spec)) {
            self.counts.borrow_mut().insert(key, Rc::clone(&found));
        }
        Ok(found)
    }
}

/// Usual rules are not moved while the rules live.
fn address(spec: &CountSpec) -> usize {
    std::ptr::from_ref(spec).addr()
}
