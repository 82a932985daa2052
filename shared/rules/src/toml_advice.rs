//! What to write where a line is not TOML: the slips of people who write rules, and not programs.

use crate::number_alone::{is_digits, number_alone};

/// What is said where nothing better is known.
pub(crate) const GENERAL: &str = "correct the line first";

/// Says what to write in place of what the parser did not understand at a byte of the text, in the words of `wrong`.
pub(crate) fn advice(text: &str, at: usize, wrong: &str) -> String {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    // What follows `at`, and the whole value that it stands in.
    let (rest, value) = (line.get(at - start..).unwrap_or_default(), value_around(line, at - start));
    let found = remark(line)
        .or_else(|| stands_twice(&text[..start], line, wrong))
        .or_else(|| quotation_marks(text, at, rest, wrong))
        .or_else(|| behind_heading(line))
        .or_else(|| key_beside_value(line, value))
        .or_else(|| day(value))
        .or_else(|| more_than_a_number(value))
        .or_else(|| comma_in_number(line))
        .or_else(|| name_with_blanks(line))
        .or_else(|| rest.starts_with(':').then(|| "write `=` in place of `:`".to_owned()))
        .or_else(|| bare_word(line, at - start))
        .or_else(|| not_closed(text, at))
        .or_else(|| wrong.contains("missing comma").then(|| "write a comma between the two".to_owned()));
    found.unwrap_or_else(|| GENERAL.to_owned())
}

/// The value without quotation marks that a byte of a line stands in, up to a comma, a brace or a bracket.
fn value_around(line: &str, at: usize) -> &str {
    let (Some(before), Some(after)) = (line.get(..at), line.get(at..)) else { return "" };
    let begin = before.rfind(['=', '[', '{', ',']).map_or(0, |place| place + 1);
    let end = after.find([',', ']', '}', '#']).map_or(line.len(), |place| at + place);
    line[begin..end].trim()
}

/// `// a fee`.
fn remark(line: &str) -> Option<String> {
    line.trim_start().starts_with(['/', ';']).then(|| "begin a remark with `#`".to_owned())
}

/// A key or a heading that stands above already.
fn stands_twice(above: &str, line: &str, wrong: &str) -> Option<String> {
    if !wrong.contains("duplicate key") {
        return None;
    }
    let lines: Vec<(usize, &str)> = above.lines().map(str::trim).enumerate().collect();
    let key_of = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
    let found = if line.trim_start().starts_with('[') {
        lines.iter().find(|(_, other)| *other == line.trim())
    } else {
        let of_table = lines.iter().rev().take_while(|(_, other)| !other.starts_with('['));
        of_table.filter(|(_, other)| key_of(other) == key_of(line)).last()
    };
    Some(match found {
        Some((number, _)) => format!("it stands in line {} already: leave one out", number + 1),
        None => "it stands above already: leave one out, or put both together".to_owned(),
    })
}

/// A quotation mark that a word processor has made, or one that nothing closes.
fn quotation_marks(text: &str, at: usize, rest: &str, wrong: &str) -> Option<String> {
    if rest.starts_with(['“', '”', '„', '«', '»', '‘', '’', '`', '´']) {
        return Some("write straight quotation marks: \"".to_owned());
    }
    leaves_text_open(text, at, wrong).then(|| "write `\"` at the end of the text".to_owned())
}

/// Whether a text is open at the end of a line: what stands below is then read as if it were in it.
pub(crate) fn leaves_text_open(text: &str, at: usize, wrong: &str) -> bool {
    let rest = text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
    is_open_text(wrong) && rest.trim().is_empty()
}

/// Whether the parser's words are those of a text that nothing closes: at the same place it says more than the others.
pub(crate) fn is_open_text(wrong: &str) -> bool {
    wrong.contains("invalid basic string")
}

/// The byte at which the parser did not understand a text.
pub(crate) fn place_of(error: &toml::de::Error, text: &str) -> usize {
    error.span().map_or(text.len(), |span| span.start)
}

/// `[clients.7] internal = true`.
fn behind_heading(line: &str) -> Option<String> {
    let line = line.trim();
    let (_, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim();
    let is_key = rest.starts_with(|c: char| c.is_alphabetic() || c == '"') && rest.contains('=');
    is_key.then(|| "write what follows the heading into the next line".to_owned())
}

/// `{ minimum = 10 included = 2 }`.
fn key_beside_value(line: &str, value: &str) -> Option<String> {
    let (before, _) = value.split_once('=')?;
    let (_, key) = before.trim().rsplit_once(' ')?;
    let is_beside = line.contains('{') && line.contains(&format!("= {value}"));
    is_beside.then(|| format!("write a comma in front of `{key}`"))
}

/// `01/07/2027`, `1.7.2027`, `2027-7-1`.
fn day(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split(['/', '.', '-']).collect();
    let is_day = parts.len() == 3 && parts.iter().all(|part| is_digits(part) && part.len() <= 4);
    is_day.then(|| "write year, month and day, such as 2027-03-31".to_owned())
}

/// `£95`, `95 GBP`, `5%`; `3CX` could be text, and `E3` is.
fn more_than_a_number(value: &str) -> Option<String> {
    let number = number_alone(value)?;
    let before = value[..value.find(|c: char| c.is_ascii_digit())?].trim();
    if before.contains(char::is_alphabetic) && !(before.len() == 3 && value.contains(' ')) {
        return None;
    }
    let is_one_word = before.is_empty() && !value.contains(' ') && value.contains(char::is_alphabetic);
    let or_text = if is_one_word { format!(", or text in quotation marks: \"{value}\"") } else { String::new() };
    Some(number_advice(value, &number) + &or_text)
}

/// What to write where a number has something beside it.
pub(crate) fn number_advice(written: &str, number: &str) -> String {
    match written.contains('%') {
        true => format!("write {{ percent = {number} }}"),
        false => format!("write the number alone: {number}"),
    }
}

/// `= 12,50`, `= 1,250.00`, and `= 1,250`, which could be both.
fn comma_in_number(line: &str) -> Option<String> {
    line.split('=').skip(1).find_map(|value| {
        let value = value.trim_start();
        let written: String = value.chars().take_while(|c| c.is_ascii_digit() || ",.".contains(*c)).collect();
        if let Some(number) = number_alone(&written) {
            return Some(number_advice("", &number));
        }
        let (whole, part) = written.trim_end_matches(',').split_once(',')?;
        let is_decimal = is_digits(whole) && is_digits(part);
        is_decimal.then(|| match part.len() {
            3 => format!("write {whole}{part}, or with a decimal point {whole}.{part}"),
            _ => format!("write a decimal point: {whole}.{part}"),
        })
    })
}

/// `[clients.7`, `[clients.Harbour Dental]`, or `MNG WKS = { … }`.
fn name_with_blanks(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('[') && !line.contains([']', '=']) {
        return Some("write `]` at the end of the heading".to_owned());
    }
    if let Some(path) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (table, name) = path.split_once('.')?;
        let is_bare = name.trim().contains(' ') && !name.contains(['"', '\'', '.']);
        return is_bare.then(|| format!("put a name with blanks in quotation marks: [{table}.\"{}\"]", name.trim()));
    }
    let (key, _) = line.split_once('=')?;
    let is_bare = key.trim().contains(' ') && !key.contains(['"', '\'', '{', '[', '.']);
    is_bare.then(|| format!("put a name with blanks in quotation marks: \"{}\" = …", key.trim()))
}

/// A word without quotation marks where a value stands.
fn bare_word(line: &str, at: usize) -> Option<String> {
    let is_of_word = |c: char| c.is_alphanumeric() || "._-*@".contains(c);
    let before = line.get(..at)?.trim_end_matches(is_of_word);
    let word = line[before.len()..].split(|c: char| !is_of_word(c)).next()?;
    let is_value = before.trim_end().ends_with(['=', '[', ',']);
    if !is_value || !word.starts_with(char::is_alphabetic) {
        return None;
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "yes" | "no" | "true" | "false" | "tru" | "on" | "off" => "write true or false, in small letters".to_owned(),
        _ => format!("put text in quotation marks: \"{word}\""),
    })
}

/// A brace or bracket that a line before opens and nothing closes: what follows is not understood, either.
pub(crate) fn not_closed(text: &str, at: usize) -> Option<String> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let is_said = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let (number, line) = text[..start].lines().enumerate().filter(|(_, line)| is_said(line)).last()?;
    let is_open = |open: char, close: char| line.matches(open).count() > line.matches(close).count();
    let close = match (is_open('{', '}'), is_open('[', ']')) {
        (true, _) => '}',
        (_, true) => ']',
        _ => return None,
    };
    Some(format!("line {} opens what nothing closes: write `{close}` at its end", number + 1))
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::{advice, is_open_text, place_of};

    /// What is advised for the first thing that the parser does not understand.
    fn first(text: &str) -> String {
        let (_, errors) = DeTable::parse_recoverable(text);
        let order = |error: &&toml::de::Error| (place_of(error, text), !is_open_text(error.message()));
        let error = errors.iter().min_by_key(order).unwrap_or_else(|| panic!("{text} is TOML"));
        advice(text, place_of(error, text), error.message())
    }

    #[test]
    fn the_usual_slips_are_told_what_to_write() {
        for (text, expected) in [
            ("[services]\nA = { count = ninjas.mobile }", "put text in quotation marks: \"ninjas.mobile\""),
            ("[services]\nA = { where = { holds = SPB } }", "put text in quotation marks: \"SPB\""),
            ("[services]\nA = { covers = [EDR-AGT] }", "put text in quotation marks: \"EDR-AGT\""),
            ("[services]\nA = { flat = yes }", "write true or false, in small letters"),
            ("[services]\nA = { flat = True }", "write true or false, in small letters"),
            ("[services]\nA = { price = 32,50 }", "write a decimal point: 32.50"),
            ("[services]\nA = { price = 32,50, minimum = 2 }", "write a decimal point: 32.50"),
            ("price = 32,50\n", "write a decimal point: 32.50"),
            (
                "[clients.Harbour Dental]\nA = { minimum = 1 }",
                "put a name with blanks in quotation marks: [clients.\"Harbour Dental\"]",
            ),
            ("[services]\nBKP ARC = { pack = 100 }", "put a name with blanks in quotation marks: \"BKP ARC\" = …"),
            (
                "[services]\nA = { minimum = 10\nB = { flat = true }\n",
                "line 2 opens what nothing closes: write `}` at its end",
            ),
            ("[services]\nA = { minimum = 10 }\nA = { minimum = 11 }\n", "it stands in line 2 already: leave one out"),
            (
                "[services.A]\nminimum = 1\n[services.B]\nminimum = 1\n[services.A]\n",
                "it stands in line 1 already: leave one out",
            ),
            (
                "[services]\nA = { minimum = 1 }\n[services.A]\nminimum = 2\n",
                "it stands above already: leave one out, or put both together",
            ),
            ("[services]\nA = { where = { sku = “SPB” } }", "write straight quotation marks: \""),
            ("[services]\nA = { where = { sku = \"SPB } }\n", "write `\"` at the end of the text"),
            ("[services]\nA = { price = £95 }", "write the number alone: 95"),
            ("[services]\nA = { price = 95 GBP }", "write the number alone: 95"),
            ("[services]\nA = { price = GBP 95 }", "write the number alone: 95"),
            ("[services]\nA = { pack = 100GB }", "write the number alone: 100, or text in quotation marks: \"100GB\""),
            ("[services]\nA = { where = { holds = E3 } }", "put text in quotation marks: \"E3\""),
            ("[services]\nA = { price = 1,250.00 }", "write the number alone: 1250.00"),
            ("[services]\nA = { price = 1,250 }", "write 1250, or with a decimal point 1.250"),
            ("[services]\nA = { tolerance = 5% }", "write { percent = 5 }"),
            ("[clients.7]\nA = { from = 01.07.2026 }", "write year, month and day, such as 2027-03-31"),
            ("[clients.7]\nA = { from = 01/07/2026 }", "write year, month and day, such as 2027-03-31"),
            ("[clients.7]\nA = { from = 2026-7-1, minimum = 2 }", "write year, month and day, such as 2027-03-31"),
            ("[clients.7] internal = true", "write what follows the heading into the next line"),
            ("[services]\n// a fee\n", "begin a remark with `#`"),
            ("[services]\nA = { minimum: 10 }", "write `=` in place of `:`"),
            ("[services]\nA = { minimum = 10 included = 2 }", "write a comma in front of `included`"),
            ("[services]\nA = { where = { x = 1 } included = 2 }", "write a comma in front of `included`"),
            ("[services]\nA = { covers = [\"B\" \"C\"] }", "write a comma between the two"),
        ] {
            assert_eq!(first(text), expected, "{text}");
        }
    }
}
