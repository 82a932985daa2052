//! Small random worlds of four clients: everything of a client has its own word in it. Accounts that nobody decided, one
//! that two clients share, a client that another has taken over and devices of several are among them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fmt::Write as _;

pub(crate) const RULES: &str = r#"
currency = "GBP"

[services]
MNG-SRV = { count = "rmm.server" }
MNG-WKS = { count = "rmm.workstation" }
M365-BP = { count = "graph.licence" }
PHONE = { flat = true }
"#;

pub(crate) const SOURCES: &str = r#"
title = "A world"
why = "It is compared as a run would."
count_day = 2026-06-30

[[sources]]
id = "rmm"
like = "rmm"

[[sources]]
id = "graph"
like = "tenant"
"#;

/// A word for each client that is in everything of it, and in nothing of another.
pub(crate) const OWN: [&str; 4] = ["zqalder", "zqbirch", "zqcedar", "zqdogwood"];

/// That of what is nobody's yet.
pub(crate) const NOBODYS: &str = "zqnobody";

/// Numbers that look random, the same in each run (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(crate) fn one_of<'t>(&mut self, words: &[&'t str]) -> &'t str {
        let at = self.below(words.len() as u64);
        words.get(usize::try_from(at).unwrap()).copied().unwrap()
    }
}

pub(crate) fn random_world(dice: &mut Dice) -> String {
    let mut case = SOURCES.to_owned();
    // One whose agreement is over, and another that is billed for its six workstations.
    let is_moved = dice.below(5) == 0;
    for own in OWN {
        let read = dice.one_of(&["complete", "complete", "complete", "partial", "doubtful"]);
        for (source, kinds) in [("rmm", &["server", "workstation"][..]), ("graph", &["licence", "user"])] {
            let number = dice.below(3) * dice.below(4);
            let items: String = match (is_moved && source == "rmm", own) {
                (true, "zqcedar") => {
                    format!("{{ id = \"{own}\", kind = \"workstation\", times = 6, last_seen = 2026-06-29 }},")
                }
                (true, "zqdogwood") => String::new(),
                _ => (0..number).map(|at| item(dice, own, kinds, at)).collect(),
            };
            account(&mut case, source, own, &format!("client = \"{own}\"\nread = \"{read}\""), &items);
        }
        match (is_moved, own) {
            (true, "zqcedar") => client(&mut case, own, "to = 2026-05-31", &[("MNG-WKS", 6)]),
            (true, "zqdogwood") => client(&mut case, own, "", &[("MNG-WKS", 6), ("PHONE", 1)]),
            _ => {
                let ended = dice.one_of(&["", "", "to = 2026-05-31", "to = 2026-07-10"]);
                let products = ["MNG-SRV", "MNG-WKS", "M365-BP", "PHONE", "ODD"];
                let lines: Vec<_> = products.iter().map(|product| (*product, dice.below(6))).collect();
                client(&mut case, own, ended, &lines);
            }
        }
    }
    let may_be = format!(
        "may_be = [\"{}\", \"{}\"]",
        dice.one_of(&OWN[..2]),
        dice.one_of(&OWN[1..if is_moved { 2 } else { 4 }])
    );
    let items: String = (0..dice.below(3)).map(|at| item(dice, NOBODYS, &["server", "workstation"], at)).collect();
    account(&mut case, "rmm", NOBODYS, &may_be, &items);
    // An account that two clients share, with a site that is nobody's.
    let sites = [(OWN[0], "hull"), (OWN[1], "york"), (NOBODYS, "leith")];
    let at_sites = sites.map(|(own, site)| {
        let seen = dice.one_of(&["2026-06-29", "2026-03-01"]);
        format!(
            "{{ id = \"{own}-split\", name = \"{own} at {site}\", kind = \"server\", last_seen = {seen}, attributes = {{ \
             site = \"{site}\" }} }},"
        )
    });
    let parts = format!("parts = {{ hull = \"{}\", york = \"{}\" }}", OWN[0], OWN[1]);
    account(&mut case, "rmm", "shared", &format!("split = {{ by = \"site\", {parts} }}"), &at_sites.concat());
    case
}

fn account(case: &mut String, source: &str, own: &str, whose: &str, items: &str) {
    let head = format!("[[accounts]]\nsource = \"{source}\"\nid = \"{own}-{source}\"\nname = \"{own} Ltd\"");
    writeln!(case, "{head}\n{whose}\nitems = [{items}]").unwrap();
}

/// A client with lines on one agreement, that may be over.
fn client(case: &mut String, own: &str, ended: &str, lines: &[(&str, u64)]) {
    let agreement = format!("[[clients.agreements]]\nid = \"{own}-a\"\nname = \"{own} plan\"\n{ended}");
    writeln!(case, "[[clients]]\nid = \"{own}\"\nname = \"{own} Ltd\"\n{agreement}").unwrap();
    for (product, quantity) in lines.iter().filter(|(_, quantity)| *quantity > 0) {
        let line = format!("id = \"{own}-{product}\"\nproduct = \"{product}\"\nname = \"{product} of {own}\"");
        writeln!(case, "[[clients.agreements.lines]]\n{line}\nquantity = {quantity}\nprice = 10").unwrap();
    }
}

/// An item, whose serial number another client's may have, too.
fn item(dice: &mut Dice, own: &str, kinds: &[&str], at: u64) -> String {
    let kind = dice.one_of(kinds);
    let state = dice.one_of(&["counts", "counts", "counts", "disabled", "unknown:ODD"]);
    let serial = if kind == "licence" || kind == "user" {
        String::new()
    } else {
        format!(", serial = \"SN-{}\"", dice.below(6))
    };
    let seen = dice.one_of(&["2026-06-29", "2026-06-20", "2026-03-01"]);
    let name = if dice.below(5) == 0 { String::new() } else { format!(", name = \"{own} {kind} {at}\"") };
    format!(
        "{{ id = \"{own}-{kind}-{at}\", kind = \"{kind}\", state = \"{state}\", last_seen = {seen}{serial}{name} }},"
    )
}
