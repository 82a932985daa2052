//! Reads a profile from the settings: everything that is wrong with it is told at once.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use toml::{Table, Value};
use truecount_billing::{AccountList, ItemState, Side};
use truecount_tabular::{DateOrder, DecimalMark, Delimiter, TextEncoding, TotalRows};

use crate::{
    as_of::AsOf,
    fault::ProfileFault,
    field::{ATTRIBUTES, ExportField, FieldOf, Holds, WordKind},
    fold::{Pattern, nearest, shown},
    kinds_reader,
    presets::{PRESETS, Preset},
    profile::{AccountFrom, ExportProfile, FILE_SIDES, HeldThings, ItemIds, Mapping, SameId, Selection, Target},
    values::plain_value_fault,
    words::WordTable,
};

/// Keys of a profile.
pub(crate) const KEYS: &[&str] = &[
    "account_from",
    "as_of",
    "columns",
    "constants",
    "dates",
    "delimiter",
    "encoding",
    "header_row",
    "holds",
    "item_id",
    "kinds",
    "line_id",
    "lists",
    "not",
    "nothing",
    "numbers",
    "only",
    "preset",
    "same_id",
    "sheet",
    "side",
    "totals",
    "words",
    "zone",
];

const DATE_ORDERS: [(&str, DateOrder); 3] =
    [("D/M/Y", DateOrder::DayMonthYear), ("M/D/Y", DateOrder::MonthDayYear), ("Y/M/D", DateOrder::YearMonthDay)];

/// Takes the keys of a table apart, and notes what is wrong.
pub(crate) struct Notes {
    faults: Vec<ProfileFault>,
}

impl Notes {
    pub(crate) fn fault(&mut self, key: impl Into<String>, what: impl Into<String>) {
        self.faults.push(ProfileFault { key: key.into(), what: what.into() });
    }

    /// A word that is none of those that there are.
    pub(crate) fn unknown<'w>(&mut self, key: &str, words: impl IntoIterator<Item = &'w str> + Clone) {
        let name = key.rsplit('.').next().unwrap_or(key);
        let hint = match nearest(name, words.clone()) {
            Some(near) => format!("is not known; did you mean `{near}`?"),
            None => format!("is not known; there are: {}", words.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.fault(key, hint);
    }

    /// One of several words, by their names.
    pub(crate) fn one_of<T: Copy>(&mut self, key: &str, value: &Value, names: &[(&str, T)]) -> Option<T> {
        let text = self.text(key, value)?;
        let found = names.iter().find(|(name, _)| *name == text).map(|(_, one)| *one);
        if found.is_none() {
            let names: Vec<String> = names.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.fault(key, format!("`{}` is none of: {}", shown(text), names.join(", ")));
        }
        found
    }

    pub(crate) fn text<'v>(&mut self, key: &str, value: &'v Value) -> Option<&'v str> {
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.fault(key, "is a text in quotes, and not empty");
        }
        text
    }

    /// A text, or several.
    pub(crate) fn texts(&mut self, key: &str, value: &Value) -> Vec<String> {
        match value {
            Value::Array(values) => values.iter().filter_map(|one| self.text(key, one)).map(str::to_owned).collect(),
            one => self.text(key, one).map(str::to_owned).into_iter().collect(),
        }
    }

    pub(crate) fn table<'v>(&mut self, key: &str, value: &'v Value) -> Option<&'v Table> {
        let table = value.as_table();
        if table.is_none() {
            self.fault(key, format!("is a table: write `[sources.{key}]`"));
        }
        table
    }
}

pub(crate) fn read(own: &Table) -> Result<ExportProfile, Vec<ProfileFault>> {
    let mut notes = Notes { faults: Vec::new() };
    for key in own.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        notes.unknown(key, KEYS.iter().copied());
    }
    let preset = own.get("preset").and_then(|value| preset(&mut notes, value));
    let mut profile = ExportProfile::empty(Side::Used);
    if let Some(preset) = preset {
        profile.preset = Some(preset.name.to_owned());
        take(&mut notes, &mut profile, preset.table(), Layer::Preset);
    }
    take(&mut notes, &mut profile, own, Layer::Own);
    if preset.is_none() && !own.contains_key("side") {
        let sides = FILE_SIDES.map(Side::as_str).join("\", \"");
        notes.fault("side", format!("is missing: write which side the rows are on, one of \"{sides}\""));
    }
    check_whole(&mut notes, &profile);
    if notes.faults.is_empty() { Ok(profile) } else { Err(notes.faults) }
}

/// A file whose columns are named as our fields are.
pub(crate) fn take_our_names(profile: &mut ExportProfile) {
    let of = profile.of();
    let fields = ExportField::ALL.iter().filter(|field| field.belongs_to(of)).map(|field| Target::Field(*field));
    let attributes = ATTRIBUTES.iter().filter(|_| of == FieldOf::Items);
    for target in fields.chain(attributes.map(|name| Target::Attribute((*name).to_owned()))) {
        profile.fields.entry(target.clone()).or_default().headings = vec![target.name().to_owned()];
        profile.optional.insert(target);
    }
}

fn preset(notes: &mut Notes, value: &Value) -> Option<&'static Preset> {
    let name = notes.text("preset", value)?;
    let preset = Preset::of_name(name);
    if preset.is_none() {
        let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        let near = nearest(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
        let hint = near.unwrap_or_else(|| format!("; there are: {}", names.join(", ")));
        notes.fault("preset", format!("there is no preset `{}`{hint}", shown(name)));
    }
    preset
}

/// Whose keys are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Preset,
    Own,
}

fn take(notes: &mut Notes, profile: &mut ExportProfile, table: &Table, layer: Layer) {
    if let Some(side) = table.get("side") {
        let names = FILE_SIDES.map(|side| (side.as_str(), side));
        profile.side = notes.one_of("side", side, &names).unwrap_or(profile.side);
    }
    if let Some(kinds) = table.get("kinds") {
        kinds_reader::read(notes, kinds, &mut profile.kinds);
    }
    scalars(notes, profile, table);
    let is_lines = profile.is_billed();
    for (key, list) in [("only", &mut profile.only), ("not", &mut profile.not)] {
        if let Some(value) = table.get(key) {
            selections(notes, key, value, layer, list);
        }
    }
    for key in ["line_id", "item_id"] {
        if let Some(value) = table.get(key) {
            match notes.one_of(key, value, &[("row", true), ("within_account", false)]) {
                Some(true) => profile.has_row_ids = true,
                Some(false) if !is_lines => profile.item_ids = ItemIds::WithinAccount,
                Some(false) => notes.fault(key, "is \"row\": lines are never of two accounts"),
                None => {}
            }
            if (key == "line_id") != is_lines {
                notes.fault(key, "is of the other side: lines have a `line_id`, items an `item_id`");
            }
        }
    }
    if let Some(value) = table.get("holds") {
        held(notes, value, &mut profile.holds);
    }
    mappings(notes, profile, table, layer);
}

fn scalars(notes: &mut Notes, profile: &mut ExportProfile, table: &Table) {
    if let Some(value) = table.get("sheet") {
        profile.sheet = notes.text("sheet", value).map(str::to_owned);
    }
    if let Some(value) = table.get("header_row") {
        profile.header_row = value.as_integer().and_then(|row| u64::try_from(row).ok()).filter(|row| *row > 0);
        if profile.header_row.is_none() {
            notes.fault("header_row", "is the number of the row with the headings, counted from 1");
        }
    }
    written(notes, profile, table);
    if let Some(value) = table.get("numbers") {
        let names = [(".", DecimalMark::Point), (",", DecimalMark::Comma)];
        profile.decimal_mark = notes.one_of("numbers", value, &names);
    }
    if let Some(value) = table.get("dates") {
        profile.date_order = notes.one_of("dates", value, &DATE_ORDERS);
    }
    if let Some(zone) = table.get("zone").and_then(|value| notes.text("zone", value)) {
        match TimeZone::get(zone) {
            Ok(zone) => profile.zone = Some(zone),
            Err(_) => notes.fault("zone", format!("there is no zone `{}`: write `Europe/London`", shown(zone))),
        }
    }
    if let Some(value) = table.get("as_of") {
        profile.as_of = as_of(notes, value).unwrap_or_default();
    }
    if let Some(value) = table.get("lists") {
        let names = [("everything", AccountList::Owned), ("granted", AccountList::ByGrant)];
        profile.list = notes.one_of("lists", value, &names).unwrap_or(profile.list);
    }
    if let Some(value) = table.get("same_id") {
        let names = [("superseded", SameId::Superseded), ("added_up", SameId::AddedUp), ("repeated", SameId::Repeated)];
        profile.same_id = notes.one_of("same_id", value, &names).unwrap_or(profile.same_id);
    }
    if let Some(value) = table.get("account_from") {
        let names = [("name", AccountFrom::FileName), ("column", AccountFrom::Column)];
        profile.account_from = notes.one_of("account_from", value, &names).unwrap_or(profile.account_from);
    }
}

/// How the file is written, apart from its values.
fn written(notes: &mut Notes, profile: &mut ExportProfile, table: &Table) {
    if let Some(name) = table.get("encoding").and_then(|value| notes.text("encoding", value)) {
        profile.encoding = TextEncoding::named(name);
        if profile.encoding.is_none() {
            notes.fault("encoding", format!("`{}` is no encoding that is read: write `windows-1252`", shown(name)));
        }
    }
    if let Some(value) = table.get("delimiter") {
        let mut characters = value.as_str().unwrap_or_default().chars();
        let character = characters.next().filter(|_| characters.next().is_none());
        profile.delimiter =
            if value.as_str() == Some("tab") { Delimiter::new('\t') } else { character.and_then(Delimiter::new) };
        if profile.delimiter.is_none() {
            notes.fault("delimiter", "is one of \",\", \";\", \"|\" and \"tab\"");
        }
    }
    if let Some(value) = table.get("nothing") {
        profile.nothing = notes.texts("nothing", value);
    }
    if let Some(value) = table.get("totals") {
        let names = [("left_out", TotalRows::LeftOut), ("data", TotalRows::Data)];
        profile.totals = notes.one_of("totals", value, &names).unwrap_or_default();
    }
}

fn as_of(notes: &mut Notes, value: &Value) -> Option<AsOf> {
    let day = value.as_datetime().map(ToString::to_string);
    let text = match &day {
        Some(day) => day.as_str(),
        None => notes.text("as_of", value)?,
    };
    match text {
        "name" => return Some(AsOf::Name),
        "modified" => return Some(AsOf::Modified),
        _ => {}
    }
    if let Some(heading) = text.strip_prefix("column:").map(str::trim).filter(|heading| !heading.is_empty()) {
        return Some(AsOf::Column(heading.to_owned()));
    }
    let day = text.parse().ok().map(AsOf::Day);
    if day.is_none() {
        let what = "is a day such as \"2026-06-30\", or \"name\", \"modified\" or \"column:\" with a heading";
        notes.fault("as_of", format!("`{}`: it {what}", shown(text)));
    }
    day
}

fn selections(notes: &mut Notes, key: &str, value: &Value, layer: Layer, list: &mut Vec<Selection>) {
    for (heading, words) in notes.table(key, value).into_iter().flatten() {
        let place = format!("{key}.{heading}");
        let words = notes.texts(&place, words).iter().map(|word| Pattern::new(word)).collect();
        list.retain(|one| one.heading != *heading);
        list.push(Selection { heading: heading.clone(), words, is_optional: layer == Layer::Preset });
    }
}

fn held(notes: &mut Notes, value: &Value, holds: &mut HeldThings) {
    const KEYS: [&str; 3] = ["separator", "nothing", "kind"];
    for (key, value) in notes.table("holds", value).into_iter().flatten() {
        let place = format!("holds.{key}");
        match key.as_str() {
            "separator" => holds.separator = notes.text(&place, value).unwrap_or(";").to_owned(),
            "nothing" => holds.nothing = notes.texts(&place, value).iter().map(|word| Pattern::new(word)).collect(),
            "kind" => holds.kind = notes.text(&place, value).map(str::to_owned),
            _ => notes.unknown(&place, KEYS),
        }
    }
}

/// The field or attribute of a name, as this side has it.
fn target(notes: &mut Notes, profile: &ExportProfile, table: &str, name: &str) -> Option<Target> {
    let of = profile.of();
    if let Some(field) = ExportField::of_name(name).filter(|field| field.belongs_to(of)) {
        return Some(Target::Field(field));
    }
    let declared = profile.kinds.iter().flat_map(|kind| kind.attributes.iter().map(String::as_str));
    let attributes: BTreeSet<&str> = ATTRIBUTES.iter().copied().chain(declared).collect();
    if of == FieldOf::Items && attributes.contains(name) {
        return Some(Target::Attribute(name.to_owned()));
    }
    let fields = ExportField::ALL.iter().filter(|field| field.belongs_to(of)).map(|field| field.name());
    let attributes = attributes.into_iter().filter(|_| of == FieldOf::Items);
    let known: Vec<&str> = fields.chain(attributes).collect();
    notes.unknown(&format!("{table}.{name}"), known.iter().copied());
    None
}

fn mappings(notes: &mut Notes, profile: &mut ExportProfile, table: &Table, layer: Layer) {
    for key in ["columns", "constants", "words"] {
        let Some(entries) = table.get(key).and_then(|value| notes.table(key, value)) else { continue };
        for (name, value) in entries {
            let Some(target) = target(notes, profile, key, name) else { continue };
            let place = format!("{key}.{name}");
            match key {
                "columns" => {
                    let headings = notes.texts(&place, value);
                    profile.fields.entry(target.clone()).or_default().headings = headings;
                    if layer == Layer::Preset {
                        profile.optional.insert(target);
                    } else {
                        profile.optional.remove(&target);
                    }
                }
                "constants" => {
                    let Some(text) = notes.text(&place, value) else { continue };
                    if let Some(what) = plain_value_fault(&target, text) {
                        notes.fault(place, what);
                    }
                    profile.fields.entry(target).or_default().constant = Some(text.to_owned());
                }
                _ if !has_words(&target) => {
                    notes.fault(place, "is of a number or a day, which have no words");
                }
                _ => {
                    let words = words(notes, &place, &target, value);
                    profile.fields.entry(target).or_default().words = words;
                }
            }
        }
    }
}

fn has_words(target: &Target) -> bool {
    let Target::Field(field) = target else { return true };
    !matches!(field.holds(), Holds::Number | Holds::Day | Holds::Moment)
}

fn words(notes: &mut Notes, place: &str, target: &Target, value: &Value) -> WordTable {
    let mut words = Vec::new();
    for (word, meaning) in notes.table(place, value).into_iter().flatten() {
        let place = format!("{place}.{word}");
        let Some(meaning) = notes.text(&place, meaning) else { continue };
        if let Some(what) = plain_value_fault(target, meaning) {
            notes.fault(place, what);
        }
        words.push((word.clone(), meaning.to_owned()));
    }
    WordTable::new(words)
}

/// What only shows when all keys are read.
fn check_whole(notes: &mut Notes, profile: &ExportProfile) {
    let kinds: Vec<&str> = profile.kinds.iter().map(|kind| kind.name.as_str()).collect();
    let kind_words = profile.mapping(ExportField::Kind).into_iter().flat_map(|mapping| {
        mapping.words.meanings().chain(mapping.constant.as_deref()).map(str::to_owned).collect::<Vec<_>>()
    });
    let held = profile.holds.kind.clone();
    for kind in kind_words.chain(held).filter(|kind| !kinds.is_empty() && !kinds.contains(&kind.as_str())) {
        notes.fault("kinds", format!("`{kind}` is used and not declared: write `[sources.kinds.{kind}]`"));
    }
    if profile.same_id != SameId::Repeated && profile.has_row_ids {
        notes.fault("same_id", "needs ids, and here the number of a row is its id: map the column that has them");
    }
    let has = |field: ExportField| profile.fields.contains_key(&Target::Field(field));
    match profile.same_id {
        SameId::Superseded if !profile.is_billed() => notes.fault("same_id", "items do not supersede each other"),
        SameId::Superseded if !has(ExportField::EffectiveFrom) => {
            notes.fault("same_id", "needs `columns.effective_from`, from when each row holds");
        }
        SameId::AddedUp if profile.is_billed() => notes.fault("same_id", "lines are not added up"),
        SameId::AddedUp if !(has(ExportField::PeriodFrom) && has(ExportField::PeriodTo)) => {
            notes.fault("same_id", "needs `columns.period_from` and `columns.period_to`, the days of each charge");
        }
        _ => {}
    }
}

/// Why a word of ours is none for this field.
pub(crate) fn word_fault(kind: WordKind, word: &str) -> Option<String> {
    let known: Vec<&str> = match kind {
        WordKind::Kind => return None,
        WordKind::State if matches!(ItemState::from_word(word), ItemState::Unknown(_)) => {
            let reasons = truecount_billing::LeftOutReason::ALL.map(|reason| reason.as_str());
            std::iter::once("active").chain(reasons).collect()
        }
        WordKind::State => return None,
        WordKind::Cycle if word.parse::<u32>().is_ok_and(|months| (1..=120).contains(&months)) => return None,
        _ if kind.known().contains(&word) => return None,
        _ => kind.known().to_vec(),
    };
    let near = nearest(word, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    Some(format!("`{}` is none of: {}{}", shown(word), known.join(", "), near.unwrap_or_default()))
}

impl ExportProfile {
    fn empty(side: Side) -> Self {
        Self {
            preset: None,
            side,
            sheet: None,
            encoding: None,
            delimiter: None,
            nothing: Vec::new(),
            totals: TotalRows::default(),
            header_row: None,
            decimal_mark: None,
            date_order: None,
            zone: None,
            as_of: AsOf::default(),
            list: AccountList::ByGrant,
            kinds: Vec::new(),
            same_id: SameId::default(),
            account_from: AccountFrom::default(),
            fields: std::collections::BTreeMap::<Target, Mapping>::new(),
            optional: BTreeSet::new(),
            only: Vec::new(),
            not: Vec::new(),
            item_ids: ItemIds::default(),
            has_row_ids: false,
            holds: HeldThings::default(),
        }
    }
}

/// Whether a field's value is a word of a closed list.
pub(crate) fn word_kind(target: &Target) -> Option<WordKind> {
    match target {
        Target::Field(field) => match field.holds() {
            Holds::Word(kind) => Some(kind),
            _ => None,
        },
        Target::Attribute(_) => None,
    }
}
