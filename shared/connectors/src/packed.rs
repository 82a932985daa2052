//! Usage items packed tightly: a million of them in about a hundred megabytes, sorted and told apart without
//! unpacking them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::{Identities, ItemId, ItemState, Quantity, Unit, UsageItem};

/// The items of one account, one record after the other: length, key (kind, item id), content.
#[derive(Debug, Default)]
pub(crate) struct PackedItems {
    bytes: Vec<u8>,
    count: u32,
}

/// The distinct items of one account, in order of kind and item id.
#[derive(Debug, Default)]
pub(crate) struct SortedItems {
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// Items that came twice with different content; the first by content was kept.
    pub(crate) changed: u32,
}

const HEAD: usize = 8;
/// The units of quantities, each at its [`place_of`].
const UNITS: [Unit; 5] = [Unit::Each, Unit::Device, Unit::Seat, Unit::Gigabyte, Unit::Gibibyte];
/// Between the names and values of attributes, and between the texts of a list.
const SEPARATOR: &str = "\0";

impl PackedItems {
    /// Adds an item; false if the account is full.
    pub(crate) fn push(&mut self, item: &UsageItem) -> bool {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HEAD]);
        self.bytes.extend_from_slice(item.kind.as_bytes());
        self.bytes.push(0);
        self.bytes.extend_from_slice(item.item_id.as_str().as_bytes());
        let key_length = self.bytes.len() - start - HEAD;
        put_content(&mut self.bytes, item);
        let length = self.bytes.len() - start;
        let (Ok(length), Ok(key_length), Ok(_)) =
            (u32::try_from(length), u32::try_from(key_length), u32::try_from(self.bytes.len()))
        else {
            self.bytes.truncate(start);
            return false;
        };
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.bytes[start + 4..start + HEAD].copy_from_slice(&key_length.to_le_bytes());
        self.count += 1;
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sorts, drops exact repeats, and counts those that changed in between.
    pub(crate) fn sorted(mut self) -> SortedItems {
        self.bytes.shrink_to_fit();
        let bytes = self.bytes;
        let mut starts = Vec::with_capacity(self.count as usize);
        let mut at = 0usize;
        while at < bytes.len() {
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
            at += word(&bytes, at);
        }
        let (key, content) = (|start: &u32| key_at(&bytes, *start), |start: &u32| content_at(&bytes, *start));
        starts.sort_unstable_by(|a, b| key(a).cmp(key(b)).then_with(|| content(a).cmp(content(b))));
        starts.dedup_by(|a, b| key(a) == key(b) && content(a) == content(b));
        let distinct = starts.len();
        starts.dedup_by(|a, b| key(a) == key(b));
        let changed = u32::try_from(distinct - starts.len()).unwrap_or(u32::MAX);
        starts.shrink_to_fit();
        SortedItems { bytes, starts, changed }
    }
}

impl SortedItems {
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(crate) fn unpack(&self) -> Vec<UsageItem> {
        self.starts.iter().filter_map(|start| unpack(&self.bytes, *start)).collect()
    }
}

/// Everything but kind and id.
fn put_content(bytes: &mut Vec<u8>, item: &UsageItem) {
    let (tag, word) = match item.state.borrowed() {
        ItemState::Counts => (0, None),
        ItemState::LeftOut(reason) => (1, Some(reason.as_str())),
        ItemState::Unknown(word) => (2, Some(word)),
    };
    bytes.push(tag);
    put_text(bytes, word);
    put_text(bytes, item.sku.as_deref());
    put_text(bytes, item.name.as_deref());
    put_text(bytes, joined(&item.attributes).as_deref());
    put_moment(bytes, item.first_seen);
    put_moment(bytes, item.last_seen);
    match item.quantity {
        None => bytes.push(0),
        Some(quantity) => {
            bytes.push(1 + place_of(quantity.unit));
            bytes.extend_from_slice(&quantity.amount.serialize());
        }
    }
    let identities = &item.identities;
    if identities.is_empty() {
        bytes.push(0);
    } else {
        bytes.push(1);
        put_text(bytes, identities.serial.as_deref());
        put_text(bytes, identities.host_name.as_deref());
        put_text(bytes, identities.object_id.as_deref());
        put_list(bytes, &identities.mac_addresses);
        put_list(bytes, &identities.mail_addresses);
    }
    // Few items have these: their JSON is short enough.
    let rare = (item.commitment.is_some() || item.cost.is_some())
        .then(|| serde_json::to_string(&(&item.commitment, &item.cost)).unwrap_or_default());
    put_text(bytes, rare.as_deref());
}

/// A match and no search: a new unit must get a place before this compiles.
fn place_of(unit: Unit) -> u8 {
    match unit {
        Unit::Each => 0,
        Unit::Device => 1,
        Unit::Seat => 2,
        Unit::Gigabyte => 3,
        Unit::Gibibyte => 4,
    }
}

fn unpack(bytes: &[u8], start: u32) -> Option<UsageItem> {
    let (kind, item_id) = std::str::from_utf8(key_at(bytes, start)).ok()?.split_once('\0')?;
    let mut rest = content_at(bytes, start);
    let tag = take_byte(&mut rest)?;
    let word = take_text(&mut rest);
    let state = match tag {
        0 => ItemState::Counts,
        1 => ItemState::from_word(word?).to_owned(),
        _ => ItemState::Unknown(word?.to_owned()),
    };
    let sku = take_text(&mut rest).map(str::to_owned);
    let name = take_text(&mut rest).map(str::to_owned);
    let attributes = take_text(&mut rest).map(parted).unwrap_or_default();
    let (first_seen, last_seen) = (take_moment(&mut rest), take_moment(&mut rest));
    let quantity = match take_byte(&mut rest)?.checked_sub(1) {
        None => None,
        Some(unit) => {
            let amount = Decimal::deserialize(take_bytes(&mut rest)?);
            Some(Quantity { amount, unit: *UNITS.get(usize::from(unit))? })
        }
    };
    let identities = match take_byte(&mut rest)? {
        0 => Identities::default(),
        _ => Identities {
            serial: take_text(&mut rest).map(str::to_owned),
            host_name: take_text(&mut rest).map(str::to_owned),
            object_id: take_text(&mut rest).map(str::to_owned),
            mac_addresses: take_list(&mut rest),
            mail_addresses: take_list(&mut rest),
        },
    };
    let (commitment, cost) = match take_text(&mut rest) {
        None => (None, None),
        Some(text) => serde_json::from_str(text).ok()?,
    };
    let item = UsageItem::new(ItemId::new(item_id).ok()?, kind);
    Some(UsageItem {
        name,
        sku,
        state,
        quantity,
        identities,
        attributes,
        first_seen,
        last_seen,
        commitment,
        cost,
        ..item
    })
}

/// Attributes as one text: names and values in turn.
fn joined(attributes: &BTreeMap<String, String>) -> Option<String> {
    let plain = |text: &str| text.replace(SEPARATOR, " ");
    let parts = attributes.iter().flat_map(|(name, value)| [plain(name), plain(value)]);
    (!attributes.is_empty()).then(|| parts.collect::<Vec<_>>().join(SEPARATOR))
}

fn parted(text: &str) -> BTreeMap<String, String> {
    let mut parts = text.split(SEPARATOR).map(str::to_owned);
    let mut attributes = BTreeMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        attributes.insert(name, value);
    }
    attributes
}

fn word(bytes: &[u8], at: usize) -> usize {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).unwrap_or([0; 4]);
    u32::from_le_bytes(four) as usize
}

fn key_at(bytes: &[u8], start: u32) -> &[u8] {
    let start = start as usize;
    &bytes[start + HEAD..start + HEAD + word(bytes, start + 4)]
}

fn content_at(bytes: &[u8], start: u32) -> &[u8] {
    let start = start as usize;
    &bytes[start + HEAD + word(bytes, start + 4)..start + word(bytes, start)]
}

/// Length and text; the length is one more than it is, so that zero is `None`.
fn put_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else { return bytes.extend_from_slice(&[0; 2]) };
    let text = clip(text, usize::from(u16::MAX) - 1);
    let length = u16::try_from(text.len() + 1).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (text, after) = after.split_at_checked(length.saturating_sub(1))?;
    *rest = after;
    if length == 0 { None } else { std::str::from_utf8(text).ok() }
}

/// One text; nothing for an empty list.
fn put_list(bytes: &mut Vec<u8>, texts: &[String]) {
    let plain: Vec<String> = texts.iter().map(|text| text.replace(SEPARATOR, " ")).collect();
    put_text(bytes, (!plain.is_empty()).then(|| plain.join(SEPARATOR)).as_deref());
}

fn take_list(rest: &mut &[u8]) -> Vec<String> {
    take_text(rest).map(|text| text.split(SEPARATOR).map(str::to_owned).collect()).unwrap_or_default()
}

fn put_moment(bytes: &mut Vec<u8>, moment: Option<Timestamp>) {
    bytes.push(u8::from(moment.is_some()));
    if let Some(moment) = moment {
        bytes.extend_from_slice(&moment.as_nanosecond().to_le_bytes());
    }
}

fn take_moment(rest: &mut &[u8]) -> Option<Timestamp> {
    if take_byte(rest)? == 0 {
        return None;
    }
    Timestamp::from_nanosecond(i128::from_le_bytes(take_bytes(rest)?)).ok()
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

fn take_bytes(rest: &mut &[u8]) -> Option<[u8; 16]> {
    let (chunk, after) = rest.split_first_chunk::<16>()?;
    *rest = after;
    Some(*chunk)
}

/// At most so many bytes of a text, cut between characters.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use truecount_billing::{Commitment, Currency, Money, decimal_from_text};

    #[test]
    fn each_unit_is_unpacked_at_the_place_it_was_packed() {
        for (place, unit) in UNITS.into_iter().enumerate() {
            assert_eq!(usize::from(place_of(unit)), place, "{unit:?}");
        }
    }

    fn item(id: &str, kind: &str, word: &str) -> UsageItem {
        let amount = decimal_from_text("1.10").unwrap();
        UsageItem {
            name: Some(format!("host-{id}")),
            sku: (kind == "user").then(|| "SPB".to_owned()),
            state: ItemState::from_word(word).to_owned(),
            last_seen: (kind != "user").then(|| "2026-06-30T23:59:59.123456789Z".parse().unwrap()),
            attributes: match kind {
                "server" => [("site", "12"), ("group", "")].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
                _ => BTreeMap::new(),
            },
            quantity: (word != "unknown").then_some(Quantity { amount, unit: Unit::Seat }),
            ..UsageItem::new(ItemId::new(id).unwrap(), kind)
        }
    }

    /// An item that has everything.
    fn full() -> UsageItem {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        UsageItem {
            identities: Identities {
                serial: Some("SN-1".into()),
                mac_addresses: texts(&["00:00:5E:00:53:01", "00:00:5E:00:53:02"]),
                host_name: Some("ws-1".into()),
                object_id: Some("b2".into()),
                mail_addresses: texts(&["kim@client.example"]),
            },
            first_seen: Some("2025-01-01T00:00:00Z".parse().unwrap()),
            commitment: Some(Commitment {
                until: Some(jiff::civil::date(2027, 1, 31)),
                cancellable_until: Some(jiff::civil::date(2026, 2, 7)),
            }),
            cost: Some(Money::new(decimal_from_text("12.50").unwrap(), Currency::new("GBP").unwrap())),
            ..item("full", "user", "trial")
        }
    }

    #[test]
    fn items_come_back_as_they_went_in_sorted_and_once() {
        let all = [
            item("b", "server", "active"),
            item("a", "workstation", "active"),
            item("a", "server", "unknown"),
            item("u", "user", "active"),
            full(),
        ];
        let mut packed = PackedItems::default();
        for one in all.iter().chain(&all[..2]) {
            assert!(packed.push(one));
        }
        let sorted = packed.sorted();
        assert_eq!((sorted.len(), sorted.changed), (5, 0));
        assert_eq!(sorted.unpack(), [all[2].clone(), all[0].clone(), all[4].clone(), all[3].clone(), all[1].clone()]);
        assert_eq!(sorted.unpack()[1].amount().unwrap().to_string(), "1.10", "the scale as written");
    }

    #[test]
    fn an_item_that_changed_is_counted() {
        let mut packed = PackedItems::default();
        packed.push(&item("a", "server", "pending"));
        packed.push(&item("a", "server", "active"));
        let sorted = packed.sorted();
        assert_eq!((sorted.len(), sorted.changed), (1, 1));
        assert_eq!(sorted.unpack()[0].state, ItemState::Counts, "the same one whatever came first");
    }

    #[test]
    fn a_text_is_clipped_between_characters() {
        assert_eq!(clip("aüb", 2), "a");
        assert_eq!(clip("aüb", 3), "aü");
        assert_eq!(clip("", 3), "");
    }

    #[test]
    fn a_million_items_stay_small() {
        let mut packed = PackedItems::default();
        for n in 0..1000u32 {
            packed.push(&item(&format!("{n:08}"), "workstation", "active"));
        }
        assert!(packed.bytes.len() < 120 * 1000, "{}", packed.bytes.len());
    }
}
