//! Finds one client in a stream of clients, by its id or its name.
//!
//! Deliberately absent: any guess. A name that several clients have is answered with their names, and one that none has with
//! those that are most like it.

use truecount_billing::ClientId;

/// How many clients an error names.
const NAMED_MAX: usize = 10;

/// How many are named that are like what was typed, and how alike at the least.
const NEAR_MAX: usize = 3;
const ALIKE_MIN: f32 = 0.7;

/// The search so far: at most one client for each way to find it is kept.
pub(crate) struct ClientSearch<C> {
    wanted: String,
    folded: String,
    /// Where it is looked for, such as `the run`.
    place: &'static str,
    by_id: Option<C>,
    by_name: Candidates<C>,
    by_part: Candidates<C>,
    near: NearNames,
}

/// Clients that could be meant: the first one, and the names of all.
struct Candidates<C> {
    first: Option<C>,
    names: Vec<(ClientId, String)>,
}

impl<C> ClientSearch<C> {
    /// For an id, a name, or a part of a name. `place`: where it is looked for, such as `the run`.
    pub(crate) fn new(wanted: &str, place: &'static str) -> Self {
        let (by_name, by_part) = (Candidates::none(), Candidates::none());
        let near = NearNames::new(wanted);
        Self { wanted: wanted.to_owned(), folded: folded(wanted), place, by_id: None, by_name, by_part, near }
    }

    /// Looks at one client. Answers whether it is the one, so that no other need be looked at.
    pub(crate) fn look(&mut self, id: &ClientId, name: &str, client: C) -> bool {
        let name_folded = folded(name);
        if id.as_str() == self.wanted {
            self.by_id = Some(client);
        } else if name_folded == self.folded {
            self.by_name.push(id, name, client);
        } else if name_folded.contains(&self.folded) {
            self.by_part.push(id, name, client);
        } else {
            self.near.look(id, name);
        }
        self.by_id.is_some()
    }

    /// The client of the id, else the only one of the name, else the only one with it as a part of its name.
    ///
    /// # Errors
    /// A sentence with the candidates, if there is none or several.
    pub(crate) fn only(self) -> Result<C, String> {
        let (wanted, place) = (self.wanted, self.place);
        if let Some(client) = self.by_id {
            return Ok(client);
        }
        let candidates = if self.by_name.names.is_empty() { self.by_part } else { self.by_name };
        match (candidates.first, candidates.names.as_slice()) {
            (Some(client), [_]) => Ok(client),
            (_, []) => Err(self.near.error(place)),
            (_, names) => Err(format!("`{wanted}` could be {}: give the id of one", in_words(names))),
        }
    }
}

impl<C> Candidates<C> {
    const fn none() -> Self {
        Self { first: None, names: Vec::new() }
    }

    fn push(&mut self, id: &ClientId, name: &str, client: C) {
        self.names.push((id.clone(), name.to_owned()));
        self.first.get_or_insert(client);
    }
}

/// The clients whose names are most like one that none of them has.
pub(crate) struct NearNames {
    wanted: String,
    folded: String,
    /// How alike, and as it is shown; the most alike first.
    near: Vec<(f32, String)>,
}

impl NearNames {
    /// For what was typed.
    pub(crate) fn new(wanted: &str) -> Self {
        Self { wanted: wanted.to_owned(), folded: folded(wanted), near: Vec::new() }
    }

    /// Looks at one client.
    pub(crate) fn look(&mut self, id: &ClientId, name: &str) {
        let name_folded = folded(name);
        let words: Vec<&str> = name_folded.split_whitespace().collect();
        let as_long = self.folded.split_whitespace().count().max(1);
        // A part of the name can be misspelt, too.
        let parts = words.windows(as_long).map(|words| words.join(" "));
        let ids = id.as_str().to_lowercase();
        let alike = [name_folded.clone(), ids].into_iter().chain(parts).map(|part| likeness(&self.folded, &part));
        let alike = alike.fold(0.0, f32::max);
        if alike >= ALIKE_MIN {
            let at = self.near.partition_point(|(known, _)| *known >= alike);
            self.near.insert(at, (alike, format!("{name} [{id}]")));
            self.near.truncate(NEAR_MAX);
        }
    }

    /// That there is no such client. `place`: where it was looked for.
    pub(crate) fn error(&self, place: &str) -> String {
        let what = format!("there is no client `{}` in {place}", self.wanted);
        let near: Vec<&str> = self.near.iter().map(|(_, name)| name.as_str()).collect();
        match near.as_slice() {
            [] => format!("{what}: give its id in the PSA, or a part of its name"),
            [one] => format!("{what}: did you mean {one}?"),
            [first @ .., last] => format!("{what}: did you mean {} or {last}?", first.join(", ")),
        }
    }
}

/// From 0 to 1, by the characters that stand in both in one order.
fn likeness(one: &str, other: &str) -> f32 {
    similar::TextDiff::from_chars(one, other).ratio()
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// `Harbour Dental [250], Harbour Law [251] or 3 others`.
fn in_words(names: &[(ClientId, String)]) -> String {
    let named = names.iter().take(NAMED_MAX).map(|(id, name)| format!("{name} [{id}]"));
    let mut named: Vec<String> = named.collect();
    match names.len().saturating_sub(NAMED_MAX) {
        0 => {
            let last = named.pop().unwrap_or_default();
            format!("{} or {last}", named.join(", "))
        }
        1 => format!("{} or another", named.join(", ")),
        more => format!("{} or {more} others", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(wanted: &str, clients: &[(&str, &str)]) -> Result<String, String> {
        let mut search = ClientSearch::new(wanted, "the run");
        for (id, name) in clients {
            if search.look(&id.parse().unwrap(), name, (*id).to_owned()) {
                break;
            }
        }
        search.only()
    }

    #[test]
    fn an_id_is_before_a_name_and_a_name_before_its_part() {
        let clients = [("7", "250 Harbour Road"), ("8", "Harbour"), ("9", "Harbour Dental"), ("250", "Quay")];
        for (wanted, expected) in [("250", "250"), ("harbour", "8"), (" Harbour dental ", "9"), ("qua", "250")] {
            assert_eq!(search(wanted, &clients).as_deref(), Ok(expected), "{wanted}");
        }
        assert_eq!(search("250 h", &clients).as_deref(), Ok("7"));
    }

    #[test]
    fn candidates_are_named_and_the_rest_is_counted() {
        let two = search("mill", &[("1", "Mill"), ("2", "Mill")]).unwrap_err();
        assert_eq!(two, "`mill` could be Mill [1] or Mill [2]: give the id of one");
        let names: Vec<_> = (0..12).map(|n| (format!("c{n}"), format!("Mill {n}"))).collect();
        let names: Vec<_> = names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let many = search("mill", &names).unwrap_err();
        assert!(many.ends_with("Mill 9 [c9] or 2 others: give the id of one"), "{many}");
        assert!(search("mill", &names[..11]).unwrap_err().contains("Mill 9 [c9] or another"));
        let none = search("Quarry", &names).unwrap_err();
        assert_eq!(none, "there is no client `Quarry` in the run: give its id in the PSA, or a part of its name");
    }

    #[test]
    fn what_is_typed_wrong_is_answered_with_the_nearest() {
        let clients =
            [("250", "Harbour Dental"), ("251", "Harbour Law LLP"), ("7", "Quay Foods"), ("8", "Mill & Sons")];
        for (wanted, near) in [
            ("harbor", "Harbour Dental [250] or Harbour Law LLP [251]"),
            ("Habour Dental", "Harbour Dental [250]"),
            ("quey", "Quay Foods [7]"),
            ("qay foods", "Quay Foods [7]"),
        ] {
            let expected = format!("there is no client `{wanted}` in the run: did you mean {near}?");
            assert_eq!(search(wanted, &clients), Err(expected));
        }
    }
}
