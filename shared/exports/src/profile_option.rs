//! One key of a profile as a person writes it at a prompt: `KEY=VALUE`.

use toml::{Table, Value};

use crate::fault::ProfileFault;

/// Takes `KEY=VALUE` into the keys of a profile; a key may name tables, such as `columns.quantity`. The value is a text
/// with or without quotes, or a list or table as TOML writes them.
///
/// # Errors
/// [`ProfileFault`] if it cannot be taken.
pub fn set_profile_option(keys: &mut Table, option: &str) -> Result<(), ProfileFault> {
    let fault = |key: &str, what: String| ProfileFault { key: key.to_owned(), what };
    let Some((key, text)) = option.split_once('=') else {
        return Err(fault(option, "is not an option: write KEY=VALUE".to_owned()));
    };
    let (key, text) = (key.trim(), text.trim());
    let (tables, last) = match key.rsplit_once('.') {
        Some((tables, last)) => (tables.split('.').collect(), last),
        None => (Vec::new(), key),
    };
    let mut at = keys;
    for table in tables {
        let entry = at.entry(table).or_insert_with(|| Value::Table(Table::new()));
        at = match entry {
            Value::Table(table) => table,
            _ => return Err(fault(key, format!("`{table}` is not a table"))),
        };
    }
    let is_written = text.starts_with('[') || text.starts_with('{');
    let written = || toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value");
    let value = is_written.then(written).flatten();
    at.insert(last.to_owned(), value.unwrap_or_else(|| Value::String(text.trim_matches('"').to_owned())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_a_text_or_what_toml_writes() {
        let mut keys = Table::new();
        for option in ["dates=D/M/Y", " columns.quantity = \"Qty.\"", "nothing=[\"N/A\"]", "only={ Source = \"rmm\" }"]
        {
            set_profile_option(&mut keys, option).unwrap();
        }
        let expected: Table =
            "dates = \"D/M/Y\"\nnothing = [\"N/A\"]\ncolumns = { quantity = \"Qty.\" }\nonly = { Source = \"rmm\" }"
                .parse()
                .unwrap();
        assert_eq!(keys, expected);
        for (option, expected) in [
            ("dates", "`dates`: is not an option: write KEY=VALUE"),
            ("dates.x=1", "`dates.x`: `dates` is not a table"),
        ] {
            assert_eq!(set_profile_option(&mut keys, option).unwrap_err().to_string(), expected);
        }
    }
}
