//! Lists beside rules of the rules language: they are read as exports are, and everything is judged as in a month's run,
//! but for what a list is taken at its word for: it is whole, and its lines are those of the count day.
//!
//! Deliberately absent: the plain options, and speed; such a check keeps all of its files in memory.

use std::path::Path;

use jiff::ToSpan;
use truecount_billing::SourceId;

use super::{
    CheckArgs, CheckError, CheckOutcome,
    exported::{ExportOption, ExportToCheck, ExportsCheckArgs, HandedOver, check_files},
};

/// The source that lists of billed lines are.
const BILLED: &str = "billed";

/// Whether the rules are of the rules language.
pub(super) fn is_written(rules: &Path) -> bool {
    rules.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Compares the lists by the rules of `rules`.
pub(super) fn run(args: &CheckArgs, rules: &Path) -> Result<CheckOutcome, CheckError> {
    let wrong = |error: truecount_billing::IdError| CheckError::Exports(error.to_string());
    let billed = SourceId::new(BILLED).map_err(wrong)?;
    // The day looked at is the count day: an agreement in arrears whose invoice date is the day after it.
    let next_invoice = args.as_of.0.saturating_add(1.day());
    let terms = ["constants.timing=arrears".to_owned(), format!("constants.next_invoice_date={next_invoice}")];
    let options = terms.into_iter().map(|option| ExportOption { id: billed.clone(), option }).collect();
    let files = vec![
        ExportToCheck { id: Some(billed), path: args.billed.clone() },
        ExportToCheck { id: None, path: args.usage.clone() },
    ];
    let exports = ExportsCheckArgs {
        files,
        options,
        mappings: args.mappings.clone(),
        rules: Some(rules.to_owned()),
        as_of: Some(args.as_of),
        today: args.as_of,
        out: Some(args.out.clone()),
    };
    Ok(check_files(&exports, HandedOver::Lists)?.found)
}
