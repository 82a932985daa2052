//! What writing to the table costs: the write units of each request, from the sizes of its items, by what they are
//! for, and how fast they come on one key. Deliberately absent: reads, and the table's own account of either.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::between::{Between, Seen};

/// Bytes of an item that one write unit covers.
const UNIT_BYTES: usize = 1024;

/// The write units of a stack's table so far.
#[derive(Clone)]
pub(crate) struct Units(Arc<Mutex<Counted>>);

struct Counted {
    begun: Instant,
    /// Kind of row to rows, units, bytes of the largest.
    kinds: BTreeMap<String, (u64, u64, usize)>,
    /// Units by partition key and second.
    keys: BTreeMap<(String, u64), u64>,
    /// Units by second.
    seconds: BTreeMap<u64, u64>,
    /// Bytes of rows that were put.
    bytes: u64,
}

impl Units {
    /// Counts from now on.
    pub(crate) fn watch(between: &Between) -> Self {
        let counted = Counted {
            begun: Instant::now(),
            kinds: BTreeMap::new(),
            keys: BTreeMap::new(),
            seconds: BTreeMap::new(),
            bytes: 0,
        };
        let units = Self(Arc::new(Mutex::new(counted)));
        let watching = units.clone();
        between.watch(move |seen, body| watching.take(seen, body));
        units
    }

    fn take(&self, seen: &Seen, body: &[u8]) {
        if seen.target != "table" {
            return;
        }
        let Ok(request) = serde_json::from_slice::<Value>(body) else { return };
        let put = request.get("Item").into_iter();
        let batch = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
        let batch = batch.filter_map(Value::as_array).flatten().filter_map(|one| one.pointer("/PutRequest/Item"));
        let deleted = request.get("Key").filter(|_| seen.what.starts_with("DeleteItem"));
        let mut counted = self.0.lock().unwrap();
        for item in put.chain(batch).chain(deleted) {
            counted.add(item);
        }
    }

    /// A line for each kind of row, then the sum and the greatest rates.
    pub(crate) fn lines(&self) -> Vec<String> {
        let counted = self.0.lock().unwrap();
        let mut lines: Vec<String> = counted
            .kinds
            .iter()
            .map(|(kind, (rows, units, largest))| {
                format!("{units} write units in {rows} rows {kind}, the largest {largest} bytes")
            })
            .collect();
        lines.push(format!(
            "{} write units in all; in any second at most {} on one key and {} on the table",
            self.total_of(&counted),
            self.key_rate_of(&counted),
            counted.seconds.values().max().unwrap_or(&0)
        ));
        lines
    }

    /// All units so far.
    pub(crate) fn total(&self) -> u64 {
        self.total_of(&self.0.lock().unwrap())
    }

    /// Bytes of all rows that were put so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.lock().unwrap().bytes
    }

    /// The greatest rate on one key, in units a second.
    pub(crate) fn key_rate(&self) -> u64 {
        self.key_rate_of(&self.0.lock().unwrap())
    }

    fn key_rate_of(&self, counted: &Counted) -> u64 {
        counted.keys.values().copied().max().unwrap_or(0)
    }

    fn total_of(&self, counted: &Counted) -> u64 {
        counted.kinds.values().map(|(_, units, _)| units).sum()
    }
}

impl Counted {
    fn add(&mut self, item: &Value) {
        let bytes = bytes(item);
        let units = bytes.div_ceil(UNIT_BYTES).max(1) as u64;
        self.bytes += bytes as u64;
        let text = |name: &str| item[name]["S"].as_str().unwrap_or("");
        let kind = kind(text("pk"), text("sk"));
        let entry = self.kinds.entry(kind).or_insert((0, 0, 0));
        *entry = (entry.0 + 1, entry.1 + units, entry.2.max(bytes));
        let second = self.begun.elapsed().as_secs();
        *self.keys.entry((text("pk").to_owned(), second)).or_insert(0) += units;
        *self.seconds.entry(second).or_insert(0) += units;
    }
}

/// What a row is for: its source or month, and the first words of its keys.
fn kind(pk: &str, sk: &str) -> String {
    let mut words = pk.split('#');
    let (what, of) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    format!("{what} {of} {}", sk.split('#').next().unwrap_or(""))
}

/// An item's size as DynamoDB counts it: names and values.
fn bytes(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| name.len() + value.as_object().into_iter().flatten().map(of_value).sum::<usize>())
        .sum()
}

fn of_value((kind, value): (&String, &Value)) -> usize {
    let text = value.as_str().unwrap_or("");
    match kind.as_str() {
        "N" => text.len().div_ceil(2) + 1,
        "B" => STANDARD.decode(text).map_or(text.len(), |bytes| bytes.len()),
        "BOOL" => 1,
        _ => text.len(),
    }
}

#[test]
fn an_item_is_as_large_as_its_names_and_values() {
    let item = serde_json::json!({ "pk": { "S": "SNAP#x" }, "n": { "N": "-1234" }, "b": { "B": "AAAA" }, "f": { "BOOL": true } });
    assert_eq!(bytes(&item), (2 + 6) + (1 + 4) + (1 + 3) + (1 + 1));
    assert_eq!(kind("SNAP#ninjaone#2026-06-30#000001#03", "ACC#17#0000"), "SNAP ninjaone ACC");
}
