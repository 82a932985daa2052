//! Small MSPs, each with one thing to find out.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use truecount_billing::{
    AccountList, Agreement, BillingStatus, Currency, LineRole, ProductCode, SourceId, Unit, UsageItem,
};
use truecount_reconciliation::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemsRead, LinesRead, RunContext, RunInputs,
    UsageAccount, UsageSource, WordsOfSource,
};
use truecount_rules::{KindVocabulary, Rules, SourceVocabulary};
use truecount_suggestions::{
    Caution, ProductSuggestion, SuggestedBasis, SuggestionInputs, Suggestions, WhichProducts, suggest,
};

const TODAY: Date = date(2026, 6, 30);
const RULES: &str = "currency = \"GBP\"\n[services]\nOLD = { flat = true }\n";

fn kind(name: &str) -> KindVocabulary {
    KindVocabulary {
        name: name.to_owned(),
        unit: Unit::Device,
        identity: Vec::new(),
        stale_days: Some(30),
        usual: Vec::new(),
        attributes: vec!["class".to_owned()],
        is_person: false,
        drawn_from: None,
    }
}

fn vocabulary() -> Vec<SourceVocabulary> {
    let kinds = ["server", "workstation", "phone"].map(kind).to_vec();
    vec![SourceVocabulary {
        source: "rmm".parse().unwrap(),
        kinds,
        is_open: false,
        sku_names: Vec::new(),
        skus_left_out: Vec::new(),
    }]
}

/// A device, with the days since it was last seen and its class.
#[derive(Clone, Copy)]
struct Device(&'static str, i64, &'static str);

struct Msp {
    inputs: RunInputs,
}

impl Msp {
    fn new() -> Self {
        let source = UsageSource {
            id: SourceId::new("rmm").unwrap(),
            kinds: vocabulary()[0].kinds.clone(),
            list: AccountList::Owned,
            was_read: true,
            synced_on: TODAY,
            fresh_days: 3,
            last_failure: None,
            unread_since: None,
            none_for_rest: false,
            none: std::collections::BTreeSet::new(),
            words: WordsOfSource::default(),
        };
        Self { inputs: RunInputs { sources: vec![source], ..RunInputs::default() } }
    }

    /// A client with devices that is billed for so many of each product.
    fn client(&mut self, devices: &[Device], billed: &[(&str, u32)]) {
        let number = self.inputs.clients.len();
        let evening: Timestamp = "2026-06-30T18:00:00Z".parse().unwrap();
        let item = |(at, Device(kind, days, class)): (usize, &Device)| {
            let mut item = UsageItem::new(format!("{number}-{at}").parse().unwrap(), *kind);
            item.last_seen = Some(evening - jiff::SignedDuration::from_hours(24 * days));
            item.attributes.insert("class".to_owned(), (*class).to_owned());
            item
        };
        let items: Vec<UsageItem> = devices.iter().enumerate().map(item).collect();
        for item in &items {
            self.inputs.sources[0].words.add_kind(&item.kind);
            self.inputs.sources[0].words.add(&item.kind, "class", &item.attributes["class"]);
        }
        let kinds = self.inputs.sources[0].kinds.clone();
        let items = self.inputs.items.add(&items, &kinds).unwrap();
        let (id, name) = (format!("a{number}").parse().unwrap(), format!("Client {number}"));
        let (belongs, reading) = (AccountBelonging::Client(number), ItemsRead::Complete(items));
        self.inputs.accounts.push(UsageAccount::new(0, id, name, belongs, reading));
        let line = |(product, quantity): &(&str, u32)| AgreementLine {
            id: format!("{number}-{product}").parse().unwrap(),
            product: product.parse().unwrap(),
            product_name: None,
            category: Some("Products".to_owned()),
            role: LineRole::Recurring,
            quantity: Decimal::from(*quantity),
            less_included: None,
            unit_price: Some(Decimal::TEN),
            catalogue_price: None,
            unit_cost: None,
            currency: Some(Currency::new("GBP").unwrap()),
            from: None,
            to: None,
            status: BillingStatus::Billable,
        };
        let mut agreement = Agreement::new(format!("g{number}").parse().unwrap(), "Managed");
        agreement.cycle_months = Some(1);
        self.inputs.clients.push(BilledClient {
            id: format!("c{number}").parse().unwrap(),
            name: format!("Client {number}"),
            identifier: None,
            read: LinesRead::Complete,
            last_known: Vec::new(),
            agreements: vec![BilledAgreement {
                agreement,
                amount: None,
                currency: None,
                lines: billed.iter().map(line).collect(),
            }],
        });
    }

    fn suggest_with(&self, rules_text: &str, which: WhichProducts) -> Suggestions {
        let vocabulary = vocabulary();
        let home_currency = Currency::new("GBP").unwrap();
        let context = RunContext { count_day: TODAY, next_closing: date(2026, 7, 31), home_currency };
        let rules = Rules::parse("rules.toml", rules_text, &vocabulary).unwrap();
        let (inputs, rules, vocabulary) = (&self.inputs, &rules, vocabulary.as_slice());
        suggest(&SuggestionInputs { inputs, context, rules, rules_text, vocabulary, which }).unwrap()
    }

    fn suggest(&self) -> Suggestions {
        self.suggest_with(RULES, WhichProducts::WithoutRule)
    }
}

/// So many devices of a kind that were seen today.
fn devices(kind: &'static str, count: u32) -> Vec<Device> {
    (0..count).map(|_| Device(kind, 0, "plain")).collect()
}

fn of<'s>(found: &'s Suggestions, product: &str) -> &'s ProductSuggestion {
    let all = found.products.iter().chain(&found.unfitted);
    all.into_iter().find(|one| one.product == ProductCode::new(product).unwrap()).unwrap()
}

#[test]
fn a_kind_that_is_billed_everywhere_is_found_beside_a_wrong_bill() {
    let mut msp = Msp::new();
    for number in 1..=12 {
        let all = [devices("server", number), devices("workstation", 3 * number % 7)].concat();
        msp.client(&all, &[("P-17", if number == 4 { 9 } else { number })]);
    }
    let found = msp.suggest();
    let one = of(&found, "P-17");
    assert_eq!(one.rule.as_deref(), Some("{ count = \"rmm.server\" }"));
    assert_eq!((one.fit.equal, one.fit.clients, &one.caution), (11, 12, &None));
    assert_eq!((found.clients, found.categories.len()), (12, 0));
}

#[test]
fn days_that_are_billed_are_found_and_the_usual_ones_stand_beside_them() {
    let mut msp = Msp::new();
    for number in 1..=12_u32 {
        let stale = (0..number % 3).map(|_| Device("workstation", 70, "plain"));
        let old = (0..number % 4).map(|_| Device("workstation", 200, "plain"));
        let all: Vec<Device> = devices("workstation", number).into_iter().chain(stale).chain(old).collect();
        msp.client(&all, &[("P-17", number + number % 3)]);
    }
    let found = msp.suggest();
    let one = of(&found, "P-17");
    assert_eq!(one.rule.as_deref(), Some("{ count = \"rmm.workstation\", seen_within_days = 90 }"));
    assert_eq!(one.fit.equal, 12);
    // Nothing was last seen between 90 and 180 days ago: both count the same, and a person chooses.
    let other = "{ count = \"rmm.workstation\", seen_within_days = 180 }".to_owned();
    assert_eq!(one.caution, Some(Caution::SameCount { rule: other }));
    assert!(one.others.iter().any(|other| other.fit.equal < 12), "{:?}", one.others);
}

#[test]
fn a_word_of_an_attribute_and_sums_are_found() {
    let mut msp = Msp::new();
    for number in 1..=10_u32 {
        let gold = (0..number % 5 + 1).map(|_| Device("workstation", 0, "gold"));
        let all = [devices("workstation", number), devices("server", number % 3), devices("phone", 11 - number)];
        let all: Vec<Device> = all.concat().into_iter().chain(gold).collect();
        let hosts = number + (number % 5 + 1) + number % 3;
        msp.client(&all, &[("GOLD", number % 5 + 1), ("HOSTS", hosts)]);
    }
    let found = msp.suggest();
    let rule = |product| of(&found, product).rule.clone().unwrap();
    assert_eq!(rule("GOLD"), "{ count = \"rmm.workstation\", where = { class = \"gold\" } }");
    assert_eq!(rule("HOSTS"), "{ count = [\"rmm.server\", \"rmm.workstation\"] }");
    assert_eq!((&of(&found, "GOLD").caution, &of(&found, "HOSTS").caution), (&None, &None));
}

#[test]
fn one_everywhere_is_a_fee_and_what_nothing_counts_is_its_category() {
    let mut msp = Msp::new();
    for number in 2..=9_u32 {
        msp.client(&devices("server", number), &[("FEE", 1), ("HOURS", number * number)]);
    }
    let found = msp.suggest();
    let fee = of(&found, "FEE");
    assert_eq!((fee.basis, fee.caution.clone()), (SuggestedBasis::Flat, None));
    assert_eq!(of(&found, "HOURS").basis, SuggestedBasis::Nothing);
    assert!(found.categories.is_empty(), "a product of the category has a suggestion");

    let mut msp = Msp::new();
    (2..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("HOURS", number * number)]));
    let found = msp.suggest();
    assert_eq!(found.categories[0].rule, "Products = { ignore = \"no source counts it\" }");
    assert!(found.unfitted.is_empty() && found.products.is_empty());
}

#[test]
fn a_fee_that_a_count_equals_is_left_to_a_person() {
    let mut msp = Msp::new();
    (0..8).for_each(|_| msp.client(&devices("server", 1), &[("FEE", 1)]));
    let found = msp.suggest();
    let fee = of(&found, "FEE");
    let rule = "{ count = \"rmm.server\" }".to_owned();
    assert_eq!((fee.basis, fee.caution.clone()), (SuggestedBasis::Flat, Some(Caution::FeeOrCount { rule })));

    // Clients without a line have none: it is counted.
    (0..4).for_each(|_| msp.client(&devices("workstation", 2), &[]));
    let found = msp.suggest();
    let fee = of(&found, "FEE");
    assert_eq!((fee.basis, fee.caution.clone()), (SuggestedBasis::Counted, None));
}

#[test]
fn what_only_some_clients_buy_is_no_exception_at_the_others() {
    let mut msp = Msp::new();
    (1..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number)]));
    (1..=9_u32).for_each(|number| msp.client(&devices("server", number), &[]));
    let found = msp.suggest();
    let one = of(&found, "P-17");
    assert_eq!(one.rule.as_deref(), Some("{ count = \"rmm.server\", no_line = \"list\" }"));
    assert_eq!(one.caution, Some(Caution::NotSoldEverywhere { clients: 9 }));
}

#[test]
fn a_client_of_which_nothing_is_known_or_that_is_internal_is_no_witness() {
    let mut msp = Msp::new();
    (1..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number), ("OLD", 1)]));
    msp.client(&devices("server", 3), &[("P-17", 7)]);
    msp.inputs.accounts[9].reading = ItemsRead::Failed { earlier: None };
    msp.client(&devices("server", 3), &[("P-17", 7)]);
    msp.client(&devices("server", 3), &[("P-17", 7)]);
    msp.inputs.clients[11].read = LinesRead::Partial;
    let rules = format!("{RULES}[clients.c10]\ninternal = true\n");
    let found = msp.suggest_with(&rules, WhichProducts::WithoutRule);
    let fit = of(&found, "P-17").fit;
    assert_eq!((fit.equal, fit.clients, fit.unknown, found.clients), (9, 9, 1, 10));
    assert!(found.products.iter().all(|one| one.product.as_str() != "OLD"), "it has a rule");
    let all = msp.suggest_with(&rules, WhichProducts::All);
    assert!(all.products.iter().any(|one| one.product.as_str() == "OLD"));
}

#[test]
fn few_clients_and_poor_fits_are_shown_and_never_taken() {
    let mut msp = Msp::new();
    (1..=4_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number)]));
    assert_eq!(of(&msp.suggest(), "P-17").caution, Some(Caution::FewClients { needed: 5 }));
    (5..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number + 20 * (number % 2))]));
    let found = msp.suggest();
    let one = of(&found, "P-17");
    assert_eq!((one.fit.equal, one.fit.clients), (6, 9));
    assert_eq!(one.caution, Some(Caution::PoorFit { needed: 90 }));
}

#[test]
fn names_choose_between_rules_that_count_the_same_and_nothing_else() {
    let mut msp = Msp::new();
    for number in 1..=9 {
        let all = [devices("server", number), devices("phone", number)].concat();
        msp.client(&all, &[("PHONE-CARE", number), ("P-17", number)]);
    }
    let found = msp.suggest();
    let named = of(&found, "PHONE-CARE");
    assert_eq!((named.rule.as_deref(), &named.caution), (Some("{ count = \"rmm.phone\" }"), &None));
    let rule = "{ count = \"rmm.phone\" }".to_owned();
    assert_eq!(of(&found, "P-17").caution, Some(Caution::SameCount { rule }));
}

#[test]
fn one_client_is_enough_for_what_is_usual_and_not_for_what_is_not() {
    let of_one_client = |billed: u32| {
        let mut msp = Msp::new();
        for number in 1..=9_u32 {
            let one = (number == 4).then_some(Device("workstation", 40, "plain"));
            let older = (0..number % 3).map(|_| Device("workstation", 50, "plain"));
            let all: Vec<Device> = devices("workstation", number).into_iter().chain(older).chain(one).collect();
            msp.client(&all, &[("P-17", number + if number == 4 { billed } else { 0 })]);
        }
        let found = msp.suggest();
        let one = of(&found, "P-17");
        (one.rule.clone().unwrap(), one.caution.clone())
    };
    let usual = "{ count = \"rmm.workstation\" }".to_owned();
    assert_eq!(of_one_client(0), (usual.clone(), None));
    let close = Caution::CloseCall { rule: usual, only_first: 1, only_other: 0 };
    let days = "{ count = \"rmm.workstation\", seen_within_days = 45 }".to_owned();
    assert_eq!(of_one_client(1), (days, Some(close)));
}

#[test]
fn units_that_a_line_includes_are_counted_too_and_a_line_of_nothing_is_none() {
    let mut msp = Msp::new();
    (2..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number)]));
    for client in &mut msp.inputs.clients {
        client.agreements[0].lines[0].less_included = Some(Decimal::TWO);
    }
    msp.client(&devices("workstation", 4), &[("P-17", 0)]);
    let fit = of(&msp.suggest(), "P-17").fit;
    assert_eq!((fit.equal, fit.clients, fit.without_either), (8, 8, 1));
}

#[test]
fn a_category_of_single_units_is_flat() {
    let mut msp = Msp::new();
    (0..2).for_each(|_| msp.client(&devices("server", 3), &[("FAX", 1)]));
    let found = msp.suggest();
    assert_eq!(found.categories[0].rule, "Products = { flat = true }");
    assert_eq!((found.products.len(), found.unfitted.len()), (0, 0), "of two clients nothing is learned");
}

#[test]
fn the_same_number_everywhere_may_be_a_fee() {
    let mut msp = Msp::new();
    (0..8).for_each(|_| msp.client(&devices("server", 5), &[("P-17", 5)]));
    let found = msp.suggest();
    let one = of(&found, "P-17");
    let rule = "{ count = \"rmm.server\" }".to_owned();
    assert_eq!((one.basis, one.caution.clone()), (SuggestedBasis::Counted, Some(Caution::FeeOrCount { rule })));
}

#[test]
fn what_clients_have_of_services_is_left_out_while_rules_are_tried() {
    let mut msp = Msp::new();
    (1..=9_u32).for_each(|number| msp.client(&devices("server", number), &[("P-17", number)]));
    let rules = format!("{RULES}[clients.c3]\nnote = \"x\"\nboth = true\nOLD = {{ note = \"y\" }}\n");
    let found = msp.suggest_with(&rules, WhichProducts::WithoutRule);
    assert_eq!(of(&found, "P-17").fit.equal, 9);
}
