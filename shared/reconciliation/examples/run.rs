//! A run of many clients in memory: for measuring.
//!
//! usage: run [CLIENTS] [ITEMS] [MAPPED PER CENT]

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use jiff::{Timestamp, civil::date};
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, AccountList, Agreement, AgreementId, BillingStatus, ClientId, Currency, Identities, ItemId, LineId,
    LineRole, ProductCode, SourceId, Unit, UsageItem,
};
use truecount_reconciliation::{
    AccountBelonging, AgreementLine, AgreementReview, BilledAgreement, BilledClient, ItemsRead, LinesRead, RunContext,
    RunInputs, RunReconciler, UsageAccount, UsageSource, WordsOfSource,
};
use truecount_rules::{IdentityKey, KindVocabulary, Rules, SourceVocabulary};

const SOURCES: [&str; 3] = ["rmm", "tenants", "backup"];
const KINDS: [&str; 3] = ["server", "workstation", "seat"];
const SITES: [&str; 3] = ["Boston", "York", "Lyon"];

fn kinds() -> Vec<KindVocabulary> {
    let kind = |name: &&str| KindVocabulary {
        name: (*name).to_owned(),
        unit: Unit::Device,
        identity: vec![IdentityKey::Serial, IdentityKey::Name],
        stale_days: Some(30),
        usual: Vec::new(),
        attributes: vec!["site".to_owned()],
        is_person: false,
        drawn_from: None,
    };
    KINDS.iter().map(kind).collect()
}

/// Thirty services: each kind of each source, whole and by site.
fn rules_text() -> String {
    let mut text = "currency = \"USD\"\n[services]\n".to_owned();
    for source in SOURCES {
        for kind in KINDS {
            text.push_str(&format!("{source}-{kind} = {{ count = \"{source}.{kind}\", price = 12.5 }}\n"));
            text.push_str(&format!(
                "{source}-{kind}-B = {{ count = \"{source}.{kind}\", where = {{ site = \"Boston\" }}, no_line = \"list\" }}\n"
            ));
            text.push_str(&format!(
                "{source}-{kind}-Y = {{ count = \"{source}.{kind}\", where = {{ site = [\"York\", \"Lyon\"] }}, no_line = \"list\" }}\n"
            ));
        }
    }
    text
}

fn client(number: usize, items: usize) -> Result<BilledClient, Box<dyn std::error::Error>> {
    let mut lines = Vec::new();
    for source in SOURCES {
        for kind in KINDS {
            let count = items / SOURCES.len() / KINDS.len();
            lines.push(AgreementLine {
                id: LineId::new(format!("{number}-{source}-{kind}"))?,
                product: ProductCode::new(format!("{source}-{kind}"))?,
                product_name: None,
                category: None,
                role: LineRole::Recurring,
                quantity: Decimal::from(count + usize::from(number.is_multiple_of(7))),
                less_included: None,
                unit_price: Some(Decimal::new(1250, 2)),
                catalogue_price: None,
                unit_cost: None,
                currency: None,
                from: None,
                to: None,
                status: BillingStatus::Billable,
            });
        }
    }
    let agreement = Agreement::new(AgreementId::new(format!("A{number}"))?, "Managed");
    Ok(BilledClient {
        id: ClientId::new(format!("C{number}"))?,
        name: format!("Client {number}"),
        identifier: None,
        read: LinesRead::Complete,
        last_known: Vec::new(),
        agreements: vec![BilledAgreement { agreement, amount: None, currency: None, lines }],
    })
}

fn inputs(clients: usize, items: usize, mapped: usize) -> Result<RunInputs, Box<dyn std::error::Error>> {
    let mut run = RunInputs::default();
    let each = items / clients;
    for number in 0..clients {
        run.clients.push(client(number, each)?);
    }
    let seen: Timestamp = "2026-11-25T08:00:00Z".parse()?;
    for (source, id) in SOURCES.iter().enumerate() {
        let mut words = WordsOfSource::default();
        for kind in KINDS {
            words.add_kind(kind);
            SITES.iter().for_each(|site| words.add(kind, "site", site));
        }
        for number in 0..clients {
            let of = |at: usize| -> Result<UsageItem, Box<dyn std::error::Error>> {
                let mut item = UsageItem::new(ItemId::new(format!("{id}-{number}-{at}"))?, KINDS[at % KINDS.len()]);
                item.name = Some(format!("WS-{number}-{at}"));
                item.last_seen = Some(seen);
                item.attributes = BTreeMap::from([("site".to_owned(), SITES[at % SITES.len()].to_owned())]);
                item.identities =
                    Identities { serial: Some(format!("S{source}{number:05}{at:04}")), ..Identities::default() };
                Ok(item)
            };
            let of_account: Vec<UsageItem> = (0..each / SOURCES.len()).map(of).collect::<Result<_, _>>()?;
            let range = run.items.add(&of_account, &kinds())?;
            let belongs = match number % 100 < mapped {
                true => AccountBelonging::Client(number),
                false => AccountBelonging::Undecided { may_be: vec![number] },
            };
            let (id, name) = (AccountId::new(format!("o{number}"))?, format!("Client {number}"));
            run.accounts.push(UsageAccount::new(source, id, name, belongs, ItemsRead::Complete(range)));
        }
        run.sources.push(UsageSource {
            id: SourceId::new(*id)?,
            kinds: kinds(),
            list: AccountList::Owned,
            was_read: true,
            synced_on: date(2026, 11, 26),
            fresh_days: 3,
            last_failure: None,
            unread_since: None,
            none_for_rest: false,
            none: Default::default(),
            words,
        });
    }
    Ok(run)
}

#[expect(clippy::print_stderr, reason = "an example at a prompt")]
fn measured() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let (clients, items, mapped) = match numbers.as_slice() {
        [] => (10_000, 1_000_000, 100),
        [clients, items] => (*clients, *items, 100),
        [clients, items, mapped, ..] => (*clients, *items, *mapped),
        [_] => return Err("usage: run [CLIENTS ITEMS [MAPPED]]".into()),
    };
    let vocabulary: Vec<SourceVocabulary> = SOURCES
        .iter()
        .map(|source| {
            let source = SourceId::new(*source)?;
            Ok(SourceVocabulary {
                source,
                kinds: kinds(),
                is_open: false,
                sku_names: Vec::new(),
                skus_left_out: Vec::new(),
            })
        })
        .collect::<Result<_, truecount_billing::IdError>>()?;
    let rules = Rules::parse("rules.toml", &rules_text(), &vocabulary)?;
    let begun = Instant::now();
    let inputs = inputs(clients, items, mapped)?;
    eprintln!("inputs of {clients} clients, {} items: {:.2} s", inputs.items.len(), begun.elapsed().as_secs_f64());
    let context = RunContext {
        count_day: date(2026, 11, 26),
        next_closing: date(2026, 12, 26),
        home_currency: Currency::new("USD")?,
    };
    let begun = Instant::now();
    let reconciler = RunReconciler::new(&inputs, &rules, context);
    let outcome = reconciler.outcome();
    let rows: u64 = outcome.rows.values().sum();
    eprintln!("{rows} rows: {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let mut bytes = 0;
    for client in 0..inputs.clients.len() {
        bytes += serde_json::to_vec(&reconciler.client_record(client, &outcome))?.len();
    }
    eprintln!("records of {bytes} bytes: {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let findings = AgreementReview::new(&inputs.clients, Some(&rules), context).all().count();
    eprintln!("{findings} findings of agreements: {:.2} s", begun.elapsed().as_secs_f64());
    let peak = std::fs::read_to_string("/proc/self/status")?;
    let peak = peak.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown").to_owned();
    eprintln!("{peak}");
    Ok(())
}

#[expect(clippy::print_stderr, reason = "an example at a prompt")]
fn main() -> ExitCode {
    match measured() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}
