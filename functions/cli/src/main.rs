//! `truecount`: the same use cases as the functions, at a prompt, and a person's questions.
//!
//! No rule of reconciliation lives here.

mod args;
mod check;
mod clients;
mod config;
mod demo;
mod doctor;
mod download;
mod inbox;
mod init;
mod mail;
mod mappings;
mod open;
mod output;
mod pipeline;
mod rules;
mod runs;
mod schedule;
mod secrets;
mod sources;

use std::process::ExitCode;

use crate::args::{Cli, Command, ReportCommand};
use crate::output::{Ending, tell};

/// The run failed, or the command was wrong.
const FAILED: u8 = 3;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS };
        }
    };
    match run(&cli) {
        Ok(ending) => ExitCode::from(ending as u8),
        Err(error) => {
            tell(&output::indented(&format!("truecount: {error:#}")));
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<Ending> {
    if let Command::Check(args) = &cli.command {
        return check::check(cli, args);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &cli.command {
            Command::Demo(args) => demo::demo(cli, args).await,
            Command::Init => init::init(cli),
            Command::Run(args) => pipeline::run(cli, args).await,
            Command::Sync(args) => pipeline::sync(cli, args).await,
            Command::Reconcile(args) => pipeline::reconcile(cli, args).await,
            Command::Report(args) => match &args.command {
                Some(ReportCommand::Pull(args)) => download::pull(cli, args).await,
                None => pipeline::report(cli, args).await,
            },
            Command::Check(args) => check::check(cli, args),
            Command::Sources(_) => sources::sources(cli).await,
            Command::Mappings(command) => mappings::mappings(cli, command).await,
            Command::Rules(command) => rules::rules(cli, command).await,
            Command::Doctor => doctor::doctor(cli).await,
            Command::Config(command) => config::config(cli, command).await,
            Command::Secrets(command) => secrets::secrets(cli, command).await,
            Command::Runs(command) => runs::runs(cli, command).await,
            Command::Clients(command) => clients::clients(cli, command).await,
            Command::Mail(command) => mail::mail(cli, command).await,
            Command::Inbox(command) => inbox::inbox(cli, command).await,
        }
    })
}
