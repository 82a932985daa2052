//! `[report]`, `[rates]` and `[account_managers]`: what weighs how much in a report, what needs approval, who looks after
//! which client, and whether it has a sheet for each.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use truecount_billing::Currency;
use truecount_reconciliation::{DatedRate, ReportWeights};
use truecount_reports::{AccountManager, Oversight, SheetPrices};

use crate::toml_sections::{Located, Problems, Section};

/// Above which value a change needs approval.
const APPROVAL_ABOVE: &str = "approval_above";

/// A number as a person writes it: whole, or in quotes. A float would not be exact.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write a whole number, or a number in quotes such as \"0.79\"")]
pub(super) enum WrittenNumber {
    Whole(i64),
    Text(String),
}

/// A rate with its day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    rate: WrittenNumber,
    on: toml::value::Datetime,
}

/// What the tables say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ReportSettings {
    pub(super) weights: ReportWeights,
    /// `None`: no sheet is made.
    pub(super) client_sheets: Option<SheetPrices>,
    pub(super) oversight: Oversight,
}

/// Reads the tables; where none is there, nothing weighs anything.
pub(super) fn read_report(file: &mut Section<'_>, problems: &mut Problems<'_>) -> ReportSettings {
    let mut weights = ReportWeights::default();
    let mut client_sheets = None;
    let mut oversight = Oversight { account_managers: read_managers(file, problems), approval_above: None };
    if let Some(mut report) = file.section("report", problems) {
        let materiality: Option<Located<WrittenNumber>> = report.optional("materiality", problems);
        let approval: Option<Located<WrittenNumber>> = report.optional(APPROVAL_ABOVE, problems);
        oversight.approval_above =
            approval.and_then(|found| above_zero(APPROVAL_ABOVE, found.at, &found.value, problems));
        client_sheets = read_client_sheets(&mut report, problems);
        report.finish(problems);
        weights.materiality = materiality.and_then(|found| above_zero("materiality", found.at, &found.value, problems));
    }
    let rates = file.section("rates", problems).map(|rates| rates.each::<WrittenRate>(problems)).unwrap_or_default();
    for (code, Located { at, value }) in rates {
        let rate = above_zero("rate", at, &value.rate, problems);
        let on = day("on", at, &value.on, problems);
        match Currency::new(&code) {
            Ok(currency) => weights.rates.extend(rate.zip(on).map(|(rate, on)| (currency, DatedRate { rate, on }))),
            Err(error) => problems.add(at, format!("`{}`: {error}", code.escape_debug())),
        }
    }
    ReportSettings { weights, client_sheets, oversight }
}

fn read_managers(file: &mut Section<'_>, problems: &mut Problems<'_>) -> Vec<AccountManager> {
    let Some(table) = file.section("account_managers", problems) else { return Vec::new() };
    let mut managers = Vec::new();
    for (name, Located { at, value: clients }) in table.each::<Vec<String>>(problems) {
        if name.trim().is_empty() || clients.is_empty() || clients.iter().any(|client| client.trim().is_empty()) {
            let why = "write the account manager's name, and the clients by id or name (`*` is any text): \"Kim\" = [\"Alder*\"]";
            problems.add(at, why);
        }
        managers.push(AccountManager { name, clients });
    }
    managers
}

fn read_client_sheets(report: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<SheetPrices> {
    let is_wanted = report.value("client_sheets", problems).unwrap_or(false);
    let has_prices: Option<Located<bool>> = report.optional("client_sheet_prices", problems);
    match (is_wanted, has_prices) {
        (true, Some(Located { value: true, .. })) => Some(SheetPrices::Shown),
        (true, _) => Some(SheetPrices::Hidden),
        (false, Some(Located { value: true, at })) => {
            problems.add(at, "`client_sheet_prices` does nothing without `client_sheets = true`");
            None
        }
        (false, _) => None,
    }
}

pub(super) fn above_zero(
    key: &str,
    at: usize,
    written: &WrittenNumber,
    problems: &mut Problems<'_>,
) -> Option<Decimal> {
    let number = match written {
        WrittenNumber::Whole(number) => Some(Decimal::from(*number)),
        WrittenNumber::Text(text) => Decimal::from_str_exact(text.trim()).ok(),
    };
    let found = number.filter(|number| *number > Decimal::ZERO);
    if found.is_none() {
        problems.add(
            at,
            format!("`{key}` is no number above zero; write a whole number, or one in quotes such as \"0.79\""),
        );
    }
    found
}

pub(super) fn day(key: &str, at: usize, written: &toml::value::Datetime, problems: &mut Problems<'_>) -> Option<Date> {
    let found = written.date.filter(|_| written.time.is_none()).and_then(|day| day.to_string().parse().ok());
    if found.is_none() {
        problems.add(at, format!("`{key}` is no day; write one such as 2026-11-01"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn read(text: &str) -> Result<ReportSettings, Vec<String>> {
        let mut problems = Problems::of(text);
        let mut file = Section::of_file(text, &mut problems);
        let settings = read_report(&mut file, &mut problems);
        file.finish(&mut problems);
        problems.result(settings).map_err(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn amounts_are_exact_and_rates_have_a_day() {
        let text = "[report]\nmateriality = 25\n[rates]\nUSD = { rate = \"0.79\", on = 2026-11-01 }\n";
        let rate = DatedRate { rate: Decimal::new(79, 2), on: date(2026, 11, 1) };
        let rates = [(Currency::new("USD").unwrap(), rate)].into();
        assert_eq!(read(text).unwrap().weights, ReportWeights { materiality: Some(25.into()), rates });
        assert_eq!(read(""), Ok(ReportSettings::default()));
    }

    #[test]
    fn account_managers_and_what_needs_approval_are_read() {
        let text = "[report]\napproval_above = \"99.50\"\n[account_managers]\nKim = [\"Alder*\", \"17\"]\n";
        let clients = vec!["Alder*".to_owned(), "17".to_owned()];
        let expected = Oversight {
            account_managers: vec![AccountManager { name: "Kim".to_owned(), clients }],
            approval_above: Some(Decimal::new(9950, 2)),
        };
        assert_eq!(read(text).unwrap().oversight, expected);
    }

    #[test]
    fn client_sheets_are_asked_for_and_their_prices_too() {
        for (text, expected) in [
            ("[report]\n", None),
            ("[report]\nclient_sheets = false\nclient_sheet_prices = false\n", None),
            ("[report]\nclient_sheets = true\n", Some(SheetPrices::Hidden)),
            ("[report]\nclient_sheets = true\nclient_sheet_prices = true\n", Some(SheetPrices::Shown)),
        ] {
            assert_eq!(read(text).unwrap().client_sheets, expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line() {
        for (text, line, what) in [
            ("[report]\nmateriality = 2.5\n", 2, "whole number"),
            ("[report]\nmateriality = \"-1\"\n", 2, "`materiality` is no number above zero"),
            ("[report]\napproval_above = 0\n", 2, "`approval_above` is no number above zero"),
            ("[account_managers]\nKim = []\n", 2, "the clients by id or name"),
            ("[account_managers]\nKim = [\" \"]\n", 2, "the clients by id or name"),
            ("[account_managers]\nKim = \"Alder\"\n", 2, "`Kim`"),
            ("[report]\nmaterialty = 1\n", 2, "did you mean `materiality`?"),
            ("[report]\nclient_sheets = \"yes\"\n", 2, "`client_sheets`"),
            ("[report]\nclient_sheet_prices = true\n", 2, "nothing without `client_sheets = true`"),
            ("[rates]\nUSD = { rate = 0, on = 2026-11-01 }\n", 2, "`rate` is no number above zero"),
            ("[rates]\nUSD = { rate = \"0.79\" }\n", 2, "missing key `on`"),
            ("[rates]\nUSD = { rate = 1, on = 2026-11-01T08:00:00Z }\n", 2, "`on` is no day"),
            ("[rates]\n\"US Dollar\" = { rate = 1, on = 2026-11-01 }\n", 2, "`US Dollar`"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(&format!("line {line}: ")), "{text} {problems:?}");
            assert!(problems[0].contains(what), "{text} {problems:?}");
        }
    }
}
