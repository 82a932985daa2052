//! One client and one rule: used, billed, should bill, and what lies between.

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{CountBasis, InvoiceTiming, ServicePeriod};

use crate::{
    ClientNo, Comparison, Confidence, DecidedBy, Explained, Finding, FindingKind, NextStep, Profile, ReconcileError,
    Reconciler, Rule,
    exact::{self, plain},
    finish::{ClientSource, Found, Sides},
    items::Outcome,
    lines::RuleLines,
    order::exception_id,
    reconciler::ClientEntry,
    sentences,
    unread::Unread,
    worth::{Worth, worth},
};

/// Usage of one client and rule, before the factor.
#[derive(Debug, Default)]
pub(crate) struct UsageSum {
    /// Distinct items, whether they count or not.
    pub(crate) raw: Decimal,
    /// Those that count.
    pub(crate) used: Decimal,
    /// Of these, licences of users who may not sign in.
    pub(crate) disabled: Decimal,
    /// Those that do not, by reason.
    pub(crate) left_out: Vec<(Outcome, Decimal)>,
    /// Items that would count, had they a quantity.
    pub(crate) quantity_unknown: u64,
    /// Items with a word of their own, by word.
    pub(crate) words: Vec<(Outcome, u64)>,
}

impl UsageSum {
    pub(crate) fn leave_out(&mut self, outcome: Outcome, items: u64, units: Decimal) -> Option<()> {
        if outcome == Outcome::UNKNOWN {
            self.quantity_unknown += items;
        } else if outcome != Outcome::STALE {
            match self.words.iter_mut().find(|(one, _)| *one == outcome) {
                Some((_, sum)) => *sum += items,
                None => self.words.push((outcome, items)),
            }
        }
        match self.left_out.iter_mut().find(|(one, _)| *one == outcome) {
            Some((_, sum)) => *sum = exact::sum(*sum, units)?,
            None => self.left_out.push((outcome, units)),
        }
        Some(())
    }
}

/// The numbers of one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) used: Decimal,
    /// Of these, licences of users who may not sign in.
    pub(crate) disabled: Decimal,
    pub(crate) billed: Decimal,
    pub(crate) expected: Decimal,
    pub(crate) variance: Decimal,
    pub(crate) gross: Decimal,
    /// Distinct items times the factor, whether they count or not.
    pub(crate) counted_gross: Decimal,
    /// Left out of the count, times the factor.
    pub(crate) left_out: Vec<(Outcome, Decimal)>,
    /// Units that are not billed because they are included; zero or more.
    pub(crate) included: Decimal,
    /// Units billed only because of the minimum; zero or more.
    pub(crate) minimum: Decimal,
}

impl Numbers {
    /// `None` if an amount has more digits than are kept exactly.
    pub(crate) fn of(rule: &Rule, lines: Option<&RuleLines>, usage: &UsageSum) -> Option<Self> {
        let is_active = lines.is_some_and(|lines| lines.active_count > 0);
        let times = |units: Decimal| exact::product(units, rule.factor);
        let billed = lines.map_or(Decimal::ZERO, |lines| lines.billed);
        let used = times(usage.used)?;
        let included = lines.and_then(|lines| lines.less_included).unwrap_or(rule.included);
        let above = exact::difference(used, included)?.max(Decimal::ZERO);
        let expected = if is_active { above.max(rule.minimum) } else { above };
        let counted_gross = times(usage.raw)?;
        let left_out = usage.left_out.iter().map(|(why, units)| Some((*why, times(*units)?)));
        Some(Self {
            used,
            disabled: times(usage.disabled)?,
            billed,
            expected,
            variance: exact::difference(expected, billed)?,
            gross: exact::difference(counted_gross, billed)?,
            counted_gross,
            left_out: left_out.collect::<Option<_>>()?,
            included: exact::difference(used, above)?,
            minimum: exact::difference(expected, above)?,
        })
    }

    /// gross − actionable, as the parts say it.
    pub(crate) fn explained(&self) -> Option<Decimal> {
        let left_out = self.left_out.iter().try_fold(Decimal::ZERO, |sum, (_, units)| exact::sum(sum, *units))?;
        exact::difference(exact::sum(left_out, self.included)?, self.minimum)
    }
}

/// Compares pair by pair.
pub(crate) struct Judge<'a> {
    pub(crate) books: &'a Reconciler,
    /// Why nothing at all can be compared.
    pub(crate) billed_unread: Option<Unread>,
    /// The service period of an agreement that nobody named: in advance.
    pub(crate) period: ServicePeriod,
}

impl<'a> Judge<'a> {
    pub(crate) fn of(books: &'a Reconciler) -> Self {
        let (period, _) = books.options.billing_days.of(InvoiceTiming::Advance, books.options.count_day);
        Self { books, billed_unread: Unread::billed_side(books), period }
    }

    pub(crate) fn too_large(&self, client: &ClientEntry, rule: u16, what: &'static str) -> ReconcileError {
        let rule = &self.books.rules.rules()[usize::from(rule)].id;
        ReconcileError::TooLarge { subject: format!("client `{}`, rule `{rule}`", client.id), what }
    }

    /// Compares one client and rule, and adds what comes of it.
    #[expect(clippy::too_many_arguments, reason = "one call, in one place")]
    pub(crate) fn pair(
        &self,
        number: ClientNo,
        rule_place: u16,
        usage: &UsageSum,
        sources: &[ClientSource],
        sides: &Sides,
        keep: bool,
        found: &mut Found,
    ) -> Result<(), ReconcileError> {
        let client = &self.books.clients[number.0 as usize];
        let rule = &self.books.rules.rules()[usize::from(rule_place)];
        let lines = client.lines.iter().find(|lines| lines.rule == rule_place);
        let unread = Unread::of(self, number, rule, lines, usage, sources, sides);
        if lines.is_none_or(|lines| lines.active_count == 0) && usage.raw.is_zero() && unread.is_none() {
            return Ok(());
        }
        let source = self.books.find_source(&rule.source);
        let numbers =
            Numbers::of(rule, lines, usage).ok_or_else(|| self.too_large(client, rule_place, "a quantity"))?;
        let pair = Pair { judge: self, client, rule, lines, numbers: &numbers, source: sources_entry(source, sources) };
        if let Some(unread) = unread {
            pair.not_reconciled(unread, keep, found);
            return Ok(());
        }
        pair.check_identity().ok_or_else(|| self.too_large(client, rule_place, "a variance"))??;
        if let Some(source) = source {
            found.counts[usize::from(source.0)].compared += 1;
        }
        let kind = pair.kind();
        if kind.is_none() && !keep {
            return Ok(());
        }
        let worth = worth(self.books.options.profile, rule, lines, numbers.variance);
        let worth = worth.ok_or_else(|| self.too_large(client, rule_place, "the worth"))?;
        pair.compared(kind, &worth, keep, found);
        Ok(())
    }
}

fn sources_entry(source: Option<crate::SourceNo>, sources: &[ClientSource]) -> Option<ClientSource> {
    sources.iter().find(|one| Some(one.source) == source).copied()
}

/// One client and rule with everything that is said about them.
struct Pair<'a> {
    judge: &'a Judge<'a>,
    client: &'a ClientEntry,
    rule: &'a Rule,
    lines: Option<&'a RuleLines>,
    numbers: &'a Numbers,
    source: Option<ClientSource>,
}

impl Pair<'_> {
    fn is_active(&self) -> bool {
        self.lines.is_some_and(|lines| lines.active_count > 0)
    }

    /// gross variance = actionable variance + explained units; raw items are counted apart from what became of them.
    fn check_identity(&self) -> Option<Result<(), ReconcileError>> {
        let explained = self.numbers.explained()?;
        let (gross, actionable) = (self.numbers.gross, self.numbers.variance);
        if gross == exact::sum(actionable, explained)? {
            return Some(Ok(()));
        }
        let (client_id, rule_id) = (self.client.id.clone(), self.rule.id.clone());
        Some(Err(ReconcileError::BrokenIdentity { client_id, rule_id, gross, actionable, explained }))
    }

    fn kind(&self) -> Option<FindingKind> {
        let variance = self.numbers.variance;
        if variance.abs() <= self.rule.tolerance {
            return None;
        }
        if !self.is_active() {
            let ended = self.lines.is_some_and(|lines| lines.agreement_ended_on.is_some());
            let full = self.judge.books.options.profile == Profile::Full;
            return Some(if ended && full { FindingKind::EndedAgreementInUse } else { FindingKind::UnbilledUsage });
        }
        Some(if variance > Decimal::ZERO {
            FindingKind::Underbilled
        } else if self.numbers.used.is_zero() {
            FindingKind::BilledWithoutUsage
        } else {
            FindingKind::Overbilled
        })
    }

    fn compared(&self, kind: Option<FindingKind>, worth: &Worth, keep: bool, found: &mut Found) {
        let mut comparison = self.blank();
        comparison.counted = Some(plain(self.numbers.used));
        comparison.should_bill = Some(plain(self.numbers.expected));
        comparison.variance = Some(plain(self.numbers.variance));
        comparison.counted_gross = Some(plain(self.numbers.counted_gross));
        comparison.unit_price = worth.unit_price;
        comparison.monthly_impact = worth.impact;
        comparison.currency = worth.currency;
        comparison.value_basis = worth.basis;
        comparison.confidence = self.confidence(worth);
        comparison.kind = kind;
        comparison.explained = self.explained_parts();
        comparison.reason =
            sentences::compared(self.rule, self.lines, self.numbers, worth, kind, &self.judge.books.words);
        if let Some(kind) = kind {
            if worth.impact.is_none() {
                *found.price_unknown.entry(self.rule.id.clone()).or_default() += 1;
            }
            found.findings.push(finding(&comparison, kind, next_step(kind)));
        }
        if keep {
            found.comparisons.push(comparison);
        }
    }

    fn not_reconciled(&self, unread: Unread, keep: bool, found: &mut Found) {
        found.not_reconciled += 1;
        if let Some(source) = self.judge.books.find_source(&self.rule.source) {
            found.counts[usize::from(source.0)].not_reconciled += 1;
        }
        if unread == Unread::Cycle {
            let count = self.lines.map_or(0, |lines| u64::from(lines.cycle_unknown_count));
            *found.cycle_unknown.entry(self.rule.id.clone()).or_default() += count;
        }
        let mut comparison = self.blank();
        comparison.kind = Some(FindingKind::NotReconciled);
        comparison.confidence.completeness = 0;
        if self.judge.billed_unread.is_some() || unread == Unread::Client {
            comparison.billed = None;
        }
        comparison.reason = unread.in_words(self.judge.books, &self.rule.source, &self.client.id);
        if !unread.is_whole_source() {
            found.named_accounts.extend(unread.account());
            if unread == Unread::Client {
                found.named_clients.push(self.client.id.clone());
            }
            let mut finding = finding(&comparison, FindingKind::NotReconciled, unread.next_step());
            let account = unread.account().map(|account| &self.judge.books.accounts[account.0 as usize]);
            finding.account_id = account.map(|account| account.id.clone());
            finding.account_name = account.map(|account| account.name.to_string());
            found.findings.push(finding);
        }
        if keep {
            found.comparisons.push(comparison);
        }
    }

    /// Everything that does not depend on whether it could be compared.
    fn blank(&self) -> Comparison {
        let lines = self.lines;
        Comparison {
            client_id: self.client.id.clone(),
            client_name: self.client.name.to_string(),
            rule_id: self.rule.id.clone(),
            product_code: self.rule.product_code().clone(),
            source: self.rule.source.clone(),
            count_basis: self.rule.count_basis,
            unit: self.rule.unit,
            counted: None,
            billed: Some(plain(self.numbers.billed)),
            should_bill: None,
            variance: None,
            counted_gross: None,
            explained: Vec::new(),
            unit_price: None,
            monthly_impact: None,
            currency: None,
            value_basis: None,
            kind: None,
            confidence: self.confidence(&Worth::default()),
            count_day: self.judge.books.options.count_day,
            counted_on: self.judge.books.synced_on(&self.rule.source),
            service_period: lines.and_then(|lines| lines.period).unwrap_or(self.judge.period),
            next_invoice_date: lines.and_then(|lines| lines.next_invoice_date),
            reason: String::new(),
        }
    }

    fn explained_parts(&self) -> Vec<Explained> {
        let words = &self.judge.books.words;
        let mut parts: Vec<Explained> = self
            .numbers
            .left_out
            .iter()
            .map(|(why, units)| Explained { reason: words.reason(*why), units: plain(*units) })
            .collect();
        parts.sort_by(|a, b| a.reason.cmp(&b.reason));
        let included = Explained { reason: "included".into(), units: plain(self.numbers.included) };
        let minimum = Explained { reason: "minimum".into(), units: plain(-self.numbers.minimum) };
        parts.extend([included, minimum]);
        parts.retain(|part| !part.units.is_zero());
        parts
    }

    fn confidence(&self, worth: &Worth) -> Confidence {
        let mapping = match self.source.map(|source| source.weakest) {
            Some(DecidedBy::Person | DecidedBy::Identifier) => 100,
            Some(DecidedBy::EqualName) => 90,
            // no account of this source belongs to the client: nothing used, or a mapping that is missing
            None => 60,
        };
        Confidence {
            mapping,
            completeness: 100,
            freshness: self.judge.books.freshness(&self.rule.source),
            count_basis: basis_points(self.rule.count_basis),
            price_basis: worth.points(),
        }
    }
}

/// How exactly a basis measures what is sold.
pub(crate) fn basis_points(basis: CountBasis) -> u8 {
    match basis {
        CountBasis::Purchased | CountBasis::VendorBilled => 100,
        CountBasis::Assigned => 95,
        CountBasis::Active | CountBasis::DeviceFresh => 90,
        CountBasis::DeviceAll => 85,
    }
}

fn next_step(kind: FindingKind) -> NextStep {
    match kind {
        FindingKind::Underbilled
        | FindingKind::UnbilledUsage
        | FindingKind::Overbilled
        | FindingKind::BilledWithoutUsage => NextStep::ChangePsa,
        FindingKind::EndedAgreementInUse => NextStep::CleanUpAtVendor,
        FindingKind::UnmappedAccount => NextStep::ConfirmMapping,
        FindingKind::UnmappedProduct => NextStep::FixRule,
        FindingKind::NotReconciled => NextStep::FixSource,
    }
}

fn finding(comparison: &Comparison, kind: FindingKind, next_step: NextStep) -> Finding {
    let direction = match comparison.variance {
        Some(variance) if variance > Decimal::ZERO => "under",
        Some(_) => "over",
        None => "none",
    };
    Finding {
        exception_id: exception_id(&[comparison.client_id.as_str(), comparison.rule_id.as_str(), direction]),
        kind,
        client_id: Some(comparison.client_id.clone()),
        client_name: comparison.client_name.clone(),
        source: Some(comparison.source.clone()),
        account_id: None,
        account_name: None,
        rule_id: Some(comparison.rule_id.clone()),
        product_code: Some(comparison.product_code.clone()),
        counted: comparison.counted,
        billed: comparison.billed,
        should_bill: comparison.should_bill,
        variance: comparison.variance,
        unit_price: comparison.unit_price,
        monthly_impact: comparison.monthly_impact,
        currency: comparison.currency,
        value_basis: comparison.value_basis,
        confidence: comparison.confidence,
        next_step,
        count_day: comparison.count_day,
        counted_on: comparison.counted_on,
        service_period: comparison.service_period,
        next_invoice_date: comparison.next_invoice_date,
        reason: comparison.reason.clone(),
    }
}

impl Reconciler {
    pub(crate) fn synced_on(&self, source: &truecount_billing::SourceId) -> Option<Date> {
        self.find_source(source).and_then(|number| self.sources[usize::from(number.0)].status.synced_on)
    }

    /// 100 on the count day, ten less for each day before it.
    pub(crate) fn freshness(&self, source: &truecount_billing::SourceId) -> u8 {
        let Some(day) = self.synced_on(source) else { return 0 };
        let hours = self.options.count_day.0.duration_since(day).as_hours();
        u8::try_from((100 - hours.max(0) / 24 * 10).max(0)).unwrap_or(0)
    }
}
