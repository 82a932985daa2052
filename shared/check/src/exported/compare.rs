//! The comparison: what was read becomes the inputs of a run, and what comes out is told as a run tells it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::ToSpan;
use truecount_billing::{
    AccountId, AccountList, ClientId, CountDay, ReadState, Receipt, RowReason, SourceId, StreamReceipt,
};
use truecount_reconciliation::{
    AccountBelonging, BilledClient, ItemColumns, ItemsRead, LinesRead, RunContext, RunInputs, RunReconciler,
    SetupFinding, SourceReading, UsageAccount, UsageSource, WordsOfSource, agreements, home_currency,
};
use truecount_reports::{
    revenue_compared,
    sanitize::visible,
    setup::{self, NamedClients},
    totals_text,
};
use truecount_rules::{KindVocabulary, Rules, SourceVocabulary};

use super::pairing::{Pairing, UnpairedProduct, pair};
use super::read::{ReadAccount, ReadSource};
use super::recognised::{RecognisedFiles, RecognisedSource};
use super::whose::{Mappings, belonging, read_mappings};
use super::{CheckedFile, ExportsCheckArgs, ExportsOutcome, HandedOver, MappedAccounts, reviewed};
use crate::told::{Told, tell};
use crate::{CheckError, named, output, setup::plural};

/// Days for which a file can be used: it is exported once a month.
const FRESH_DAYS: u32 = 35;
/// The kind of source that a file is.
const FILE: &str = "file";
/// The stream of a file's rows in a receipt.
const ROWS: &str = "rows";

/// How the rules are called in messages where they were made.
pub(super) const RULES: &str = "rules.toml";

/// A source with what was read of it.
pub(super) type Source<'a> = (&'a RecognisedSource, &'a ReadSource);

/// Compares, and writes what was found if a folder is named.
pub(super) fn compare(
    args: &ExportsCheckArgs,
    as_what: HandedOver,
    files: RecognisedFiles,
    read: Vec<ReadSource>,
) -> Result<ExportsOutcome, CheckError> {
    let sources: Vec<Source<'_>> = files.sources.iter().zip(&read).collect();
    let mappings = read_mappings(args.mappings.as_deref())?;
    let clients = billed_clients(&sources)?;
    let (rules, pairing) = rules(args, &sources, &clients)?;
    let (inputs, accounts) = inputs(&sources, as_what, &rules.parsed, (clients, &mappings))?;
    let home_currency = home_currency(rules.parsed.currency(), &inputs.clients).map_err(refused)?;
    let next_closing = files.count_day.0.saturating_add(1.month());
    let context = RunContext { count_day: files.count_day.0, next_closing, home_currency };
    let reconciler = RunReconciler::new(&inputs, &rules.parsed, context);
    let outcome = reconciler.outcome();
    let records: Vec<_> = (0..inputs.clients.len()).map(|client| reconciler.client_record(client, &outcome)).collect();
    let portfolio = reconciler.portfolio_record(&outcome);
    let rules_file = args.rules.as_deref().map_or_else(|| RULES.to_owned(), named);
    let mut found_in_setup = setup::of_rules(&rules_file, reconciler.binding_problems(), home_currency);
    found_in_setup.extend(of_names(&inputs));
    found_in_setup.extend(pairing.unpaired.iter().map(not_paired));
    found_in_setup.extend(sources.iter().flat_map(|source| doubts(*source)));
    found_in_setup.extend(sources.iter().filter_map(|source| repeated(*source)));
    found_in_setup.sort();
    let readings: Vec<SourceReading> = sources.iter().map(reading).collect();
    let told = Told { clients: &records, portfolio: &portfolio, readings: &readings, setup: &found_in_setup };
    let (mut found, exceptions) = tell(&told, args.out.as_deref(), files.count_day)?;
    let findings = match as_what {
        HandedOver::Exports => reviewed::findings(&inputs.clients, Some(&rules.parsed), context),
        // A list has lines, and nothing of what an agreement says.
        HandedOver::Lists => Vec::new(),
    };
    if let Some((out, written)) =
        args.out.as_deref().zip(found.written.as_mut()).filter(|_| as_what == HandedOver::Exports)
    {
        written.findings_file = Some(output::write_findings((out, files.count_day), &findings)?);
    }
    let overview = format!("{}\n{}", revenue_compared(&portfolio).join("\n"), totals_text(&portfolio));
    Ok(ExportsOutcome {
        found,
        is_compared: true,
        home_currency,
        count_day: files.count_day,
        count_day_from: files.count_day_from,
        files: sources.iter().flat_map(|source| checked_files(*source)).collect(),
        paired: pairing.paired,
        unpaired: pairing.unpaired,
        accounts,
        rules: rules.made,
        setup: found_in_setup,
        exceptions,
        overview,
        findings,
    })
}

fn billed<'s, 'a>(sources: &'s [Source<'a>]) -> impl Iterator<Item = &'s Source<'a>> {
    sources.iter().filter(|(source, _)| source.profile.is_billed())
}

fn used<'s, 'a>(sources: &'s [Source<'a>]) -> impl Iterator<Item = &'s Source<'a>> {
    sources.iter().filter(|(source, _)| !source.profile.is_billed())
}

pub(super) fn refused(why: impl ToString) -> CheckError {
    CheckError::Exports(why.to_string())
}

/// The clients of the PSA.
pub(super) fn billed_clients(sources: &[Source<'_>]) -> Result<Vec<BilledClient>, CheckError> {
    billed(sources).flat_map(|(_, read)| read.accounts.iter()).map(client).collect()
}

/// A client of the PSA. Of one whose rows contradict each other nobody knows what is billed.
fn client((id, read): (&AccountId, &ReadAccount)) -> Result<BilledClient, CheckError> {
    let is_known = !read.is_doubtful();
    Ok(BilledClient {
        id: ClientId::new(id.as_str()).map_err(refused)?,
        name: read.name(id),
        identifier: read.identifiers.first().cloned(),
        last_known: Vec::new(),
        read: if is_known { LinesRead::Complete } else { LinesRead::Failed },
        agreements: if is_known { agreements(read.lines.iter()) } else { Vec::new() },
    })
}

/// The rules, given or made.
struct UsedRules {
    parsed: Rules,
    /// Their text, if they were made.
    made: Option<String>,
}

fn rules(
    args: &ExportsCheckArgs,
    sources: &[Source<'_>],
    clients: &[BilledClient],
) -> Result<(UsedRules, Pairing), CheckError> {
    let vocabulary: Vec<SourceVocabulary> = used(sources).map(|(source, _)| vocabulary(source)).collect();
    if let Some(path) = &args.rules {
        return Ok((UsedRules { parsed: read_rules(path, &vocabulary)?, made: None }, Pairing::default()));
    }
    let usage: Vec<(&SourceId, &ReadSource)> = used(sources).map(|(source, read)| (&source.id, *read)).collect();
    let pairing = pair(clients, &usage);
    let Some(text) = pairing.rules() else { return Err(CheckError::Exports(nothing_paired(&pairing, &usage))) };
    let parsed = Rules::parse(RULES, &text, &vocabulary).map_err(refused)?;
    Ok((UsedRules { parsed, made: Some(text) }, pairing))
}

/// Rules of the rules language.
pub(super) fn read_rules(path: &Path, vocabulary: &[SourceVocabulary]) -> Result<Rules, CheckError> {
    let file = named(path);
    let text = std::fs::read_to_string(path).map_err(|why| CheckError::File { file: file.clone(), why })?;
    Rules::parse(&file, &text, vocabulary).map_err(refused)
}

/// What rules can ask a source for. One that declares its kinds has no others.
fn vocabulary(source: &RecognisedSource) -> SourceVocabulary {
    let kinds = source.profile.kinds.clone();
    SourceVocabulary {
        source: source.id.clone(),
        is_open: kinds.is_empty(),
        kinds,
        sku_names: Vec::new(),
        skus_left_out: Vec::new(),
    }
}

/// Kinds that a message names at most.
const KINDS_SHOWN_MAX: usize = 12;

fn nothing_paired(pairing: &Pairing, usage: &[(&SourceId, &ReadSource)]) -> String {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for (id, source) in usage {
        for item in source.accounts.values().flat_map(|account| &account.items) {
            *kinds.entry(format!("{id}.{}", item.kind)).or_default() += 1;
        }
    }
    let shown: Vec<String> = kinds.keys().take(KINDS_SHOWN_MAX).map(|kind| format!("`{kind}`")).collect();
    let example = kinds.keys().next().map_or("SOURCE.KIND", String::as_str);
    let unpaired = match pairing.unpaired.len() {
        0 => "no product of the billed lines is clearly one of the things that are used".to_owned(),
        _ => format!("each product could mean several things: {}", pairing.unpaired[0]),
    };
    format!(
        "{unpaired}, so nothing can be compared; say in a file for --rules what belongs together, such as\n  [services]\n  \
         CODE = {{ count = \"{example}\" }}\nwhere CODE is a product; there are {}",
        shown.join(", ")
    )
}

fn not_paired(one: &UnpairedProduct) -> SetupFinding {
    SetupFinding {
        code: "product_means_several".to_owned(),
        subject: one.product.to_string(),
        message: format!(
            "{}: it was compared with nothing; say with --rules what counts it",
            visible(&one.to_string())
        ),
        count: 1,
    }
}

/// What the names of clients and accounts show.
pub(crate) fn of_names(inputs: &RunInputs) -> Vec<SetupFinding> {
    let clients = NamedClients::of(inputs.clients.iter().map(|client| (&client.id, client.name.as_str())));
    let mut found = clients.findings();
    for account in &inputs.accounts {
        let own = match &account.belongs {
            AccountBelonging::Client(client) => Some(&inputs.clients[*client].id),
            AccountBelonging::Undecided { .. } => None,
            AccountBelonging::Ignored | AccountBelonging::Split { .. } => continue,
        };
        found.extend(clients.imitated_by(&inputs.sources[account.source].id, (&account.id, &account.name), own));
    }
    found
}

/// Accounts of which nobody knows what is right.
pub(super) fn doubts<'a>((source, read): Source<'a>) -> impl Iterator<Item = SetupFinding> + use<'a> {
    let of = |code: &str, account: &AccountId, message: String| SetupFinding {
        code: code.to_owned(),
        subject: format!("{}: {account}", source.id),
        message,
        count: 1,
    };
    read.accounts.iter().filter(|(_, account)| account.is_doubtful()).map(move |(id, account)| match &account.doubt {
        Some(doubt) => of("rows_contradict", id, format!("{doubt}; leave one of them, and check again")),
        None => {
            let names: Vec<String> = account.names.iter().map(|name| format!("`{}`", visible(name))).collect();
            let message = format!(
                "account {id} of {} has several names, {}, so that none says whose it is; correct the names in the export",
                source.id,
                names.join(" and ")
            );
            of("account_with_several_names", id, message)
        }
    })
}

/// Rows with one id that say the same: a line or item is taken once, which is said.
pub(super) fn repeated((source, read): Source<'_>) -> Option<SetupFinding> {
    let of_file = |receipt: &StreamReceipt| receipt.left_out.get(&RowReason::Repeated).copied().unwrap_or_default();
    let count = read.receipts.values().map(of_file).sum();
    (count > 0).then(|| SetupFinding {
        code: "rows_repeated".to_owned(),
        subject: source.id.to_string(),
        message: format!(
            "{count} {} of {} with an id that an earlier row has say the same: they were taken once; if they are two, give \
             each an id of its own",
            plural(count, "row", "rows"),
            source.id
        ),
        count,
    })
}

/// Everything that is compared, and how the accounts were mapped.
fn inputs(
    sources: &[Source<'_>],
    as_what: HandedOver,
    rules: &Rules,
    (clients, mappings): (Vec<BilledClient>, &Mappings),
) -> Result<(RunInputs, Vec<MappedAccounts>), CheckError> {
    let mut inputs = RunInputs::default();
    let mut mapped = Vec::new();
    let mut numbers = ClientNumbers::of(&clients);
    for (source, read) in used(sources) {
        let number = inputs.sources.len();
        let (belongs, counts) = belonging((&source.id, read), mappings, &clients, |client| numbers.of_mapped(client));
        mapped.push(counts);
        inputs.sources.push(usage_source(source, read, as_what, rules));
        let accounts = read.accounts.iter().zip(belongs);
        for ((id, account), belongs) in accounts {
            let reading = items(account, &inputs.sources[number].kinds, &mut inputs.items)?;
            let name = account.name(id);
            inputs.accounts.push(UsageAccount::new(number, id.clone(), name, belongs, reading));
        }
    }
    inputs.clients = clients;
    inputs.clients.extend(numbers.not_billed);
    Ok((inputs, mapped))
}

/// The numbers of the clients, of which mappings may name more than the PSA has.
struct ClientNumbers {
    by_id: HashMap<ClientId, usize>,
    /// Those that the PSA does not have: they are billed nothing.
    not_billed: Vec<BilledClient>,
}

impl ClientNumbers {
    fn of(clients: &[BilledClient]) -> Self {
        let by_id: HashMap<_, _> =
            clients.iter().enumerate().map(|(number, client)| (client.id.clone(), number)).collect();
        debug_assert_eq!(by_id.len(), clients.len(), "the clients of one PSA, by id");
        Self { by_id, not_billed: Vec::new() }
    }

    fn of_mapped(&mut self, id: &ClientId) -> usize {
        let next = self.by_id.len();
        *self.by_id.entry(id.clone()).or_insert_with(|| {
            self.not_billed.push(BilledClient {
                id: id.clone(),
                name: id.to_string(),
                identifier: None,
                read: LinesRead::Complete,
                last_known: Vec::new(),
                agreements: Vec::new(),
            });
            next
        })
    }
}

fn usage_source(source: &RecognisedSource, read: &ReadSource, as_what: HandedOver, rules: &Rules) -> UsageSource {
    let is_list = as_what == HandedOver::Lists;
    let mut kinds = source.profile.kinds.clone();
    let is_open = kinds.is_empty();
    let mut words = WordsOfSource::default();
    let mut ensure = |name: &str| {
        if is_open && !kinds.iter().any(|known: &KindVocabulary| known.name == name) {
            kinds.push(KindVocabulary::of_open_source(name));
        }
    };
    for item in read.accounts.values().flat_map(|account| &account.items) {
        ensure(&item.kind);
        words.add_kind(&item.kind);
        let own = item.attributes.iter().map(|(attribute, value)| (attribute.as_str(), Some(value.as_str())));
        for (attribute, value) in own.chain([("sku", item.sku.as_deref()), ("name", item.name.as_deref())]) {
            value.into_iter().for_each(|value| words.add(&item.kind, attribute, value));
        }
    }
    let counted = rules.kinds_counted().into_iter().filter(|(of, _)| **of == source.id);
    counted.for_each(|(_, kind)| ensure(kind));
    UsageSource {
        id: source.id.clone(),
        kinds,
        list: if is_list { AccountList::Owned } else { source.profile.list },
        was_read: true,
        synced_on: source.day.0,
        fresh_days: FRESH_DAYS,
        last_failure: None,
        unread_since: None,
        none_for_rest: is_list,
        none: Default::default(),
        words,
    }
}

fn items(account: &ReadAccount, kinds: &[KindVocabulary], columns: &mut ItemColumns) -> Result<ItemsRead, CheckError> {
    if account.is_doubtful() {
        return Ok(ItemsRead::Doubtful);
    }
    Ok(ItemsRead::Complete(columns.add(&account.items, kinds).map_err(refused)?))
}

/// How far a source was read.
fn reading((source, read): &Source<'_>) -> SourceReading {
    let incomplete = read.accounts.values().filter(|account| account.is_doubtful()).count();
    let mut receipt = Receipt { unknown_words: read.unknown_words.clone(), ..Receipt::default() };
    read.receipts.values().for_each(|of_file| receipt.streams.entry(ROWS.to_owned()).or_default().add(of_file));
    SourceReading {
        source: source.id.clone(),
        source_kind: FILE.to_owned(),
        side: source.profile.side,
        state: ReadState::Complete,
        as_of: Some(source.day.0),
        last_failure: None,
        unread_since: None,
        receipt: Some(receipt),
        accounts: read.accounts.len() as u64,
        accounts_incomplete: incomplete as u64,
    }
}

pub(super) fn checked_files<'a>((source, read): Source<'a>) -> impl Iterator<Item = CheckedFile> + use<'a> {
    source.files.iter().map(move |file| {
        let stream = read.receipts.get(&file.name).cloned().unwrap_or_default();
        let streams = BTreeMap::from_iter([(ROWS.to_owned(), stream)]);
        let taken = file
            .found
            .columns
            .iter()
            .flat_map(|column| column.fields().map(|field| (field.to_owned(), column.heading.clone())));
        CheckedFile {
            file: file.shown.clone(),
            source: source.id.clone(),
            side: source.profile.side,
            preset: file.found.preset.map(|preset| preset.name),
            title: file.found.preset.map_or("by its headings and values", |preset| preset.title.as_str()).to_owned(),
            is_unverified: file.found.preset.is_some_and(|preset| preset.headings_from.is_none()),
            columns: taken.collect(),
            assumed: file.found.assumed.clone(),
            as_of: CountDay(source.day.0),
            receipt: Receipt { streams, unknown_words: read.unknown_words.clone() },
        }
    })
}
