//! The sample by itself: the same again, nothing ambiguous in it, and every story told.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet};

use truecount_sandbox::{FaultProfile, Planted, Sample, SampleSize, VendorEndpoints, compare, states};

fn sample(seed: u64) -> Sample {
    Sample::new(SampleSize::default(), seed, "2026-06".parse().unwrap())
}

#[test]
fn the_same_seed_gives_the_same_sample() {
    let (one, same, other) = (sample(7), sample(7), sample(8));
    assert_eq!(one.answer_sheet(), same.answer_sheet());
    assert_eq!(one.inbox(), same.inbox());
    assert_eq!(one.decisions(), same.decisions());
    assert_eq!(one.history(), same.history());
    assert_ne!(one.answer_sheet(), other.answer_sheet());
    assert_ne!(one.inbox(), other.inbox());
}

#[test]
fn clients_and_accounts_keep_their_ids_from_month_to_month() {
    let of = |month: &str| Sample::new(SampleSize::default(), 7, month.parse().unwrap());
    let (may, june) = (of("2026-05"), of("2026-06"));
    assert_eq!(may.decisions(), june.decisions());
    assert_eq!(may.clients(), june.clients());
}

#[test]
fn every_kind_is_planted_for_every_seed() {
    for seed in 0..40 {
        let sheet = sample(seed).answer_sheet();
        let kinds: BTreeSet<&str> = sheet.iter().map(|row| row.kind).collect();
        let wanted = [
            "agreement_ending",
            "billed_without_usage",
            "ended_agreement_in_use",
            "moved",
            "not_reconciled",
            "overbilled",
            "unbilled_usage",
            "uncounted_line",
            "underbilled",
            "unmapped_account",
        ];
        assert_eq!(kinds, wanted.into(), "seed {seed}");
        let currencies: BTreeSet<&str> = sheet.iter().map(|row| row.currency.as_str()).collect();
        assert_eq!(currencies, ["", "EUR", "GBP", "USD"].into(), "seed {seed}");
        assert!((50..170).contains(&sheet.len()), "seed {seed}: {}", sheet.len());
    }
}

#[test]
fn the_sheet_adds_up_and_names_each_difference_once() {
    for seed in 0..40 {
        let sheet = sample(seed).answer_sheet();
        let mut seen = BTreeSet::new();
        for row in &sheet {
            let key = (&row.client_id, &row.product_code, &row.source, &row.account_id);
            assert!(seen.insert(key), "seed {seed}: {row:?}");
            let (Some(variance), Some(expected), Some(billed)) = (row.variance, row.should_bill, row.billed) else {
                let kinds = ["moved", "not_reconciled", "uncounted_line", "unmapped_account"];
                assert!(kinds.contains(&row.kind), "{row:?}");
                assert!(row.kind == "uncounted_line" || row.monthly_impact.is_none(), "{row:?}");
                continue;
            };
            assert_eq!(variance, expected - billed, "{row:?}");
            assert!(!variance.is_zero(), "{row:?}");
            let positive =
                matches!(row.kind, "underbilled" | "unbilled_usage" | "ended_agreement_in_use" | "agreement_ending");
            assert_eq!(variance.is_sign_positive(), positive, "{row:?}");
            assert_eq!(row.kind == "billed_without_usage", row.counted.unwrap().is_zero(), "{row:?}");
            let is_told = row.kind == "ended_agreement_in_use";
            let worth = row.unit_price.filter(|_| !is_told && !row.currency.is_empty()).map(|price| variance * price);
            // Each of these has a price of its own.
            if row.story == "prices that go in steps" {
                assert!(row.monthly_impact > row.unit_price && row.monthly_impact < worth, "{row:?}");
                continue;
            }
            // What is cut at another price than the newest line's is worth less.
            if let (true, Some(impact)) =
                (variance.is_sign_negative() && row.monthly_impact != worth, row.monthly_impact)
            {
                let stories = ["two prices for one product", "an old and a new line both run"];
                assert!(
                    stories.contains(&row.story) && worth.unwrap() < impact && impact.is_sign_negative(),
                    "{row:?}"
                );
                continue;
            }
            assert_eq!(row.monthly_impact, worth, "{row:?}");
        }
    }
}

/// Case, spaces and punctuation apart.
fn light(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn clients_have_names_of_their_own() {
    for clients in [6, 60, 300] {
        let sample = Sample::new(SampleSize { clients }, 3, "2026-06".parse().unwrap());
        let names: BTreeSet<String> = sample.clients().iter().map(|(_, name)| light(name)).collect();
        assert_eq!(names.len(), clients);
    }
}

#[test]
fn the_drop_is_mapped_by_name_or_by_decision() {
    let sample = sample(5);
    let clients: BTreeMap<String, String> = sample.clients().into_iter().map(|(id, name)| (light(&name), id)).collect();
    let decided: BTreeSet<&str> =
        sample.decisions().iter().filter(|one| one.source == "backup").map(|one| one.account_id.as_str()).collect();
    let file = &sample.inbox()[0];
    assert_eq!(file.name, "backup-2026-06-30.csv");
    let text = String::from_utf8(file.bytes.clone()).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let (id, rest) = line.split_once(',').unwrap();
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.replace("\"\"", "\u{1}").split('"').next().unwrap().replace('\u{1}', "\""),
            None => rest.split(',').next().unwrap().to_owned(),
        };
        assert!(decided.contains(id) || clients.contains_key(&light(&name)), "{line}");
        rows += 1;
    }
    assert!(rows > 30, "{rows}");
    let repeated = text.lines().collect::<BTreeSet<_>>().len() < text.lines().count();
    assert!(repeated, "some row is there twice");
}

#[test]
fn a_tool_in_trouble_drops_a_broken_file() {
    let sample = sample(5);
    let whole = sample.inbox()[0].bytes.len();
    let length = |fault: &FaultProfile| sample.inbox_with(fault).first().map(|file| file.bytes.len());
    assert_eq!(length(&FaultProfile::Refused), None);
    assert!(length(&FaultProfile::CutBody).is_some_and(|bytes| bytes > whole / 2 && bytes < whole));
    let empty = String::from_utf8(sample.inbox_with(&FaultProfile::EmptyList)[0].bytes.clone()).unwrap();
    assert_eq!(empty.lines().count(), 1, "{empty}");
    assert!(sample.inbox_with(&FaultProfile::HtmlWith200)[0].bytes.starts_with(b"<!doctype html>"));
}

#[test]
fn history_lies_before_the_month() {
    let history = sample(5).history();
    let months: Vec<String> = history.iter().map(|one| one.month.to_string()).collect();
    assert_eq!(months, ["2026-03", "2026-04", "2026-05"]);
    assert!(history.iter().all(|one| one.totals.iter().all(|total| total.add > total.reduce)));
}

#[test]
fn the_large_sample_plants_by_its_formula() {
    let sample = Sample::large(200, 20_000, "2026-06".parse().unwrap());
    let sheet = sample.answer_sheet();
    let of_kind = |kind: &str| sheet.iter().filter(|row| row.kind == kind).count();
    assert_eq!((of_kind("underbilled"), of_kind("overbilled"), sheet.len()), (4, 4, 8));
    assert_eq!(sample.sources(), ["connectwise", "ninjaone"]);
    let whole: Vec<_> = sheet.iter().map(Planted::columns).collect();
    assert!(compare(&sheet, &whole).is_whole());
}

#[test]
fn settings_name_every_source_once() {
    let sample = sample(5);
    let endpoints: VendorEndpoints =
        sample.sources().iter().map(|source| ((*source).to_owned(), format!("http://127.0.0.1/{source}"))).collect();
    let settings = sample.settings_toml(&endpoints);
    for source in sample.sources() {
        assert_eq!(settings.matches(&format!("\nid = \"{source}\"\n")).count(), 1, "{source}");
    }
    for (source, fields) in sample.secrets() {
        assert!(fields.values().all(|value| value.starts_with("tc-canary-secret-") && !settings.contains(value)));
        assert!(!fields.is_empty(), "{source}");
    }
    // A seat's count is that of its group.
    assert_eq!(sample.rules_toml().matches("\ncount = ").count(), 13 + 10);
}

#[test]
fn six_months_tell_a_story_that_ends_in_the_last() {
    let last = "2026-06".parse().unwrap();
    for seed in [1, 7] {
        let of = |back| Sample::before(SampleSize::default(), seed, last, back);
        let samples: Vec<Sample> = (0..6).rev().map(of).collect();
        let sheets: Vec<_> = samples.iter().map(Sample::answer_sheet).collect();
        assert_eq!(sheets[5], sample(seed).answer_sheet(), "the last month is the same, whatever came before");
        let clients = samples[5].clients();
        assert!(samples.iter().all(|one| one.clients() == clients), "nobody has another name or id");
        let counts: Vec<_> = (1..=6).map(|months| states(&sheets[..months]).counts()).collect();
        for state in ["new", "open", "changed", "closed", "reopened"] {
            let months = counts[1..].iter().filter(|of_month| of_month.contains_key(state)).count();
            assert!(months > 0, "seed {seed}: nothing is ever {state}: {counts:?}");
        }
        // Two months long a product is used that the agreement has under its old code.
        let backup = |kind: &'static str| {
            let of = |sheet: &[Planted]| sheet.iter().filter(|row| row.kind == kind && row.source == "backup").count();
            sheets.iter().map(|sheet| of(sheet)).collect::<Vec<_>>()
        };
        let (without, unbilled) = (backup("billed_without_usage"), backup("unbilled_usage"));
        let more = |all: &[usize]| all.iter().map(|count| count - all[5]).collect::<Vec<_>>();
        assert_eq!((more(&without), more(&unbilled)), (vec![0, 0, 1, 1, 0, 0], vec![0, 0, 1, 1, 0, 0]), "seed {seed}");
        let is_late = |one: &Sample| one.inbox().iter().all(|file| file.source != "backup");
        let late: Vec<bool> = samples.iter().map(is_late).collect();
        assert_eq!(late, [false, false, false, true, false, false]);
        assert!(!is_late(&of(2).with_all_files()), "the first month of three");
    }
}
