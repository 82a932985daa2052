//! What stands behind a row, for its record: lines, items, price, dates. Deliberately absent: anything that is decided.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::ProductCode;
use truecount_rules::{CountSpec, Rounding, ServiceBasis, StalePolicy};

use super::{ClientCase, ClientView, ServicePart};
use crate::billed_side::{LineRow, standing};
use crate::columns::ItemNo;
use crate::evidence::{ItemFate, LedgerReason};
use crate::interval::TooManyDigits;
use crate::item_evidence::evidence;
use crate::long_number::Longest;
use crate::outcome::{OutcomeRow, RowFault};
use crate::outer::OuterService;
use crate::peak_days::DayBefore;

/// What stands behind a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowDetail<'a> {
    /// The lines that stand on the day looked at, and those that end before.
    pub(crate) lines: Vec<LineRow<'a>>,
    /// What became of each item that the service looks at.
    pub(crate) items: Vec<(ItemNo, ItemFate)>,
    /// The sources that count it.
    pub(crate) sources: Vec<usize>,
    /// After how many days an item that was not seen is left out.
    pub(crate) stale_days: Option<u32>,
    /// Until when no fewer can be billed, where somebody is committed to more than is used.
    pub(crate) committed_until: Option<Date>,
    /// How many units are a pack, where packs are billed.
    pub(crate) pack: Option<Decimal>,
    /// The price of one more a month.
    pub(crate) unit_price: Option<Decimal>,
    /// First and last day of what the next invoice of the newest line pays for.
    pub(crate) service_period: Option<(Date, Date)>,
    /// The next invoice date of the newest line.
    pub(crate) next_invoice: Option<Date>,
    /// The number with the most digits, where one has too many.
    pub(crate) longest: Option<Longest<'a>>,
}

/// Whether a row's service lives inside another, and whether that is sure.
fn covered(row: &OutcomeRow) -> Option<bool> {
    let covers = row.outer.iter().filter_map(|one| match one {
        OuterService::Covers { is_sure, .. } => Some(*is_sure),
        OuterService::Grants { .. } | OuterService::Takes { .. } => None,
    });
    covers.reduce(|one, other| one || other)
}

/// What becomes of an item that lives inside another service.
fn inside(fate: ItemFate, is_sure: bool) -> ItemFate {
    match fate {
        ItemFate::In if is_sure => ItemFate::Out(LedgerReason::Covered),
        ItemFate::In => ItemFate::Open(LedgerReason::Covered),
        ItemFate::Out(LedgerReason::Same | LedgerReason::Smaller) if is_sure => ItemFate::Out(LedgerReason::Covered),
        ItemFate::Open(_) if is_sure => ItemFate::Out(LedgerReason::Covered),
        fate => fate,
    }
}

impl<'a> ClientCase<'a> {
    /// What stands behind a row of this client: lines, items, price.
    pub(crate) fn detail(&self, view: &ClientView<'a>, row: &OutcomeRow) -> Result<RowDetail<'a>, TooManyDigits> {
        let group = self.rules.group(&row.service).and_then(|group| self.group_part(group, view));
        let parts = self.parts(&row.service, view).into_iter().chain(group);
        let Some(part) = parts.into_iter().find(|part| part.section == row.section.as_deref()) else {
            return Ok(RowDetail { lines: self.loose_lines(&view.lines, &row.service), ..RowDetail::default() });
        };
        let side = self.side(&part, view.lines_of(&part.rule.code))?;
        let value = self.valuation(&side, &part.rule);
        let newest = value.newest();
        let unit_price = value.unit_price()?;
        let before = self.peak_day(row, &part);
        let mut items = evidence(&self.counting_of(&part), &part.rule, before, &view.pools)?;
        if let Some(is_sure) = covered(row) {
            items.iter_mut().for_each(|(_, fate)| *fate = inside(*fate, is_sure));
        }
        let sources = self.sources_of(&part);
        let stale_days = match &part.rule.basis {
            ServiceBasis::Counted(spec) => self.stale_days(spec),
            ServiceBasis::Flat | ServiceBasis::Ignored(_) => None,
        };
        let committed_until = self.committed_until(row, &part, &side, view)?;
        let pack = match part.rule.rounding {
            Some(Rounding::Packs(size)) => Some(size),
            Some(Rounding::Multiple(_)) | None => None,
        };
        let service_period = newest.map(|line| self.context.service_period(line.agreement()));
        let next_invoice = newest.and_then(|line| self.context.next_invoice(line.agreement()));
        let mut lines = side.lines;
        lines.extend(side.ending);
        lines.extend(side.flat);
        Ok(RowDetail {
            lines,
            items,
            sources: sources.into_iter().collect(),
            stale_days,
            committed_until,
            pack,
            unit_price,
            service_period,
            next_invoice,
            longest: None,
        })
    }

    /// The sources that a row hangs on: those that count its service, and the services that it lives inside.
    pub(crate) fn sources_behind(&self, row: &OutcomeRow, view: &ClientView<'a>) -> BTreeSet<usize> {
        let outer = row.outer.iter().map(|one| match one {
            OuterService::Covers { service, .. }
            | OuterService::Grants { service, .. }
            | OuterService::Takes { service, .. } => service,
        });
        let services = std::iter::once(&row.service).chain(outer);
        let parts = services.flat_map(|service| {
            let group = self.rules.group(service).and_then(|group| self.group_part(group, view));
            self.parts(service, view).into_iter().chain(group)
        });
        parts.flat_map(|part| self.sources_of(&part)).collect()
    }

    /// The sources that count a part.
    fn sources_of(&self, part: &ServicePart<'_>) -> BTreeSet<usize> {
        let specs = part.rule.count().into_iter().chain(part.rule.committed());
        let counted = specs.flat_map(|spec| &spec.parts);
        counted.filter_map(|of| self.inputs.sources.iter().position(|one| one.id == of.source)).collect()
    }

    /// The day before the count day of which a row tells, where a peak is counted.
    fn peak_day(&self, row: &OutcomeRow, part: &ServicePart<'_>) -> Option<DayBefore> {
        let day = row.compared.as_ref()?.peak_on?;
        (day < self.context.count_day).then_some(DayBefore { day, first: part.month_from.0 })
    }

    /// What stands behind a row that could not be computed: its lines, and the number with the most digits.
    pub(crate) fn detail_of_fault(&self, view: &ClientView<'a>, row: &OutcomeRow) -> RowDetail<'a> {
        let of_service = view.lines_of(&row.service);
        let lines = match of_service.is_empty() {
            true => self.loose_lines(&view.lines, &row.service),
            false => of_service.to_vec(),
        };
        let sources = 0..self.inputs.sources.len();
        let accounts = sources.flat_map(|source| self.index.decided(self.client, source));
        let items = accounts.flat_map(|account| self.inputs.accounts[*account].items_now());
        let longest =
            Longest::of(&lines, &self.inputs.items, items).filter(|_| row.fault == Some(RowFault::TooManyDigits));
        RowDetail { lines, longest, ..RowDetail::default() }
    }

    /// After how many days an item that was not seen is left out; `None`: never, or not all kinds alike.
    fn stale_days(&self, spec: &CountSpec) -> Option<u32> {
        let kinds = spec.parts.iter().filter_map(|part| {
            let source = self.inputs.sources.iter().find(|source| source.id == part.source)?;
            source.kinds.iter().find(|kind| kind.name == part.kind)
        });
        let mut days = kinds.map(|kind| match spec.policies.stale_of(kind) {
            StalePolicy::AfterDays(days) => Some(days),
            StalePolicy::Never => None,
        });
        let first = days.next()??;
        days.all(|other| other == Some(first)).then_some(first)
    }

    /// The lines of a product that no service names.
    fn loose_lines(&self, rows: &[LineRow<'a>], product: &ProductCode) -> Vec<LineRow<'a>> {
        let is_of = |line: &&LineRow<'_>| line.row.product == *product;
        let rows: Vec<LineRow<'a>> = rows.iter().filter(is_of).copied().collect();
        standing(&rows, |line| self.context.day_looked_at(line.agreement()))
    }
}
