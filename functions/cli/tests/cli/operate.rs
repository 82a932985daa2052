//! Setting up a data directory: secrets without a trace, settings pulled and pushed, and the first look of `doctor`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::prompt::{self, CLEAN, FAILED, err, out};

/// The exit code of `config diff` where there is a difference.
const DIFFERENT: i32 = 1;
/// The exit code of `secrets list` where a credential is missing.
const INCOMPLETE: i32 = 2;

/// The command without anything of this machine's AWS.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = prompt::truecount(args);
    let kept = std::env::var_os("PATH").unwrap_or_default();
    command.current_dir(folder).env_clear().env("PATH", kept).env("HOME", folder).env("COLUMNS", "80");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn truecount(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn piped(folder: &Path, args: &[&str], text: &str) -> Output {
    prompt::with_input(command(folder, args), text)
}

/// Ends so, and says so, on either stream.
fn ends(output: &Output, code: i32, words: &str) {
    let printed = out(output) + &err(output);
    assert_eq!(output.status.code(), Some(code), "{printed}");
    assert!(printed.contains(words), "`{words}` is not in: {printed}");
    assert!(!printed.contains("c4n4ry"), "{printed}");
}

/// A data directory with one PSA and one RMM switched on.
fn data_directory() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ends(&truecount(folder.path(), &["init"]), CLEAN, "settings.toml");
    let settings = "\
        [mail]\nfrom = \"t@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n\
        [[sources]]\nid = \"psa\"\nconnector = \"connectwise\"\nbase_url = \"https://psa.example.test\"\n\
        company = \"acme\"\n[[sources]]\nid = \"ninjaone\"\nconnector = \"ninjaone\"\n\
        base_url = \"https://eu.ninjarmm.com\"\n[[sources]]\nid = \"backup\"\nconnector = \"file\"\nside = \"used\"\n";
    fs::write(folder.path().join("truecount-data/config/settings.toml"), settings).unwrap();
    folder
}

#[test]
fn a_secret_is_put_in_place_and_never_shown() {
    let folder = data_directory();
    let at = folder.path();
    let good = r#"{"client_id": "an id", "client_secret": "c4n4ry \"x\" \\"}"#;
    for (source, text, words) in [
        (
            "ninjaone",
            r#"{"client_id": "x", "client_secre": "c4n4ry"}"#,
            "no field `client_secre`; it needs: client_id, client_secret",
        ),
        ("ninjaone", r#"{"client_id": "c4n4ry"}"#, "`client_secret` is missing or empty"),
        ("ninjaone", r#"{"client_id": "c4n4ry", "client_secret": " "}"#, "`client_secret` is missing or empty"),
        ("ninjaone", r#"{"client_id": "x", "client_secret": "c4n4ry\n"}"#, "`client_secret` contains a line break"),
        ("ninjaone", "c4n4ry", "stdin: it must be a JSON object whose values are strings"),
        ("ninjaone", "", "stdin: it must be a JSON object whose values are strings"),
        ("backup", good, "needs no credentials"),
        ("rmm", good, "there is no source `rmm`; the settings have psa, ninjaone, backup"),
    ] {
        ends(&piped(at, &["secrets", "set", source], text), FAILED, words);
    }
    let by_key = ["secrets", "set", "ninjaone", "--kms-key", "alias/x"];
    ends(&piped(at, &by_key, good), FAILED, "--kms-key is for a deployed stack");
    ends(&truecount(at, &["secrets", "list"]), INCOMPLETE, "truecount secrets set ninjaone");

    ends(&piped(at, &["secrets", "set", "ninjaone", "--json"], good), CLEAN, "secrets.toml");
    let psa = r#"{"public_key": "c4n4ry", "private_key": "c4n4ry", "client_id": "c4n4ry"}"#;
    ends(&piped(at, &["secrets", "set", "psa"], psa), CLEAN, "secrets.toml");
    ends(&truecount(at, &["secrets", "list"]), CLEAN, "not needed");
    let file = at.join("truecount-data/config/secrets.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# The credentials of the sources") && text.contains("[psa]"), "{text}");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["ninjaone"]["client_secret"].as_str(), Some("c4n4ry \"x\" \\"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&file, text.replace("public_key", "publik_key")).unwrap();
    ends(&truecount(at, &["secrets", "list"]), INCOMPLETE, "missing public_key; unknown publik_key");
}

#[test]
fn settings_are_pushed_over_what_was_pulled_and_nothing_else() {
    let folder = data_directory();
    let at = folder.path();
    let there = at.join("truecount-data/config/rules.toml");
    ends(&truecount(at, &["config", "push"]), FAILED, "`truecount config pull` downloads it");
    ends(&truecount(at, &["config", "pull"]), CLEAN, "truecount-config/rules.toml");
    ends(&truecount(at, &["config", "pull", "--out", "hers"]), CLEAN, "`truecount config push hers` uploads them");
    ends(&truecount(at, &["config", "diff"]), CLEAN, "No differences: `truecount-config` is what the directory");
    let settings = fs::read_to_string(at.join("truecount-config/settings.toml")).unwrap();
    let write = |folder: &str, file: &str, text: &str| fs::write(at.join(folder).join(file), text).unwrap();

    write("truecount-config", "settings.toml", &settings.replace("company", "compny"));
    ends(&truecount(at, &["config", "push"]), FAILED, "source `psa`: connector `connectwise`: unknown field `compny`");
    write("truecount-config", "settings.toml", &settings.replace("[mail]", "[mial]"));
    ends(&truecount(at, &["config", "push"]), FAILED, "unknown key `mial`; did you mean `mail`?");
    assert!(fs::read_to_string(&there).unwrap().starts_with("# What bills what"), "nothing was uploaded");

    let rules = fs::read_to_string(&there).unwrap();
    write("truecount-config", "settings.toml", &settings);
    write("truecount-config", "rules.toml", &format!("{rules}# mine\n"));
    ends(&truecount(at, &["config", "diff"]), DIFFERENT, "+# mine");
    ends(&truecount(at, &["config", "pull"]), FAILED, "has changes that were never pushed");
    let pushed = truecount(at, &["config", "push"]);
    ends(&pushed, CLEAN, "uploaded");
    let places: Vec<usize> = out(&pushed).lines().map(|line| line.find("truecount-data").unwrap()).collect();
    assert_eq!(places, [11, 11], "one below the other");
    assert!(fs::read_to_string(&there).unwrap().ends_with("# mine\n"));
    ends(&truecount(at, &["config", "push"]), CLEAN, "unchanged");
    let kept: Vec<_> = fs::read_dir(at.join("truecount-data/config/history")).unwrap().collect();
    assert_eq!(kept.len(), 1, "the rules' earlier version: {kept:?}");

    write("hers", "settings.toml", &settings);
    write("hers", "rules.toml", &format!("{rules}# hers\n"));
    ends(&truecount(at, &["config", "push", "hers"]), FAILED, "somebody changed it since");
    assert!(fs::read_to_string(&there).unwrap().ends_with("# mine\n"), "not lost");
}

#[test]
fn doctor_first_names_what_keeps_the_backend_closed() {
    let folder = data_directory();
    let at = folder.path();
    let held = truecount_embedded::LocalBackend::open(&at.join("truecount-data"), truecount_embedded::Durability::Bulk)
        .unwrap();
    ends(&truecount(at, &["sync"]), FAILED, "wait until it ends");
    ends(&truecount(at, &["doctor"]), INCOMPLETE, "16 checks, 9 to fix.");
    drop(held);
    ends(&truecount(at, &["doctor", "--data", "none"]), FAILED, "there is no directory `none`");
    assert!(!at.join("none").exists(), "looking makes nothing");
    ends(&truecount(at, &["doctor", "--stack", "prod"]), FAILED, "no AWS region is known");
    let mut no_credentials = command(at, &["doctor", "--stack", "prod", "--json"]);
    let no_credentials = no_credentials.env("AWS_REGION", "eu-west-2").output().unwrap();
    ends(&no_credentials, FAILED, "no usable AWS credentials");
    ends(&no_credentials, FAILED, "\"fix\": \"sign in to AWS in this shell");
    ends(&truecount(at, &["doctor", "--stack", "../x"]), FAILED, "is not a stack name");
    ends(&truecount(at, &["demo", "--stack", "prod"]), FAILED, "unexpected argument '--stack'");
    ends(&truecount(at, &["runs", "list", "--stack", "prod", "--data", "x"]), FAILED, "give one of them");
}
