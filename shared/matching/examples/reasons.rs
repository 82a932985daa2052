//! Whether every reason on labelled sets is true: `reasons SETS`. Shows what is not, and how often each reason was said.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench, not the product")]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/csv.rs"]
mod csv;

use std::collections::BTreeMap;
use std::process::ExitCode;

use truecount_matching::{Party, Reason, Sites, suggest};

/// False reasons that are shown of each set.
const SHOWN_MAX: usize = 12;

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap();
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let (mut said, mut wrong) = (BTreeMap::<String, usize>::new(), 0);
    for path in folders {
        let names = |file: &str| -> Vec<String> {
            csv::read(path.join(file).to_str().unwrap()).into_iter().map(|mut row| row.swap_remove(1)).collect()
        };
        let (accounts, clients) = (names("left.csv"), names("right.csv"));
        let parties = |names: &'static [String]| names.iter().map(|name| Party::named(name)).collect::<Vec<_>>();
        let (accounts, clients): (&'static [_], &'static [_]) = (accounts.leak(), clients.leak());
        let mut shown = 0;
        for (account, found) in accounts.iter().zip(suggest(&parties(accounts), &parties(clients), Sites::ManyToOne)) {
            for one in found {
                one.reasons.iter().chain(&one.against).for_each(|reason| *said.entry(kind(reason)).or_default() += 1);
                for falsehood in claims::falsehoods(&one.reasons, &one.against, account, &clients[one.client]) {
                    wrong += 1;
                    shown += 1;
                    if shown <= SHOWN_MAX {
                        println!("{account} / {}: {falsehood}", clients[one.client]);
                    }
                }
            }
        }
    }
    said.iter().for_each(|(kind, count)| println!("{kind:<22}{count:>8}"));
    println!("{wrong} false or empty reasons");
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn kind(reason: &Reason) -> String {
    let shown = format!("{reason:?}");
    shown.split(|letter: char| !letter.is_alphanumeric()).next().unwrap().to_owned()
}
