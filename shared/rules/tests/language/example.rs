//! A whole file that uses the first half of the language: it is read, and no line of it is there for nothing.

use jiff::civil::date;
use truecount_billing::ClientId;
use truecount_rules::{ClientPart, NamedClient, Rules, RulesScope};

use crate::vocabulary::{code, parse, rules};

const FILE: &str = include_str!("../fixtures/example.toml");

/// The product codes that lines may have.
const PRODUCTS: [&str; 3] = ["MNG-SRV", "BKP-GB-LEGACY", "MSH-OLD"];

/// Everything that the rules say of three clients, on their kinds of agreement, in parts and as a whole, on three days.
fn everything(rules: &Rules) -> String {
    let ids = ["250", "251", "252"].map(|id| ClientId::new(id).unwrap());
    let names = ["Harbour Dental", "Our MSP", "Nutmeg Group"];
    let clients = ids.iter().zip(names).map(|(id, name)| NamedClient { id, identifier: None, name });
    let binding = rules.bind(clients);
    let mut said = format!("{:?} {:?} {:?}\n", rules.currency(), rules.us(), binding.problems);
    for product in PRODUCTS {
        said += &format!("{:?}\n", rules.service_of_product(&code(product)));
    }
    for category in ["Project services", "Fees"] {
        said += &format!("{:?}\n", rules.category(category));
    }
    for source in ["cloud", "rmm"] {
        said += &format!("{:?}\n", rules.products_left_out(&source.parse().unwrap()));
    }
    for of in rules.agreement_types() {
        said += &format!("{} {:?}\n", of.name(), of.note());
    }
    let codes: Vec<_> = rules.services().cloned().collect();
    for id in &ids {
        let number = binding.number_of(id);
        if let Some(client) = number.map(|number| rules.client(number)) {
            let sections: Vec<_> = client.sections().iter().map(|of| (of.written(), of.note())).collect();
            said += &format!("{} {} {:?} {sections:?}\n", client.is_internal(), client.is_nfr(), client.note());
        }
        for code in &codes {
            for types in [&["Managed, all-in"][..], &["Break-fix"], &[]] {
                for day in [date(2026, 6, 30), date(2026, 7, 15), date(2026, 9, 1)] {
                    for part in [ClientPart::Whole, ClientPart::Section(0), ClientPart::Rest(&[(0, day)])] {
                        let scope = RulesScope { client: number, part, line_types: &[], client_types: types, day };
                        said += &format!("{:?}\n", rules.service_for(code, &scope));
                    }
                }
            }
        }
    }
    said
}

#[test]
fn every_line_taken_away_changes_what_is_said() {
    let whole = everything(&rules(FILE));
    let lines: Vec<&str> = FILE.lines().collect();
    let counted = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    assert!(lines.iter().filter(|line| counted(line)).count() > 60);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| counted(line)) {
        let mut without = lines.clone();
        without.remove(index);
        // Refused is changed, too: a heading without which the next line means something else.
        if let Ok(rules) = parse(&without.join("\n")) {
            assert_ne!(everything(&rules), whole, "line {}: {line}", index + 1);
        }
    }
}

#[test]
fn every_key_of_the_first_half_stands_in_it() {
    let keys = "currency count sum of where where_not holds_all unknown seen_within_days may_be_empty products no_line included \
                minimum tolerance units percent price each flat ignore one_time domains partner_ids from until not_sold review \
                internal nfr note leave_out count_too";
    for key in keys.split_ascii_whitespace() {
        assert!(FILE.contains(&format!("{key} = ")), "{key}");
    }
}
