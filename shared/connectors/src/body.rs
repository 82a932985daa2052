//! An answer's text before anything is kept of it: is it JSON at all, is it whole, is it too deep; then the fields
//! that the connector declares are cut out, and every other byte stays as the vendor wrote it.
//!
//! Numbers are never parsed here, so `1.10` stays `1.10`.

use serde::de::IgnoredAny;

use crate::fault::ErrorKind;

/// How deeply an answer may be nested: what serde_json reads.
pub(crate) const DEPTH_MAX: usize = 127;

/// Checks that a text is one whole JSON value and cuts the named fields out of it.
pub(crate) fn cut_json(text: &str, names: &[&str]) -> Result<String, ErrorKind> {
    let text = text.trim_start_matches('\u{feff}');
    check(text)?;
    Ok(Cutter { text, names, at: 0, out: String::with_capacity(text.len()) }.run())
}

fn check(text: &str) -> Result<(), ErrorKind> {
    let text = text.trim_start();
    match text.as_bytes().first() {
        None => return Err(ErrorKind::CutShort),
        Some(b'<') => return Err(ErrorKind::WebPage),
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {}
        Some(_) => return Err(ErrorKind::NotJson),
    }
    let is_closed = is_closed(text)?;
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) if error.is_eof() || !is_closed => Err(ErrorKind::CutShort),
        Err(_) => Err(ErrorKind::NotJson),
    }
}

/// Whether every bracket and quote that opens also closes, if none lies too deep.
fn is_closed(text: &str) -> Result<bool, ErrorKind> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(ErrorKind::TooDeep { depth_max: DEPTH_MAX });
        }
    }
    Ok(depth == 0 && !in_string)
}

/// Goes once over a text that is known to be JSON.
struct Cutter<'a> {
    text: &'a str,
    names: &'a [&'a str],
    at: usize,
    out: String,
}

impl Cutter<'_> {
    fn run(mut self) -> String {
        if self.names.is_empty() {
            return self.text.to_owned();
        }
        let bytes = self.text.as_bytes();
        // Whether the innermost container is an object, and whether a string there would be a key.
        let mut objects: Vec<bool> = Vec::new();
        let mut key_next = false;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'{' | b'[' => {
                    objects.push(byte == b'{');
                    key_next = byte == b'{';
                    self.copy(1);
                }
                b'}' | b']' => {
                    objects.pop();
                    key_next = false;
                    self.copy(1);
                }
                b',' => {
                    key_next = objects.last().copied().unwrap_or(false);
                    self.copy(1);
                }
                b'"' if key_next => {
                    let length = string_length(&bytes[self.at..]);
                    if self.is_cut(&self.text[self.at..self.at + length]) {
                        self.skip_member(length);
                    } else {
                        self.copy(length);
                        key_next = false;
                    }
                }
                b'"' => self.copy(string_length(&bytes[self.at..])),
                _ => self.copy(plain_length(&bytes[self.at..])),
            }
        }
        self.out
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    fn is_cut(&self, quoted: &str) -> bool {
        let plain = &quoted[1..quoted.len() - 1];
        let decoded;
        let key = if plain.contains('\\') {
            decoded = serde_json::from_str::<String>(quoted).unwrap_or_default();
            decoded.as_str()
        } else {
            plain
        };
        self.names.iter().any(|name| match name.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => key == *name,
        })
    }

    /// Skips a key, its value and one comma: the one after it, or else the one before it.
    fn skip_member(&mut self, key_length: usize) {
        let bytes = self.text.as_bytes();
        self.at += key_length;
        let (mut depth, mut value_began) = (0usize, false);
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += string_length(&bytes[self.at..]);
                    value_began = true;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 && value_began => break,
                _ => {}
            }
            value_began |= !matches!(byte, b':' | b' ' | b'\t' | b'\r' | b'\n');
            self.at += 1;
        }
        if bytes.get(self.at) == Some(&b',') {
            self.at += 1;
        } else {
            let kept = self.out.trim_end_matches([' ', '\t', '\r', '\n']).len();
            self.out.truncate(kept);
            if self.out.ends_with(',') {
                self.out.pop();
            }
        }
    }
}

/// The length of the JSON string that begins here, with its quotes.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length up to the next structural byte, at least 1.
fn plain_length(bytes: &[u8]) -> usize {
    let structural = |byte: &u8| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b'"');
    bytes.iter().skip(1).position(structural).map_or(bytes.len(), |more| more + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn check_cut(text: &str, expected: &str) {
        let cut = cut_json(text, &["notes", "secret", "udf*"]).unwrap();
        assert_eq!(cut, expected);
        serde_json::from_str::<IgnoredAny>(&cut).unwrap();
    }

    #[test]
    fn fields_go_and_every_other_byte_stays() {
        check_cut(r#"{"a":1.10,"notes":"x","b":2}"#, r#"{"a":1.10,"b":2}"#);
        check_cut(r#"{"notes":"x","a":1.10}"#, r#"{"a":1.10}"#);
        check_cut(r#"{"a":1.10,"notes":"x"}"#, r#"{"a":1.10}"#);
        check_cut(r#"{"notes":"x"}"#, r#"{}"#);
        check_cut(r#"{"notes":"x","secret":{"deep":[1,{"y":"}"}]},"udf30":null}"#, r#"{}"#);
        check_cut(
            r#"[{"secret":[1,2,[3]],"q":123456789012345678901234567890.5e-3}]"#,
            r#"[{"q":123456789012345678901234567890.5e-3}]"#,
        );
        check_cut(
            r#"{"a":"notes","b":["notes","secret"],"c":{"d":{"secret":true,"e":0}}}"#,
            r#"{"a":"notes","b":["notes","secret"],"c":{"d":{"e":0}}}"#,
        );
        check_cut(r#"{"\u006eotes":"x","a":"\"notes\":1,","ud":1}"#, r#"{"a":"\"notes\":1,","ud":1}"#);
        check_cut(
            "{ \"a\" : 1 ,\n \"notes\" : \"x\\\\\" ,\n \"b\" : \"ü 端\" }",
            "{ \"a\" : 1 ,\n \n \"b\" : \"ü 端\" }",
        );
        check_cut("{ \"a\" : 1 ,\n \"notes\" : \"x\" }", "{ \"a\" : 1 }");
        check_cut(r#"{"notes":1,"notes":2,"a":3}"#, r#"{"a":3}"#);
        check_cut("[]", "[]");
        check_cut("null", "null");
        check_cut("\"notes\"", "\"notes\"");
    }

    #[test]
    fn what_is_not_whole_json_is_named() {
        let whole = r#"[{"id":1,"name":"a \" b","q":1.10e5,"t":[true,null]}]"#;
        assert!(cut_json(whole, &[]).is_ok());
        for end in 0..whole.len() {
            assert_eq!(cut_json(&whole[..end], &["x"]), Err(ErrorKind::CutShort), "{}", &whole[..end]);
        }
        assert_eq!(cut_json(" <!DOCTYPE html><html>", &[]), Err(ErrorKind::WebPage));
        assert_eq!(cut_json("Cannot route. Codebase/company is invalid", &[]), Err(ErrorKind::NotJson));
        assert_eq!(cut_json("{\"a\":1}{\"a\":2}", &[]), Err(ErrorKind::NotJson));
        assert_eq!(cut_json("{\"a\":01}", &[]), Err(ErrorKind::NotJson));
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert_eq!(cut_json(&deep, &[]), Err(ErrorKind::TooDeep { depth_max: DEPTH_MAX }));
        let brackets_in_text = format!("[\"{}\"]", "[".repeat(500));
        assert!(cut_json(&brackets_in_text, &[]).is_ok());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\],: ü]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let key = prop_oneof![Just("notes".to_owned()), Just("udf7".to_owned()), "[a-z\"\\\\]{0,4}"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(key, inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// The same, done the slow way.
    fn without(value: Value) -> Value {
        match value {
            Value::Array(all) => all.into_iter().map(without).collect(),
            Value::Object(map) => map
                .into_iter()
                .filter(|(key, _)| key != "notes" && !key.starts_with("udf"))
                .map(|(key, value)| (key, without(value)))
                .collect(),
            plain => plain,
        }
    }

    proptest! {
        #[test]
        fn exactly_the_named_fields_go(value in json(), wide: bool) {
            let text = if wide { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let cut = cut_json(&text, &["notes", "udf*"]).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&cut).unwrap(), without(value));
            prop_assert_eq!(cut_json(&text, &[]).unwrap(), text);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = cut_json(&text, &["notes"]);
        }
    }
}
