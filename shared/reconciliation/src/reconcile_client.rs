//! One client: each service compared, each line accounted for.

mod absence;
mod committed_until;
mod group;
mod inside;
mod other_revenue;
mod row_detail;
mod within_scope;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Agreement, Currency, LineRole, ProductCode};
use truecount_rules::{
    CategoryRule, ClientCommitted, ClientNumber, ClientPart, Rules, RulesScope, ServiceBasis, ServiceRule,
};

use crate::billed_side::{BilledSide, LineRow, rows_of, standing};
use crate::context::RunContext;
use crate::evidence::{Doubt, ItemFate, LedgerReason};
use crate::interval::{TooManyDigits, plus};
use crate::item_evidence::evidence;
use crate::outcome::{ClientOutcome, OutcomeRow, RowFault, RowKind, RowValue};
use crate::outer::{Holds, OuterService, OuterServices};
use crate::revenue_share::{Share, cover_compared, cover_line, cover_lines, cover_uncomputed};
use crate::run_cache::RunCache;
use crate::run_index::RunIndex;
use crate::run_inputs::{BilledClient, LinesRead, RunInputs};
use crate::run_options::{RunOptions, UndecidedUse};
use crate::scope::Scope;
use crate::service_count::{ClientPools, Counting, ServiceCount};
use crate::should_bill::billable;
use crate::source_record::LinesReadWord;
use crate::trial::{UsedUnits, is_recurring};
use crate::value::{Valuation, own_amount};
use crate::verdict::Verdict;

pub(crate) use row_detail::RowDetail;

/// What all clients of a run share.
#[derive(Clone, Copy)]
pub(crate) struct ClientShared<'a> {
    pub(crate) inputs: &'a RunInputs,
    pub(crate) index: &'a RunIndex,
    pub(crate) cache: &'a RunCache<'a>,
    pub(crate) rules: &'a Rules,
    pub(crate) context: RunContext,
    pub(crate) options: RunOptions,
    /// What is looked at; `None`: all.
    pub(crate) scope: Option<&'a Scope>,
}

/// What one client's reconciliation looks at.
pub(crate) struct ClientCase<'a> {
    inputs: &'a RunInputs,
    index: &'a RunIndex,
    cache: &'a RunCache<'a>,
    rules: &'a Rules,
    context: RunContext,
    options: RunOptions,
    scope: Option<&'a Scope>,
    client: usize,
    /// The client's part of the rules.
    bound: Option<ClientNumber>,
    /// Its live agreements.
    live: Vec<&'a Agreement>,
    /// Their currency; `None`: they have several.
    currency: Option<Currency>,
}

/// The lines and items of a client, gathered once for all its services.
pub(crate) struct ClientView<'a> {
    /// By service; those of no service first.
    lines: Vec<LineRow<'a>>,
    pools: ClientPools,
    /// What should be billed of parts that grant units of other services.
    units: RefCell<BTreeMap<(ProductCode, Option<String>), inside::UnitsBetween>>,
}

impl<'a> ClientView<'a> {
    fn lines_of(&self, service: &ProductCode) -> &[LineRow<'a>] {
        let start = self.lines.partition_point(|line| line.service < Some(service));
        let count = self.lines[start..].partition_point(|line| line.service == Some(service));
        &self.lines[start..start + count]
    }
}

/// A service at the client, whole or one section of it, with the rule that holds.
pub(crate) struct ServicePart<'a> {
    pub(crate) rule: Arc<ServiceRule>,
    pub(crate) section: Option<&'a str>,
    /// The agreement of the section; `None`: all but those that have one.
    agreement: Option<&'a Agreement>,
    types_differ: bool,
    /// The day whose bill is looked at: the earliest of its agreements.
    day: Date,
    /// The first day of the month that runs by its agreements: the earliest, and the latest.
    month_from: (Date, Date),
}

/// The comparison of a part in which undecided accounts may have a share, kept for the portfolio.
pub(crate) struct Compared<'a> {
    pub(crate) part: ServicePart<'a>,
    pub(crate) side: BilledSide<'a>,
    pub(crate) count: ServiceCount,
    /// The rows of the client's outcome that came of it.
    pub(crate) rows: std::ops::Range<usize>,
}

/// A client's outcome with what the portfolio needs beside it.
pub(crate) struct ClientResult<'a> {
    pub(crate) outcome: ClientOutcome,
    pub(crate) compared: Vec<Compared<'a>>,
}

impl<'a> ClientCase<'a> {
    pub(crate) fn of(shared: ClientShared<'a>, client: usize, bound: Option<ClientNumber>) -> Self {
        let ClientShared { inputs, index, cache, rules, context, options, scope } = shared;
        let agreements = inputs.clients[client].agreements.iter().map(|of| &of.agreement);
        let live = agreements.filter(|agreement| context.is_live(agreement)).collect();
        let currency = currency(&inputs.clients[client], &context);
        Self { inputs, index, cache, rules, context, options, scope, client, bound, live, currency }
    }

    /// What the client uses of a service, whatever it is billed for it; `None`: the service counts nothing.
    pub(crate) fn used(
        &self,
        service: &ProductCode,
        view: &ClientView<'a>,
    ) -> Result<Option<UsedUnits>, TooManyDigits> {
        let Some(part) = self.own_parts(service, &[]).pop() else { return Ok(None) };
        let side = self.side(&part, &[])?;
        let count = self.counting().count(&part.rule, &side, &view.pools, OuterServices::default())?;
        let used = UsedUnits { at_least: count.least.should, at_most: count.most.map(|most| most.should) };
        Ok(count.is_counted.then_some(used))
    }

    /// Its recurring lines on the days on which they are looked at; `None`: they were not all read, or nothing is billed
    /// for its use.
    pub(crate) fn recurring_lines(&self) -> Option<Vec<LineRow<'a>>> {
        let is_whole = matches!(self.billed_client().read, LinesRead::Complete);
        if !is_whole || self.live.is_empty() || self.is_internal() {
            return None;
        }
        let lines: Vec<LineRow<'a>> = self.view().lines.into_iter().filter(is_recurring).collect();
        Some(standing(&lines, |line| self.context.day_looked_at(line.agreement())))
    }

    fn billed_client(&self) -> &'a BilledClient {
        &self.inputs.clients[self.client]
    }

    /// How far its lines were read.
    pub(crate) fn lines_read(&self) -> LinesReadWord {
        LinesReadWord::of(&self.billed_client().read)
    }

    fn counting(&self) -> Counting<'a> {
        let Self { inputs, index, cache, client, context, .. } = *self;
        let bought = self.bound.and_then(|bound| self.rules.client(bound).bought());
        let looked_at = context.coming_month();
        let (count_day, from) = (context.count_day, context.running_month(None));
        Counting { inputs, index, cache, client, count_day, looked_at, month_from: (from, from), bought }
    }

    /// The same for a part, which says on which day it is looked at.
    fn counting_of(&self, part: &ServicePart<'_>) -> Counting<'a> {
        Counting { looked_at: part.day, month_from: part.month_from, ..self.counting() }
    }

    /// The client's lines, each with its service; its items are gathered when a service counts them.
    pub(crate) fn view(&self) -> ClientView<'a> {
        let client = self.billed_client();
        let is_read = !matches!(client.read, LinesRead::Failed);
        let agreements = if is_read { client.agreements.as_slice() } else { &[] };
        let service_of = |product: &ProductCode| self.rules.service_of_product(product);
        let mut lines = rows_of(agreements, &service_of, &self.options);
        lines.sort_by_key(|line| line.service);
        ClientView { lines, pools: ClientPools::of(self.inputs.sources.len()), units: RefCell::default() }
    }

    /// Whether the usual rules hold, whatever the agreements: neither the client nor a kind of agreement has any of its own.
    fn has_usual_rules(&self) -> bool {
        self.bound.is_none() && self.rules.agreement_types().len() == 0
    }

    /// Whether anything can come of a service: a line names it, or an item may be counted. Where other than the usual rules
    /// may hold, everything is looked at.
    fn is_looked_at(&self, service: &ProductCode, view: &ClientView<'a>) -> bool {
        if !self.has_usual_rules() {
            return true;
        }
        // Both are the code that the rules keep.
        let has_line = view.lines.iter().any(|line| line.service.is_some_and(|of| std::ptr::eq(of, service)));
        has_line || self.rules.usual_rule(service).is_some_and(|rule| self.counting().may_count(rule, &view.pools))
    }

    fn is_internal(&self) -> bool {
        self.bound.map(|bound| self.rules.client(bound)).is_some_and(|rules| rules.is_internal() || rules.is_nfr())
    }

    /// Compares every service.
    pub(crate) fn reconcile(&self, view: &ClientView<'a>) -> ClientResult<'a> {
        let client = self.billed_client();
        let outcome = ClientOutcome {
            client: client.id.clone(),
            rows: Vec::new(),
            coverage: BTreeMap::new(),
            agreements: BTreeMap::new(),
        };
        let mut result = ClientResult { outcome, compared: Vec::new() };
        if self.has_all_services() {
            self.header_amounts(self.billed_client().agreements.iter(), Share::Flat, &mut result.outcome);
        }
        self.unread_revenue(&view.lines, &mut result.outcome);
        for service in self.cache.services.iter().filter(|service| self.is_looked_at(service, view)) {
            for part in self.parts(service, view).into_iter().filter(|part| self.is_in_scope(&part.rule)) {
                self.compare(part, view, &mut result);
            }
        }
        let groups = self.rules.groups().iter().filter_map(|group| self.group_part(group, view));
        for part in groups.filter(|part| self.is_in_scope(&part.rule)) {
            self.compare(part, view, &mut result);
        }
        self.unnamed(&view.lines, &mut result.outcome);
        result
    }

    /// The service, and each agreement of it that the rules compare by itself.
    fn own_parts(&self, service: &ProductCode, rows: &[LineRow<'a>]) -> Vec<ServicePart<'a>> {
        let usual = self.rules.usual_rule(service);
        let is_dated = usual
            .is_some_and(|rule| rule.client_committed.is_some() || rule.commitment.is_some() || rule.counts_a_peak());
        if self.has_usual_rules() && !is_dated {
            let day = self.context.coming_month();
            return self.part(service, ClientPart::Whole, &[], &[], day).into_iter().collect();
        }
        let is_of = |line: &&LineRow<'_>| {
            matches!(line.row.role, LineRole::Recurring | LineRole::Flat) && line.service == Some(service)
        };
        let of_service: Vec<LineRow<'_>> = rows.iter().filter(is_of).copied().collect();
        // A line that is over, or has not begun, does not say under which kind of agreement the service is billed.
        let stands = standing(&of_service, |line| self.context.day_looked_at(line.agreement()));
        let own: Vec<&Agreement> = unique(stands.iter().map(LineRow::agreement));
        let day = self.earliest(if own.is_empty() { &self.live } else { &own });
        let sections = self.sections(service);
        let mut parts = Vec::new();
        for (number, agreement) in &sections {
            let day = self.context.day_looked_at(agreement);
            let part = self.part(service, ClientPart::Section(*number), &[*agreement], &[*agreement], day);
            let name = self.bound.map(|bound| self.rules.client(bound).sections()[*number].written());
            parts.extend(part.map(|part| ServicePart { section: name, agreement: Some(agreement), ..part }));
        }
        let is_apart = |agreement: &&Agreement| sections.iter().any(|(_, one)| one.id == agreement.id);
        let rest: Vec<&Agreement> = own.iter().copied().filter(|agreement| !is_apart(agreement)).collect();
        let live: Vec<&Agreement> = self.live.iter().copied().filter(|agreement| !is_apart(agreement)).collect();
        let taken: Vec<(usize, Date)> =
            sections.iter().map(|(number, agreement)| (*number, self.context.day_looked_at(agreement))).collect();
        let of = if taken.is_empty() { ClientPart::Whole } else { ClientPart::Rest(&taken) };
        parts.extend(self.part(service, of, &rest, &live, day));
        parts
    }

    /// Which agreements of the client the rules compare by themselves, for a service.
    fn sections(&self, service: &ProductCode) -> Vec<(usize, &'a Agreement)> {
        let Some(bound) = self.bound else { return Vec::new() };
        let rules = self.rules.client(bound);
        let mut found = Vec::new();
        for of in &self.billed_client().agreements {
            let agreement = &of.agreement;
            let Some(number) = rules.section_of_agreement(&agreement.id, &agreement.name) else { continue };
            let day = self.context.day_looked_at(agreement);
            if self.rules.sections_of(bound, service, day).contains(&number) {
                found.push((number, agreement));
            }
        }
        found
    }

    fn part(
        &self,
        service: &ProductCode,
        part: ClientPart<'_>,
        lines_on: &[&Agreement],
        live: &[&Agreement],
        day: Date,
    ) -> Option<ServicePart<'a>> {
        let line_types: Vec<&str> = lines_on.iter().map(|one| type_of(one)).collect();
        let client_types: Vec<&str> = live.iter().map(|one| type_of(one)).collect();
        let scope = RulesScope { client: self.bound, part, line_types: &line_types, client_types: &client_types, day };
        let resolved = self.rules.service_for(service, &scope)?;
        let mut rule = resolved.rule;
        // What a client was committed to holds no longer.
        let has_ended = |committed: &ClientCommitted| committed.until.is_some_and(|until| until < day);
        if rule.client_committed.as_ref().is_some_and(has_ended) {
            rule = Arc::new(ServiceRule { client_committed: None, ..(*rule).clone() });
        }
        let month_from = self.context.running_months(if lines_on.is_empty() { live } else { lines_on });
        let types_differ = resolved.types_differ;
        Some(ServicePart { rule, section: None, agreement: None, types_differ, day, month_from })
    }

    fn earliest(&self, agreements: &[&Agreement]) -> Date {
        let days = agreements.iter().map(|agreement| self.context.day_looked_at(agreement));
        days.min().unwrap_or_else(|| self.context.coming_month())
    }

    /// Compares one part; a number with too many digits makes this part not reconciled, and nothing else.
    fn compare(&self, part: ServicePart<'a>, view: &ClientView<'a>, result: &mut ClientResult<'a>) {
        let start = result.outcome.rows.len();
        let covered = (result.outcome.coverage.clone(), result.outcome.agreements.clone());
        let found = self.compared(&part, view, &mut result.outcome).unwrap_or_else(|TooManyDigits| {
            result.outcome.rows.truncate(start);
            result.outcome.rows.push(faulty(&part, RowFault::TooManyDigits));
            None
        });
        let rows = start..result.outcome.rows.len();
        if result.outcome.rows[rows.clone()].iter().any(|row| row.fault.is_some()) {
            (result.outcome.coverage, result.outcome.agreements) = covered;
            if let Ok(side) = self.side(&part, view.lines_of(&part.rule.code)) {
                cover_uncomputed(&mut result.outcome, &self.valuation(&side, &part.rule));
            }
        }
        if let Some((side, count)) = found.filter(|(_, count)| !rows.is_empty() && !count.undecided.is_empty()) {
            result.compared.push(Compared { part, side, count, rows });
        }
    }

    fn side(&self, part: &ServicePart<'_>, rows: &[LineRow<'a>]) -> Result<BilledSide<'a>, TooManyDigits> {
        let service = &part.rule.code;
        let apart: Vec<&Agreement> = match part.agreement {
            Some(_) => Vec::new(),
            None => self.sections(service).into_iter().map(|(_, agreement)| agreement).collect(),
        };
        let is_of = |line: &LineRow<'_>| {
            let id = &line.agreement().id;
            let is_here = part.agreement.map_or_else(|| !apart.iter().any(|one| one.id == *id), |one| one.id == *id);
            is_here && line.service == Some(service)
        };
        let service_of = |product: &ProductCode| self.rules.service_of_product(product);
        let counts = part.rule.one_time_counts;
        BilledSide::of(self.billed_client(), rows, &is_of, &service_of, counts, self.context, &self.options)
    }

    fn compared(
        &self,
        part: &ServicePart<'a>,
        view: &ClientView<'a>,
        outcome: &mut ClientOutcome,
    ) -> Result<Option<(BilledSide<'a>, ServiceCount)>, TooManyDigits> {
        let side = self.side(part, view.lines_of(&part.rule.code))?;
        let rule = &part.rule;
        let has_line = !side.lines.is_empty() || !side.flat.is_empty();
        let (kind, share) = match &rule.basis {
            ServiceBasis::Counted(_) if rule.holds_by_line() && self.holds(part, &side) == Holds::No => {
                return Ok(None);
            }
            _ if self.is_internal() => (RowKind::Internal, Share::Ignored),
            ServiceBasis::Flat => (RowKind::Flat, Share::Flat),
            ServiceBasis::Ignored(_) => (RowKind::Ignored, Share::Ignored),
            ServiceBasis::Counted(_) if side.lines.is_empty() && !side.flat.is_empty() => (RowKind::Flat, Share::Flat),
            ServiceBasis::Counted(_) => {
                let value = self.valuation(&side, rule);
                cover_lines(outcome, &value, &side.flat, Share::Flat)?;
                let mut count = self.count_of(part, &side, view)?;
                if part.types_differ {
                    count.doubts.push(Doubt::AgreementTypesDiffer);
                }
                cover_compared(outcome, &value, &count)?;
                let mut found = self.verdict(part, &side, &value).rows(&count)?;
                for row in &mut found {
                    self.complete(row, part, &view.pools)?;
                }
                if found.iter().any(|row| !adds_up(row)) {
                    found = vec![faulty(part, RowFault::BrokenLedger)];
                }
                outcome.rows.extend(found);
                return Ok(Some((side, count)));
            }
        };
        let is_used = || self.count_of(part, &side, view).map(|count| count.least.should > Decimal::ZERO);
        if has_line || (kind == RowKind::Internal && rule.count().is_some() && is_used()?) {
            outcome.rows.push(self.standing_row(kind, part, &side)?);
        }
        let value = self.valuation(&side, rule);
        cover_lines(outcome, &value, &side.lines, share)?;
        cover_lines(outcome, &value, &side.flat, share)?;
        Ok(None)
    }

    pub(crate) fn verdict<'v>(
        &self,
        part: &'v ServicePart<'_>,
        side: &'v BilledSide<'v>,
        value: &'v Valuation<'v>,
    ) -> Verdict<'v>
    where
        'a: 'v,
    {
        Verdict {
            rule: &part.rule,
            section: part.section,
            side,
            value,
            read: &self.billed_client().read,
            lives: self.lives(&part.rule.code),
        }
    }

    /// What a part should be billed, if only these undecided accounts may be the client's.
    pub(crate) fn count_with(
        &self,
        part: &ServicePart<'_>,
        side: &BilledSide<'_>,
        outer: OuterServices,
        allowed: &dyn Fn(usize) -> bool,
    ) -> Result<ServiceCount, TooManyDigits> {
        self.counting_of(part).count_with(&part.rule, side, outer, allowed)
    }

    pub(crate) fn valuation<'v>(&self, side: &'v BilledSide<'v>, rule: &'v ServiceRule) -> Valuation<'v>
    where
        'a: 'v,
    {
        let Self { inputs, index, cache, rules, context, options, scope, .. } = *self;
        let shared = ClientShared { inputs, index, cache, rules, context, options, scope };
        Valuation { side, rule, shared, client_currency: self.currency }
    }

    /// Puts into a row what hangs on single items, or on accounts that are nobody's.
    fn complete(&self, row: &mut OutcomeRow, part: &ServicePart<'_>, pools: &ClientPools) -> Result<(), TooManyDigits> {
        match row.kind {
            RowKind::EndedAgreementInUse => {
                let cost = self.cost(&part.rule, pools)?;
                row.value = row.value.take().map(|value| RowValue { cost, ..value });
            }
            RowKind::Overbilled | RowKind::BilledWithoutUsage => row.doubts.extend(self.could_fill(row, &part.rule)?),
            _ => {}
        }
        Ok(())
    }

    /// What is surely used costs the MSP, by currency, where vendors tell it.
    fn cost(&self, rule: &ServiceRule, pools: &ClientPools) -> Result<Vec<(Currency, Decimal)>, TooManyDigits> {
        let mut cost: BTreeMap<Currency, Decimal> = BTreeMap::new();
        // A machine that counts once in two sources is paid for at both, and one that was replaced as long as it is listed.
        let is_used = |fate: ItemFate| match fate {
            ItemFate::In => true,
            ItemFate::Out(reason) => matches!(reason, LedgerReason::Same | LedgerReason::Smaller),
            ItemFate::Open(reason) => matches!(reason, LedgerReason::Replaced | LedgerReason::Smaller),
        };
        for (item, _) in evidence(&self.counting(), rule, None, pools)?.iter().filter(|(_, fate)| is_used(*fate)) {
            if let Some(money) = self.inputs.items.cost(*item) {
                let sum = cost.entry(money.currency).or_default();
                *sum = plus(*sum, money.amount)?;
            }
        }
        Ok(cost.into_iter().collect())
    }

    /// Undecided accounts that resemble nobody, and together could fill at least half of an over-finding's gap.
    fn could_fill(&self, row: &OutcomeRow, rule: &ServiceRule) -> Result<Vec<Doubt>, TooManyDigits> {
        let is_covered = |one: &OuterService| matches!(one, OuterService::Covers { is_sure: true, .. });
        if self.options.undecided == UndecidedUse::Nobodys || row.outer.iter().any(is_covered) {
            return Ok(Vec::new());
        }
        let variance = row.compared.as_ref().and_then(|compared| compared.figures.as_ref()).map(|one| one.variance);
        let gap = -variance.unwrap_or_default();
        let mut found = Vec::new();
        self.counting().each_source(rule, |source, selection| {
            let nobodys = self.index.nobodys(source);
            if nobodys.is_empty() {
                return Ok(());
            }
            let pool = self.cache.nobodys(self.inputs, nobodys, source, self.context.count_day);
            let Some(spec) = rule.count() else { return Ok(()) };
            let held = self.cache.count(&self.inputs.items, spec, pool, selection)?;
            let most = billable(rule, held.factored.map_or(held.most, |factored| factored.high))?;
            if !held.open.is_empty() || plus(most, most)? >= gap {
                found.push(Doubt::UndecidedCouldFill { source, accounts: nobodys.len() });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// A row that only says that a line stands.
    fn standing_row(
        &self,
        kind: RowKind,
        part: &ServicePart<'_>,
        side: &BilledSide<'_>,
    ) -> Result<OutcomeRow, TooManyDigits> {
        let billed = crate::billed_side::units(&side.lines)?;
        let billed = plus(billed, crate::billed_side::units(&side.flat)?)?;
        Ok(OutcomeRow { section: part.section.map(str::to_owned), ..plain_row(kind, part.rule.code.clone(), billed) })
    }

    /// Lines of products that no service names.
    fn unnamed(&self, rows: &[LineRow<'a>], outcome: &mut ClientOutcome) {
        let is_loose = |line: &&LineRow<'_>| {
            matches!(line.row.role, LineRole::Recurring | LineRole::Flat)
                && line.service.is_none()
                && self.has_product_in_scope(&line.row.product)
        };
        let loose: Vec<LineRow<'_>> = rows.iter().filter(is_loose).copied().collect();
        let mut found: BTreeMap<(ProductCode, RowKind), Result<Decimal, TooManyDigits>> = BTreeMap::new();
        for line in standing(&loose, |line| self.context.day_looked_at(line.agreement())) {
            let category = line.row.category.as_deref().and_then(|name| self.rules.category(name));
            let (kind, share) = match category {
                _ if self.is_internal() => (RowKind::Internal, Share::Ignored),
                Some(CategoryRule::Ignored(_)) => (RowKind::Ignored, Share::Ignored),
                Some(CategoryRule::Flat) => (RowKind::Flat, Share::Flat),
                None if line.row.role == LineRole::Flat => (RowKind::Flat, Share::Flat),
                None => (RowKind::UncountedLine, Share::Uncounted),
            };
            if let Ok(Some(amount)) = own_amount(line) {
                cover_line(outcome, &line, &self.context, share, amount);
            }
            let sum = found.entry((line.row.product.clone(), kind)).or_insert(Ok(Decimal::ZERO));
            *sum = sum.and_then(|sum| plus(sum, line.billed()?));
        }
        for ((product, kind), billed) in found {
            let row = plain_row(kind, product, billed.unwrap_or_default());
            outcome.rows.push(OutcomeRow { fault: billed.err().map(|_| RowFault::TooManyDigits), ..row });
        }
    }
}

/// The currency of a client's live agreements; `None`: there are several.
fn currency(client: &BilledClient, context: &RunContext) -> Option<Currency> {
    let mut found: Vec<Currency> = Vec::new();
    if !matches!(client.read, LinesRead::Failed) {
        for of in client.agreements.iter().filter(|of| context.is_live(&of.agreement)) {
            let lines = of.lines.iter().filter(|row| matches!(row.role, LineRole::Recurring | LineRole::Flat));
            let of_lines =
                lines.map(|row| LineRow { row, of, service: None, repeat: 0, is_credit: false }.currency(context));
            let before = found.len();
            found.extend(of_lines);
            if found.len() == before {
                found.push(of.currency.unwrap_or(context.home_currency));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Some(context.home_currency),
        [one] => Some(*one),
        _ => None,
    }
}

fn adds_up(row: &OutcomeRow) -> bool {
    let figures = row.compared.as_ref().and_then(|compared| compared.figures.as_ref());
    figures.is_none_or(|figures| figures.adds_up(row.billed))
}

fn type_of(agreement: &Agreement) -> &str {
    agreement.agreement_type.as_deref().unwrap_or("")
}

fn unique<'a>(agreements: impl Iterator<Item = &'a Agreement>) -> Vec<&'a Agreement> {
    let mut found: Vec<&Agreement> = Vec::new();
    for agreement in agreements {
        if !found.iter().any(|one| one.id == agreement.id) {
            found.push(agreement);
        }
    }
    found
}

fn plain_row(kind: RowKind, service: ProductCode, billed: Decimal) -> OutcomeRow {
    OutcomeRow {
        kind,
        service,
        section: None,
        billed,
        compared: None,
        value: None,
        doubts: Vec::new(),
        widenings: Vec::new(),
        outer: Vec::new(),
        left_alone: None,
        fault: None,
    }
}

/// A part that could not be computed: not reconciled, and nothing more can be said.
fn faulty(part: &ServicePart<'_>, fault: RowFault) -> OutcomeRow {
    let row = plain_row(RowKind::NotReconciled, part.rule.code.clone(), Decimal::ZERO);
    OutcomeRow { section: part.section.map(str::to_owned), fault: Some(fault), ..row }
}
