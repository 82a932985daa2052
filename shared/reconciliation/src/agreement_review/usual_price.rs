//! What clients pay for one product: a price that is far from the others' is told with how far, and against what.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use rust_decimal::Decimal;
use truecount_billing::{Currency, Money};
use truecount_rules::ServiceBasis;

use super::ReviewedClient;
use super::charges::{Thing, folded};
use super::prices::unit_price;
use crate::agreement_finding::{AgreementFinding, AgreementIssue};
use crate::billed_side::LineRow;
use crate::exact;
use crate::value::header_amount;

/// Fewer others say nothing of what is usual.
const OTHERS_MIN: usize = 5;
/// Cycles of more months are compared with none.
const MONTHS_MAX: u32 = 1_000;

/// So much for so many months. Compared exactly, whatever the months.
#[derive(Debug, Clone, Copy)]
struct PriceOverMonths {
    each: Decimal,
    months: Decimal,
}

impl PriceOverMonths {
    /// `None`: with too many digits it could not be compared exactly.
    fn of(each: Decimal, months: u32) -> Option<Self> {
        exact::product(each, Decimal::from(12 * MONTHS_MAX))?;
        (months <= MONTHS_MAX).then(|| Self { each, months: months.into() })
    }

    /// How `times` of this stands to `of_other` of another.
    fn compare(&self, times: u32, other: &Self, of_other: u32) -> Option<Ordering> {
        let one = exact::product(exact::product(self.each, times.into())?, other.months)?;
        Some(one.cmp(&exact::product(exact::product(other.each, of_other.into())?, self.months)?))
    }

    /// The middle of two.
    fn middle(&self, other: &Self) -> Option<Self> {
        let (one, two) = (exact::product(self.each, other.months)?, exact::product(other.each, self.months)?);
        let months = exact::product(exact::product(self.months, other.months)?, Decimal::TWO)?;
        Some(Self { each: exact::sum(one, two)?, months })
    }

    fn months(&self) -> Option<u32> {
        self.months.try_into().ok()
    }
}

/// The price of each client by product and currency.
#[derive(Default)]
pub(super) struct UsualPrices(BTreeMap<(String, Currency), ProductPrices>);

/// What clients pay for one product, in the order of the prices.
#[derive(Default)]
struct ProductPrices {
    ordered: Vec<(usize, PriceOverMonths)>,
    /// By client: its place.
    places: HashMap<usize, usize>,
}

/// What all but one client pay.
struct OthersPrices<'p> {
    ordered: &'p [(usize, PriceOverMonths)],
    without: Option<usize>,
}

impl UsualPrices {
    /// Of a product with several lines, the newest line's price is the client's.
    pub(super) fn add(&mut self, client: &ReviewedClient<'_, '_>) {
        let mut newest: BTreeMap<(String, Currency), (LineRow<'_>, PriceOverMonths)> = BTreeMap::new();
        for line in &client.stands {
            let Some(price) = client.comparable_price(line) else { continue };
            let key = client.price_key(line);
            if newest.get(&key).is_none_or(|(other, _)| age(other) < age(line)) {
                newest.insert(key, (*line, price));
            }
        }
        for (key, (_, price)) in newest {
            self.0.entry(key).or_default().ordered.push((client.number, price));
        }
    }

    pub(super) fn sort(&mut self) {
        for prices in self.0.values_mut() {
            prices.ordered.sort_by(|(_, one), (_, other)| one.compare(1, other, 1).unwrap_or(Ordering::Equal));
            let clients = prices.ordered.iter().enumerate();
            prices.places = clients.map(|(place, (client, _))| (*client, place)).collect();
        }
    }

    fn others(&self, key: &(String, Currency), client: usize) -> Option<OthersPrices<'_>> {
        let prices = self.0.get(key)?;
        Some(OthersPrices { ordered: &prices.ordered, without: prices.places.get(&client).copied() })
    }
}

impl OthersPrices<'_> {
    fn len(&self) -> usize {
        self.ordered.len() - usize::from(self.without.is_some())
    }

    /// The one at a place of those in order.
    fn at(&self, place: usize) -> &PriceOverMonths {
        let skipped = usize::from(self.without.is_some_and(|without| without <= place));
        &self.ordered[place + skipped].1
    }

    /// `None`: there are too few.
    fn median(&self) -> Option<PriceOverMonths> {
        let half = self.len() / 2;
        match self.len() {
            ..OTHERS_MIN => None,
            odd if odd % 2 == 1 => Some(*self.at(half)),
            _ => self.at(half - 1).middle(self.at(half)),
        }
    }

    /// Whether half of them or more are within a tenth of the median: where everybody pays something else nothing is usual.
    fn agree_on(&self, median: &PriceOverMonths) -> bool {
        let is_below = |price: &PriceOverMonths| price.compare(10, median, 9).is_none_or(Ordering::is_lt);
        let is_not_above = |price: &PriceOverMonths| price.compare(10, median, 11).is_none_or(Ordering::is_le);
        let from = self.ordered.partition_point(|(_, price)| is_below(price));
        let near = from..self.ordered.partition_point(|(_, price)| is_not_above(price)).max(from);
        let own = self.without.is_some_and(|without| near.contains(&without));
        2 * (near.len() - usize::from(own)) >= self.len()
    }
}

impl ReviewedClient<'_, '_> {
    pub(super) fn review_usual_prices(&self, usual: &UsualPrices, found: &mut Vec<AgreementFinding>) {
        for line in &self.stands {
            let Some(price) = self.comparable_price(line) else { continue };
            let Some(others) = usual.others(&self.price_key(line), self.number) else { continue };
            if let Some(median) = others.median().filter(|median| is_far(&price, median) && others.agree_on(median)) {
                found.extend(self.unusual(line, &price, &median, others.len() as u64));
            }
        }
    }

    fn unusual(
        &self,
        line: &LineRow<'_>,
        price: &PriceOverMonths,
        median: &PriceOverMonths,
        clients: u64,
    ) -> Option<AgreementFinding> {
        let of_month = |price: &PriceOverMonths| header_amount(price.each, price.months()?).ok();
        let issue = AgreementIssue::UnusualPrice { price: of_month(price)?, median: of_month(median)?, clients };
        let monthly = || {
            let (one, other) = (exact::product(price.each, median.months)?, exact::product(median.each, price.months)?);
            let all = exact::product(exact::difference(one, other)?.abs(), line.billed().ok()?)?;
            let months = exact::product(price.months, median.months)?.try_into().ok()?;
            header_amount(all, months).ok()
        };
        let monthly = monthly().map(|amount| Money::new(amount, line.currency(self.context())));
        Some(self.finding(issue, Some(Thing::of(line)), &[line.agreement()], std::slice::from_ref(line), monthly))
    }

    fn price_key(&self, line: &LineRow<'_>) -> (String, Currency) {
        (folded(&line.row.product), line.currency(self.context()))
    }

    /// The price of a line that others' can be held against: not that of a flat fee, nor one that the client's own part of
    /// the rules names.
    fn comparable_price(&self, line: &LineRow<'_>) -> Option<PriceOverMonths> {
        let (price, months) = unit_price(line)?;
        let is_own = self.rule_of(line).is_some_and(|rule| {
            matches!(rule.basis, ServiceBasis::Flat) || rule.price.as_ref().is_some_and(|price| price.is_clients_own)
        });
        PriceOverMonths::of(price, months).filter(|_| !is_own)
    }
}

/// By this the newest line is told; of lines of one day and one id on several agreements, the last.
fn age<'l>(line: &'l LineRow<'_>) -> (Option<jiff::civil::Date>, &'l str, &'l str) {
    let (begin, id) = line.age();
    (begin, id, line.agreement().id.as_str())
}

/// Whether a price is below two thirds or above three halves of the median.
fn is_far(price: &PriceOverMonths, median: &PriceOverMonths) -> bool {
    price.compare(3, median, 2) == Some(Ordering::Less) || price.compare(2, median, 3) == Some(Ordering::Greater)
}
