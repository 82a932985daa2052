//! What clients are billed for what a source counts: what hangs on the mapping of its accounts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use truecount_billing::{ClientId, Currency, LineId, ProductCode, SourceId};
use truecount_reconciliation::{ClientRecord, LineRecord};

/// What one client is billed in a month for what one source counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BilledForSource {
    /// By currency; lines without a known price or cycle are in none.
    pub amounts: BTreeMap<Currency, Decimal>,
    /// The products of which a quantity is billed.
    pub products: BTreeSet<ProductCode>,
}

/// The same of all sources and clients. A line that two sources count is with both.
#[derive(Debug, Clone, Default)]
pub struct BilledFor(BTreeMap<(SourceId, ClientId), BilledForSource>);

impl BilledFor {
    /// Takes a client. `sources_of`: the sources that count a service.
    pub(super) fn client<'s>(&mut self, client: &ClientRecord, sources_of: impl Fn(&ProductCode) -> Vec<&'s SourceId>) {
        let mut seen: BTreeSet<&LineId> = BTreeSet::new();
        for row in &client.rows {
            let sources = sources_of(&row.service);
            for line in row.lines.iter().filter(|line| !sources.is_empty() && seen.insert(&line.line_id)) {
                for source in &sources {
                    let of = self.0.entry(((*source).clone(), client.client_id.clone())).or_default();
                    of.line(line);
                }
            }
        }
    }

    /// What a client is billed for what a source counts; `None`: nothing.
    #[must_use]
    pub fn of(&self, source: &SourceId, client: &ClientId) -> Option<&BilledForSource> {
        self.0.get(&(source.clone(), client.clone()))
    }

    /// All of them, by source and client.
    pub fn iter(&self) -> impl Iterator<Item = (&SourceId, &ClientId, &BilledForSource)> {
        self.0.iter().map(|((source, client), billed)| (source, client, billed))
    }
}

impl BilledForSource {
    fn line(&mut self, line: &LineRecord) {
        if line.quantity > Decimal::ZERO {
            self.products.insert(line.product_code.clone());
        }
        if let Some(amount) = line.monthly_amount().filter(|amount| !amount.is_zero()) {
            let sum = self.amounts.entry(line.currency).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
}
