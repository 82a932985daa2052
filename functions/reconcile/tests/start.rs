//! The function's process: how it refuses to begin.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

#[test]
fn without_its_home_it_says_which_variable_is_missing() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truecount-reconcile"));
    for name in ["TRUECOUNT_TABLE", "TRUECOUNT_BUCKET", "TRUECOUNT_SECRETS"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("TRUECOUNT_TABLE") && said.contains("this environment variable is not set"), "{said}");
}
