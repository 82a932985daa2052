//! A TOML value that does not fit its key: what serde says of it, in the words of who wrote it.

/// `write a whole number from 0 to 65535 instead of 2.5`; `None`: it is another fault.
#[must_use]
pub fn wrong_value(said: &str) -> Option<String> {
    let wrong = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "))?;
    let (found, expected) = wrong.lines().next()?.rsplit_once(", expected ")?;
    Some(format!("write {} instead of {}", allowed(expected), written(found)))
}

fn allowed(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" => "text in quotation marks",
        "a boolean" => "true or false",
        "a sequence" => "a list in brackets",
        "a map" => "a table",
        expected if expected.starts_with("struct ") => "a table",
        expected => expected,
    }
}

/// ``floating point `2.5` `` and `string "x"` as they were written.
fn written(found: &str) -> &str {
    match (found.find(['`', '"']), found) {
        (Some(at), _) => found[at..].trim_matches('`'),
        (None, "sequence") => "a list",
        (None, "map") => "a table",
        (None, found) => found,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::wrong_value;

    /// What is said of the only value of a file that is read as this.
    fn said<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: &str) -> String {
        let error = toml::from_str::<BTreeMap<String, T>>(&format!("key = {value}")).unwrap_err();
        wrong_value(error.message()).unwrap_or_else(|| panic!("{value}: {}", error.message()))
    }

    #[test]
    fn what_is_written_and_what_is_allowed_are_told() {
        assert_eq!(said::<u16>("2.5"), "write a whole number from 0 to 65535 instead of 2.5");
        assert_eq!(said::<u16>("-1"), "write a whole number from 0 to 65535 instead of -1");
        assert_eq!(said::<u16>("\"x\""), "write a whole number from 0 to 65535 instead of \"x\"");
        assert_eq!(said::<u32>("2.5"), "write a whole number from 0 on instead of 2.5");
        assert_eq!(said::<String>("1"), "write text in quotation marks instead of 1");
        assert_eq!(said::<String>("[1]"), "write text in quotation marks instead of a list");
        assert_eq!(said::<String>("{ a = 1 }"), "write text in quotation marks instead of a table");
        assert_eq!(said::<bool>("\"yes\""), "write true or false instead of \"yes\"");
        assert_eq!(said::<Vec<String>>("\"a\""), "write a list in brackets instead of \"a\"");
        assert_eq!(said::<BTreeMap<String, String>>("true"), "write a table instead of true");
        assert_eq!(wrong_value("missing field `port`"), None);
    }
}
