//! What units are charged: whose price it is, how it grows with their number, and what the prices of all clients say of
//! one who has none. Nothing is ever converted into another currency.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rust_decimal::Decimal;
use truecount_billing::{Currency, LineRole, ProductCode};
use truecount_rules::{PriceScale, PriceTier, Rules, ServiceRule};

use crate::billed_side::{LineRow, rows_of, standing};
use crate::context::RunContext;
use crate::evidence::Doubt;
use crate::exact;
use crate::interval::{TooManyDigits, minus, plus, times};
use crate::run_inputs::{LinesRead, RunInputs};
use crate::run_options::RunOptions;

/// Money of a product is rounded once, to so many places.
pub(crate) const MONEY_PLACES: u32 = 12;

/// A price that fewer clients have is not usual.
const CLIENTS_MIN: usize = 3;

/// Whose price it is, in the order in which one is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriceOrigin {
    OwnLine,
    EndedLine,
    ClientRule,
    Catalogue,
    ListPrice,
    UsualAtOthers,
}

impl PriceOrigin {
    /// What somebody should look at before acting on such a price.
    pub(crate) fn doubt(self) -> Option<Doubt> {
        match self {
            Self::OwnLine | Self::ClientRule => None,
            Self::EndedLine => Some(Doubt::PriceOfEndedLine),
            Self::Catalogue => Some(Doubt::CataloguePrice),
            Self::ListPrice => Some(Doubt::ListPrice),
            Self::UsualAtOthers => Some(Doubt::UsualPrice),
        }
    }
}

/// How a price grows with the number of units.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PriceGrowth<'a> {
    /// So much for each unit and so many months.
    Each { each: Decimal, months: u32 },
    /// A month's price of the rules.
    Scale(&'a PriceScale),
}

/// A month's worth of so many units, rounded once, half away from zero.
pub(crate) fn amount_of(each: Decimal, months: u32, units: Decimal) -> Result<Decimal, TooManyDigits> {
    exact::quotient(times(each, units)?, Decimal::from(months), MONEY_PLACES).ok_or(TooManyDigits)
}

/// A month's price of so many units by a scale, exact.
pub(crate) fn scaled(scale: &PriceScale, units: Decimal) -> Result<Decimal, TooManyDigits> {
    match scale {
        PriceScale::Each(each) => times(*each, units),
        PriceScale::Volume(tiers) => times(tier_of(tiers, units).map_or(Decimal::ZERO, |tier| tier.each), units),
        PriceScale::Graduated(tiers) => {
            let (mut sum, mut below) = (Decimal::ZERO, Decimal::ZERO);
            for tier in tiers {
                let top = tier.up_to.filter(|up_to| *up_to < units).unwrap_or(units);
                sum = plus(sum, times(tier.each, minus(top, below)?)?)?;
                if top == units {
                    break;
                }
                below = top;
            }
            Ok(sum)
        }
    }
}

/// What a unit costs that is the last of so many.
pub(crate) fn each_at(scale: &PriceScale, units: Decimal) -> Option<Decimal> {
    match scale {
        PriceScale::Each(each) => Some(*each),
        PriceScale::Volume(tiers) | PriceScale::Graduated(tiers) => tier_of(tiers, units).map(|tier| tier.each),
    }
}

fn tier_of(tiers: &[PriceTier], units: Decimal) -> Option<&PriceTier> {
    tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| units <= up_to))
}

/// What the lines of all clients say of prices.
#[derive(Debug, Default)]
pub(crate) struct PricesOfAll {
    /// By service and currency, the most frequent one, if it is usual.
    usual: HashMap<(ProductCode, Currency), Decimal>,
    /// By product; `None`: the catalogue says different things of it.
    catalogue: HashMap<ProductCode, Option<Decimal>>,
}

impl PricesOfAll {
    /// Gathers them from every client, so that no order of the clients makes a difference.
    pub(crate) fn of(inputs: &RunInputs, rules: &Rules, context: &RunContext, options: &RunOptions) -> Self {
        let service_of = |product: &ProductCode| rules.service_of_product(product);
        let mut clients: BTreeMap<(&ProductCode, Currency), BTreeMap<Decimal, usize>> = BTreeMap::new();
        let mut found = Self::default();
        for client in inputs.clients.iter().filter(|client| !matches!(client.read, LinesRead::Failed)) {
            let rows = rows_of(&client.agreements, &service_of, options);
            rows.iter().for_each(|line| found.note_catalogue(line));
            let mut own: Vec<(&ProductCode, Currency, Decimal)> = Vec::new();
            let recurring: Vec<LineRow<'_>> =
                rows.into_iter().filter(|line| line.row.role == LineRole::Recurring).collect();
            for line in standing(&recurring, |line| context.day_looked_at(line.agreement())) {
                let price = monthly_price(&line);
                own.extend(line.service.zip(price).map(|(service, price)| (service, line.currency(context), price)));
            }
            own.sort_unstable();
            own.dedup();
            for (service, currency, price) in own {
                *clients.entry((service, currency)).or_default().entry(price).or_default() += 1;
            }
        }
        for ((service, currency), prices) in clients {
            // Of several that are equally frequent, the lowest: the least that may be expected.
            let frequent = prices.iter().rev().max_by_key(|(_, clients)| **clients);
            if let Some((price, _)) = frequent.filter(|(_, clients)| **clients >= CLIENTS_MIN) {
                found.usual.insert((service.clone(), currency), *price);
            }
        }
        found
    }

    fn note_catalogue(&mut self, line: &LineRow<'_>) {
        let Some(price) = line.row.catalogue_price.filter(|price| *price > Decimal::ZERO) else { return };
        let known = self.catalogue.entry(line.row.product.clone()).or_insert(Some(price));
        *known = known.filter(|known| *known == price);
    }

    /// The usual price of a unit a month.
    pub(crate) fn usual(&self, rule: &ServiceRule, currency: Currency) -> Option<Decimal> {
        self.usual.get(&(rule.code.clone(), currency)).copied()
    }

    /// What the catalogue asks a month for a unit of a line's product, or of the first of a service's that has a price.
    pub(crate) fn catalogue(&self, rule: &ServiceRule, line: Option<LineRow<'_>>) -> Option<Decimal> {
        let of = |product: &ProductCode| self.catalogue.get(product).copied().flatten();
        match line {
            Some(line) => of(&line.row.product),
            // What an older product costs says nothing of the one that took its place.
            None => rule.products.iter().filter(|product| !rule.superseded.contains(product)).find_map(of),
        }
    }
}

/// What a unit of a line is charged a month; `None`: nobody knows, or it is charged nothing.
fn monthly_price(line: &LineRow<'_>) -> Option<Decimal> {
    let each = line.cycle_price().filter(|each| *each > Decimal::ZERO)?;
    amount_of(each, line.agreement().cycle_months?.max(1), Decimal::ONE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_graduated_or_by_volume() {
        let number = Decimal::from;
        let tiers = vec![
            PriceTier { up_to: Some(number(10)), each: number(8) },
            PriceTier { up_to: Some(number(50)), each: number(7) },
            PriceTier { up_to: None, each: number(6) },
        ];
        let (graduated, volume) = (PriceScale::Graduated(tiers.clone()), PriceScale::Volume(tiers));
        for (units, by_tiers, by_volume, each) in
            [(0, 0, 0, 8), (10, 80, 80, 8), (11, 87, 77, 7), (50, 360, 350, 7), (55, 390, 330, 6), (-2, -16, -16, 8)]
        {
            let units = number(units);
            assert_eq!(scaled(&graduated, units).unwrap(), number(by_tiers), "{units}");
            assert_eq!(scaled(&volume, units).unwrap(), number(by_volume), "{units}");
            assert_eq!(each_at(&graduated, units), Some(number(each)), "{units}");
        }
    }
}
