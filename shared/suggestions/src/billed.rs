//! Which products are billed to whom, as far as clients are witnesses of a rule.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{Currency, ProductCode};
use truecount_reconciliation::RunReconciler;

/// A product of the PSA with what clients are billed of it.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) code: ProductCode,
    pub(crate) name: Option<String>,
    pub(crate) category: Option<String>,
    /// At each witness: the units billed; `None`: no line.
    pub(crate) units: Vec<Option<Decimal>>,
    pub(crate) revenue: BTreeMap<Currency, Decimal>,
}

/// The clients that are witnesses, by their number among the inputs, with all products.
#[derive(Debug, Default)]
pub(crate) struct Billed {
    pub(crate) clients: Vec<usize>,
    pub(crate) products: Vec<Product>,
}

impl Billed {
    /// What is billed; the products with the highest revenue first.
    pub(crate) fn of(reconciler: &RunReconciler<'_>, clients: usize) -> Self {
        let lines = (0..clients).filter_map(|client| Some((client, reconciler.billed_products(client)?)));
        let (clients, lines): (Vec<_>, Vec<_>) = lines.unzip();
        let mut products: BTreeMap<ProductCode, Product> = BTreeMap::new();
        for (at, line) in lines.into_iter().enumerate().flat_map(|(at, lines)| lines.into_iter().map(move |l| (at, l)))
        {
            let product = products.entry(line.product.clone()).or_insert_with(|| Product {
                code: line.product,
                name: None,
                category: None,
                units: vec![None; clients.len()],
                revenue: BTreeMap::new(),
            });
            product.name = product.name.take().or(line.name);
            product.category = product.category.take().or(line.category);
            // A line of nothing is as good as none.
            product.units[at] = Some(line.units).filter(|units| *units > Decimal::ZERO);
            for (currency, amount) in line.revenue {
                let sum = product.revenue.entry(currency).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
        let mut products: Vec<_> = products.into_values().collect();
        products.sort_by(|a, b| (b.largest(), &a.code).cmp(&(a.largest(), &b.code)));
        Self { clients, products }
    }
}

impl Product {
    /// How many clients are billed for it.
    pub(crate) fn clients(&self) -> usize {
        self.units.iter().flatten().count()
    }

    /// How many of them are billed for one unit.
    pub(crate) fn billed_once(&self) -> usize {
        self.units.iter().flatten().filter(|units| **units == Decimal::ONE).count()
    }

    /// Its largest revenue in one currency.
    fn largest(&self) -> Decimal {
        self.revenue.values().max().copied().unwrap_or_default()
    }
}
