//! A rules file with rules added: everything that a person wrote stays as it is.

use toml_edit::{DocumentMut, Item, Table, Value};

/// Why rules cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file or a rule is no TOML.
    #[error("the rules cannot be read")]
    Toml(#[from] toml_edit::TomlError),
    /// What should be a table is none.
    #[error("`{0}` is no table of the file")]
    NotTable(String),
    /// What would be written stands there.
    #[error("`{0}` stands there already")]
    Stands(String),
}

/// A rule to add.
pub struct AddedRule<'a> {
    /// The service's code.
    pub code: &'a str,
    /// What stands behind it.
    pub rule: &'a str,
    /// A comment behind it.
    pub comment: &'a str,
}

/// The text with the rules at the end of `[services]`, each with its comment.
///
/// # Errors
/// [`WriteError`]; nothing is added then.
pub fn with_rules(text: &str, rules: &[AddedRule<'_>]) -> Result<String, WriteError> {
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let mut document: DocumentMut = text.parse()?;
    let services = document.entry("services").or_insert(Item::Table(Table::new()));
    let services = services.as_table_mut().ok_or_else(|| WriteError::NotTable("services".to_owned()))?;
    // Where each service has a table of its own, a new one has, too.
    let has_tables = services.is_implicit() && !services.is_dotted() && !services.is_empty();
    services.set_implicit(has_tables);
    for AddedRule { code, rule, comment } in rules {
        if services.contains_key(code) {
            return Err(WriteError::Stands((*code).to_owned()));
        }
        let mut value: Value = rule.parse()?;
        // A comment in which a line ends would go on as a rule.
        let comment: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let item = match value {
            Value::InlineTable(keys) if has_tables => {
                let mut table = keys.into_table();
                table.decor_mut().set_prefix(["\n# ", &comment, "\n"].concat());
                Item::Table(table)
            }
            _ => {
                value.decor_mut().set_prefix(" ");
                value.decor_mut().set_suffix([" # ", &comment].concat());
                Item::Value(value)
            }
        };
        services.insert(code, item);
    }
    Ok([mark, &document.to_string()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str, code: &str, comment: &str) -> Result<String, WriteError> {
        with_rules(text, &[AddedRule { code, rule: "{ flat = true }", comment }])
    }

    #[test]
    fn what_a_person_wrote_stays_and_a_comment_stays_one() {
        for (text, expected) in [
            (
                "[services]\nA = { flat = true } # a\n\n# b\n[us]\n",
                "[services]\nA = { flat = true } # a\nN = { flat = true } # x  y\n\n# b\n[us]\n",
            ),
            (
                "# c\n[services.A]\nflat = true # a\n",
                "# c\n[services.A]\nflat = true # a\n\n# x  y\n[services.N]\nflat = true\n",
            ),
            (
                "\u{feff}services.A = { flat = true }\n",
                "\u{feff}services.A = { flat = true }\nservices.N = { flat = true } # x  y\n",
            ),
            ("", "[services]\nN = { flat = true } # x  y\n"),
        ] {
            assert_eq!(added(text, "N", "x\n y").unwrap(), expected, "{text}");
        }
        assert!(added("[services]\n", "a b.c", "").unwrap().contains("\"a b.c\" = { flat = true }"));
    }

    #[test]
    fn nothing_is_added_to_what_cannot_take_it() {
        assert!(matches!(added("[services]\nN = 1\n", "N", ""), Err(WriteError::Stands(code)) if code == "N"));
        assert!(matches!(added("services = 1\n", "N", ""), Err(WriteError::NotTable(_))));
        assert!(matches!(added("services = {}\n", "N", ""), Err(WriteError::NotTable(_))));
        assert!(matches!(added("[services\n", "N", ""), Err(WriteError::Toml(_))));
    }
}
