//! A profile with every key, as settings show it to people.

/// The keys of a source of the kind `file`, with comments.
pub const PROFILE_EXAMPLE: &str = r#"preset = "PRESET"  # what `sources add FILE` recognised; what stands below goes before it
# side = "used"  # without a preset: "agreed" (lines of a PSA), "purchased" or "used"
# as_of = "name"  # the date in the file's name; or "2026-06-30", "modified", "column: HEADING"
# lists = "everything"  # the file lists all customers that there are: one that is missing is gone
# account_from = "name"  # one file for each customer, named after it, such as "Harbour Dental 2026-06-30.csv"
# item_id = "row"  # no column has ids (lines: line_id): equal rows are then two; "within_account": ids repeat elsewhere
# same_id = "superseded"  # rows of one line over time; "added_up": charges of one item

# How the file is written, where it leaves that open.
# sheet = "Devices"
# header_row = 3
# numbers = ","  # 1.234,56
# dates = "D/M/Y"
# zone = "Europe/London"  # of times of day
# encoding = "windows-1252"
# delimiter = ";"
# nothing = ["N/A", "Never", "-"]  # cells that say that there is nothing
# totals = "left_out"  # rows of totals; "data": somebody is called so

# Which column is what: a heading, or several of which the first that is there counts.
# [sources.columns]
# account_id = ["Customer ID", "Customer"]
# item_id = "Serial"

# For what the file does not say.
# [sources.constants]
# kind = "workstation"

# The file's words in ours; * stands for anything.
# [sources.words.status]
# "In use" = "active"

# Just these rows, and none of those.
# [sources.only]
# Region = ["North", "South*"]
# [sources.not]
# Type = "Printer"

# What a person holds, where one cell lists it.
# [sources.holds]
# separator = "+"
# nothing = "Unlicensed"
# kind = "licence"

# The kinds of items for the rules.
# [sources.kinds.workstation]
# unit = "device"  # each, device, seat, gigabyte, gibibyte
# identity = ["serial", "mac_address", "host_name"]
# person = false
# stale_days = 30
# usual = { sign_in = ["allowed"] }
# attributes = ["site"]
"#;

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::*;
    use crate::{profile::ExportProfile, profile_reader::KEYS};

    /// The example with every key switched on, as one table.
    fn example() -> Table {
        let is_key = |line: &str| line.starts_with(['[', '"']) || line.contains(" = ");
        let lines = PROFILE_EXAMPLE.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let text: String =
            lines.filter(|line| is_key(line)).map(|line| line.replace("[sources.", "[") + "\n").collect();
        text.parse().unwrap_or_else(|why| panic!("{why}\n{text}"))
    }

    #[test]
    fn the_example_has_every_key_and_each_is_read() {
        let mut table = example();
        let missing: Vec<&&str> = KEYS.iter().filter(|key| !table.contains_key(**key) && **key != "line_id").collect();
        assert_eq!(missing, [&""; 0]);
        table.remove("preset");
        // An item either has ids of its own or belongs to others.
        table.remove("same_id");
        table.insert("item_id".into(), Value::String("within_account".into()));
        table.get_mut("holds").and_then(Value::as_table_mut).unwrap().remove("kind");
        ExportProfile::read(&table).unwrap_or_else(|faults| panic!("{faults:#?}"));
    }
}
