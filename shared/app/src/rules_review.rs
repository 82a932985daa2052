//! The rules beside the newest syncs: what each service takes and where it agrees, and what no rule speaks of.
//!
//! Nothing is stored. What keeps the rules from being read at all is refused before this.

mod seats;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{BillingMonth, Currency, HOLDS, ProductCode, SourceId};
use truecount_reconciliation::{
    ClientRecord, ItemFateWord, OutcomeLine, PortfolioRecord, RowKind, RowRecord, RunInputs, SetupFinding,
    WideningRecord,
};
use truecount_rules::{Fit, Rules, ServiceBasis, SourceVocabulary, WordUse};
use truecount_store::FrozenSource;

pub use seats::{GroupReview, OuterServiceReview};

use crate::comparison::{
    Comparison, ComparisonInputs, add_days, load_actions, load_mappings, load_nones, load_words, newest_syncs,
};
use crate::{AppError, Config, Environment};

/// Revenue a month, by currency; lines without a known price or cycle are in none.
pub type MonthlyRevenue = BTreeMap<Currency, Decimal>;

/// What the rules come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RulesReview {
    /// The sources with the day of their newest sync; `None`: there is none.
    pub synced_on: BTreeMap<SourceId, Option<Date>>,
    /// Each service, in the order of the file.
    pub services: Vec<ServiceReview>,
    /// Services that cover others, or grant units of them.
    pub outer: Vec<OuterServiceReview>,
    /// The groups of services.
    pub groups: Vec<GroupReview>,
    /// Products that no service names, the highest revenue first.
    pub products: Vec<UnservedProduct>,
    /// Kinds of items and products of vendors that no service counts, the most items first.
    pub uncounted: Vec<UncountedItems>,
    /// Words of the rules that a source never had.
    pub words: Vec<UnseenWord>,
    /// Kinds of agreement with rules that no agreement of the PSA has.
    pub agreement_types: Vec<UnseenAgreementType>,
    /// Parts of the rules that mean no client, or several.
    pub clients: Vec<SetupFinding>,
    /// What a run of today's syncs would compare.
    pub outlook: RunOutlook,
}

/// What a run of the newest syncs would come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunOutlook {
    /// Comparisons that would come to a result.
    pub compared: u64,
    /// Comparisons that would not be reconciled.
    pub not_reconciled: u64,
    /// Which share of the recurring revenue would be compared: `GBP 96 %, EUR 100 % compared`; `None`: none is known.
    pub share: Option<String>,
    /// Why comparisons would not be reconciled, each with how many of them: the most frequent first.
    pub reasons: Vec<(String, u64)>,
}

/// What one service takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceReview {
    /// Its code.
    pub service: ProductCode,
    /// Whether its quantity is compared with a count, where nothing is nearer.
    pub is_counted: bool,
    /// Items that count for it, all clients together.
    pub items: u64,
    /// Clients that are billed for it.
    pub clients_billed: u64,
    /// Clients where both sides agree, or differ by what is left alone.
    pub clients_agree: u64,
    /// What is billed for it.
    pub revenue: MonthlyRevenue,
}

/// A product that is billed, and that no service names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnservedProduct {
    /// Its code.
    pub product: ProductCode,
    /// Its name. Foreign text.
    pub name: Option<String>,
    /// Clients that are billed for it.
    pub clients: u64,
    /// What is billed for it.
    pub revenue: MonthlyRevenue,
}

/// Items that no service counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UncountedItems {
    /// The source.
    pub source: SourceId,
    /// Their kind.
    pub kind: String,
    /// Of a kind that is counted: the vendor's product. `None`: no item of the kind is counted. Foreign text.
    pub sku: Option<String>,
    /// How many there are.
    pub items: u64,
}

/// A word of the rules that its source never had, in the days for which words are kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnseenWord {
    /// The source.
    pub source: SourceId,
    /// The kind of item.
    pub kind: String,
    /// The attribute; `None`: there was no item of the kind.
    pub attribute: Option<String>,
    /// The word as written.
    pub word: Option<String>,
    /// The word that resembles it most. Foreign text.
    pub nearest: Option<String>,
}

/// A kind of agreement that the PSA does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnseenAgreementType {
    /// As written.
    pub name: String,
    /// Its line in the rules.
    pub line: usize,
    /// The kind of agreement that resembles it most. Foreign text.
    pub nearest: Option<String>,
}

impl RulesReview {
    /// Compares the newest syncs without a run, and looks at what the rules made of them.
    ///
    /// # Errors
    /// [`AppError`] if something cannot be read.
    pub async fn load(env: &Environment, config: &Config) -> Result<Self, AppError> {
        of_newest_syncs(env, config, |comparison| {
            env.progress.step("comparing");
            of_comparison(comparison, &config.rules, &config.settings.vocabulary())
        })
        .await
    }

    /// The same of the syncs that a run uses.
    pub(crate) async fn of_run(
        env: &Environment,
        config: &Config,
        sources: Vec<FrozenSource>,
        count_day: Date,
    ) -> Result<Self, AppError> {
        of_syncs(env, config, sources, count_day, |comparison| {
            env.progress.step("comparing");
            of_comparison(comparison, &config.rules, &config.settings.vocabulary())
        })
        .await
    }

    /// Whether nothing is there to look at.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.products.is_empty()
            && self.uncounted.is_empty()
            && self.words.is_empty()
            && self.agreement_types.is_empty()
            && self.clients.is_empty()
    }
}

/// What a comparison of the newest syncs gives, without a run.
pub(crate) async fn of_newest_syncs<T>(
    env: &Environment,
    config: &Config,
    take: impl FnOnce(&Comparison<'_>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let today = config.settings.today(env);
    let newest = newest_syncs(env, config.settings.enabled(), today).await?;
    // Syncs of last week are as good for the rules as those of today: their newest day is the one that is counted.
    let count_day = newest.iter().filter_map(|source| source.as_of).max().unwrap_or(today);
    Box::pin(of_syncs(env, config, newest, count_day, take)).await
}

async fn of_syncs<T>(
    env: &Environment,
    config: &Config,
    mut syncs: Vec<FrozenSource>,
    count_day: Date,
    take: impl FnOnce(&Comparison<'_>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    env.progress.step("reading the syncs");
    let month = BillingMonth::of(count_day);
    add_days(env, config, &mut syncs, count_day).await?;
    let inputs = ComparisonInputs {
        words: &load_words(&env.store, &syncs, count_day).await?,
        mappings: &load_mappings(&env.store, &syncs, month).await?,
        nones: &load_nones(&env.store, &syncs, month).await?,
        actions: &load_actions(&env.store).await?,
        ..ComparisonInputs::of_syncs(env, config, &syncs, count_day)
    };
    take(&Box::pin(Comparison::read(&inputs)).await?)
}

fn of_comparison(
    comparison: &Comparison<'_>,
    rules: &Rules,
    vocabulary: &[SourceVocabulary],
) -> Result<RulesReview, AppError> {
    let mut gathered = Gathered { groups: seats::groups(&comparison.inputs, rules), ..Gathered::default() };
    let compared = comparison.compare(None, |line| {
        match line {
            OutcomeLine::Client(client) => gathered.client(client),
            OutcomeLine::Portfolio(portfolio) => gathered.outlook.portfolio(portfolio),
            _ => {}
        }
        Ok(())
    })?;
    gathered.outlook.reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let inputs = &comparison.inputs;
    Ok(RulesReview {
        synced_on: comparison.synced_on(),
        services: rules.services().map(|code| gathered.service(rules, code)).collect(),
        outer: seats::outer_services(rules),
        groups: std::mem::take(&mut gathered.groups),
        words: gathered.words(inputs, vocabulary),
        products: gathered.products(),
        uncounted: uncounted(inputs, rules),
        agreement_types: agreement_types(inputs, rules),
        clients: compared.setup,
        outlook: gathered.outlook,
    })
}

/// What the clients' rows say.
#[derive(Default)]
struct Gathered {
    services: BTreeMap<ProductCode, ServiceReview>,
    products: BTreeMap<ProductCode, UnservedProduct>,
    words: BTreeSet<UnseenWord>,
    groups: Vec<GroupReview>,
    outlook: RunOutlook,
}

impl Gathered {
    fn client(&mut self, client: &ClientRecord) {
        self.groups.iter_mut().for_each(|group| group.note(client));
        for row in &client.rows {
            let is_billed = !row.lines.is_empty();
            let revenue = if row.kind == RowKind::UncountedLine {
                let product = self.products.entry(row.service.clone()).or_insert_with(|| unserved(&row.service));
                product.clients += 1;
                let name = row.lines.iter().find_map(|line| line.product_name.clone());
                product.name = product.name.take().or(name);
                &mut product.revenue
            } else {
                let service = self.services.entry(row.service.clone()).or_insert_with(|| untaken(&row.service));
                service.items += row.items.iter().filter(|item| item.fate == ItemFateWord::In).count() as u64;
                service.clients_billed += u64::from(is_billed);
                let agrees = matches!(row.kind, RowKind::Agrees | RowKind::LeftAlone);
                service.clients_agree += u64::from(is_billed && agrees);
                &mut service.revenue
            };
            for line in &row.lines {
                if let Some(amount) = line.monthly_amount() {
                    let sum = revenue.entry(line.currency).or_default();
                    *sum = sum.saturating_add(amount);
                }
            }
            self.words.extend(row.widenings.iter().filter_map(unseen));
            self.outlook.row(client, row);
        }
    }

    fn service(&mut self, rules: &Rules, code: &ProductCode) -> ServiceReview {
        let usual = rules.usual_rule(code);
        let is_counted = usual.is_some_and(|rule| matches!(rule.basis, ServiceBasis::Counted(_)));
        ServiceReview { is_counted, ..self.services.remove(code).unwrap_or_else(|| untaken(code)) }
    }

    fn products(&mut self) -> Vec<UnservedProduct> {
        let mut products: Vec<_> = std::mem::take(&mut self.products).into_values().collect();
        let largest = |product: &UnservedProduct| product.revenue.values().max().copied().unwrap_or_default();
        products.sort_by(|a, b| (largest(b), &a.product).cmp(&(largest(a), &b.product)));
        products
    }

    /// The words never seen, of sources that were read, each with the nearest one that was seen.
    fn words(&mut self, inputs: &RunInputs, vocabulary: &[SourceVocabulary]) -> Vec<UnseenWord> {
        let words = std::mem::take(&mut self.words).into_iter();
        let with_nearest = words.filter_map(|unseen| {
            let source = inputs.sources.iter().find(|source| source.id == unseen.source && source.was_read)?;
            let nearest = match (&unseen.attribute, &unseen.word) {
                (Some(attribute), Some(word)) => {
                    let said = source.words.words(&unseen.kind, attribute);
                    let names = match attribute.as_str() {
                        SKU | HOLDS => product_names(vocabulary, &unseen.source, said.clone().collect()),
                        _ => Vec::new(),
                    };
                    truecount_rules::nearest(word, said.chain(names))
                }
                _ => truecount_rules::nearest(&unseen.kind, source.words.kinds()),
            };
            Some(UnseenWord { nearest: nearest.map(str::to_owned), ..unseen })
        });
        with_nearest.collect()
    }
}

/// The friendly names of the part numbers that a source has said, in small letters: rules may name either.
fn product_names<'v>(vocabulary: &'v [SourceVocabulary], source: &SourceId, said: BTreeSet<&str>) -> Vec<&'v str> {
    let products = vocabulary.iter().filter(|one| one.source == *source).flat_map(|one| &one.sku_names);
    let said = products.filter(|(number, _)| said.contains(number.to_lowercase().as_str()));
    said.map(|(_, name)| name.as_str()).collect()
}

impl RunOutlook {
    fn portfolio(&mut self, portfolio: &PortfolioRecord) {
        let rows =
            |is_of: fn(RowKind) -> bool| portfolio.rows.iter().filter(|(kind, _)| is_of(**kind)).map(|(_, n)| n).sum();
        self.compared = rows(RowKind::is_compared);
        self.not_reconciled = rows(|kind| kind == RowKind::NotReconciled);
        self.share = truecount_reports::share_compared(portfolio);
    }

    fn row(&mut self, client: &ClientRecord, row: &RowRecord) {
        let Some(reason) = truecount_reports::settled_by(client, row) else { return };
        match self.reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, rows)) => *rows += 1,
            None => self.reasons.push((reason.to_owned(), 1)),
        }
    }
}

fn unserved(product: &ProductCode) -> UnservedProduct {
    UnservedProduct { product: product.clone(), name: None, clients: 0, revenue: MonthlyRevenue::new() }
}

fn untaken(service: &ProductCode) -> ServiceReview {
    ServiceReview {
        service: service.clone(),
        is_counted: true,
        items: 0,
        clients_billed: 0,
        clients_agree: 0,
        revenue: MonthlyRevenue::new(),
    }
}

fn unseen(widening: &WideningRecord) -> Option<UnseenWord> {
    let (source, kind, attribute, word) = match widening {
        WideningRecord::WordNeverSeen { source, kind, attribute, word } => {
            (source, kind, attribute.clone(), word.clone())
        }
        WideningRecord::UnwantedNeverSeen { source, kind, attribute, word } => {
            (source, kind, Some(attribute.clone()), Some(word.clone()))
        }
        _ => return None,
    };
    Some(UnseenWord { source: source.clone(), kind: kind.clone(), attribute, word, nearest: None })
}

/// Items of a kind that no service counts, and of a kind that one does, those of a vendor's product that none takes.
fn uncounted(inputs: &RunInputs, rules: &Rules) -> Vec<UncountedItems> {
    let counted = rules.kinds_counted();
    let mut found: BTreeMap<(usize, usize, Option<&str>), u64> = BTreeMap::new();
    let mut taken: BTreeMap<(usize, usize, &str), bool> = BTreeMap::new();
    for account in &inputs.accounts {
        let source = &inputs.sources[account.source];
        for item in account.items_now() {
            let Some(kind) = inputs.items.kind(item) else { continue };
            let name = source.kinds[kind].name.as_str();
            if !counted.contains(&(&source.id, name)) {
                *found.entry((account.source, kind, None)).or_default() += 1;
                continue;
            }
            let Some(sku) = inputs.items.sku(item) else { continue };
            let is_taken =
                *taken.entry((account.source, kind, sku)).or_insert_with(|| may_take(rules, &source.id, name, sku));
            if !is_taken {
                *found.entry((account.source, kind, Some(sku))).or_default() += 1;
            }
        }
    }
    let mut uncounted: Vec<_> = found
        .into_iter()
        .map(|((source, kind, sku), items)| {
            let source = &inputs.sources[source];
            let (kind, sku) = (source.kinds[kind].name.clone(), sku.map(str::to_owned));
            UncountedItems { source: source.id.clone(), kind, sku, items }
        })
        .collect();
    uncounted.sort_by(|a, b| (b.items, &a.source, &a.kind, &a.sku).cmp(&(a.items, &b.source, &b.kind, &b.sku)));
    uncounted
}

/// Whether some service takes items of a vendor's product, whatever else is known of them; a client's own rule, too.
fn may_take(rules: &Rules, source: &SourceId, kind: &str, sku: &str) -> bool {
    let text_of = |attribute: &str| (attribute == SKU).then_some(sku);
    let of_kind = rules.services().filter_map(|code| match &rules.usual_rule(code)?.basis {
        ServiceBasis::Counted(spec) => Some(spec),
        ServiceBasis::Flat | ServiceBasis::Ignored(_) => None,
    });
    let mut parts = of_kind.flat_map(|spec| &spec.parts).filter(|part| part.source == *source && part.kind == kind);
    let is_asked = |asked: &truecount_rules::AskedWord<'_>| {
        let is_here = asked.source == source && asked.kind == kind && asked.attribute == SKU;
        is_here && asked.word_use == WordUse::Wanted && asked.pattern.fits(sku)
    };
    parts.any(|part| part.takes(text_of) != Fit::No) || rules.words_asked().iter().any(is_asked)
}

/// The attribute that names a vendor's product.
const SKU: &str = "sku";

/// Kinds of agreement with rules of their own that no agreement has.
fn agreement_types(inputs: &RunInputs, rules: &Rules) -> Vec<UnseenAgreementType> {
    let agreements = inputs.clients.iter().flat_map(|client| &client.agreements);
    let known: BTreeSet<&str> = agreements.filter_map(|one| one.agreement.agreement_type.as_deref()).collect();
    let folded = |name: &str| name.trim().to_lowercase();
    let known_folded: BTreeSet<String> = known.iter().map(|name| folded(name)).collect();
    let unseen = rules.agreement_types().filter(|of| !known_folded.contains(&folded(of.name())));
    unseen
        .map(|of| UnseenAgreementType {
            name: of.name().to_owned(),
            line: of.line(),
            nearest: truecount_rules::nearest(of.name(), known.iter().copied()).map(str::to_owned),
        })
        .collect()
}

#[cfg(test)]
mod tests;
