//! The built command as the suites start it: 80 columns wide, and without the variables of this machine that it reads.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The exit code of a command that found nothing to correct.
pub(crate) const CLEAN: i32 = 0;
/// The exit code of a command that found exceptions.
pub(crate) const EXCEPTIONS: i32 = 1;
/// The exit code of a command that could not reconcile everything.
pub(crate) const NOT_RECONCILED: i32 = 2;
/// The exit code of a command that failed or was wrong.
pub(crate) const FAILED: i32 = 3;

/// The command, not yet started. It has no input.
pub(crate) fn truecount(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truecount"));
    for name in ["TRUECOUNT_DATA", "TRUECOUNT_STACK", "TRUECOUNT_CLOCK"] {
        command.env_remove(name);
    }
    command.args(args).env("COLUMNS", "80").stdin(Stdio::null());
    command
}

/// The same command with a stack of 1 MB, which is what a main thread has on Windows.
#[cfg(unix)]
pub(crate) fn on_small_stack(command: &Command) -> Command {
    let mut small = Command::new("sh");
    small.args(["-c", r#"ulimit -s 1024 && exec "$0" "$@""#]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => small.env(name, value),
            None => small.env_remove(name),
        };
    }
    small.stdin(Stdio::null());
    small
}

/// Runs a command with this text as its input.
pub(crate) fn with_input(mut command: Command, text: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
