//! What to write where a line is not TOML: the slips of people who write rules, and not programs.

/// Says what to write in place of what the parser did not understand at a byte of the text.
pub(crate) fn advice(text: &str, at: usize) -> String {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let found = decimal_comma(line)
        .or_else(|| name_with_blanks(line))
        .or_else(|| bare_word(line, at - start))
        .or_else(|| not_closed(text, at));
    found.unwrap_or_else(|| "correct the line first".to_owned())
}

/// `= 12,50`.
fn decimal_comma(line: &str) -> Option<String> {
    line.split('=').skip(1).find_map(|value| {
        let value = value.trim_start();
        let (whole, rest) = value.split_once(',')?;
        let part: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_digits(whole) && is_digits(&part)).then(|| format!("write a decimal point: {whole}.{part}"))
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

    use super::advice;

    /// What is advised for the first thing that the parser does not understand.
    fn first(text: &str) -> String {
        let (_, errors) = DeTable::parse_recoverable(text);
        let error = errors.first().unwrap_or_else(|| panic!("{text} is TOML"));
        advice(text, error.span().map_or(text.len(), |span| span.start))
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
            ("[services]\nA = { minimum = 10 }\nA = { minimum = 11 }\n", "correct the line first"),
        ] {
            assert_eq!(first(text), expected, "{text}");
        }
    }
}
