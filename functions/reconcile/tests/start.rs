//! The reconcile function's process: how it refuses to start.

#[path = "../../../shared/lambda/tests/support/start.rs"]
mod start;

#[test]
fn without_its_variables_it_names_what_is_missing() {
    start::assert_names_missing_variables(env!("CARGO_BIN_EXE_truecount-reconcile"));
}
