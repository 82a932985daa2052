//! `truecount rules skus`: the products that each source leaves out, and what the rules change about that.

use serde::Serialize;
use truecount_app::Config;
use truecount_billing::SourceId;
use truecount_connectors::SkuLeftOut;
use truecount_rules::{NamedProduct, ProductsLeftOut};

use crate::args::Cli;
use crate::output::{Ending, json, tell};
use crate::table::Column::{Key, Prose, Text};
use crate::table::table;

/// A product of one source.
#[derive(Serialize)]
struct SkuRow {
    source: SourceId,
    /// The part number, or as the rules write it.
    sku: String,
    /// What it is called where it is sold.
    name: Option<&'static str>,
    /// Whether services count it.
    counts: bool,
    /// Why it does not, or does.
    because: &'static str,
}

pub(super) fn skus(cli: &Cli, config: &Config) -> anyhow::Result<Ending> {
    let rows = rows(config);
    if cli.json {
        json(&rows)?;
        return Ok(Ending::Clean);
    }
    if rows.is_empty() {
        tell("No enabled source leaves products out; [sources.ID] with leave_out in the rules does.");
        return Ok(Ending::Clean);
    }
    let cells = |row: &SkuRow| {
        let name = row.name.unwrap_or_default().to_owned();
        let what = if row.counts { "counts" } else { "left out" };
        vec![row.source.to_string(), row.sku.clone(), format!("{what}: {}", row.because), name]
    };
    let columns = [Text("source"), Key("sku"), Text("usually"), Prose("name")];
    table(&columns, &rows.iter().map(cells).collect::<Vec<_>>());
    tell("A service whose `where` names `sku` counts what it names, whatever stands here.");
    Ok(Ending::Clean)
}

fn rows(config: &Config) -> Vec<SkuRow> {
    let sources = config.settings.enabled().filter(|source| !source.side().is_billed());
    let mut rows = Vec::new();
    for source in sources {
        let Some(products) = config.rules.products_left_out(&source.id) else { continue };
        let listed = source.kind().map(|kind| kind.vocabulary.skus_left_out).unwrap_or_default();
        rows.extend(listed.iter().map(|sku| listed_row(&source.id, products, sku)));
        let named = |list: &[NamedProduct], counts: bool| {
            let new = list.iter().filter(|product| !listed.iter().any(|sku| product.pattern.fits(sku.part_number)));
            let row = |product: &NamedProduct| SkuRow {
                source: source.id.clone(),
                sku: product.pattern.written.clone(),
                name: None,
                counts,
                because: if counts { COUNT_TOO } else { LEAVE_OUT },
            };
            new.map(row).collect::<Vec<_>>()
        };
        rows.extend(named(&products.leave_out, false));
        rows.extend(named(&products.count_too, true));
    }
    rows
}

const LEAVE_OUT: &str = "leave_out of the rules";
const COUNT_TOO: &str = "count_too of the rules";

fn listed_row(source: &SourceId, products: &ProductsLeftOut, sku: &SkuLeftOut) -> SkuRow {
    let counts = !products.has(sku.part_number);
    SkuRow {
        source: source.clone(),
        sku: sku.part_number.to_owned(),
        name: Some(sku.name),
        counts,
        because: if counts { COUNT_TOO } else { sku.why.as_str() },
    }
}
