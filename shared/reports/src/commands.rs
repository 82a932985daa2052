//! Our own commands in a text, with what they need to reach the data that the text is about.

use std::borrow::Cow;

/// What begins a command of ours.
const PROGRAM: &str = "truecount ";

/// Commands that work on no data, or name their own.
const WITHOUT_DATA: [&str; 3] = ["init", "demo", "check"];

/// Adds options, such as ` --stack prod`, to each command of ours that stands between backticks or is a line by itself.
#[must_use]
pub fn with_options<'t>(text: &'t str, options: &str) -> Cow<'t, str> {
    if options.is_empty() || !text.contains(PROGRAM) {
        return Cow::Borrowed(text);
    }
    let lines = text.split('\n').map(|line| match line.trim_start().starts_with(PROGRAM) {
        true => command(line, options),
        false => quoted(line, options),
    });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

fn quoted(line: &str, options: &str) -> String {
    let parts = line.split('`').enumerate();
    // Every second part stands between two backticks.
    let parts = parts.map(|(at, part)| if at % 2 == 1 { command(part, options) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

fn command(text: &str, options: &str) -> String {
    let Some(rest) = text.trim_start().strip_prefix(PROGRAM) else { return text.to_owned() };
    let mut words = rest.split_whitespace();
    let takes_data = words.next().is_some_and(|name| !WITHOUT_DATA.contains(&name) || rest.contains("--only"));
    if !takes_data || words.any(|word| ["--data", "--stack", "--help"].contains(&word)) {
        return text.to_owned();
    }
    format!("{text}{options}")
}

#[cfg(test)]
mod tests {
    use super::with_options;

    #[test]
    fn each_command_reaches_the_data() {
        for (text, expected) in [
            (
                "look: `truecount doctor`, then `truecount sync rmm`",
                "look: `truecount doctor --stack prod`, then `truecount sync rmm --stack prod`",
            ),
            ("  truecount run --closing --month 2026-06", "  truecount run --closing --month 2026-06 --stack prod"),
            ("one:\n  truecount runs list\ntwo", "one:\n  truecount runs list --stack prod\ntwo"),
            ("`truecount init --data x`, `truecount demo`", "`truecount init --data x`, `truecount demo`"),
            ("`truecount run --stack test`", "`truecount run --stack test`"),
            ("truecount: no such run", "truecount: no such run"),
            ("the truecount doctor of `rmm`", "the truecount doctor of `rmm`"),
            ("an `open quote", "an `open quote"),
        ] {
            assert_eq!(with_options(text, " --stack prod"), expected);
            assert_eq!(with_options(text, ""), text);
        }
    }
}
