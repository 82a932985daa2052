//! `mappings suggest`: likely clients of undecided vendor accounts, from the last syncs or from two CSV files.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use truecount_app::mapping::{Candidates, MappingRow, MappingWorkspace, RowState};
use truecount_matching::{Party, Sites};
use truecount_reports::sanitize;

use super::list::{monthly_revenue, show_progress};
use super::proposals::{Shown, account, client, nobody, why};
use crate::args::{Cli, SuggestArgs};
use crate::open::Session;
use crate::output::{Ending, counted, json, tell};

/// A row of the answer in JSON.
#[derive(Serialize)]
struct Suggested<'a> {
    #[serde(flatten)]
    row: &'a MappingRow,
    #[serde(flatten)]
    candidates: Option<&'a Candidates>,
}

pub(super) async fn from_backend(cli: &Cli, session: &Session) -> anyhow::Result<Ending> {
    let workspace = MappingWorkspace::load(&session.env, &session.config).await?;
    let proposals = workspace.proposals();
    let mut rows = workspace.rows();
    rows.retain(|row| row.state == RowState::Undecided);
    let suggested = rows.iter().map(|row| {
        let candidates = proposals.get(&(&row.source, &row.account_id)).copied();
        Suggested { row, candidates }
    });
    if cli.json {
        json(&suggested.collect::<Vec<_>>())?;
        return Ok(Ending::Clean);
    }
    for Suggested { row, candidates } in suggested {
        let line = format!("{}  {}", account(row), monthly_revenue(row));
        Shown::AsResult.line(line.trim_end(), 4);
        let proposals = candidates.map_or(&[][..], |candidates| &candidates.proposals);
        for proposal in proposals {
            Shown::AsResult.line(&format!("    {}: {}", client(proposal), why(proposal)), 6);
        }
        if proposals.is_empty() {
            Shown::AsResult.line(&format!("    {}", nobody(candidates)), 6);
        }
    }
    show_progress(&workspace.progress());
    Ok(Ending::Clean)
}

/// The three files of a comparison without a backend, if they are given.
pub(super) fn files(args: &SuggestArgs) -> Option<(&Path, &Path, &Path)> {
    Some((args.accounts.as_deref()?, args.clients.as_deref()?, args.out.as_deref()?))
}

pub(super) fn from_files(
    cli: &Cli,
    (left, right, out): (&Path, &Path, &Path),
    args: &SuggestArgs,
) -> anyhow::Result<Ending> {
    let (accounts, clients) = (read(left)?, read(right)?);
    let named = |rows: &'_ [(String, String)]| rows.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
    let (account_names, client_names) = (named(&accounts), named(&clients));
    let lefts: Vec<_> = account_names.iter().map(|name| Party::named(name)).collect();
    let rights: Vec<_> = client_names.iter().map(|name| Party::named(name)).collect();
    let sites = if args.one_to_one { Sites::OneToOne } else { Sites::ManyToOne };
    let suggested = truecount_matching::suggest(&lefts, &rights, sites);
    let file = File::create(out).with_context(|| format!("`{}` cannot be written", out.display()))?;
    let mut csv = csv::Writer::from_writer(std::io::BufWriter::new(file));
    csv.write_record(["left_id", "right_id", "score", "reasons", "against", "left_name", "right_name"])?;
    let (mut rows, mut with) = (0_u64, 0_u64);
    for ((id, name), suggestions) in accounts.iter().zip(&suggested) {
        with += u64::from(!suggestions.is_empty());
        for one in suggestions {
            let (right_id, right_name) = &clients[one.client];
            let in_words = |reasons: &[truecount_matching::Reason]| {
                let words: Vec<_> = reasons.iter().map(|reason| reason.for_people()).collect();
                sanitize::cell(&words.join("; ")).into_owned()
            };
            let (score, reasons, against) = (one.score.exact(), in_words(&one.reasons), in_words(&one.against));
            // ids are written as they came: a program joins on them
            let (left, right) = (sanitize::cell(name), sanitize::cell(right_name));
            csv.write_record([id.as_str(), right_id, &score, &reasons, &against, &left, &right])?;
            rows += 1;
        }
    }
    csv.into_inner().map_err(|error| error.into_error()).and_then(|mut file| file.flush())?;
    let (all, what) = (accounts.len(), if args.products { "SKUs" } else { "vendor accounts" });
    if cli.json {
        json(&serde_json::json!({ "accounts": all, "with_suggestion": with, "rows": rows, "out": out }))?;
    }
    tell(&format!(
        "{with} of {all} {what} resemble a {}; `{}` has {}.",
        if args.products { "product" } else { "client" },
        out.display(),
        counted(rows, "row", "rows")
    ));
    Ok(Ending::Clean)
}

/// The rows of a file: id and name.
fn read(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let shown = path.display();
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_path(path).with_context(|| format!("`{shown}`"))?;
    let header = csv.headers().with_context(|| format!("`{shown}`, line 1"))?.clone();
    let column = |wanted: &str| {
        let at = header.iter().position(|name| name.trim().trim_start_matches('\u{FEFF}').eq_ignore_ascii_case(wanted));
        at.with_context(|| {
            let names: Vec<_> = header.iter().collect();
            format!("`{shown}`, line 1: there is no column `{wanted}`; the columns are: {}", names.join(", "))
        })
    };
    let (id, name) = (column("id")?, column("name")?);
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record.with_context(|| format!("`{shown}`"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize, what: &str| {
            record.get(at).map(str::to_owned).with_context(|| format!("`{shown}`, line {line}: there is no {what}"))
        };
        rows.push((cell(id, "id")?, cell(name, "name")?));
    }
    Ok(rows)
}
