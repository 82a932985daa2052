//! Secrets in what a vendor says: each value that we know, however it is written, gives way to a fixed word before the
//! text goes anywhere. Deliberately absent: secrets that nobody told us of.

use std::ops::Range;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

/// What stands for a secret value.
pub(crate) const MASKED: &str = "redacted";

/// Shorter values are looked for as a whole text only: within others they would be found everywhere.
const WITHIN_BYTES_MIN: usize = 8;

/// The same of whole answers, in which an ordinary word is rather a client's than a key's.
const IN_ANSWER_BYTES_MIN: usize = 12;

/// The secrets of one source, in every form in which a vendor may repeat them.
pub(crate) struct Mask {
    /// The longest first, so that of two that overlap nothing is left.
    forms: Vec<SecretString>,
}

impl Mask {
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<String> =
            values.into_iter().filter(|value| !value.trim().is_empty()).flat_map(forms).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms: forms.into_iter().map(SecretString::from).collect() }
    }

    /// A few words of a vendor, such as an error code or a host, whose letters may have become small on the way. A part
    /// of a secret is one, too.
    pub(crate) fn of_words(&self, text: &str) -> String {
        let mut small = text.to_ascii_lowercase();
        let mut masked = text.to_owned();
        for form in &self.forms {
            let form = form.expose_secret().to_ascii_lowercase();
            let is_part = text.len() >= WITHIN_BYTES_MIN && form.contains(&text.to_ascii_lowercase());
            if is_part || small == form {
                return MASKED.to_owned();
            }
            if form.len() >= WITHIN_BYTES_MIN {
                for found in found(&small, &form).into_iter().rev() {
                    masked.replace_range(found.clone(), MASKED);
                    small.replace_range(found, MASKED);
                }
            }
        }
        masked
    }

    /// An answer, or a link to the next one. What reads like a number stays: it may be an id or a quantity, and an answer
    /// must stay one.
    pub(crate) fn of_answer(&self, mut text: String) -> String {
        let is_number = |form: &str| form.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        for form in self.forms.iter().map(ExposeSecret::expose_secret) {
            if form.len() < IN_ANSWER_BYTES_MIN || is_number(form) {
                continue;
            }
            for written in [form, &form.to_ascii_lowercase()] {
                if memmem::find(text.as_bytes(), written.as_bytes()).is_some() {
                    text = text.replace(written, MASKED);
                }
            }
        }
        text
    }
}

fn found(text: &str, wanted: &str) -> Vec<Range<usize>> {
    memmem::find_iter(text.as_bytes(), wanted).map(|at| at..at + wanted.len()).collect()
}

/// A value as it is, in JSON, in a URL and in base64.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_matches('"').to_owned();
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    vec![
        json.replace('/', "\\/"),
        json,
        form.replace('+', "%20"),
        form,
        STANDARD_NO_PAD.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        value.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k3y/With+\"signs\"";

    #[test]
    fn a_value_is_masked_however_it_is_written() {
        let mask = Mask::new([KEY, "user:c4n4ry-pass"]);
        for written in [
            KEY,
            r#"k3y/With+\"signs\""#,
            r#"k3y\/With+\"signs\""#,
            "k3y%2FWith%2B%22signs%22",
            "azN5L1dpdGgrInNpZ25zIg==",
            "dXNlcjpjNG40cnktcGFzcw",
            "k3y/with+\"signs\"",
        ] {
            let answer = mask.of_answer(format!("[\"{written}\"]"));
            assert!(answer.starts_with("[\"redacted"), "{written}: {answer}");
            assert!(answer.len() <= "[\"redacted==\"]".len(), "{written}: {answer}");
            let words = mask.of_words(&format!("https://{written}.example"));
            assert!(words.starts_with("https://redacted"), "{written}: {words}");
        }
        assert_eq!(mask.of_words("K3Y%2fWITH%2b%22signs%22"), MASKED, "a host's letters are small");
        assert_eq!(mask.of_words("k3y/With+"), MASKED, "cut short");
        assert_eq!(mask.of_words("invalid_client"), "invalid_client");
        assert_eq!(mask.of_answer(r#"{"a":1}"#.to_owned()), r#"{"a":1}"#);
    }

    #[test]
    fn a_short_value_is_masked_where_it_stands_alone() {
        let mask = Mask::new(["acme", "", "123456789012"]);
        assert_eq!(mask.of_words("ACME"), MASKED);
        assert_eq!(mask.of_words("acme-limit"), "acme-limit");
        let answer = r#"{"id":123456789012,"name":"acme"}"#;
        assert_eq!(mask.of_answer(answer.to_owned()), answer, "an id of digits stays one");
        assert_eq!(mask.of_words("E-123456789012"), "E-redacted");
    }

    #[test]
    fn of_two_that_overlap_nothing_is_left() {
        let mask = Mask::new(["abcdefghijkl", "abcdefghijklmn"]);
        assert_eq!(mask.of_answer("abcdefghijklmn".to_owned()), MASKED);
        assert_eq!(mask.of_words("x-abcdefghijklmn"), "x-redacted");
    }
}
