//! Standing decisions, written into the rules file: what a person wrote stays as it is.

use jiff::civil::Date;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::written::WriteError;

/// The keys of a client that are no services: a service of such a code is written with `service:` before it.
const KEYS_OF_A_CLIENT: [&str; 7] = ["not_sold", "internal", "nfr", "note", "agreements", "moved", "both"];

/// For whom a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingFor<'a> {
    /// A client, as the file names it (id, short identifier or name).
    Client(&'a str),
    /// A kind of agreement, by its name.
    AgreementType(&'a str),
}

/// What holds until somebody takes it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingDecision<'a> {
    /// Usage of the service without a line is right.
    NotSold {
        /// The service's code.
        service: &'a str,
        /// Why.
        why: &'a str,
        /// When it is to be looked at again.
        review: Option<Date>,
    },
    /// The service is not compared.
    Ignored {
        /// The service's code.
        service: &'a str,
        /// Why.
        why: &'a str,
    },
    /// The client is the provider itself. Not for a kind of agreement.
    Internal,
    /// What the client uses is not for resale. Not for a kind of agreement.
    NotForResale,
}

/// The text with the decision, and a comment behind it where one can stand.
///
/// # Errors
/// [`WriteError`]; nothing is written then. The text that comes of it may still contradict itself: it is to be read as
/// rules before it replaces the file.
pub fn with_decision(
    text: &str,
    at: StandingFor<'_>,
    decision: &StandingDecision<'_>,
    comment: &str,
) -> Result<String, WriteError> {
    let (mark, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let mut document: DocumentMut = text.parse()?;
    let (group, name) = match at {
        StandingFor::Client(name) => ("clients", name),
        StandingFor::AgreementType(name) => ("agreement_types", name),
    };
    let all = document.entry(group).or_insert_with(implicit);
    let all = all.as_table_like_mut().ok_or_else(|| WriteError::NotTable(group.to_owned()))?;
    // A new table gets a line of its own, whether or not the others have one.
    let of = all.entry(name).or_insert_with(|| Item::Table(Table::new()));
    // Inside braces a comment would end what stands behind it.
    let comment = if of.is_table() { comment } else { "" };
    let of = of.as_table_like_mut().ok_or_else(|| WriteError::NotTable(format!("{group}.{name}")))?;
    let (key, keys) = written(decision);
    match keys {
        None => put(of, &key, value(true), comment)?,
        Some(keys) => match of.get_mut(&key) {
            Some(there) => {
                let there = there.as_table_like_mut().ok_or_else(|| WriteError::Stands(key.clone()))?;
                for (name, one) in &keys {
                    put(there, name, Item::Value(one.clone()), "")?;
                }
                tidy(of.get_mut(&key));
            }
            None => put(of, &key, Item::Value(Value::InlineTable(keys)), comment)?,
        },
    }
    tidy(all.get_mut(name));
    Ok([mark, &document.to_string()].concat())
}

/// The blank before a closing brace would stand before the comma.
fn tidy(item: Option<&mut Item>) {
    if let Some(inline) = item.and_then(Item::as_inline_table_mut) {
        inline.fmt();
    }
}

fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// The key at the client or kind of agreement, and what stands behind it; `None`: `true`.
fn written(decision: &StandingDecision<'_>) -> (String, Option<InlineTable>) {
    let mut keys = InlineTable::new();
    let service = match decision {
        StandingDecision::NotSold { service, why, review } => {
            keys.insert("not_sold", Value::from(*why));
            if let Some(review) = review {
                keys.insert("review", Value::from(of_toml(*review)));
            }
            service
        }
        StandingDecision::Ignored { service, why } => {
            keys.insert("ignore", Value::from(*why));
            service
        }
        StandingDecision::Internal => return ("internal".to_owned(), None),
        StandingDecision::NotForResale => return ("nfr".to_owned(), None),
    };
    let prefix = if KEYS_OF_A_CLIENT.contains(service) { "service:" } else { "" };
    ([prefix, service].concat(), Some(keys))
}

fn of_toml(day: Date) -> toml_edit::Datetime {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = toml_edit::Date {
        year: u16::try_from(day.year()).unwrap_or_default(),
        month: part(day.month()),
        day: part(day.day()),
    };
    toml_edit::Datetime { date: Some(date), time: None, offset: None }
}

fn put(table: &mut dyn TableLike, key: &str, mut item: Item, comment: &str) -> Result<(), WriteError> {
    if table.contains_key(key) {
        return Err(WriteError::Stands(key.to_owned()));
    }
    if let (false, Some(value)) = (comment.is_empty(), item.as_value_mut()) {
        let comment: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        value.decor_mut().set_prefix(" ");
        value.decor_mut().set_suffix([" # ", &comment].concat());
    }
    table.insert(key, item);
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn not_sold<'a>(service: &'a str, why: &'a str) -> StandingDecision<'a> {
        StandingDecision::NotSold { service, why, review: Some(date(2027, 3, 31)) }
    }

    #[test]
    fn a_decision_is_added_and_what_a_person_wrote_stays() {
        let decision = not_sold("BKP", "they say \"no\"");
        let keys = "{ not_sold = 'they say \"no\"', review = 2027-03-31 }";
        let client = StandingFor::Client("250");
        for (text, expected) in [
            ("", format!("[clients.250]\nBKP = {keys} # x  y\n")),
            (
                "# a\n[services] # b\nBKP = { flat = true }\n",
                format!("# a\n[services] # b\nBKP = {{ flat = true }}\n\n[clients.250]\nBKP = {keys} # x  y\n"),
            ),
            (
                "[clients.250] # Acme\nMNG = { included = 2 } # c\n\n# d\n[clients.251]\nnfr = true\n",
                format!(
                    "[clients.250] # Acme\nMNG = {{ included = 2 }} # c\nBKP = {keys} # x  y\n\n# d\n[clients.251]\nnfr = true\n"
                ),
            ),
            (
                "[clients.250]\nBKP = { included = 2 } # c\n",
                "[clients.250]\nBKP = { included = 2, not_sold = 'they say \"no\"', review = 2027-03-31 } # c\n"
                    .to_owned(),
            ),
            (
                "[clients.250.BKP] # c\nincluded = 2\n",
                "[clients.250.BKP] # c\nincluded = 2\nnot_sold = 'they say \"no\"'\nreview = 2027-03-31\n".to_owned(),
            ),
            ("clients.250 = { nfr = true } # c\n", format!("clients.250 = {{ nfr = true, BKP = {keys} }} # c\n")),
            ("\u{feff}[clients]\n", format!("\u{feff}[clients]\n\n[clients.250]\nBKP = {keys} # x  y\n")),
        ] {
            assert_eq!(with_decision(text, client, &decision, "x\n y").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn each_decision_has_its_key() {
        let client = StandingFor::Client("Acme, Inc.");
        let text = |at, decision| with_decision("", at, &decision, "").unwrap();
        assert_eq!(text(client, StandingDecision::Internal), "[clients.\"Acme, Inc.\"]\ninternal = true\n");
        assert_eq!(text(client, StandingDecision::NotForResale), "[clients.\"Acme, Inc.\"]\nnfr = true\n");
        let ignored = StandingDecision::Ignored { service: "note", why: "by hand" };
        let expected = "[agreement_types.Gold]\n\"service:note\" = { ignore = \"by hand\" }\n";
        assert_eq!(text(StandingFor::AgreementType("Gold"), ignored), expected);
        let open = StandingDecision::NotSold { service: "A.B", why: "", review: None };
        assert_eq!(text(client, open), "[clients.\"Acme, Inc.\"]\n\"A.B\" = { not_sold = \"\" }\n");
    }

    #[test]
    fn nothing_is_written_over_what_stands() {
        let client = StandingFor::Client("250");
        let wrong = |text, decision: &_| with_decision(text, client, decision, "").unwrap_err();
        let decision = not_sold("BKP", "why");
        for text in ["[clients.250]\nBKP = { not_sold = \"so\" }\n", "[clients.250]\nBKP = 1\n"] {
            assert!(matches!(wrong(text, &decision), WriteError::Stands(_)), "{text}");
        }
        let internal = StandingDecision::Internal;
        assert!(matches!(wrong("[clients.250]\ninternal = false\n", &internal), WriteError::Stands(_)));
        for text in ["clients = 1\n", "[clients]\n250 = 1\n"] {
            assert!(matches!(wrong(text, &decision), WriteError::NotTable(_)), "{text}");
        }
        assert!(matches!(wrong("[clients\n", &decision), WriteError::Toml(_)));
    }
}
