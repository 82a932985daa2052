//! Lines of a stored outcome that come in another order than they are stored in.

use crate::invented;
use truecount_reconciliation::OutcomeLine;
use truecount_reports::{ReportError, RunReportBuilder};

/// What a builder says to some lines.
fn refusal(lines: &[OutcomeLine]) -> String {
    let header = invented::header();
    let mut builder = RunReportBuilder::begin(&header, std::io::sink());
    let refused = lines.iter().try_for_each(|line| builder.line(line.clone()));
    match refused.and_then(|()| builder.finish().map(drop)) {
        Ok(()) => "taken".to_owned(),
        Err(error) => {
            assert!(matches!(error, ReportError::Outcome { .. }), "{error:?}");
            error.to_string()
        }
    }
}

#[test]
fn the_portfolio_is_first_and_only_once() {
    let lines = invented::month().lines();
    let is = |line: &OutcomeLine, what: &str| match line {
        OutcomeLine::Portfolio(_) => what == "portfolio",
        OutcomeLine::Source(_) => what == "source",
        OutcomeLine::Setup(_) => what == "setup",
        OutcomeLine::Suggestion(_) => what == "suggestion",
        OutcomeLine::Client(_) => what == "client",
        OutcomeLine::Action(_) => what == "action",
        OutcomeLine::AgreementFinding(_) => what == "agreement finding",
    };
    let one = |what| lines.iter().find(|line| is(line, what)).unwrap().clone();
    let [portfolio, source, setup, suggestion, client] =
        ["portfolio", "source", "setup", "suggestion", "client"].map(one);
    let not_first = "the stored outcome cannot be used: its first line is not the portfolio";
    let twice = "the stored outcome cannot be used: it has two portfolios";
    let table: [(&[&OutcomeLine], &str); 11] = [
        (&[&portfolio], "taken"),
        (&[&portfolio, &suggestion, &setup, &source, &client, &client], "taken"),
        (&[], not_first),
        (&[&client], not_first),
        (&[&source, &portfolio], not_first),
        (&[&setup], not_first),
        (&[&portfolio, &portfolio], twice),
        (&[&portfolio, &client, &portfolio], twice),
        (&[&portfolio, &client, &source], "taken"),
        (&[&portfolio, &client, &setup], "taken"),
        (&[&portfolio, &client, &suggestion, &client], "taken"),
    ];
    for (lines, expected) in table {
        let lines: Vec<_> = lines.iter().map(|line| (*line).clone()).collect();
        assert_eq!(refusal(&lines), expected);
    }
}

#[test]
fn nothing_is_taken_after_a_refusal() {
    let (header, lines) = (invented::header(), invented::month().lines());
    let mut builder = RunReportBuilder::begin(&header, std::io::sink());
    let client = lines.last().unwrap();
    builder.line(client.clone()).unwrap_err();
    builder.line(lines[0].clone()).unwrap_err();
    assert_eq!(builder.finish().unwrap_err().to_string(), "the stored outcome cannot be used: a line was refused");
}

#[test]
fn sources_are_by_id_and_lines_go_where_they_are_wanted() {
    let mut sample = invented::month();
    sample.sources.reverse();
    let mut lines = Vec::new();
    let report = sample.built(&mut lines);
    let sources: Vec<_> = report.sources.iter().map(|source| source.source.as_str()).collect();
    assert_eq!(sources, ["connectwise", "microsoft-graph", "ninjaone", "pax8"]);
    let rows = String::from_utf8(lines).unwrap().lines().count() - 1;
    assert_eq!(rows as u64, report.portfolio.rows.values().sum::<u64>());
}
