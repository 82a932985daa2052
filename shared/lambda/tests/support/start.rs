//! Starts a function's binary without its environment variables. Each function's own test includes this file: only
//! there does cargo say where the binary is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

/// Takes the required variables away one by one: the process must end with an error that names the one missing, in a
/// line of its log.
pub(crate) fn assert_names_missing_variables(binary: &str) {
    const REQUIRED: [&str; 4] = ["TRUECOUNT_TABLE", "TRUECOUNT_BUCKET", "TRUECOUNT_SECRETS", "TRUECOUNT_SENDER"];
    for missing in REQUIRED {
        let mut command = Command::new(binary);
        command.envs(REQUIRED.map(|name| (name, "x"))).env_remove(missing);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "without {missing}");
        let (log, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [line] = &lines[..] else { panic!("{log}") };
        assert_eq!(line["error"], format!("{missing}: this environment variable is not set"));
        assert_eq!((&line["level"], &line["cold_start"]), (&"ERROR".into(), &true.into()), "{line}");
        assert!(line["timestamp"].is_string(), "{line}");
        assert!(binary.contains(&format!("truecount-{}", line["function"].as_str().unwrap())), "{line}");
        assert_eq!(stderr, "", "nothing is beside the log");
    }
}
