//! Data within the page: JSON in a `script` element that is not run. Nothing in it can end the element or begin markup.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::{ReportError, json::write_escaped, report_page::REPORT_HTML};

/// Writes a value as the data block `id`.
pub(super) fn write(out: &mut impl io::Write, id: &str, value: &impl Serialize) -> Result<(), ReportError> {
    let mut json = Vec::new();
    append(&mut json, value)?;
    write_text(out, id, &json)
}

/// Writes a list as the data block `id`, one value after another.
pub(super) fn write_list<T: Serialize>(
    out: &mut impl io::Write,
    id: &str,
    values: impl Iterator<Item = T>,
) -> Result<(), ReportError> {
    let page = ReportError::Page;
    write!(out, "{}[", opening(id)).map_err(page)?;
    let mut json = Vec::new();
    for (at, value) in values.enumerate() {
        json.clear();
        append(&mut json, &value)?;
        out.write_all(if at == 0 { b"\n" } else { b",\n" }).map_err(page)?;
        out.write_all(&json).map_err(page)?;
    }
    out.write_all(b"\n]</script>\n").map_err(page)
}

/// Writes JSON of [`append`] as the data block `id`.
pub(super) fn write_text(out: &mut impl io::Write, id: &str, json: &[u8]) -> Result<(), ReportError> {
    let parts = [opening(id).as_bytes(), json, b"</script>\n"].concat();
    out.write_all(&parts).map_err(ReportError::Page)
}

fn opening(id: &str) -> String {
    format!("<script type=\"application/json\" id=\"{id}\">")
}

/// Appends a value as JSON that holds no character of markup.
pub(super) fn append<T: Serialize + ?Sized>(json: &mut Vec<u8>, value: &T) -> Result<(), ReportError> {
    let mut serializer = serde_json::Serializer::with_formatter(json, WithoutMarkup);
    value.serialize(&mut serializer).map_err(|source| ReportError::Json { file: REPORT_HTML, source })
}

/// JSON in which `<`, `>`, `&` and everything that is not ASCII, a line separator among it, are escapes: no text of it can
/// be `</script`, `<!--` or `]]>`. A browser reads ASCII in half the time and memory.
struct WithoutMarkup;

impl Formatter for WithoutMarkup {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_escaped(writer, fragment, |c| matches!(c, '<' | '>' | '&' | '\u{7F}') || !c.is_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_element_or_begins_markup() {
        let texts =
            ["</script>", "<!--", "-->", "]]>", "&lt;", "a\u{2028}b\u{2029}c", "\"\\\u{0}\u{202E}", "Ä 日本 👩‍👩‍👧"];
        let mut out = Vec::new();
        write(&mut out, "x", &texts).unwrap();
        let text = String::from_utf8(out).unwrap();
        let json = text.strip_prefix("<script type=\"application/json\" id=\"x\">").unwrap();
        let json = json.strip_suffix("</script>\n").unwrap();
        assert!(json.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{json}");
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(json).unwrap(), texts);
        let mut list = Vec::new();
        write_list(&mut list, "y", texts.iter()).unwrap();
        let list = String::from_utf8(list).unwrap();
        let (_, json) = list.strip_suffix("</script>\n").unwrap().split_once('>').unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(json).unwrap(), texts);
        assert!(!json.contains('<'), "{json}");
    }
}
