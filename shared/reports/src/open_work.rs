//! What stands open besides the exceptions, in a sentence each: agreements that end or ended, the setup, and what the
//! sources' receipts ask to be looked at.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use truecount_billing::{ControlTotals, Currency};
use truecount_reconciliation::{RowKind, SetupFinding, SourceReading};

use crate::{
    RunReport,
    common_cause::AT_MANY_CLIENTS,
    label,
    older_syncs::REFUSED_FILE,
    receipt::{totals, unknown_words},
    summary::{TextTarget, foreign},
    words::money_by_currency,
};

/// `3 services in use on lines that end before the next closing; USD 500.00 a month ends with them.`
pub(crate) fn agreements_ending(report: &RunReport<'_>) -> Option<String> {
    let rows: Vec<_> = report.exceptions_of(RowKind::AgreementEnding).collect();
    let services = label::count(rows.len() as u64, "service in use is", "services in use are");
    let mut revenue: BTreeMap<Currency, Decimal> = BTreeMap::new();
    for (currency, amount) in rows.iter().filter_map(|row| row.order) {
        let sum = revenue.entry(currency).or_default();
        *sum = sum.saturating_add(amount.abs());
    }
    let unpriced = rows.iter().filter(|row| row.order.is_none()).count() as u64;
    let mut text = format!("{services} on lines that end before the next closing");
    if !revenue.is_empty() {
        let amounts = money_by_currency(&revenue, report.portfolio.home_currency);
        text.push_str(&format!("; {amounts} a month ends with them"));
    }
    match (unpriced, revenue.is_empty()) {
        (0, _) => {}
        (_, true) => text.push_str("; what they bill is not known"),
        (unpriced, false) => {
            text.push_str(&format!(" (not known for {})", label::quantity(Decimal::from(unpriced))));
        }
    }
    (!rows.is_empty()).then(|| format!("{text}."))
}

/// `2 services are in use though the client has no agreement any more; that costs USD 45.00 a month.`
pub(crate) fn agreements_ended(report: &RunReport<'_>) -> Option<String> {
    let services = report.exceptions_of(RowKind::EndedAgreementInUse).count() as u64;
    let costs = report.portfolio.totals.iter().filter(|(_, totals)| !totals.clean_up.is_zero());
    let costs: BTreeMap<_, _> = costs.map(|(currency, totals)| (*currency, totals.clean_up)).collect();
    let cost = match costs.is_empty() {
        true => "what that costs is not known".to_owned(),
        false => format!("that costs {} a month", money_by_currency(&costs, report.portfolio.home_currency)),
    };
    let number = label::count(services, "service is", "services are");
    (services > 0).then(|| format!("{number} in use though the client has no agreement any more; {cost}."))
}

/// The first setup finding, and how many more there are. Refused files are told where the sources are.
pub(crate) fn setup_to_fix(findings: &[SetupFinding], target: TextTarget) -> Option<String> {
    let mut others: Vec<_> = findings.iter().filter(|finding| finding.code != REFUSED_FILE).collect();
    // What is wrong at many clients weighs most.
    others.sort_by_key(|finding| finding.code != AT_MANY_CLIENTS.0);
    let mut others = others.into_iter();
    let first = foreign(target, &others.next()?.message, 120);
    Some(match others.count() as u64 {
        0 => first,
        more => format!("{first} ({} in setup.csv)", label::count(more, "more finding", "more findings")),
    })
}

/// ``rmm: unknown words: status `OnHold` 2 (1 more note: …)``: words of a vendor's, and totals that differ or were refused.
pub(crate) fn receipts_to_check(sources: &[SourceReading], target: TextTarget) -> Option<String> {
    let mut notes = Vec::new();
    for row in sources {
        let Some(receipt) = &row.receipt else { continue };
        if !receipt.unknown_words.is_empty() {
            notes.push(format!("{}: unknown words: {}", row.source, unknown_words(&receipt.unknown_words)));
        }
        for (name, stream) in &receipt.streams {
            let wrong = ControlTotals { agreed: 0, none: 0, ..stream.totals };
            let wrong = totals(&wrong);
            if !wrong.is_empty() {
                notes.push(format!("{}: the vendor's totals of {name}: {wrong}", row.source));
            }
        }
    }
    let first = foreign(target, notes.first()?, 200);
    Some(match notes.len() as u64 - 1 {
        0 => first,
        more => format!("{first} ({}: `truecount sources show`)", label::count(more, "more note", "more notes")),
    })
}
