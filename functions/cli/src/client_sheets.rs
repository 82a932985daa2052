//! `truecount report clients`: makes the sheets of a run's clients, and writes them into a local directory.

use std::path::{Path, PathBuf};

use truecount_reports::{CLIENT_SHEETS, SheetPrices};

use crate::args::{BackendArgs, Cli, ClientSheetsArgs};
use crate::download::{Answer, DownloadedFile, written};
use crate::explain::find;
use crate::open::look;
use crate::output::Ending;
use crate::runs::wanted_run;

/// The directory below which each run has its own, if none is named.
const DIRECTORY: &str = "truecount-clients";

pub(crate) async fn client_sheets(cli: &Cli, backend: &BackendArgs, args: &ClientSheetsArgs) -> anyhow::Result<Ending> {
    let session = look(backend).await?;
    let run = wanted_run(&session, &args.which).await?;
    let outcome = truecount_app::outcome_of(&session.env, &run).await?;
    let header = truecount_app::header_of(&session.env, &run).await?;
    let only = match &args.client {
        Some(wanted) => Some(find(&outcome, wanted)?.1.client_id),
        None => None,
    };
    let prices = if args.prices { SheetPrices::Shown } else { SheetPrices::Hidden };
    let out = args.out.clone().unwrap_or_else(|| Path::new(DIRECTORY).join(&run.run_id));
    let mut files = Vec::new();
    for sheet in truecount_app::client_sheets(&outcome, &header, prices, only.as_ref()) {
        let sheet = sheet?;
        let name = sheet.name.trim_start_matches(CLIENT_SHEETS).to_owned();
        files.push(keep(&out, name, &sheet.bytes)?);
    }
    let (run_id, month) = (run.run_id, run.manifest.month);
    if files.is_empty() {
        let whose = args.client.as_deref().map_or("any client", |_| "this client");
        anyhow::bail!("run {run_id} of {month} has no billed line and no item of {whose}, so nothing was written");
    }
    Answer { run_id, month, directory: out.display().to_string(), files }.show(cli.json)
}

fn keep(out: &Path, file: String, bytes: &[u8]) -> anyhow::Result<DownloadedFile> {
    let path: PathBuf = out.join(&file);
    let outcome = written(&path, bytes)?;
    Ok(DownloadedFile { file, bytes: bytes.len(), outcome })
}
