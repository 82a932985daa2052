//! A run's client sheets: made from its outcome one client at a time, and kept in its folder.

use std::collections::BTreeSet;

use truecount_billing::ClientId;
use truecount_reconciliation::OutcomeLine;
use truecount_reports::{ClientSheetFile, ClientSheets, InputRef, RunHeader, SheetPrices};
use truecount_store::{FrozenRun, Run, RunState, StoredOutcome};

use crate::settings::frozen_client_sheets;
use crate::{AppError, Environment};

/// The sheets of all clients, or of `only` one, in the order of the outcome.
pub fn client_sheets(
    stored: &StoredOutcome,
    header: &RunHeader,
    prices: SheetPrices,
    only: Option<&ClientId>,
) -> impl Iterator<Item = Result<ClientSheetFile, AppError>> {
    let mut sheets = ClientSheets::begin(header, prices);
    let is_wanted = move |line: &OutcomeLine| match line {
        OutcomeLine::Client(client) => only.is_none_or(|only| *only == client.client_id),
        _ => true,
    };
    let lines = stored.lines().filter(move |line| line.as_ref().map_or(true, &is_wanted));
    lines.flat_map(move |line| match line.map_err(AppError::from).and_then(|line| Ok(sheets.line(line)?)) {
        Ok(None) => Vec::new(),
        Ok(Some(files)) => files.map(Ok).into(),
        Err(error) => vec![Err(error)],
    })
}

/// Writes them, where the run's settings ask for them; answers what the manifest says of each.
pub(super) async fn write_client_sheets(
    env: &Environment,
    run: &Run,
    frozen: &FrozenRun,
    (stored, header): (&StoredOutcome, &RunHeader),
) -> Result<Vec<InputRef>, AppError> {
    let Some(prices) = frozen_client_sheets(frozen).await? else { return Ok(Vec::new()) };
    env.progress.step("writing the clients' sheets");
    let folder = run.folder(&env.store);
    // What was handed out stands, and is not sent once more with each mail that is tried again.
    let there: BTreeSet<String> = match run.state {
        RunState::Reported => folder.files().await?.into_iter().map(|file| file.name).collect(),
        RunState::Frozen | RunState::Reconciled => BTreeSet::new(),
    };
    let mut written = Vec::new();
    for sheet in client_sheets(stored, header, prices, None) {
        let sheet = sheet?;
        if !there.contains(&sheet.name) {
            folder.write_file(&sheet.name, &sheet.bytes).await?;
        }
        written.push(sheet.reference());
    }
    Ok(written)
}
