//! The items of all sources, a column for each fact: usage comes source by source, and a client's items are spread over
//! it. What is compared borrows from here and names an item by its number.

use std::ops::Range;

use hashbrown::HashMap;
use jiff::Timestamp;
use rust_decimal::Decimal;
use truecount_billing::{Commitment, Identities, ItemState, LeftOutReason, Money, UsageItem};
use truecount_rules::{IdentityKey, KindVocabulary};

use crate::texts::{TextNo, Texts};

/// The number of an item.
pub type ItemNo = u32;

/// A kind of its source that nobody has explained.
const UNKNOWN_KIND: u16 = u16::MAX;
/// A moment that is not known.
const NEVER: i64 = i64::MIN;
/// A quantity that stands in the column itself is smaller.
const SMALL: u32 = 1 << 30;
/// A quantity that the vendor did not say.
const UNSAID: u32 = u32::MAX;

/// More items, or more text in them, than one run can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are more items than one run can hold")]
pub struct TooManyItems;

/// What an item is by its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnState {
    Counts,
    LeftOut(LeftOutReason),
    /// A word that nobody has explained.
    Unknown(TextNo),
}

/// An item of a plain list: what it is told apart by, and what decides whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedItem<'i> {
    /// Its id, as its source has it.
    pub id: &'i str,
    /// The number of its kind among those of its source.
    pub kind: u16,
    /// Its state.
    pub state: ItemState<&'i str>,
    /// When it was last seen; `None`: not known.
    pub last_seen: Option<Timestamp>,
    /// How many units it stands for; `None`: the source does not say.
    pub units: Option<Decimal>,
}

/// A column in which what is usual takes no room until something else comes.
#[derive(Debug, Clone)]
struct SparseColumn<T> {
    values: Vec<T>,
    usual: T,
}

impl<T: Copy + PartialEq> SparseColumn<T> {
    fn of(usual: T) -> Self {
        Self { values: Vec::new(), usual }
    }

    fn put(&mut self, item: ItemNo, value: T) {
        if value != self.usual {
            self.values.resize(item as usize, self.usual);
            self.values.push(value);
        }
    }

    fn get(&self, item: ItemNo) -> T {
        self.values.get(item as usize).copied().unwrap_or(self.usual)
    }
}

/// The items.
#[derive(Debug, Clone)]
pub struct ItemColumns {
    texts: Texts,
    ids: Vec<TextNo>,
    names: SparseColumn<TextNo>,
    skus: SparseColumn<TextNo>,
    /// Index into the kinds of the item's source.
    kinds: Vec<u16>,
    states: Vec<u16>,
    quantities: Vec<u32>,
    first_seen: SparseColumn<i64>,
    last_seen: Vec<i64>,
    /// Usually the first of the known sets, which is empty.
    attribute_sets: SparseColumn<u32>,
    /// Where the identities of an item end; they begin where those of the item before it end. Items before the first that
    /// has any have no place.
    identity_ends: Vec<u32>,
    items_without_identity: usize,
    identities: Vec<(IdentityKey, TextNo)>,
    /// Whether any came from a plain list, where an id tells items of one account apart and no more.
    has_listed: bool,
    known_states: Vec<OwnState>,
    known_quantities: Vec<Decimal>,
    known_sets: Vec<Box<[(TextNo, TextNo)]>>,
    set_numbers: HashMap<Box<[(TextNo, TextNo)]>, u32>,
    /// By item, in their order.
    costs: Vec<(ItemNo, Money)>,
    /// The same.
    commitments: Vec<(ItemNo, Commitment)>,
}

impl Default for ItemColumns {
    fn default() -> Self {
        let no_attributes: Box<[(TextNo, TextNo)]> = Box::default();
        Self {
            texts: Texts::default(),
            ids: Vec::new(),
            names: SparseColumn::of(TextNo::NONE),
            skus: SparseColumn::of(TextNo::NONE),
            kinds: Vec::new(),
            states: Vec::new(),
            quantities: Vec::new(),
            first_seen: SparseColumn::of(NEVER),
            last_seen: Vec::new(),
            attribute_sets: SparseColumn::of(0),
            identity_ends: Vec::new(),
            items_without_identity: 0,
            identities: Vec::new(),
            has_listed: false,
            known_states: Vec::new(),
            known_quantities: Vec::new(),
            known_sets: vec![no_attributes.clone()],
            set_numbers: HashMap::from_iter([(no_attributes, 0)]),
            costs: Vec::new(),
            commitments: Vec::new(),
        }
    }
}

impl ItemColumns {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Puts items in, and answers with their numbers. `kinds`: those of their source; an item of another kind is of one
    /// that nobody has explained. Of items with one id and kind the first stands for all: a source that says different
    /// things of one id was found out when it was read.
    ///
    /// # Errors
    /// [`TooManyItems`]; what was put in before stays.
    pub fn add<'i>(
        &mut self,
        items: impl IntoIterator<Item = &'i UsageItem>,
        kinds: &[KindVocabulary],
    ) -> Result<Range<ItemNo>, TooManyItems> {
        let start = self.next_item()?;
        let mut seen = hashbrown::HashSet::new();
        for item in items {
            if seen.insert((item.kind.as_str(), item.item_id.as_str())) {
                self.push(item, kinds).ok_or(TooManyItems)?;
            }
        }
        Ok(start..self.next_item()?)
    }

    /// Puts an item of a plain list in.
    ///
    /// # Errors
    /// [`TooManyItems`]; what was put in before stays.
    pub fn add_listed(&mut self, item: &ListedItem<'_>) -> Result<(), TooManyItems> {
        self.next_item()?;
        self.has_listed = true;
        self.push_listed(item).ok_or(TooManyItems)
    }

    fn push_listed(&mut self, item: &ListedItem<'_>) -> Option<()> {
        let id = self.texts.push(item.id)?;
        let state = self.state(item.state)?;
        let quantity = self.quantity(item.units)?;
        self.end_identities()?;
        self.ids.push(id);
        self.kinds.push(item.kind);
        self.states.push(state);
        self.quantities.push(quantity);
        self.last_seen.push(item.last_seen.map_or(NEVER, Timestamp::as_microsecond));
        Some(())
    }

    /// The next item that would be put in.
    ///
    /// # Errors
    /// [`TooManyItems`] if there is no room for one.
    pub fn next_item(&self) -> Result<ItemNo, TooManyItems> {
        u32::try_from(self.ids.len()).ok().filter(|number| *number < u32::MAX).ok_or(TooManyItems)
    }

    fn push(&mut self, item: &UsageItem, kinds: &[KindVocabulary]) -> Option<()> {
        let number = self.next_item().ok()?;
        let kind = kinds.iter().position(|kind| kind.name == item.kind).and_then(|at| u16::try_from(at).ok());
        let id = self.texts.push(item.item_id.as_str())?;
        let name = self.optional(item.name.as_deref(), Texts::push)?;
        let sku = self.optional(item.sku.as_deref(), Texts::intern)?;
        let state = self.state(item.state.borrowed())?;
        let quantity = self.quantity(item.amount())?;
        let set = self.attribute_set(item)?;
        self.push_identities(&item.identities)?;
        self.end_identities()?;
        self.ids.push(id);
        self.names.put(number, name);
        self.skus.put(number, sku);
        self.kinds.push(kind.unwrap_or(UNKNOWN_KIND));
        self.states.push(state);
        self.quantities.push(quantity);
        self.first_seen.put(number, item.first_seen.map_or(NEVER, Timestamp::as_microsecond));
        self.last_seen.push(item.last_seen.map_or(NEVER, Timestamp::as_microsecond));
        self.attribute_sets.put(number, set);
        if let Some(cost) = item.cost {
            self.costs.push((number, cost));
        }
        if let Some(commitment) = &item.commitment {
            self.commitments.push((number, commitment.clone()));
        }
        Some(())
    }

    fn optional(&mut self, text: Option<&str>, put: fn(&mut Texts, &str) -> Option<TextNo>) -> Option<TextNo> {
        text.map_or(Some(TextNo::NONE), |text| put(&mut self.texts, text))
    }

    fn state(&mut self, state: ItemState<&str>) -> Option<u16> {
        let state = match state {
            ItemState::Counts => OwnState::Counts,
            ItemState::LeftOut(reason) => OwnState::LeftOut(reason),
            ItemState::Unknown(word) => OwnState::Unknown(self.texts.intern(word)?),
        };
        let known = self.known_states.iter().position(|known| *known == state).unwrap_or_else(|| {
            self.known_states.push(state);
            self.known_states.len() - 1
        });
        u16::try_from(known).ok()
    }

    fn quantity(&mut self, quantity: Option<Decimal>) -> Option<u32> {
        let Some(quantity) = quantity else { return Some(UNSAID) };
        if (quantity.scale(), quantity.mantissa()) == (0, 1) {
            return Some(1);
        }
        let small = u32::try_from(quantity).ok().filter(|small| quantity.is_integer() && *small < SMALL);
        if let Some(small) = small {
            return Some(small);
        }
        let number = u32::try_from(self.known_quantities.len()).ok().filter(|number| *number < SMALL)?;
        self.known_quantities.push(quantity);
        Some(SMALL + number)
    }

    fn attribute_set(&mut self, item: &UsageItem) -> Option<u32> {
        let mut set = Vec::with_capacity(item.attributes.len());
        for (name, value) in &item.attributes {
            set.push((self.texts.intern(name)?, self.texts.intern(value)?));
        }
        let set = set.into_boxed_slice();
        if let Some(number) = self.set_numbers.get(&set) {
            return Some(*number);
        }
        let number = u32::try_from(self.known_sets.len()).ok()?;
        self.known_sets.push(set.clone());
        self.set_numbers.insert(set, number);
        Some(number)
    }

    fn push_identities(&mut self, identities: &Identities) -> Option<()> {
        let one = |key, text: &Option<String>| text.iter().map(move |text| (key, text.clone())).collect::<Vec<_>>();
        let many = |key, texts: &[String]| texts.iter().map(move |text| (key, text.clone())).collect::<Vec<_>>();
        let all = [
            one(IdentityKey::Serial, &identities.serial),
            many(IdentityKey::Mac, &identities.mac_addresses),
            one(IdentityKey::Name, &identities.host_name),
            one(IdentityKey::ObjectId, &identities.object_id),
            many(IdentityKey::Mail, &identities.mail_addresses),
        ];
        for (key, text) in all.into_iter().flatten() {
            // Two tools write one serial number in capitals and in small letters.
            let text = text.trim().to_lowercase();
            if !text.is_empty() {
                let number = self.texts.intern(&text)?;
                self.identities.push((key, number));
            }
        }
        Some(())
    }

    fn end_identities(&mut self) -> Option<()> {
        match self.identities.is_empty() {
            true => self.items_without_identity += 1,
            false => self.identity_ends.push(u32::try_from(self.identities.len()).ok()?),
        }
        Some(())
    }

    /// The item's id, as its source has it.
    #[must_use]
    pub fn id(&self, item: ItemNo) -> &str {
        self.texts.text(self.ids[item as usize])
    }

    /// What a person calls it.
    #[must_use]
    pub fn name(&self, item: ItemNo) -> Option<&str> {
        self.text(self.names.get(item))
    }

    /// The vendor's product.
    #[must_use]
    pub fn sku(&self, item: ItemNo) -> Option<&str> {
        self.text(self.skus.get(item))
    }

    /// The number of its kind among those of its source; `None`: nobody has explained it.
    #[must_use]
    #[inline]
    pub fn kind(&self, item: ItemNo) -> Option<usize> {
        let kind = self.kinds[item as usize];
        (kind != UNKNOWN_KIND).then_some(usize::from(kind))
    }

    #[inline]
    pub(crate) fn own_state(&self, item: ItemNo) -> OwnState {
        self.known_states[usize::from(self.states[item as usize])]
    }

    /// Why it does not count by its state; `None`: it counts, or nobody has explained its state.
    #[must_use]
    pub fn left_out(&self, item: ItemNo) -> Option<LeftOutReason> {
        match self.own_state(item) {
            OwnState::LeftOut(reason) => Some(reason),
            OwnState::Counts | OwnState::Unknown(_) => None,
        }
    }

    /// The vendor's word of a state that nobody has explained.
    #[must_use]
    pub fn unknown_state(&self, item: ItemNo) -> Option<&str> {
        match self.own_state(item) {
            OwnState::Unknown(word) => Some(self.texts.text(word)),
            OwnState::Counts | OwnState::LeftOut(_) => None,
        }
    }

    /// How many units it stands for; `None`: nobody knows. The vendor did not say, or said less than nothing, which nobody
    /// can have: taken off what else is used, it would hide that.
    #[must_use]
    pub fn units(&self, item: ItemNo) -> Option<Decimal> {
        self.units_said(item).filter(|units| *units >= Decimal::ZERO)
    }

    /// How many units the vendor says that it stands for, be it less than nothing; `None`: it does not say.
    #[must_use]
    pub fn units_said(&self, item: ItemNo) -> Option<Decimal> {
        match self.quantities[item as usize] {
            UNSAID => None,
            small if small < SMALL => Some(Decimal::from(small)),
            number => Some(self.known_quantities[(number - SMALL) as usize]),
        }
    }

    /// Units, if they are few and whole.
    #[inline]
    pub(crate) fn small_units(&self, item: ItemNo) -> Option<u32> {
        let quantity = self.quantities[item as usize];
        (quantity < SMALL).then_some(quantity)
    }

    /// When it was first seen.
    #[must_use]
    pub fn first_seen(&self, item: ItemNo) -> Option<Timestamp> {
        moment(self.first_seen.get(item))
    }

    /// When it was last seen.
    #[must_use]
    pub fn last_seen(&self, item: ItemNo) -> Option<Timestamp> {
        moment(self.last_seen[item as usize])
    }

    /// Whether of any item the vendor's product is known.
    pub(crate) fn has_skus(&self) -> bool {
        !self.skus.values.is_empty()
    }

    /// Whether of any item it is known when it was first seen.
    pub(crate) fn has_first_seen(&self) -> bool {
        !self.first_seen.values.is_empty()
    }

    /// The microseconds of [`Self::first_seen`] since 1970.
    pub(crate) fn first_seen_microsecond(&self, item: ItemNo) -> Option<i64> {
        let seen = self.first_seen.get(item);
        (seen != NEVER).then_some(seen)
    }

    /// The microseconds of [`Self::last_seen`] since 1970.
    #[inline]
    pub(crate) fn last_seen_microsecond(&self, item: ItemNo) -> Option<i64> {
        let seen = self.last_seen[item as usize];
        (seen != NEVER).then_some(seen)
    }

    /// Until when it was bought; `None`: not known.
    pub(crate) fn commitment(&self, item: ItemNo) -> Option<&Commitment> {
        self.commitments.binary_search_by_key(&item, |(number, _)| *number).ok().map(|at| &self.commitments[at].1)
    }

    /// What it costs, all its units together.
    #[must_use]
    pub fn cost(&self, item: ItemNo) -> Option<Money> {
        self.costs.binary_search_by_key(&item, |(number, _)| *number).ok().map(|at| self.costs[at].1)
    }

    /// The text of an attribute, `sku` and `name` among them; `None`: it is not known.
    #[must_use]
    pub fn attribute(&self, item: ItemNo, name: &str) -> Option<&str> {
        match name {
            "sku" => self.sku(item),
            "name" => self.name(item),
            _ => {
                let set = &self.known_sets[self.attribute_sets.get(item) as usize];
                let found = set.iter().find(|(attribute, _)| self.texts.text(*attribute) == name);
                found.map(|(_, value)| self.texts.text(*value))
            }
        }
    }

    /// The attributes that are known of an item, without `sku` and `name`: each with its text.
    pub fn attributes(&self, item: ItemNo) -> impl Iterator<Item = (&str, &str)> {
        let set = &self.known_sets[self.attribute_sets.get(item) as usize];
        set.iter().map(|(attribute, value)| (self.texts.text(*attribute), self.texts.text(*value)))
    }

    pub(crate) fn identities(&self, item: ItemNo) -> &[(IdentityKey, TextNo)] {
        let Some(place) = (item as usize).checked_sub(self.items_without_identity) else { return &[] };
        let start = if place == 0 { 0 } else { self.identity_ends[place - 1] };
        &self.identities[start as usize..self.identity_ends[place] as usize]
    }

    /// How many texts there are: the numbers of all identities are below.
    pub(crate) fn text_count(&self) -> usize {
        self.texts.len()
    }

    /// Whether an id and a kind are one item's, in whichever accounts of its source it stands.
    pub(crate) fn has_ids_of_source(&self) -> bool {
        !self.has_listed
    }

    /// Whether no item has any identity beside its id.
    pub(crate) fn has_no_identities(&self) -> bool {
        self.identities.is_empty()
    }

    fn text(&self, number: TextNo) -> Option<&str> {
        (!number.is_none()).then(|| self.texts.text(number))
    }
}

fn moment(microseconds: i64) -> Option<Timestamp> {
    (microseconds != NEVER).then(|| Timestamp::from_microsecond(microseconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use truecount_billing::{ItemId, Quantity, Unit};

    #[test]
    fn quantities_come_back_as_they_were_said() {
        let said = [
            "0",
            "1",
            "7",
            "1.0",
            "0.5",
            "-3",
            "1073741823",
            "1073741824",
            "4000000000",
            "4294967296",
            "79228162514264337593543950335",
        ];
        let item = |(number, said): (usize, &&str)| UsageItem {
            quantity: Some(Quantity { amount: Decimal::from_str_exact(said).unwrap(), unit: Unit::Each }),
            ..UsageItem::new(ItemId::new(number.to_string()).unwrap(), "seat")
        };
        let items: Vec<UsageItem> = said.iter().enumerate().map(item).collect();
        let mut columns = ItemColumns::default();
        let added = columns.add(&items, &[]).unwrap();
        assert_eq!((columns.len(), columns.is_empty()), (said.len(), false));
        for (item, said) in added.zip(said) {
            assert_eq!(
                columns.units_said(item).map(|units| units.normalize().to_string()).as_deref(),
                Some(said.trim_end_matches(".0"))
            );
        }
    }
}
