//! JSON as vendors write it: fields in order, empty ones left out, numbers with the digits that are wanted.

use std::fmt::Write as _;

/// One object being written.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".into())
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, key);
        self.0.push(':');
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        quote(&mut self.0, value);
        self
    }

    /// Left out if `None`, as ConnectWise does.
    pub(crate) fn text_if(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// A number, bool, null or finished JSON, as it stands.
    pub(crate) fn raw(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.key(key);
        let _ = write!(self.0, "{value}");
        self
    }

    pub(crate) fn raw_if(self, key: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.raw(key, value),
            None => self,
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `[a,b,c]` of finished rows.
pub(crate) fn array(rows: impl IntoIterator<Item = String>) -> String {
    let mut text = String::from("[");
    for (n, row) in rows.into_iter().enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(&row);
    }
    text.push(']');
    text
}

/// A number as a JSON double: `12` becomes `12.0`.
pub(crate) fn double(number: rust_decimal::Decimal) -> String {
    let text = number.normalize().to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_text_is_still_json() {
        let text = Object::new().text("na\"me", "a\\b\n\u{1}<script>").raw("n", "12.0").text_if("none", None).end();
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["na\"me"], "a\\b\n\u{1}<script>");
        assert_eq!(back.as_object().unwrap().len(), 2);
        assert_eq!(double(rust_decimal::Decimal::new(1250, 2)), "12.5");
        assert_eq!(double(rust_decimal::Decimal::from(12)), "12.0");
    }
}
