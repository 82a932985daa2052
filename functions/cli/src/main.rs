//! `truecount`: the same jobs as the Lambda functions, at a prompt, and what people ask about them.
//!
//! No rule of reconciliation is in this crate.

mod actions;
mod agreements;
mod args;
mod ask;
mod baseline;
mod check;
mod client_search;
mod client_sheets;
mod clients;
mod config;
mod decided_since;
mod demo;
mod doctor;
mod download;
mod exceptions;
mod explain;
mod full_disk;
mod inbox;
mod init;
mod logs;
mod mail;
mod mappings;
mod open;
mod output;
mod pipeline;
mod progress;
mod replay;
mod rules;
mod runs;
mod schedule;
mod secrets;
mod sources;
mod table;

use std::pin::Pin;
use std::process::ExitCode;

use crate::args::{Cli, Command, ReportCommand};
use crate::output::{Ending, tell};

/// The run failed, or the command was wrong.
const FAILED: u8 = 3;

fn main() -> ExitCode {
    keep_private();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS };
        }
    };
    let ended = run(&cli);
    progress::clear();
    match ended {
        Ok(ending) => ExitCode::from(ending as u8),
        Err(error) => {
            tell(&output::indented(&format!("truecount: {}", full_disk::describe(error.as_ref()))));
            ExitCode::from(FAILED)
        }
    }
}

/// Whatever this process writes holds clients' data: only its owner may open it, whatever the shell's umask.
#[cfg(unix)]
fn keep_private() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Other systems have no umask.
#[cfg(not(unix))]
fn keep_private() {}

fn run(cli: &Cli) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &cli.command {
            Command::Init(args) => init::init(cli, args),
            Command::Config(args) => boxed(|| config::config(cli, args)).await,
            Command::Secrets(args) => boxed(|| secrets::secrets(cli, args)).await,
            Command::Sources(args) => boxed(|| sources::sources(cli, args)).await,
            Command::Rules(args) => boxed(|| rules::rules(cli, args)).await,
            Command::Doctor(args) => boxed(|| doctor::doctor(cli, args)).await,
            Command::Demo(args) => boxed(|| demo::demo(cli, args)).await,
            Command::Run(args) => boxed(|| pipeline::run(cli, args)).await,
            Command::Sync(args) => boxed(|| pipeline::sync(cli, args)).await,
            Command::Reconcile(args) => boxed(|| pipeline::reconcile(cli, args)).await,
            Command::Report(args) => match &args.command {
                Some(ReportCommand::Download(download)) => {
                    boxed(|| download::download(cli, &args.backend, download)).await
                }
                Some(ReportCommand::Clients(clients)) => {
                    boxed(|| client_sheets::client_sheets(cli, &args.backend, clients)).await
                }
                None => boxed(|| pipeline::report(cli, args)).await,
            },
            Command::Check(args) if args.only.is_some() => boxed(|| agreements::review(cli, args)).await,
            Command::Check(args) => check::check(cli, args),
            Command::Mappings(args) => boxed(|| mappings::mappings(cli, args)).await,
            Command::Actions(args) => boxed(|| actions::actions(cli, args)).await,
            Command::Baseline(args) => boxed(|| baseline::baseline(cli, args)).await,
            Command::Exceptions(args) => boxed(|| exceptions::exceptions(cli, args)).await,
            Command::Explain(args) => boxed(|| explain::explain(cli, args)).await,
            Command::Clients(args) => boxed(|| clients::clients(cli, args)).await,
            Command::Runs(args) => boxed(|| runs::runs(cli, args)).await,
            Command::Replay(args) => boxed(|| replay::replay(cli, args)).await,
            Command::Inbox(args) => boxed(|| inbox::inbox(cli, args)).await,
            Command::Mail(args) => boxed(|| mail::mail(cli, args)).await,
            Command::Logs(args) => boxed(|| logs::logs(cli, args)).await,
        }
    })
}

/// Makes a command's future on the heap, in a frame of its own: those of all commands together would not fit on a small
/// stack.
fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}
