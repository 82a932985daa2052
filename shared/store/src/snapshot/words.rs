//! The words that a source's snapshots have had: a word that a rule names and that none has had for 400 days is most
//! likely misspelt. Only the record; `rules check` and the reconciliation decide what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use truecount_billing::{BilledLine, ItemState, SourceId, UsageItem, attribute_words};

use crate::key::{Key, Partition, escaped};
use crate::record::json_lines;
use crate::{Fence, Record, Store, StoreError};

/// Days for which a word is kept after it was last seen.
const DAYS_KEPT: i64 = 400;

/// The most words of one attribute: all of them are in one row of the table.
const WORDS_MAX: usize = 2_000;

/// No rule names a longer word.
const WORD_BYTES_MAX: usize = 128;

/// The most kinds that are recorded of one snapshot.
const KINDS_MAX: usize = 200;

/// The kind under which billed lines are.
const LINE: &str = "line";

/// The attribute whose words are the kinds themselves; its own kind is empty.
const KIND: &str = "kind";

/// When a word was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenWord {
    /// The day of the first sync that had it.
    pub first: Date,
    /// The day of the last one.
    pub last: Date,
}

/// Every word of one attribute of one kind of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordsSeen {
    /// The source.
    pub source: SourceId,
    /// The kind of items; `line` for billed lines, empty where the words are the kinds.
    pub kind: String,
    /// The attribute: `status` and `sku` of each kind, `product` of lines, and each attribute that items can be told apart by.
    pub attribute: String,
    /// Each word with its days.
    pub words: BTreeMap<String, SeenWord>,
    /// The last day on which words were dropped for lack of room: a word that is missing here may have been seen then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete_on: Option<Date>,
}

/// The words of one attribute of one kind as a comparison of a day knows them: whether, and no longer when, each was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownWords {
    /// The source.
    pub source: SourceId,
    /// The kind of items; `line` for billed lines, empty where the words are the kinds.
    pub kind: String,
    /// The attribute.
    pub attribute: String,
    /// The words.
    pub words: BTreeSet<String>,
    /// Whether some were dropped for lack of room: a word that is missing here may have been seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_incomplete: bool,
}

impl KnownWords {
    /// The words of a source that were seen in the 400 days up to a day, by kind and attribute.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn on(store: &Store, source: &SourceId, day: Date) -> Result<Vec<Self>, StoreError> {
        let seen = WordsSeen::list(store, source, day).await?.into_iter();
        let known = seen.map(|seen| Self {
            source: seen.source,
            kind: seen.kind,
            attribute: seen.attribute,
            words: seen.words.into_iter().filter(|(_, days)| days.first <= day).map(|(word, _)| word).collect(),
            is_incomplete: seen.incomplete_on.is_some(),
        });
        Ok(known.filter(|known| !known.words.is_empty() || known.is_incomplete).collect())
    }

    /// The words as JSON lines: the same words give the same bytes.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if one has no JSON form.
    pub fn to_lines<'a>(words: impl IntoIterator<Item = &'a Self>) -> Result<Vec<u8>, StoreError> {
        json_lines(words, "the words seen")
    }
}

impl Record for WordsSeen {
    const KIND: &'static str = "WORDS";

    fn key(&self) -> Key {
        key(&self.source, &self.kind, &self.attribute)
    }
}

fn begin() -> String {
    format!("{}#", WordsSeen::KIND)
}

fn key(source: &SourceId, kind: &str, attribute: &str) -> Key {
    Partition::source(source).sort(format!("{}{}#{}", begin(), escaped(kind), escaped(attribute)))
}

impl WordsSeen {
    /// Every word that was seen in the 400 days up to a day, by kind and attribute.
    async fn list(store: &Store, source: &SourceId, day: Date) -> Result<Vec<Self>, StoreError> {
        let mut all = store.list::<Self>(&Partition::source(source), &begin()).await?;
        all.iter_mut().for_each(|one| one.forget(day));
        all.retain(|one| !one.words.is_empty() || one.incomplete_on.is_some());
        Ok(all)
    }

    /// Drops what was last seen more than 400 days before a day.
    fn forget(&mut self, day: Date) {
        let oldest = day.saturating_sub(Span::new().days(DAYS_KEPT));
        self.words.retain(|_, seen| seen.last >= oldest);
        self.incomplete_on = self.incomplete_on.filter(|last| *last >= oldest);
    }

    /// Adds the words of a snapshot of a day.
    fn add(&mut self, seen: Words, day: Date) {
        let mut is_cut = seen.is_cut;
        for word in seen.words {
            let is_full = self.words.len() >= WORDS_MAX;
            match self.words.get_mut(&word) {
                Some(seen) => *seen = SeenWord { first: seen.first.min(day), last: seen.last.max(day) },
                None if is_full => is_cut = true,
                None => drop(self.words.insert(word, SeenWord { first: day, last: day })),
            }
        }
        if is_cut {
            self.incomplete_on = self.incomplete_on.max(Some(day));
        }
    }
}

/// The words of one snapshot, gathered item by item.
#[derive(Debug, Default)]
pub struct SnapshotWords {
    kinds: Words,
    by_kind: Vec<(String, Attributes)>,
}

type Attributes = Vec<(String, Words)>;

#[derive(Debug, Default)]
struct Words {
    words: BTreeSet<String>,
    /// Whether some were dropped for lack of room.
    is_cut: bool,
}

impl Words {
    fn add(&mut self, word: &str) {
        if self.words.contains(word) {
            return;
        }
        if word.len() > WORD_BYTES_MAX || self.words.len() >= WORDS_MAX {
            self.is_cut = true;
        } else {
            self.words.insert(word.to_owned());
        }
    }
}

impl SnapshotWords {
    /// Gathers the words of an item.
    pub fn item(&mut self, item: &UsageItem) {
        let Some(kind) = self.of_kind(&item.kind) else { return };
        entry(kind, "status").add(match &item.state {
            ItemState::Counts => "active",
            ItemState::LeftOut(reason) => reason.as_str(),
            ItemState::Unknown(word) => word,
        });
        if let Some(sku) = &item.sku {
            entry(kind, "sku").add(sku);
        }
        for (attribute, value) in &item.attributes {
            let words = entry(kind, attribute);
            attribute_words(attribute, value).filter(|word| !word.is_empty()).for_each(|word| words.add(word));
        }
    }

    /// Gathers the words of a billed line.
    pub fn line(&mut self, line: &BilledLine) {
        if let Some(kind) = self.of_kind(LINE) {
            entry(kind, "product").add(line.product_code.as_str());
        }
    }

    /// The attributes of a kind; `None`: there are too many kinds.
    fn of_kind(&mut self, kind: &str) -> Option<&mut Attributes> {
        let is_new = self.by_kind.iter().all(|(known, _)| known != kind);
        if is_new && self.by_kind.len() >= KINDS_MAX {
            self.kinds.is_cut = true;
            return None;
        }
        if is_new {
            self.kinds.add(kind);
        }
        Some(entry(&mut self.by_kind, kind))
    }

    /// Adds them to the words that were seen before. This happens before the snapshot is committed; repeating it changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a newer worker has the source.
    pub async fn save(self, store: &Store, source: &SourceId, day: Date, fence: Fence) -> Result<(), StoreError> {
        let kinds = (String::new(), vec![(KIND.to_owned(), self.kinds)]);
        for (kind, attributes) in std::iter::once(kinds).chain(self.by_kind) {
            for (attribute, words) in attributes {
                let known = store.get::<WordsSeen>(&key(source, &kind, &attribute)).await?;
                let mut all = known.unwrap_or_else(|| WordsSeen {
                    source: source.clone(),
                    kind: kind.clone(),
                    attribute,
                    words: BTreeMap::new(),
                    incomplete_on: None,
                });
                all.forget(day);
                all.add(words, day);
                store.put(&all, fence).await?;
            }
        }
        Ok(())
    }
}

/// The value under a key, made where there is none. There are few keys.
fn entry<'a, V: Default>(list: &'a mut Vec<(String, V)>, key: &str) -> &'a mut V {
    let at = list.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        list.push((key.to_owned(), V::default()));
        list.len() - 1
    });
    &mut list[at].1
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_billing::{ItemId, LeftOutReason};

    use super::*;
    use crate::test_store::TestStore;

    fn source() -> SourceId {
        SourceId::new("rmm").unwrap()
    }

    fn item(kind: &str, state: ItemState, site: &str) -> UsageItem {
        UsageItem {
            state,
            attributes: BTreeMap::from([("site".to_owned(), site.to_owned())]),
            ..UsageItem::new(ItemId::new("1").unwrap(), kind)
        }
    }

    async fn sync(store: &Store, day: Date, items: &[UsageItem]) {
        let mut words = SnapshotWords::default();
        items.iter().for_each(|item| words.item(item));
        words.save(store, &source(), day, Fence::at(1)).await.unwrap();
    }

    /// `kind attribute: word first last, …`.
    async fn seen(store: &Store, day: Date) -> Vec<String> {
        let all = WordsSeen::list(store, &source(), day).await.unwrap();
        let row = |one: &WordsSeen| {
            let words: Vec<_> =
                one.words.iter().map(|(word, days)| format!("{word} {} {}", days.first, days.last)).collect();
            format!("{} {}: {}", one.kind, one.attribute, words.join(", "))
        };
        all.iter().map(row).collect()
    }

    #[tokio::test]
    async fn a_word_has_its_first_and_last_day_and_is_forgotten_after_400() {
        let TestStore { store, .. } = &TestStore::new();
        let trial = ItemState::LeftOut(LeftOutReason::Trial);
        sync(store, date(2026, 1, 1), &[item("server", ItemState::Counts, "4"), item("user", trial, "4")]).await;
        let zombie = ItemState::Unknown("zombie".to_owned());
        let on_the_30th = [item("server", zombie, "5"), item("server", ItemState::Counts, "4")];
        sync(store, date(2026, 6, 30), &on_the_30th).await;
        // an earlier file that comes late, and the same snapshot again
        sync(store, date(2025, 12, 31), &[item("server", ItemState::Counts, "4")]).await;
        sync(store, date(2026, 6, 30), &on_the_30th).await;
        let expected = [
            " kind: server 2025-12-31 2026-06-30, user 2026-01-01 2026-01-01",
            "server site: 4 2025-12-31 2026-06-30, 5 2026-06-30 2026-06-30",
            "server status: active 2025-12-31 2026-06-30, zombie 2026-06-30 2026-06-30",
            "user site: 4 2026-01-01 2026-01-01",
            "user status: trial 2026-01-01 2026-01-01",
        ];
        assert_eq!(seen(store, date(2026, 6, 30)).await, expected);
        assert_eq!(seen(store, date(2027, 2, 5)).await, expected, "400 days later");
        let later = seen(store, date(2027, 2, 6)).await;
        assert_eq!(later[0], " kind: server 2025-12-31 2026-06-30", "and one more");
        assert_eq!(later[1..], expected[1..3]);
        sync(store, date(2027, 8, 5), &[item("server", ItemState::Counts, "9")]).await;
        let rest = [
            " kind: server 2027-08-05 2027-08-05",
            "server site: 9 2027-08-05 2027-08-05",
            "server status: active 2027-08-05 2027-08-05",
        ];
        assert_eq!(seen(store, date(2027, 8, 5)).await, rest);
    }

    #[tokio::test]
    async fn of_a_day_the_words_are_known_that_had_been_seen_by_then() {
        let TestStore { store, .. } = &TestStore::new();
        sync(store, date(2026, 6, 30), &[item("server", ItemState::Counts, "4")]).await;
        let known = async |day| KnownWords::on(store, &source(), day).await.unwrap();
        let june = known(date(2026, 6, 30)).await;
        let words = june.iter().map(|one| (one.attribute.as_str(), one.words.iter().map(String::as_str).collect()));
        let expected = [("kind", vec!["server"]), ("site", vec!["4"]), ("status", vec!["active"])];
        assert_eq!(words.collect::<Vec<(_, Vec<_>)>>(), expected);
        sync(store, date(2026, 7, 1), &[item("server", ItemState::Counts, "5"), item("tape", ItemState::Counts, "5")])
            .await;
        assert_eq!(known(date(2026, 6, 30)).await, june, "what came later is none of them, and the last day no part");
        assert_ne!(known(date(2026, 7, 1)).await, june);
        let lines = KnownWords::to_lines(&june).unwrap();
        let back = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        assert_eq!(back.map(|line| serde_json::from_slice::<KnownWords>(line).unwrap()).collect::<Vec<_>>(), june);
    }

    #[tokio::test]
    async fn each_thing_that_a_person_holds_is_a_word() {
        let TestStore { store, .. } = &TestStore::new();
        let day = date(2026, 6, 30);
        let holds = |value: &str| UsageItem {
            attributes: BTreeMap::from([("holds".to_owned(), value.to_owned()), ("site".to_owned(), "a;b".to_owned())]),
            ..item("user", ItemState::Counts, "")
        };
        sync(store, day, &[holds("SPB;VISIOCLIENT"), holds("SPB"), holds("")]).await;
        let expected = [
            "user holds: SPB 2026-06-30 2026-06-30, VISIOCLIENT 2026-06-30 2026-06-30",
            "user site: a;b 2026-06-30 2026-06-30",
        ];
        assert_eq!(seen(store, day).await[1..3], expected);
    }

    #[tokio::test]
    async fn words_without_room_are_not_taken_for_never_seen() {
        let TestStore { store, .. } = &TestStore::new();
        let (june, july) = (date(2026, 6, 1), date(2026, 7, 1));
        let items: Vec<_> = (0..WORDS_MAX).map(|n| item("server", ItemState::Counts, &format!("{n:05}"))).collect();
        sync(store, june, &items).await;
        let site = async || WordsSeen::list(store, &source(), july).await.unwrap().remove(1);
        assert_eq!((site().await.words.len(), site().await.incomplete_on), (WORDS_MAX, None));
        sync(store, july, &[item("server", ItemState::Counts, "more")]).await;
        assert_eq!((site().await.words.len(), site().await.incomplete_on), (WORDS_MAX, Some(july)));
        let long = "x".repeat(WORD_BYTES_MAX + 1);
        sync(store, june, &[item("user", ItemState::Counts, &long)]).await;
        let of_users = WordsSeen::list(store, &source(), july).await.unwrap().remove(3);
        assert_eq!((of_users.words.len(), of_users.incomplete_on), (0, Some(june)));
    }

    #[tokio::test]
    async fn more_kinds_than_there_is_room_for_are_not_taken_for_never_seen() {
        let TestStore { store, .. } = &TestStore::new();
        let items: Vec<_> = (0..=KINDS_MAX).map(|n| item(&format!("{n:03}"), ItemState::Counts, "4")).collect();
        sync(store, date(2026, 6, 1), &items).await;
        let all = WordsSeen::list(store, &source(), date(2026, 6, 1)).await.unwrap();
        assert_eq!((all[0].words.len(), all[0].incomplete_on), (KINDS_MAX, Some(date(2026, 6, 1))));
        assert_eq!(all.len(), 1 + 2 * KINDS_MAX);
    }

    #[tokio::test]
    async fn who_was_overtaken_adds_nothing() {
        let TestStore { store, .. } = &TestStore::new();
        sync(store, date(2026, 6, 30), &[item("server", ItemState::Counts, "4")]).await;
        let mut words = SnapshotWords::default();
        words.item(&item("server", ItemState::Counts, "5"));
        let late = words.save(store, &source(), date(2026, 6, 30), Fence::NONE).await;
        assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    }
}
