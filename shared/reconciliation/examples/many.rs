//! A large month through everything in a reconcile but the network: unpacked, read, packed again as the run's inputs,
//! compared. Says how long it took and the most memory that it held.
//!
//! usage: many ITEMS ACCOUNTS

use std::io::{BufRead, BufReader, Write};
use std::time::Instant;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{
    AccountId, ClientId, CountDay, Currency, ItemId, LineId, ReadState, Side, SourceId, UsageItem,
};
use truecount_reconciliation::{DecidedBy, ItemRef, LineRef, Mapping, Options, Reconciler, RuleSet, SourceStatus};

type Failure = Box<dyn std::error::Error>;

/// Items of one chunk, as they lie in the table.
const CHUNK_ITEMS: u64 = 4_000;

/// Bytes of inputs that are packed together.
const PART_BYTES: usize = 256 << 20;

const RULES: &str = r#"
[[rules]]
id = "servers"
product_codes = ["SRV"]
source = "rmm"
kinds = ["server"]
count_basis = "device_fresh"
list_price = 45
currency = "GBP"

[[rules]]
id = "workstations"
product_codes = ["WKS"]
source = "rmm"
kinds = ["workstation"]
count_basis = "device_fresh"
list_price = 12
currency = "GBP"
"#;

#[expect(clippy::print_stdout, reason = "an example at a prompt")]
fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (items, accounts) = match (words.next(), words.next()) {
        (Some(items), Some(accounts)) => (items?, accounts?.max(1)),
        _ => (1_000_000, 10_000),
    };
    let each = items / accounts;
    let chunks = chunks(each)?;
    let stored: usize = chunks.iter().map(Vec::len).sum();
    let begun = Instant::now();
    let count_day = CountDay(date(2026, 6, 30));
    let mut reconciler = Reconciler::new(RuleSet::from_toml("rules.toml", RULES)?, Options::for_month(count_day));
    let (psa, rmm): (SourceId, SourceId) = ("psa".parse()?, "rmm".parse()?);
    for (source, side) in [(&psa, Side::Agreed), (&rmm, Side::Used)] {
        reconciler.source(SourceStatus {
            source: source.clone(),
            connector: "csv".into(),
            side,
            read_state: ReadState::Complete,
            synced_on: Some(count_day.0),
            receipt: None,
        });
    }
    let mut inputs = Inputs::default();
    for account in 0..accounts {
        let client = ClientId::new(account.to_string())?;
        let number = reconciler.client(&client, &format!("Client {account}"))?;
        for (line_id, product) in
            [(LineId::new(format!("{account}-s"))?, "SRV"), (LineId::new(format!("{account}-w"))?, "WKS")]
        {
            reconciler.line(number, &line(&line_id, product, each))?;
        }
        let id = AccountId::new(account.to_string())?;
        let number = reconciler.account(&rmm, &id, &format!("Client {account}"), &ReadState::Complete)?;
        reconciler.decide(number, Mapping::Confirmed { client_id: client, by: DecidedBy::Person })?;
        for chunk in &chunks {
            for text in BufReader::new(GzDecoder::new(&chunk[..])).lines() {
                let item: UsageItem = serde_json::from_str(&text?)?;
                inputs.note(&item)?;
                reconciler.usage_item(number, ItemRef::from(&item))?;
            }
        }
    }
    let (parts, packed) = inputs.finish()?;
    let read = begun.elapsed();
    let reconciliation = reconciler.finish()?;
    println!(
        "{items} items, {accounts} accounts, {} bytes an account as stored: {:.1?} ({read:.1?} to read), {} findings, inputs {packed} bytes in {parts} parts, at most {} MiB",
        stored,
        begun.elapsed(),
        reconciliation.findings.len(),
        most_mib().unwrap_or_default()
    );
    Ok(())
}

/// One account's chunks: its servers and workstations.
fn chunks(items: u64) -> Result<Vec<Vec<u8>>, Failure> {
    let mut chunks = Vec::new();
    let mut number = 0;
    while number < items {
        let mut chunk = GzEncoder::new(Vec::new(), Compression::new(6));
        for _ in 0..CHUNK_ITEMS.min(items - number) {
            let kind = if number % 8 == 0 { "server" } else { "workstation" };
            let last_seen = format!("2026-06-{:02}T{:02}:{:02}:07Z", number % 28 + 1, number % 24, number % 60);
            let item = UsageItem {
                name: Some(format!("HOST-{:06}", number * 31 % 999_983)),
                last_seen: last_seen.parse().ok(),
                ..UsageItem::new(ItemId::new((1_000_003 + number * 7_919).to_string())?, kind)
            };
            serde_json::to_writer(&mut chunk, &item)?;
            chunk.write_all(b"\n")?;
            number += 1;
        }
        chunks.push(chunk.finish()?);
    }
    Ok(chunks)
}

fn line<'a>(line_id: &'a LineId, product_code: &'a str, quantity: u64) -> LineRef<'a> {
    LineRef {
        line_id: line_id.as_str(),
        product_code,
        quantity: (quantity / 2).into(),
        less_included: None,
        unit_price: Some(Decimal::TEN),
        currency: Currency::new("GBP").ok(),
        effective_from: None,
        effective_to: None,
        billing_status: truecount_billing::BillingStatus::Billable,
        terms: truecount_reconciliation::AgreementTerms::MONTHLY,
    }
}

/// Packs what is read, in parts; each part is gone once it is packed, as it would be once it is written.
#[derive(Default)]
struct Inputs {
    part: Option<GzEncoder<Vec<u8>>>,
    plain: usize,
    parts: u64,
    packed: u64,
}

impl Inputs {
    fn note(&mut self, item: &UsageItem) -> Result<(), Failure> {
        let line = serde_json::to_vec(item)?;
        let part = self.part.get_or_insert_with(|| GzEncoder::new(Vec::new(), Compression::new(6)));
        part.write_all(&line)?;
        part.write_all(b"\n")?;
        self.plain += line.len();
        if self.plain >= PART_BYTES { self.keep() } else { Ok(()) }
    }

    fn keep(&mut self) -> Result<(), Failure> {
        let Some(part) = self.part.take() else { return Ok(()) };
        self.packed += part.finish()?.len() as u64;
        self.parts += 1;
        self.plain = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<(u64, u64), Failure> {
        self.keep()?;
        Ok((self.parts, self.packed))
    }
}

/// The most memory that this process held, where the system says so.
fn most_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
}
