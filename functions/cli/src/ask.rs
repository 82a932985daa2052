//! Questions to a person at a terminal. Deliberately absent: an answer for whoever is not there.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;

/// Whether somebody is there to be asked.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks, and takes a line without the blanks around it. The end of the input is an empty line.
///
/// # Errors
/// If the terminal cannot be read.
pub(crate) fn ask(question: &str) -> anyhow::Result<String> {
    answer_to(question, &mut std::io::stderr().lock(), &mut std::io::stdin().lock())
}

/// Asks for a yes; everything else is a no.
///
/// # Errors
/// If the terminal cannot be read.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    Ok(is_yes(&ask(&format!("{question} [y/N] "))?))
}

fn answer_to(question: &str, out: &mut impl Write, input: &mut impl BufRead) -> anyhow::Result<String> {
    write!(out, "{question}").and_then(|()| out.flush())?;
    let mut line = String::new();
    input.read_line(&mut line).context("the terminal cannot be read")?;
    Ok(line.trim().to_owned())
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for yes in ["y", "Y", "yes", "YES"] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in ["", "n", "no", "ye", "yess", "y es", "ok", "1", "true"] {
            assert!(!is_yes(no), "{no}");
        }
    }

    #[test]
    fn an_answer_is_one_line_without_blanks_around_it() {
        for (typed, expected) in [("yes\nno\n", "yes"), ("  a b \r\n", "a b"), ("", ""), ("\n", ""), ("last", "last")] {
            let mut shown = Vec::new();
            let answer = answer_to("Really? ", &mut shown, &mut typed.as_bytes()).unwrap();
            assert_eq!((answer.as_str(), &shown[..]), (expected, &b"Really? "[..]), "{typed:?}");
        }
    }

    #[test]
    fn an_answer_that_is_not_text_is_an_error() {
        assert!(answer_to("", &mut Vec::new(), &mut &b"\xff\n"[..]).is_err());
    }
}
