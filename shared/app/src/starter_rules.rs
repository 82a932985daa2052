//! The rules file that somebody starts from: one example for each kind of item that the sources count, all of them
//! commented out, since only the MSP knows the codes of its products.

use std::fmt::Write as _;

use truecount_billing::SourceId;
use truecount_connectors::{ItemKind, SourceKind};

const HEAD: &str = r#"# What bills what: the product codes of your PSA, each with what counts it.
#
# Take the `#` away in front of an example, write your product's code in place
# of the one there, and change what is counted. `truecount rules check` says
# what is wrong, `truecount sources show SOURCE` what a source can be asked for.

# The currency of the prices in this file, and of lines that name none:
#currency = "GBP"

[services]
# An example only. Remove it when your first product stands here.
EXAMPLE = { ignore = "an example" }

# Only that the line stands; its quantity is not compared:
#FLAT-FEE = { flat = true }

# Not compared, and why:
#ONBOARDING = { ignore = "one-time project work" }
"#;

/// The kind of item that stands for those that a file brings.
const KIND_OF_FILE: &str = "item";

/// The text of a rules file to start from, for sources by their ids. Those that count nothing have no part in it.
#[must_use]
pub fn starter_rules(sources: &[(SourceId, &SourceKind)]) -> String {
    let mut text = HEAD.to_owned();
    for (id, kind) in sources.iter().filter(|(_, kind)| kind.sides.iter().any(|side| !side.is_billed())) {
        let _ = writeln!(text, "\n# {id}: {}", kind.title);
        for item in kind.vocabulary.items {
            example(&mut text, id, kind, item);
        }
        if kind.is_open() {
            let _ = writeln!(text, "# what the file's own column `kind` says:");
            let _ = writeln!(text, "#{} = {{ count = \"{id}.{KIND_OF_FILE}\" }}", code(id, KIND_OF_FILE));
        }
    }
    text
}

fn example(text: &mut String, id: &SourceId, kind: &SourceKind, item: &ItemKind) {
    let (name, code) = (item.name, code(id, item.name));
    let age = item.stale_days.map(|days| format!(", seen within {days} days")).unwrap_or_default();
    let sku = kind.vocabulary.sku_names.first().filter(|_| !item.is_person);
    let _ = match sku {
        Some((part, product)) => writeln!(
            text,
            "# {}{age}; here those of {product}:\n#{code} = {{ count = \"{id}.{name}\", where = {{ sku = \"{part}\" }} }}",
            item.title
        ),
        None => writeln!(text, "# {}{age}:\n#{code} = {{ count = \"{id}.{name}\" }}", item.title),
    };
}

/// A code that no product has.
fn code(id: &SourceId, kind: &str) -> String {
    format!("{id}-{kind}").to_uppercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use truecount_connectors::SOURCE_KINDS;
    use truecount_rules::Rules;

    use super::*;
    use crate::vocabulary::vocabulary_of;

    /// Each line that is an example, switched on.
    fn switched_on(text: &str) -> String {
        let is_example = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        text.lines().map(|line| if is_example(&line) { &line[1..] } else { line }.to_owned() + "\n").collect()
    }

    #[test]
    fn each_combination_of_sources_gives_rules_that_can_be_read() {
        let all: Vec<(SourceId, &SourceKind)> =
            SOURCE_KINDS.iter().map(|kind| (kind.name.parse().unwrap(), kind)).collect();
        for chosen in 0..1_u32 << all.len() {
            let is_chosen = |(at, _): &(usize, &(SourceId, &SourceKind))| chosen & 1 << *at != 0;
            let sources: Vec<_> = all.iter().enumerate().filter(is_chosen).map(|(_, source)| source.clone()).collect();
            let vocabulary: Vec<_> =
                sources.iter().map(|(id, kind)| vocabulary_of(id, kind, &toml::Table::new())).collect();
            let text = starter_rules(&sources);
            let rules = Rules::parse("rules.toml", &text, &vocabulary);
            assert_eq!(rules.as_ref().unwrap().services().len(), 1, "{text}\n{rules:?}");
            let on = switched_on(&text);
            let rules = Rules::parse("rules.toml", &on, &vocabulary);
            let counted = sources.iter().map(|(_, kind)| kind.vocabulary.items.len() + usize::from(kind.is_open()));
            let expected = 3 + counted.sum::<usize>();
            assert_eq!(rules.as_ref().unwrap().services().len(), expected, "{on}\n{rules:?}");
        }
    }
}
