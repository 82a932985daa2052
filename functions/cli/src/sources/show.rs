//! `truecount sources show`: what a source reads and counts, what its words mean, and the receipt of its last sync.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Table;
use truecount_billing::{AccountList, ReadReason, Receipt, SourceId};
use truecount_connectors::{Category, IdentityField, Meaning, Proof, Source, SourceKind, Vocabulary};
use truecount_connectors::{connect, source_kind};
use truecount_store::{SnapshotManifest, SyncStatus};

use super::page;
use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, json};

/// Everything that is known of a source.
#[derive(Serialize)]
pub(super) struct SourceView {
    /// `None`: only its kind is meant.
    pub(super) id: Option<SourceId>,
    pub(super) connector: &'static str,
    pub(super) title: &'static str,
    pub(super) gives: &'static str,
    pub(super) side: &'static str,
    category: Category,
    list: AccountList,
    proof: Proof,
    /// The kind itself.
    #[serde(skip)]
    pub(super) kind: &'static SourceKind,
    pub(super) streams: Vec<StreamView>,
    pub(super) items: Vec<ItemView>,
    pub(super) words: Vec<WordView>,
    pub(super) redacted_fields: Vec<&'static str>,
    pub(super) traps: &'static [&'static str],
    pub(super) secret_fields: &'static [&'static str],
    pub(super) key: &'static str,
    pub(super) last_sync: Option<SyncView>,
    /// Why the last attempt failed, or why its settings cannot be used.
    pub(super) failure: Option<ReadReason>,
}

/// A kind of list that is read.
#[derive(Serialize)]
pub(super) struct StreamView {
    pub(super) stream: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
}

/// A kind of item that is counted.
#[derive(Serialize)]
pub(super) struct ItemView {
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: truecount_billing::Unit,
    pub(super) identities: Vec<&'static str>,
    /// What makes two items one, the surest first.
    pub(super) same_by: Vec<&'static str>,
    /// Items not seen for longer are usually left out.
    pub(super) stale_days: Option<u32>,
    /// Attribute and words of the items that usually count.
    pub(super) usual: BTreeMap<&'static str, &'static [&'static str]>,
    pub(super) attributes: Vec<AttributeView>,
}

/// An attribute of an item.
#[derive(Serialize)]
pub(super) struct AttributeView {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

/// A word of the vendor's.
#[derive(Serialize)]
pub(super) struct WordView {
    pub(super) field: &'static str,
    pub(super) word: &'static str,
    pub(super) meaning: String,
}

/// The last sync.
#[derive(Serialize)]
pub(super) struct SyncView {
    pub(super) as_of: String,
    pub(super) accounts: u64,
    pub(super) items: u64,
    pub(super) requests: u64,
    pub(super) receipt: Receipt,
}

/// A configured source with its last sync; else a kind of this name.
pub(super) async fn show(cli: &Cli, session: &Session, name: &SourceId) -> anyhow::Result<Ending> {
    let settings = &session.config.settings;
    let Ok(source) = settings.source(name.as_str()) else { return show_kind(cli, name, &known_names(session)) };
    let Some(kind) = source.kind() else {
        let error = connect(&source.connector, &source.options).err();
        anyhow::bail!("the source `{name}`: {}", error.map(|error| error.to_string()).unwrap_or_default());
    };
    let built = connect(kind.name, &source.options);
    let wrong = built.as_ref().err().map(|error| ReadReason::CannotBuild { detail: error.to_string() });
    let mut view = SourceView::of(kind, built.ok().as_ref(), &source.options);
    let newest = SnapshotManifest::newest(&session.env.store, &source.id, settings.today(&session.env)).await?;
    view.failure = match wrong {
        Some(wrong) => Some(wrong),
        None => SyncStatus::last(&session.env.store, &source.id).await?.and_then(|status| status.failure),
    };
    view.id = Some(source.id.clone());
    view.last_sync = newest.map(|newest| SyncView {
        as_of: newest.id.as_of.to_string(),
        accounts: newest.account_count,
        items: newest.item_count,
        requests: newest.request_count,
        receipt: newest.receipt,
    });
    print(cli, &view)
}

/// A kind of source, without any settings.
pub(super) fn show_kind(cli: &Cli, name: &SourceId, known: &str) -> anyhow::Result<Ending> {
    let Some(kind) = source_kind(name.as_str()) else {
        anyhow::bail!("there is no source `{name}`, and no kind of that name; there are: {known}");
    };
    let example = example_options(kind)?;
    print(cli, &SourceView::of(kind, connect(kind.name, &example).ok().as_ref(), &example))
}

/// The ids that the settings have, and the kinds.
fn known_names(session: &Session) -> String {
    let ids = session.config.settings.sources.iter().map(|source| source.id.to_string());
    let mut names: Vec<String> = ids.chain(kind_names().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

/// The names of the kinds.
pub(super) fn kind_names() -> impl Iterator<Item = &'static str> {
    truecount_connectors::SOURCE_KINDS.iter().map(|kind| kind.name)
}

/// The options that a kind's example of settings has switched on.
pub(super) fn example_options(kind: &SourceKind) -> anyhow::Result<Table> {
    #[derive(serde::Deserialize)]
    struct Example {
        sources: Vec<Table>,
    }
    let example: Example = toml::from_str(&format!("[[sources]]\n{}", kind.options))?;
    Ok(example.sources.into_iter().next().unwrap_or_default())
}

fn print(cli: &Cli, view: &SourceView) -> anyhow::Result<Ending> {
    if cli.json {
        json(view)?;
    } else {
        page::print(view);
    }
    Ok(Ending::Clean)
}

impl SourceView {
    fn of(kind: &'static SourceKind, built: Option<&Source>, options: &Table) -> Self {
        let requests = built.into_iter().flat_map(Source::requests_by_stream);
        let streams = requests.map(|(stream, method, path)| StreamView { stream, method, path: path.to_owned() });
        let endpoint = built.and_then(Source::endpoint);
        Self {
            id: None,
            connector: kind.name,
            title: kind.title,
            gives: kind.gives,
            side: kind.side(options).as_str(),
            category: kind.category,
            list: kind.list,
            proof: kind.proof,
            kind,
            streams: streams.collect(),
            items: items(&kind.vocabulary),
            words: words(&kind.vocabulary),
            redacted_fields: endpoint.map(|endpoint| endpoint.redacted_fields.to_vec()).unwrap_or_default(),
            traps: kind.traps,
            secret_fields: kind.secret,
            key: kind.key,
            last_sync: None,
            failure: None,
        }
    }
}

pub(super) fn items(vocabulary: &Vocabulary) -> Vec<ItemView> {
    let attribute = |one: &truecount_connectors::Attribute| AttributeView { name: one.name, meaning: one.meaning };
    let item = |item: &truecount_connectors::ItemKind| ItemView {
        kind: item.name,
        title: item.title,
        unit: item.unit,
        identities: item.identities.iter().map(|one| identity(*one)).collect(),
        same_by: item.same_by.iter().map(|one| identity(*one)).collect(),
        stale_days: item.stale_days,
        usual: item.usual.iter().copied().collect(),
        attributes: item.attributes.iter().map(attribute).collect(),
    };
    vocabulary.items.iter().map(item).collect()
}

fn words(vocabulary: &Vocabulary) -> Vec<WordView> {
    let of_list = |list: &'static truecount_connectors::WordList| {
        let word = |(word, meaning): &(&'static str, Meaning)| (*word, in_words(*meaning));
        list.words.iter().map(word).map(|(word, meaning)| WordView { field: list.field, word, meaning })
    };
    vocabulary.words.iter().flat_map(of_list).collect()
}

fn in_words(meaning: Meaning) -> String {
    match meaning {
        Meaning::Counts => "counts".to_owned(),
        Meaning::LeftOut(reason) => format!("left out: {}", reason.as_str().replace('_', " ")),
        Meaning::Kind(kind) => format!("kind {kind}"),
        Meaning::Value(value) => value.to_owned(),
        Meaning::Months(Some(1)) => "every month".to_owned(),
        Meaning::Months(Some(months)) => format!("every {months} months"),
        Meaning::Months(None) => "not by months".to_owned(),
    }
}

const fn identity(field: IdentityField) -> &'static str {
    match field {
        IdentityField::Serial => "serial number",
        IdentityField::MacAddress => "MAC address",
        IdentityField::HostName => "host name",
        IdentityField::ObjectId => "object id",
        IdentityField::MailAddress => "mail address",
    }
}
