//! A first month of 150 clients and seven sources: before anything was mapped, and with everything mapped and the few
//! decisions that clients have nothing in a source.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{
    AccountList, Agreement, BillingStatus, ClientId, Currency, LineRole, SourceId, Unit, UsageItem,
};
use truecount_reconciliation::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemsRead, LinesRead, RowKind, RunContext,
    RunInputs, RunOutcome, RunReconciler, UsageAccount, UsageSource, WordsOfSource,
};
use truecount_rules::{KindVocabulary, Rules, SourceVocabulary};

const CLIENTS: usize = 150;

/// Lists of all that exists, and lists of what somebody has granted us to see.
const SOURCES: [(&str, AccountList); 7] = [
    ("rmm", AccountList::Owned),
    ("second-rmm", AccountList::Owned),
    ("distributor", AccountList::Owned),
    ("documentation", AccountList::Owned),
    ("tenants", AccountList::ByGrant),
    ("backup", AccountList::ByGrant),
    ("mail-filter", AccountList::ByGrant),
];

/// The most decisions that clients have nothing in a source which this MSP should need.
const NONE_DECISIONS_MAX: usize = 10;

fn kinds() -> Vec<KindVocabulary> {
    vec![KindVocabulary {
        name: "seat".to_owned(),
        unit: Unit::Seat,
        identity: Vec::new(),
        stale_days: None,
        usual: Vec::new(),
        attributes: Vec::new(),
        is_person: false,
        drawn_from: None,
    }]
}

fn rules() -> Rules {
    let vocabulary = SOURCES.map(|(source, _)| SourceVocabulary {
        source: SourceId::new(source).unwrap(),
        kinds: kinds(),
        is_open: false,
        sku_names: Vec::new(),
        skus_left_out: Vec::new(),
    });
    let service = |(source, _): (&str, AccountList)| format!("{source} = {{ count = \"{source}.seat\", price = 4 }}\n");
    let text = format!("currency = \"GBP\"\n[services]\n{}", SOURCES.map(service).concat());
    Rules::parse("rules.toml", &text, &vocabulary).unwrap()
}

/// How many seats a client has in a source; two of three are there, with different numbers.
fn seats(client: usize, source: usize) -> usize {
    match (client * 7 + source * 11) % 3 {
        0 => 0,
        _ => 1 + (client * 5 + source) % 9,
    }
}

/// Each client is billed for what it uses; every tenth one also for what it does not have.
fn client(number: usize) -> BilledClient {
    let line = |source: usize| {
        let used = seats(number, source);
        let billed = if used == 0 && number.is_multiple_of(10) { 3 } else { used };
        (billed > 0).then(|| AgreementLine {
            id: format!("{number}-{source}").parse().unwrap(),
            product: SOURCES[source].0.parse().unwrap(),
            product_name: None,
            category: None,
            role: LineRole::Recurring,
            quantity: Decimal::from(billed),
            less_included: None,
            unit_price: Some(Decimal::from(5)),
            catalogue_price: None,
            unit_cost: None,
            currency: None,
            from: None,
            to: None,
            status: BillingStatus::Billable,
        })
    };
    let agreement = Agreement::new(format!("A{number}").parse().unwrap(), "Managed services");
    let lines = (0..SOURCES.len()).filter_map(line).collect();
    BilledClient {
        id: ClientId::new(format!("C{number}")).unwrap(),
        name: format!("Client {number}"),
        identifier: None,
        read: LinesRead::Complete,
        last_known: Vec::new(),
        agreements: vec![BilledAgreement { agreement, amount: None, currency: None, lines }],
    }
}

/// Every account, each as `belongs` has it. `none_for_rest`: in which sources the clients that are left have nothing.
fn inputs(belongs: impl Fn(usize) -> AccountBelonging, none_for_rest: impl Fn(AccountList) -> bool) -> RunInputs {
    let mut run = RunInputs { clients: (0..CLIENTS).map(client).collect(), ..RunInputs::default() };
    for (source, (id, list)) in SOURCES.into_iter().enumerate() {
        for number in (0..CLIENTS).filter(|number| seats(*number, source) > 0) {
            let item = |at: usize| UsageItem::new(format!("{id}-{number}-{at}").parse().unwrap(), "seat");
            let items: Vec<UsageItem> = (0..seats(number, source)).map(item).collect();
            let (id, name) = (format!("o{number}").parse().unwrap(), format!("Organization {number}"));
            let reading = ItemsRead::Complete(run.items.add(&items, &kinds()).unwrap());
            run.accounts.push(UsageAccount::new(source, id, name, belongs(number), reading));
        }
        let mut words = WordsOfSource::default();
        words.add_kind("seat");
        run.sources.push(UsageSource {
            id: SourceId::new(id).unwrap(),
            kinds: kinds(),
            list,
            was_read: true,
            synced_on: date(2026, 11, 26),
            fresh_days: 3,
            last_failure: None,
            unread_since: None,
            none_for_rest: none_for_rest(list),
            none: Default::default(),
            words,
        });
    }
    run
}

fn outcome(inputs: &RunInputs) -> RunOutcome {
    let home_currency = Currency::new("GBP").unwrap();
    let context = RunContext { count_day: date(2026, 11, 26), next_closing: date(2026, 12, 28), home_currency };
    RunReconciler::new(inputs, &rules(), context).outcome()
}

fn rows(rows: &BTreeMap<RowKind, u64>, kind: RowKind) -> u64 {
    rows.get(&kind).copied().unwrap_or_default()
}

/// Lines of clients that have nothing in the line's source.
fn billed_without_account() -> u64 {
    let without = |number: usize| (0..SOURCES.len()).filter(|source| seats(number, *source) == 0).count() as u64;
    (0..CLIENTS).filter(|number| number.is_multiple_of(10)).map(without).sum()
}

#[test]
fn before_anything_is_mapped_nobody_is_said_to_be_billed_wrongly() {
    for resembles in [true, false] {
        let belongs =
            |number| AccountBelonging::Undecided { may_be: if resembles { vec![number] } else { Vec::new() } };
        let found = outcome(&inputs(belongs, |_| false));
        let acted_on = RowKind::ALL.into_iter().filter(|kind| kind.is_acted_on());
        let exceptions: u64 = acted_on.map(|kind| rows(&found.rows, kind)).sum();
        assert_eq!(exceptions, 0, "{:?}", found.rows);
        assert!(rows(&found.rows, RowKind::NotReconciled) > 600, "{:?}", found.rows);
        let waits = &found.coverage[&Currency::new("GBP").unwrap()];
        assert!(waits.compared.is_zero() && waits.not_reconciled > Decimal::ZERO, "all revenue waits: {waits:?}");
    }
}

#[test]
fn a_decision_a_source_is_all_that_is_needed_for_clients_that_have_nothing_there() {
    let without = outcome(&inputs(AccountBelonging::Client, |_| false));
    assert!(rows(&without.rows, RowKind::NotReconciled) > 0, "a list by grant proves nothing: {:?}", without.rows);
    let found = outcome(&inputs(AccountBelonging::Client, |list| list == AccountList::ByGrant));
    let decisions = SOURCES.iter().filter(|(_, list)| *list == AccountList::ByGrant).count();
    assert!(decisions <= NONE_DECISIONS_MAX);
    assert_eq!(rows(&found.rows, RowKind::NotReconciled), 0, "{:?}", found.rows);
    assert_eq!(rows(&found.rows, RowKind::BilledWithoutUsage), billed_without_account(), "{:?}", found.rows);
}
