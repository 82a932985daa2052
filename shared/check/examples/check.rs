//! `check` by itself, without the rest of the command line: for measuring.
//!
//! usage: check check --cases F
//! usage: check suggest --cases F
//! usage: check --billed F --usage F [--mappings F] [--rules F] --as-of DATE --out DIR

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use truecount_check::{CheckArgs, CheckEvidence, compare_worlds, run, suggest_for_worlds};

#[expect(clippy::print_stderr, reason = "an example at a prompt")]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [command, flag, file] = words.as_slice()
        && flag == "--cases"
    {
        return worlds(command, file);
    }
    let named: BTreeMap<&str, &str> =
        words.chunks_exact(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let path = |name: &str| named.get(name).map(PathBuf::from);
    let as_of = named.get("as-of").and_then(|day| day.parse().ok());
    let (Some(billed), Some(usage), Some(as_of), Some(out)) = (path("billed"), path("usage"), as_of, path("out"))
    else {
        eprintln!("usage: check --billed F --usage F [--mappings F] [--rules F] --as-of DATE --out DIR");
        return ExitCode::from(3);
    };
    match run(&CheckArgs {
        billed,
        usage,
        mappings: path("mappings"),
        rules: path("rules"),
        as_of,
        out,
        evidence: CheckEvidence::Figures,
    }) {
        Ok(outcome) => {
            eprintln!("{} exceptions", outcome.exception_count());
            ExitCode::from(outcome.exit_code())
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

/// Compares each world of a file, or suggests rules for it.
#[expect(clippy::print_stderr, reason = "an example at a prompt")]
fn worlds(command: &str, file: &str) -> ExitCode {
    let worlds = match std::fs::File::open(file) {
        Ok(worlds) => worlds,
        Err(error) => {
            eprintln!("error: {file}: {error}");
            return ExitCode::from(3);
        }
    };
    let outcomes = std::io::BufWriter::new(std::io::stdout().lock());
    let worlds = std::io::BufReader::new(worlds);
    let unusable = match command {
        "suggest" => suggest_for_worlds(file, worlds, outcomes),
        _ => compare_worlds(file, worlds, outcomes),
    };
    match unusable {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}
