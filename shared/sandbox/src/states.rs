//! What becomes of each planted exception from month to month, worked out from the answer sheets alone, and the comparison of
//! a report's files with it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::sheet::Planted;

/// An exception over the months: client, product, and which way.
type Followed = (String, String, &'static str);

/// What a month says of one.
type Figures = (&'static str, Option<Decimal>, Option<Decimal>);

/// The state of each exception in a month, as a word: `new`, `open`, `changed`, `reopened`, `closed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthStates(BTreeMap<Followed, &'static str>);

/// How the states that a report tells differ from those planted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateTally {
    /// How many are equal.
    pub equal: usize,
    /// Planted and found where they differ; empty: one of them has none.
    pub different: Vec<(String, String)>,
}

/// Which way an exception of a kind goes; `None`: it has no history.
fn direction(kind: &str) -> Option<&'static str> {
    match kind {
        "underbilled" | "unbilled_usage" | "ended_agreement_in_use" => Some("under"),
        "overbilled" | "billed_without_usage" => Some("over"),
        "agreement_ending" => Some("ending"),
        "uncounted_line" => Some("none"),
        _ => None,
    }
}

/// The states in the last of these months, the oldest first.
#[must_use]
pub fn states(sheets: &[Vec<Planted>]) -> MonthStates {
    let (mut known, mut told) = (BTreeMap::new(), MonthStates::default());
    for sheet in sheets {
        let now = followed(sheet);
        told = MonthStates::default();
        for (one, figures) in &now {
            let state = match known.get(one) {
                None => "new",
                Some(None) => "reopened",
                Some(Some(before)) if before == figures => "open",
                Some(Some(_)) => "changed",
            };
            told.0.insert(one.clone(), state);
        }
        for (one, before) in &mut known {
            if before.is_some() && !now.contains_key(one) {
                *before = None;
                told.0.insert(one.clone(), "closed");
            }
        }
        known.extend(now.into_iter().map(|(one, figures)| (one, Some(figures))));
    }
    told
}

fn followed(sheet: &[Planted]) -> BTreeMap<Followed, Figures> {
    let row = |row: &Planted| {
        let one = (row.client_id.clone(), row.product_code.clone(), direction(row.kind)?);
        Some((one, (row.kind, row.variance, row.monthly_impact)))
    };
    sheet.iter().filter_map(row).collect()
}

impl MonthStates {
    /// How many exceptions are in each state, by its word.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        self.0.values().for_each(|state| *counts.entry(*state).or_default() += 1);
        counts
    }

    /// Compares the rows of an `exceptions.csv` and of a `closed.csv`, given as column to text, with the states.
    #[must_use]
    pub fn compare(&self, exceptions: &[BTreeMap<String, String>], closed: &[BTreeMap<String, String>]) -> StateTally {
        let mut found: BTreeMap<Followed, String> = BTreeMap::new();
        let text = |row: &BTreeMap<String, String>, column: &str| row.get(column).cloned().unwrap_or_default();
        for (row, product) in
            exceptions.iter().map(|row| (row, "product_code")).chain(closed.iter().map(|row| (row, "product")))
        {
            let (state, direction) = (text(row, "state"), direction(&text(row, "kind")));
            if let Some(direction) = direction.filter(|_| !state.is_empty()) {
                found.insert((text(row, "client_id"), text(row, product), direction), state);
            }
        }
        let mut tally = StateTally::default();
        let named =
            |(client, product, direction): &Followed, state: &str| format!("{client} {product} {direction}: {state}");
        for (one, state) in &self.0 {
            match found.remove(one) {
                Some(same) if same == *state => tally.equal += 1,
                Some(other) => tally.different.push((named(one, state), named(one, &other))),
                None => tally.different.push((named(one, state), String::new())),
            }
        }
        tally.different.extend(found.iter().map(|(one, state)| (String::new(), named(one, state))));
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed_discrepancies::nothing;

    fn row(kind: &'static str, client: &str, units: i64) -> Planted {
        Planted {
            kind,
            client_id: client.to_owned(),
            product_code: "P".to_owned(),
            variance: Some(units.into()),
            monthly_impact: Some((units * 10).into()),
            ..nothing("")
        }
    }

    #[test]
    fn an_exception_is_followed_by_client_product_and_direction() {
        let months = [
            vec![row("underbilled", "1", 2), row("overbilled", "2", -1), row("not_reconciled", "3", 0)],
            vec![row("underbilled", "1", 2), row("unbilled_usage", "4", 5)],
            vec![row("underbilled", "1", 3), row("overbilled", "2", -1), row("unbilled_usage", "4", 5)],
        ];
        let told = |months: &[Vec<Planted>]| -> Vec<(String, &'static str)> {
            states(months).0.into_iter().map(|((client, ..), state)| (client, state)).collect()
        };
        let expect = |all: &[(&str, &'static str)]| {
            all.iter().map(|(one, state)| ((*one).to_owned(), *state)).collect::<Vec<_>>()
        };
        assert_eq!(told(&months[..1]), expect(&[("1", "new"), ("2", "new")]));
        assert_eq!(told(&months[..2]), expect(&[("1", "open"), ("2", "closed"), ("4", "new")]));
        assert_eq!(told(&months), expect(&[("1", "changed"), ("2", "reopened"), ("4", "open")]));
        assert_eq!(states(&months).counts(), [("changed", 1), ("open", 1), ("reopened", 1)].into());
    }

    #[test]
    fn what_a_report_tells_otherwise_is_named() {
        let planted =
            states(&[vec![row("underbilled", "1", 2), row("overbilled", "2", -1)], vec![row("underbilled", "1", 2)]]);
        let cells =
            |of: &[(&str, &str)]| of.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let open =
            |state| cells(&[("kind", "underbilled"), ("client_id", "1"), ("product_code", "P"), ("state", state)]);
        let closed = || cells(&[("kind", "overbilled"), ("client_id", "2"), ("product", "P"), ("state", "closed")]);
        let account = || cells(&[("kind", "unmapped_account"), ("state", "")]);
        let right = planted.compare(&[open("open"), account()], &[closed()]);
        assert_eq!((right.equal, right.different.len()), (2, 0));
        let wrong = planted.compare(&[open("new")], &[]);
        assert_eq!((wrong.equal, wrong.different.len()), (0, 2), "{wrong:?}");
        assert_eq!(wrong.different[0], ("1 P under: open".to_owned(), "1 P under: new".to_owned()));
    }
}
