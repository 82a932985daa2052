//! The agreements by themselves: what they give away without any usage to hold against them. One client after another; only
//! the prices of all clients are gathered before.
//!
//! What may be innocent is no finding. Internal clients, services and categories that the rules ignore, and lines that are not
//! billed by design are not looked at. Where lines were not read, nothing is said to be missing. Deliberately absent: any
//! total, and any change of a bill.

mod agreements;
mod charges;
mod coverage;
mod prices;
mod usual_price;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Agreement, BillingStatus, Currency, LineRole, Money, ProductCode};
use truecount_rules::{
    CategoryRule, ClientBinding, ClientNumber, ClientPart, NamedClient, Rules, RulesScope, ServiceBasis, ServiceRule,
};

use crate::agreement_finding::{AgreementFinding, AgreementIssue, ReviewedAgreement};
use crate::billed_side::{LineRow, rows_of, standing_with_credits};
use crate::context::RunContext;
use crate::interval::plus;
use crate::line_record::line_record;
use crate::run_index::client_links;
use crate::run_inputs::{BilledAgreement, BilledClient, LinesRead};
use crate::run_options::RunOptions;
use crate::value::own_amount;

use charges::Thing;
use usual_price::UsualPrices;

/// Reviews the agreements of clients.
pub struct AgreementReview<'a> {
    clients: &'a [BilledClient],
    rules: Option<&'a Rules>,
    binding: ClientBinding,
    context: RunContext,
    links: BTreeMap<usize, Vec<usize>>,
    usual: UsualPrices,
}

impl<'a> AgreementReview<'a> {
    /// Prepares the review of all clients. Without rules nothing is planned or expected, and each product stands for itself.
    #[must_use]
    pub fn new(clients: &'a [BilledClient], rules: Option<&'a Rules>, context: RunContext) -> Self {
        let named = clients.iter().map(|client| NamedClient {
            id: &client.id,
            identifier: client.identifier.as_deref(),
            name: &client.name,
        });
        let binding = rules.map(|rules| rules.bind(named)).unwrap_or_default();
        let links = client_links(clients);
        let mut review = Self { clients, rules, binding, context, links, usual: UsualPrices::default() };
        let mut usual = UsualPrices::default();
        for number in 0..clients.len() {
            if let Some(client) = ReviewedClient::of(&review, number) {
                usual.add(&client);
            }
        }
        usual.sort();
        review.usual = usual;
        review
    }

    /// What there is to look at in one client's agreements, by its number; in order.
    #[must_use]
    pub fn client(&self, number: usize) -> Vec<AgreementFinding> {
        let Some(client) = ReviewedClient::of(self, number) else { return Vec::new() };
        let mut found = Vec::new();
        client.review_agreements(&mut found);
        client.review_prices(&mut found);
        client.review_usual_prices(&self.usual, &mut found);
        client.review_coverage(&mut found);
        found.sort_by(|one, other| key(one).cmp(&key(other)));
        found
    }

    /// What there is to look at in all clients' agreements, one client after another.
    pub fn all(&self) -> impl Iterator<Item = AgreementFinding> + '_ {
        (0..self.clients.len()).flat_map(|number| self.client(number))
    }

    fn service_of(&self, product: &ProductCode) -> Option<&'a ProductCode> {
        self.rules.and_then(|rules| rules.service_of_product(product))
    }

    fn rows(&self, number: usize) -> Vec<LineRow<'a>> {
        rows_of(&self.clients[number].agreements, &|product| self.service_of(product), &RunOptions::default())
    }
}

type FindingKey<'f> = (usize, Option<&'f ProductCode>, Vec<&'f str>, Vec<&'f str>);

fn key(found: &AgreementFinding) -> FindingKey<'_> {
    let place = AgreementIssue::CODES.iter().position(|code| *code == found.finding.code());
    let agreements = found.agreements.iter().map(|one| one.id.as_str()).collect();
    let lines = found.lines.iter().map(|one| one.line_id.as_str()).collect();
    (place.unwrap_or_default(), found.product.as_ref(), agreements, lines)
}

/// A client whose lines were read, at least in part.
pub(crate) struct ReviewedClient<'r, 'a> {
    review: &'r AgreementReview<'a>,
    number: usize,
    client: &'a BilledClient,
    /// The client's part of the rules.
    bound: Option<ClientNumber>,
    rows: Vec<LineRow<'a>>,
    /// Recurring and flat lines that stand on the day looked at; where the cycle is not known, on both days.
    stands: Vec<LineRow<'a>>,
}

impl<'r, 'a> ReviewedClient<'r, 'a> {
    /// `None`: nothing of it is looked at.
    fn of(review: &'r AgreementReview<'a>, number: usize) -> Option<Self> {
        let client = &review.clients[number];
        let bound = review.binding.number_of(&client.id);
        let own = review.rules.zip(bound).map(|(rules, bound)| rules.client(bound));
        if matches!(client.read, LinesRead::Failed) || own.is_some_and(|own| own.is_internal() || own.is_nfr()) {
            return None;
        }
        let rows = review.rows(number);
        let recurring: Vec<LineRow<'_>> = rows.iter().copied().filter(is_recurring).collect();
        let days = |line: &LineRow<'_>| review.context.days_looked_at(line.agreement());
        let mut stands = standing_with_credits(&recurring, |line| days(line).0);
        // Without an unknown cycle there is one day only.
        if recurring.iter().any(|line| line.agreement().cycle_months.is_none()) {
            let last = standing_with_credits(&recurring, |line| days(line).1.unwrap_or(days(line).0));
            stands.retain(|line| last.iter().any(|other| std::ptr::eq(other.row, line.row)));
        }
        let mut found = Self { review, number, client, bound, rows, stands: Vec::new() };
        stands.retain(|line| found.is_reviewed(line));
        found.stands = stands;
        Some(found)
    }

    fn context(&self) -> &RunContext {
        &self.review.context
    }

    /// The rule of a line's service, as it holds on the line's agreement.
    fn rule_of(&self, line: &LineRow<'_>) -> Option<Arc<ServiceRule>> {
        line.service.and_then(|service| self.rule_at(service, line.agreement()))
    }

    fn rule_at(&self, service: &ProductCode, agreement: &Agreement) -> Option<Arc<ServiceRule>> {
        let rules = self.review.rules?;
        let day = self.context().day_looked_at(agreement);
        let section = self.bound.and_then(|bound| {
            let number = rules.client(bound).section_of_agreement(&agreement.id, &agreement.name)?;
            rules.sections_of(bound, service, day).contains(&number).then_some(number)
        });
        let types = [agreement.agreement_type.as_deref().unwrap_or("")];
        let part = section.map_or(ClientPart::Whole, ClientPart::Section);
        let scope = RulesScope { client: self.bound, part, line_types: &types, client_types: &types, day };
        rules.service_for(service, &scope).map(|resolved| resolved.rule)
    }

    /// Whether the rules do not leave a line out on purpose.
    fn is_reviewed(&self, line: &LineRow<'_>) -> bool {
        if line.service.is_some() {
            return self.rule_of(line).is_none_or(|rule| !matches!(rule.basis, ServiceBasis::Ignored(_)));
        }
        let category = line.row.category.as_deref();
        let category = category.zip(self.review.rules).and_then(|(name, rules)| rules.category(name));
        !matches!(category, Some(CategoryRule::Ignored(_)))
    }

    /// Whether everything that the client and those linked with it are billed is known: only then something is missing.
    fn is_whole(&self) -> bool {
        let is_read = |client: &usize| matches!(self.review.clients[*client].read, LinesRead::Complete);
        is_read(&self.number) && self.linked().iter().all(is_read)
    }

    /// The clients that a parent or a bill-to links it with.
    fn linked(&self) -> &[usize] {
        self.review.links.get(&self.number).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every recurring or flat row of it and of the clients linked with it, but credits.
    fn rows_around(&self) -> Vec<LineRow<'a>> {
        let linked = self.linked().iter().flat_map(|client| self.review.rows(*client));
        let all = self.rows.iter().copied().chain(linked);
        all.filter(|line| is_recurring(line) && !line.is_credit).collect()
    }

    /// Its agreements, and those of the clients linked with it.
    fn agreements_around(&self) -> impl Iterator<Item = &'a BilledAgreement> {
        let clients = std::iter::once(self.number).chain(self.linked().iter().copied());
        clients.flat_map(|client| &self.review.clients[client].agreements)
    }

    fn finding(
        &self,
        finding: AgreementIssue,
        product: Option<Thing<'_>>,
        agreements: &[&Agreement],
        lines: &[LineRow<'_>],
        monthly: Option<Money>,
    ) -> AgreementFinding {
        let mut lines: Vec<LineRow<'_>> = lines.to_vec();
        lines.sort_by_key(|line| line.key());
        AgreementFinding {
            client_id: self.client.id.clone(),
            client_name: self.client.name.clone(),
            finding,
            product: product.map(|product| product.code().clone()),
            agreements: agreements.iter().map(|agreement| ReviewedAgreement::of(agreement)).collect(),
            lines: lines.iter().map(|line| line_record(line, self.context())).collect(),
            monthly,
        }
    }

    /// What lines and amounts of agreements bill together in a month; `None`: one is not known, they are in several
    /// currencies, or a number has too many digits.
    fn together(&self, lines: &[LineRow<'_>], amounts: &[(Currency, Option<Decimal>)]) -> Option<Money> {
        let of_lines = lines.iter().map(|line| (line.currency(self.context()), own_amount(*line).ok().flatten()));
        let mut sum: Option<Money> = None;
        for (currency, amount) in of_lines.chain(amounts.iter().copied()) {
            let before = sum.unwrap_or(Money::new(Decimal::ZERO, currency));
            if before.currency != currency {
                return None;
            }
            sum = Some(Money::new(plus(before.amount, amount?).ok()?, currency));
        }
        sum
    }
}

fn is_recurring(line: &LineRow<'_>) -> bool {
    matches!(line.row.role, LineRole::Recurring | LineRole::Flat)
}

/// Whether a line is sold by the unit, at a price, and is no credit.
fn is_sold(line: &LineRow<'_>) -> bool {
    line.row.role == LineRole::Recurring && line.row.status == BillingStatus::Billable && !line.is_credit
}

/// Whether a line still bills after a day, or will.
fn bills_after(line: &LineRow<'_>, day: Date) -> bool {
    line.end().is_none_or(|end| end > day)
}
