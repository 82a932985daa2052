//! `truecount check FILE…`: says what each export was taken for and what was compared with what, then what was found.

use serde::Serialize;
use truecount_billing::CountDay;
use truecount_check::{
    CheckedFile, CountDayFrom, CountedThing, ExportsCheckArgs, ExportsOutcome, MappedAccounts, PairedProduct,
    UnpairedProduct, check_exports,
};
use truecount_reconciliation::{NO_CURRENCY, SetupFinding};
use truecount_reports::{AgreementFindingTotal, agreement_findings_json, receipt, sanitize::visible};

use super::{ending, tell_files};
use crate::agreements;
use crate::args::{self, Cli};
use crate::exceptions::list_first;
use crate::open::clock;
use crate::output::{Ending, counted, json, say, say_text, tell};
use crate::table::Column::{Key, Prose};
use crate::table::table;

/// Findings about the setup that are told in other words.
const IS_TOLD: [&str; 2] = ["currency_not_named", "product_means_several"];
/// So many findings about agreements are shown below the exceptions.
const FINDINGS_MAX: usize = 5;
/// Products that could mean several things, of which so many are told.
const UNPAIRED_MAX: usize = 10;

pub(super) fn check(cli: &Cli, args: &args::CheckArgs) -> anyhow::Result<Ending> {
    let today = CountDay(jiff::tz::Offset::UTC.to_datetime(clock()?.now()).date());
    let outcome = check_exports(&ExportsCheckArgs {
        files: args.files.clone(),
        options: args.option.clone(),
        mappings: args.mappings.clone(),
        rules: args.rules.clone(),
        as_of: args.as_of,
        today,
        out: args.out.clone(),
    })?;
    let ending = match ending(&outcome.found) {
        Ending::Clean if !outcome.is_compared && !outcome.findings.is_empty() => Ending::Exceptions,
        ending => ending,
    };
    if cli.json {
        shown_as_json(&outcome)?;
        return Ok(ending);
    }
    outcome.files.iter().for_each(tell_file);
    tell_counted_on(&outcome);
    outcome.accounts.iter().for_each(tell_accounts);
    tell_currency(&outcome);
    show_compared(&outcome);
    outcome.setup.iter().filter(|finding| !IS_TOLD.contains(&finding.code.as_str())).for_each(tell_setup);
    if !outcome.is_compared {
        show_alone(&outcome, args.out.is_some());
        return Ok(ending);
    }
    say("");
    say_text(&outcome.overview);
    say("");
    let where_more = match args.out {
        Some(_) => "`exceptions.csv` has them",
        None => "`--out DIR` writes them to files",
    };
    tell_files(&outcome.found);
    list_first(outcome.exceptions, where_more);
    if !outcome.findings.is_empty() {
        say("");
        agreements::list(&outcome.findings, FINDINGS_MAX, args.out.is_some());
    }
    Ok(ending)
}

/// What the lines of a PSA say by themselves.
fn show_alone(outcome: &ExportsOutcome, is_written: bool) {
    tell("No file says what is used: the agreements were reviewed by themselves, and nothing was compared.");
    tell_files(&outcome.found);
    say("");
    if outcome.findings.is_empty() {
        return say("nothing to look at");
    }
    agreements::list(&outcome.findings, agreements::ROWS_MAX, is_written);
}

fn shown_as_json(outcome: &ExportsOutcome) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Shown<'a, T> {
        #[serde(flatten)]
        outcome: &'a ExportsOutcome,
        agreement_totals: Vec<AgreementFindingTotal>,
        agreement_findings: &'a [T],
    }
    let header = outcome.header();
    let findings = agreement_findings_json(&header, &outcome.findings);
    let agreement_totals = AgreementFindingTotal::of(&outcome.findings);
    json(&Shown { outcome, agreement_totals, agreement_findings: &findings })
}

/// What makes counts unreliable.
fn tell_setup(finding: &SetupFinding) {
    tell(&format!("! {}: {}", visible(&finding.subject), visible(&finding.message)));
}

/// What a file was taken for, and what became of its rows.
fn tell_file(file: &CheckedFile) {
    let (used, looked_up, left_out) = file.receipt.sums();
    let rows = counted(file.receipt.rows(), "row", "rows");
    tell(&format!("{}: {}", visible(&file.file), file.title));
    let mut became = format!("{used} used");
    if looked_up > 0 {
        became.push_str(&format!(", {looked_up} looked up"));
    }
    if left_out > 0 {
        became.push_str(&format!(", left out: {}", receipt::left_out(&file.receipt)));
    }
    let side = if file.side.is_billed() { "billed lines" } else { "what is used" };
    tell(&format!("  {side}, as source `{}`, of {}; {rows}: {became}", file.source, file.as_of));
    if file.is_unverified || file.preset.is_none() {
        let columns = file.columns.iter().map(|(field, heading)| format!("{field} from `{}`", visible(heading)));
        let columns: Vec<String> = columns.collect();
        let why = if file.is_unverified { "nobody has checked these headings against a published list: " } else { "" };
        tell(&format!("  {why}{}", columns.join(", ")));
    }
    for (key, value) in &file.assumed {
        tell(&format!("  taken for granted: {key} = {value}"));
    }
    if !file.receipt.unknown_words.is_empty() {
        tell(&format!("  not explained: {}", visible(&receipt::unknown_words(&file.receipt.unknown_words))));
    }
}

fn tell_counted_on(outcome: &ExportsOutcome) {
    let hint = match outcome.count_day_from {
        CountDayFrom::Given => "",
        CountDayFrom::FileName | CountDayFrom::Today => "; `--as-of` sets another",
    };
    tell(&format!("Counted on {}: {}{hint}.", outcome.count_day, outcome.count_day_from));
}

/// Where nothing names a currency, how it is named.
fn tell_currency(outcome: &ExportsOutcome) {
    let billed = outcome.files.iter().find(|file| file.side.is_billed());
    if let Some(file) = billed.filter(|_| outcome.home_currency.as_str() == NO_CURRENCY) {
        tell(&format!(
            "Nothing names a currency, so that amounts are shown in {NO_CURRENCY}; `--option \
             {}:constants.currency=GBP` does.",
            file.source
        ));
    }
}

fn tell_accounts(accounts: &MappedAccounts) {
    let MappedAccounts { source, by_file, by_name, undecided } = accounts;
    let all = by_file + by_name + undecided;
    let parts = [(by_file, "mapped by the file"), (by_name, "mapped by equal names"), (undecided, "undecided")];
    let parts = parts.iter().filter(|(count, _)| **count > 0).map(|(count, how)| format!("{count} {how}"));
    let parts: Vec<String> = parts.collect();
    let hint = if *undecided > 0 { "; `--mappings` says whose an account is" } else { "" };
    tell(&format!("{} of `{source}`: {}{hint}.", counted(all, "account", "accounts"), parts.join(", ")));
}

/// What was compared with what, and what could not be told, where no rules were given.
fn show_compared(outcome: &ExportsOutcome) {
    if outcome.rules.is_none() {
        return;
    }
    let cells = |one: &PairedProduct| vec![one.product.to_string(), in_words(&one.counted), one.by.to_string()];
    say("");
    table(
        &[Key("product"), Prose("compared with"), Prose("because")],
        &outcome.paired.iter().map(cells).collect::<Vec<_>>(),
    );
    for one in outcome.unpaired.iter().take(UNPAIRED_MAX) {
        tell(&format!("Not compared: {}.", visible(&unpaired(one))));
    }
    if let Some(more) = outcome.unpaired.len().checked_sub(UNPAIRED_MAX).filter(|more| *more > 0) {
        tell(&format!("Not compared for the same reason: {}.", counted(more, "more product", "more products")));
    }
}

fn in_words(thing: &CountedThing) -> String {
    visible(&thing.to_string()).into_owned()
}

fn unpaired(one: &UnpairedProduct) -> String {
    format!("{one}; `--rules` says what counts it")
}
