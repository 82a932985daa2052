//! The help of every command, walked by clap's own description of the grammar.

use std::collections::BTreeMap;

use super::*;

/// Columns of the narrowest terminal that the help is made for.
const COLUMNS: usize = 80;

/// Every command with its path, such as `truecount mappings list`, and its help at 80 columns.
fn helps() -> BTreeMap<String, (clap::Command, String)> {
    fn walk(command: &mut clap::Command, path: &str, found: &mut BTreeMap<String, (clap::Command, String)>) {
        let help = command.render_help().to_string();
        found.insert(path.to_owned(), (command.clone(), help));
        for subcommand in command.get_subcommands_mut().filter(|one| one.get_name() != "help") {
            let path = format!("{path} {}", subcommand.get_name());
            walk(subcommand, &path, found);
        }
    }
    let mut root = grammar().term_width(COLUMNS);
    root.build();
    let mut found = BTreeMap::new();
    walk(&mut root, "truecount", &mut found);
    found
}

/// The commands of a help's examples, without the comments that two spaces set off.
fn examples(help: &str) -> Vec<Vec<String>> {
    let Some((_, text)) = help.split_once("Examples:\n") else { return Vec::new() };
    // A backslash joins a line with the next.
    let text = text.replace(" \\\n     ", "");
    let lines = text.lines().map_while(|line| line.strip_prefix("  "));
    let command = |line: &str| {
        let command = line.split("  ").next().unwrap_or_default();
        command.split(' ').take_while(|word| !["<", ">"].contains(word)).map(str::to_owned).collect()
    };
    lines.map(command).collect()
}

#[test]
fn the_grammar_is_sound() {
    grammar().debug_assert();
}

#[test]
fn every_command_is_in_one_group() {
    let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut all: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    all.sort();
    let mut sorted = grouped.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, all, "each exactly once");
    let help = &helps()["truecount"].1;
    for (title, names) in GROUPS {
        let lines = help.split(&format!("\n{title}:\n")).nth(1).unwrap().lines();
        let listed: Vec<&str> = lines.map_while(|line| line.split_whitespace().next()).collect();
        assert_eq!(listed, names, "{title}: {help}");
    }
}

#[test]
fn every_help_fits_80_columns_and_says_what_the_command_does() {
    for (path, (command, help)) in helps() {
        for line in help.lines() {
            assert!(line.chars().count() <= COLUMNS, "{path}: `{line}`");
            assert!(!line.ends_with(' '), "{path}: `{line}`");
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in after.lines() {
            assert!(help.contains(line), "{path}: clap breaks `{line}`");
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.ends_with('.'), "{path}: {about}");
        assert_eq!(help.lines().next(), Some(about.as_str()), "{path}: one line");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
        }
    }
}

#[test]
fn every_command_has_examples_that_are_valid() {
    for (path, (_, help)) in helps() {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{path} has no examples:\n{help}");
        for example in examples {
            let parsed = grammar().try_get_matches_from(&example);
            assert!(parsed.is_ok(), "{path}: {example:?}: {}", parsed.unwrap_err());
            assert!(example.join(" ").starts_with(&path), "{path}: an example of another command: {example:?}");
        }
    }
}

#[test]
fn global_options_are_last_and_only_where_they_mean_something() {
    let local = ["demo", "init"];
    for (path, (_, help)) in helps() {
        let (_, shared) = help.split_once("Global options:\n").unwrap_or_else(|| panic!("{path}:\n{help}"));
        let options = shared.split("\n\n").next().unwrap();
        let named =
            |option: &str| options.contains(&format!("--{option} ")) || options.contains(&format!("--{option}\n"));
        let root = path.split(' ').nth(1);
        assert!(named("json"), "{path}:\n{help}");
        assert_eq!(named("stack"), root.is_some_and(|name| !local.contains(&name)), "{path}:\n{help}");
        assert_eq!(named("data"), root.is_some(), "{path}:\n{help}");
        assert!(!shared.contains("\nOptions:"), "{path}:\n{help}");
    }
}

#[test]
fn a_directory_or_a_stack_is_named_but_not_both() {
    let location = |args: &[&str]| {
        let matches = grammar().try_get_matches_from(args).unwrap();
        let Command::Mappings(args) = Cli::from_arg_matches(&matches).unwrap().command else { panic!("{args:?}") };
        args.backend.location().map_err(|error| error.to_string())
    };
    let data = Location::Directory("x".into());
    assert_eq!(location(&["truecount", "mappings", "list", "--data", "x"]), Ok(data.clone()));
    assert_eq!(location(&["truecount", "mappings", "--data", "x", "list"]), Ok(data));
    let stack = Location::Stack("prod".to_owned());
    assert_eq!(location(&["truecount", "mappings", "list", "--stack", "prod"]), Ok(stack));
    let both = location(&["truecount", "mappings", "--stack", "prod", "list", "--data", "x"]);
    assert_eq!(both, Err("--data and --stack exclude each other: give one of them".to_owned()));
}
