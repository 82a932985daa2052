//! What `truecount rules check` says of the rules beside the newest syncs.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_app::{MonthlyRevenue, RulesReview, UnseenAgreementType, UnseenWord};
use truecount_billing::{Currency, ProductCode};
use truecount_reports::{money, quantity, sanitize};

use crate::output::{Ending, counted, say, say_wrapped};
use crate::table::Column::{self, Key, Number, Numbers, Text};
use crate::table::table;

/// So many rows of a list are shown; `--json` has all.
const ROWS_MAX: usize = 20;

/// Exit code 1 where a part of the rules means nothing. What no rule counts may be as it should.
pub(super) fn ending(review: &RulesReview) -> Ending {
    let means_nothing = !(review.words.is_empty() && review.agreement_types.is_empty() && review.clients.is_empty());
    if means_nothing { Ending::Exceptions } else { Ending::Clean }
}

/// Prints each list that is not empty.
pub(super) fn show(review: &RulesReview) {
    say_wrapped(&format!("newest syncs: {}", days(review)), 2);
    for list in lists(review) {
        say("");
        say(&list.title);
        let shown = list.rows.len().min(ROWS_MAX);
        table(&list.columns, &list.rows[..shown]);
        if list.rows.len() > shown {
            say(&format!("and {}: `--json` lists all", counted(list.rows.len() - shown, "more", "more")));
        }
    }
    let notes = notes(review);
    if !notes.is_empty() {
        say("");
        say("Of no effect in the rules:");
    }
    notes.iter().for_each(|note| say_wrapped(&format!("  {}", sanitize::visible(note)), 4));
}

/// `psa of 2026-06-30, rmm never`.
fn days(review: &RulesReview) -> String {
    let day = |day: &Option<Date>| day.map_or_else(|| "never".to_owned(), |day| format!("of {day}"));
    let each = review.synced_on.iter().map(|(source, synced_on)| format!("{source} {}", day(synced_on)));
    each.collect::<Vec<_>>().join(", ")
}

/// A table under a title.
struct List {
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

fn lists(review: &RulesReview) -> Vec<List> {
    let services = review.services.iter().map(|one| {
        // Nothing of it is compared.
        let compared = |number: u64| if one.is_counted { number.to_string() } else { "-".to_owned() };
        let numbers = [compared(one.items), one.clients_billed.to_string(), compared(one.clients_agree)];
        [one.service.to_string()].into_iter().chain(numbers).chain([amounts(&one.revenue)]).collect()
    });
    let columns =
        vec![Key("service"), Number("items"), Number("clients billed"), Number("agree"), Numbers("billed a month")];
    let mut lists = vec![List { title: "What each service counts:".to_owned(), columns, rows: services.collect() }];
    lists.extend(seats(review));
    if !review.products.is_empty() {
        let rows = review.products.iter().map(|one| {
            let name = one.name.clone().unwrap_or_default();
            vec![one.product.to_string(), name, one.clients.to_string(), amounts(&one.revenue)]
        });
        let columns = vec![Key("product"), Text("name"), Number("clients billed"), Numbers("billed a month")];
        let title = format!("Billed without a service: {}", total(review.products.iter().map(|one| &one.revenue)));
        lists.push(List { title, columns, rows: rows.collect() });
    }
    if !review.uncounted.is_empty() {
        let rows = review.uncounted.iter().map(|one| {
            let sku = one.sku.clone().unwrap_or_else(|| "(any)".to_owned());
            vec![one.source.to_string(), one.kind.clone(), sku, one.items.to_string()]
        });
        let columns = vec![Key("source"), Text("kind"), Text("vendor's product"), Number("items")];
        lists.push(List { title: "Counted by no service:".to_owned(), columns, rows: rows.collect() });
    }
    lists
}

/// What lives inside what, and the groups, each where there is any.
fn seats(review: &RulesReview) -> impl Iterator<Item = List> {
    let codes = |codes: &[ProductCode]| codes.iter().map(ProductCode::as_str).collect::<Vec<_>>().join(", ");
    let outer = review.outer.iter().map(|one| {
        let granted = one.grants.iter().map(|(code, units)| format!("{} {code}", quantity(*units)));
        vec![one.service.to_string(), codes(&one.covers), granted.collect::<Vec<_>>().join(", ")]
    });
    let groups = review.groups.iter().map(|one| {
        let without = [one.clients_without_line, one.items_without_line, one.holders_untaken, one.others_untaken];
        let row = [one.group.clone(), codes(&one.order)].into_iter();
        row.chain(without.map(|number| number.to_string())).collect()
    });
    let outer = List {
        title: "Services inside others:".to_owned(),
        columns: vec![Key("service"), Text("covers"), Text("grants each")],
        rows: outer.collect(),
    };
    let of_groups = vec![
        Key("group"),
        Text("in this order"),
        Number("clients without a line"),
        Number("items there"),
        Number("holders nobody takes"),
        Number("others"),
    ];
    let groups = List { title: "Counted once:".to_owned(), columns: of_groups, rows: groups.collect() };
    [outer, groups].into_iter().filter(|list| !list.rows.is_empty())
}

/// `GBP 1,234.50, USD 20.00`; empty: nothing is known.
fn amounts(revenue: &MonthlyRevenue) -> String {
    revenue.iter().map(|(currency, amount)| money(*amount, *currency)).collect::<Vec<_>>().join(", ")
}

fn total<'a>(revenues: impl Iterator<Item = &'a MonthlyRevenue>) -> String {
    let mut sums: BTreeMap<Currency, Decimal> = BTreeMap::new();
    for (currency, amount) in revenues.flatten() {
        let sum = sums.entry(*currency).or_default();
        *sum = sum.saturating_add(*amount);
    }
    if sums.is_empty() { "no price is known".to_owned() } else { format!("{} a month", amounts(&sums)) }
}

/// A sentence for each part of the rules that means nothing.
fn notes(review: &RulesReview) -> Vec<String> {
    let words = review.words.iter().map(of_word);
    let types = review.agreement_types.iter().map(of_type);
    let clients = review.clients.iter().map(|one| format!("{}: {}", one.subject, one.message));
    words.chain(types).chain(clients).collect()
}

fn of_word(unseen: &UnseenWord) -> String {
    let UnseenWord { source, kind, .. } = unseen;
    let nearest = did_you_mean(unseen.nearest.as_deref());
    match (&unseen.attribute, &unseen.word) {
        (Some(attribute), Some(word)) => format!("{source} never had a {kind} with {attribute} `{word}`{nearest}"),
        _ => format!("{source} never had items of kind `{kind}`{nearest}"),
    }
}

fn of_type(unseen: &UnseenAgreementType) -> String {
    let nearest = did_you_mean(unseen.nearest.as_deref());
    format!("line {}: the PSA has no agreement of the kind `{}`{nearest}", unseen.line, unseen.name)
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use truecount_app::{GroupReview, OuterServiceReview, ServiceReview, UncountedItems, UnservedProduct};
    use truecount_reconciliation::SetupFinding;

    use super::*;

    fn revenue(text: &str) -> MonthlyRevenue {
        let one = |part: &str| {
            let (currency, amount) = part.split_once(' ').unwrap();
            (Currency::new(currency).unwrap(), Decimal::from_str_exact(amount).unwrap())
        };
        text.split(", ").filter(|part| !part.is_empty()).map(one).collect()
    }

    fn review() -> RulesReview {
        let product = |code: &str, sum: &str| UnservedProduct {
            product: code.parse().unwrap(),
            name: None,
            clients: 2,
            revenue: revenue(sum),
        };
        RulesReview {
            services: vec![ServiceReview {
                service: "MNG-SRV".parse().unwrap(),
                is_counted: true,
                items: 812,
                clients_billed: 40,
                clients_agree: 33,
                revenue: revenue("GBP 1234.5, USD 20"),
            }],
            products: vec![product("HOSTING", "GBP 100"), product("DOMAIN", "GBP 9.99"), product("?", "")],
            outer: vec![OuterServiceReview {
                service: "SEAT".parse().unwrap(),
                covers: vec!["M365".parse().unwrap(), "EDR".parse().unwrap()],
                grants: vec![("MNG-WKS".parse().unwrap(), Decimal::new(15, 1))],
            }],
            groups: vec![GroupReview {
                group: "people".to_owned(),
                order: vec!["FULL".parse().unwrap(), "MAIL".parse().unwrap()],
                clients_without_line: 2,
                items_without_line: 31,
                holders_untaken: 4,
                others_untaken: 90,
            }],
            uncounted: vec![UncountedItems {
                source: "rmm".parse().unwrap(),
                kind: "switch".to_owned(),
                sku: None,
                items: 7,
            }],
            ..RulesReview::default()
        }
    }

    #[test]
    fn each_list_has_a_title_and_a_row_for_each() {
        let lists = lists(&review());
        let titles: Vec<_> = lists.iter().map(|list| list.title.as_str()).collect();
        let unserved = "Billed without a service: GBP 109.99 a month";
        assert_eq!(
            titles,
            [
                "What each service counts:",
                "Services inside others:",
                "Counted once:",
                unserved,
                "Counted by no service:"
            ]
        );
        assert_eq!(lists[1].rows, [["SEAT", "M365, EDR", "1.5 MNG-WKS"]]);
        assert_eq!(lists[2].rows, [["people", "FULL, MAIL", "2", "31", "4", "90"]]);
        assert_eq!(lists[0].rows, [["MNG-SRV", "812", "40", "33", "GBP 1,234.50, USD 20.00"]]);
        assert_eq!(lists[3].rows.len(), 3);
        assert_eq!(lists[4].rows, [["rmm", "switch", "(any)", "7"]]);
        assert!(lists.iter().all(|list| list.rows.iter().all(|row| row.len() == list.columns.len())));
        assert_eq!(ending(&review()), Ending::Clean, "what no rule counts may be as it should");
    }

    #[test]
    fn what_means_nothing_is_a_sentence_with_the_nearest() {
        let word = UnseenWord {
            source: "rmm".parse().unwrap(),
            kind: "server".to_owned(),
            attribute: Some("site".to_owned()),
            word: Some("leds".to_owned()),
            nearest: Some("leeds".to_owned()),
        };
        let kind = UnseenWord { attribute: None, word: None, nearest: None, ..word.clone() };
        let agreement_type = UnseenAgreementType { name: "Manged".to_owned(), line: 3, nearest: None };
        let client = SetupFinding {
            code: "rules_without_client".to_owned(),
            subject: "rules.toml line 9".to_owned(),
            message: "nothing holds".to_owned(),
            count: 1,
        };
        let review = RulesReview {
            words: vec![word, kind],
            agreement_types: vec![agreement_type],
            clients: vec![client],
            ..review()
        };
        assert_eq!(
            notes(&review),
            [
                "rmm never had a server with site `leds`; did you mean `leeds`?",
                "rmm never had items of kind `server`",
                "line 3: the PSA has no agreement of the kind `Manged`",
                "rules.toml line 9: nothing holds",
            ]
        );
        assert_eq!(ending(&review), Ending::Exceptions);
    }
}
