//! What one place of the file says of one service, and how what is nearer is put over what is farther: key by key.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Currency, ProductCode, SourceId};

use crate::filter::{Filter, FilterTable, Pattern};
use crate::join::CountJoin;
use crate::model::{
    ClientCommitted, CountAt, CountPart, CountSpec, CutTerm, KindPolicies, NoLine, NotSold, PlannedPrice, PriceScale,
    Rounding, RulePrice, ServiceBasis, ServiceRule, StalePolicy, Tolerance, UnknownPolicy, VendorCommitment, When,
};
use crate::unit::{DataUnit, UnitConversion};
use crate::vocabulary::KindVocabulary;

/// The keys of a service that one table of the file has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServiceKeys {
    pub(crate) basis: Option<KeyBasis>,
    pub(crate) wanted: Option<Filter>,
    pub(crate) unwanted: Option<Filter>,
    pub(crate) stale: Option<StalePolicy>,
    pub(crate) unknown: Option<UnknownPolicy>,
    pub(crate) may_be_empty: Option<bool>,
    pub(crate) at: Option<CountAt>,
    pub(crate) unit: Option<DataUnit>,
    pub(crate) included: Option<Decimal>,
    pub(crate) minimum: Option<Decimal>,
    pub(crate) commitment: Option<CommitmentTerms>,
    pub(crate) client_committed: Option<Decimal>,
    pub(crate) client_committed_until: Option<Date>,
    pub(crate) cut: Option<CutTerm>,
    pub(crate) rounding: Option<Rounding>,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) price: Option<(PriceScale, Currency)>,
    pub(crate) price_from: Option<Vec<PlannedPrice>>,
    pub(crate) expected_at: Option<Vec<String>>,
    pub(crate) covers: Option<Vec<ProductCode>>,
    pub(crate) grants: Option<Vec<(ProductCode, Decimal)>>,
    pub(crate) no_line: Option<NoLine>,
    pub(crate) one_time_counts: Option<bool>,
    /// `Some(None)`: it is sold, whatever a kind of agreement says.
    pub(crate) not_sold: Option<Option<NotSold>>,
    pub(crate) note: Option<String>,
    /// Words of products that it took the place of.
    pub(crate) superseded: Option<Vec<Pattern>>,
    /// Of a service of a group: the group, and what it counts. No table names it.
    pub(crate) group: Option<(ProductCode, CountTerm)>,
    pub(crate) when: When,
}

/// What `count`, `flat` or `ignore` says: a table has at most one of them, and the nearest one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyBasis {
    Counted(CountTerms),
    Flat,
    Ignored(String),
}

/// What says to how much the MSP is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommitmentTerms {
    /// The items that are counted.
    Binds,
    /// A count of its own.
    Of(CountTerms),
}

/// What a count names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountTerms {
    pub(crate) terms: Vec<CountTerm>,
    pub(crate) join: CountJoin,
}

/// One kind of one source that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountTerm {
    pub(crate) source: SourceId,
    pub(crate) kind: Arc<KindVocabulary>,
    /// Whether the source brings words of its own, so that attributes are not checked.
    pub(crate) is_open: bool,
    /// What its units are multiplied by.
    pub(crate) times: Decimal,
    /// The part's own `where`: it always holds, whatever a nearer place says.
    pub(crate) wanted: Option<Filter>,
    /// The part's own `where_not`.
    pub(crate) unwanted: Option<Filter>,
    /// What its group leaves out.
    pub(crate) except: Option<Filter>,
    /// Of the largest of several: which of them it is of.
    pub(crate) term: usize,
}

/// Attributes that every item may have.
pub(crate) const OF_EVERY_ITEM: [&str; 2] = ["sku", "name"];

impl CountTerm {
    /// Whether its items can be asked for an attribute.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.is_open || self.declares(attribute)
    }

    /// Whether its items are known to have an attribute.
    pub(crate) fn declares(&self, attribute: &str) -> bool {
        OF_EVERY_ITEM.contains(&attribute) || self.kind.attributes.iter().any(|name| name == attribute)
    }
}

/// Whose part of the file a table stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The services' or a kind of agreement's: of many clients.
    Many,
    /// A client's, or an agreement's of a client.
    Client,
}

/// A service's code, and the products that only the service itself names.
#[derive(Clone, Copy)]
pub(crate) struct NamedProducts<'r> {
    pub(crate) code: &'r ProductCode,
    pub(crate) products: &'r [ProductCode],
    pub(crate) superseded: &'r [ProductCode],
}

/// Tables put over each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    top: ServiceKeys,
    price_is_clients: bool,
}

impl Layers {
    /// Puts a nearer table over what was put before.
    pub(crate) fn put(&mut self, nearer: &ServiceKeys, whose: Whose) {
        if nearer.price.is_some() {
            self.price_is_clients = whose == Whose::Client;
        }
        self.top = nearer.over(&self.top);
    }

    /// The rule that comes of them.
    pub(crate) fn rule(&self, service: NamedProducts<'_>) -> ServiceRule {
        let NamedProducts { code, products, superseded } = service;
        let price = self.top.price.clone();
        let is_clients_own = self.price_is_clients;
        let price = price.map(|(scale, currency)| RulePrice { scale, currency, is_clients_own });
        ServiceRule {
            code: code.clone(),
            products: products.to_vec(),
            superseded: superseded.to_vec(),
            basis: match &self.top.basis {
                Some(KeyBasis::Counted(count)) => ServiceBasis::Counted(CountSpec {
                    join: count.join.clone(),
                    parts: count.terms.iter().map(|term| self.part(term)).collect(),
                    conversion: self.conversion(&count.terms),
                    at: self.top.at.unwrap_or_default(),
                    policies: self.policies(&count.terms),
                }),
                Some(KeyBasis::Ignored(why)) => ServiceBasis::Ignored(why.clone()),
                // A service without any of the three was refused when the file was read.
                Some(KeyBasis::Flat) | None => ServiceBasis::Flat,
            },
            included: self.top.included.unwrap_or_default(),
            minimum: self.top.minimum,
            commitment: self.commitment(),
            client_committed: self.client_committed(),
            cut: self.top.cut.unwrap_or_default(),
            rounding: self.top.rounding,
            tolerance: self.top.tolerance.unwrap_or_default(),
            price,
            price_from: self.top.price_from.clone().unwrap_or_default(),
            expected_at: self.top.expected_at.clone().unwrap_or_default(),
            covers: self.top.covers.clone().unwrap_or_default(),
            grants: self.top.grants.clone().unwrap_or_default(),
            no_line: self.top.no_line.unwrap_or_default(),
            one_time_counts: self.top.one_time_counts.unwrap_or_default(),
            not_sold: self.top.not_sold.clone().flatten(),
            note: self.top.note.clone(),
            group: self.top.group.as_ref().map(|(name, _)| name.clone()),
            group_part: self.top.group.as_ref().map(|(_, term)| self.part(term)),
        }
    }

    /// What counts the units that are committed: the service's `where` says nothing of them.
    fn commitment(&self) -> Option<VendorCommitment> {
        let committed = match self.top.commitment.as_ref()? {
            CommitmentTerms::Binds => return Some(VendorCommitment { count: None, may_be_shared: false }),
            CommitmentTerms::Of(committed) => committed,
        };
        let may_be_empty = self.top.may_be_empty;
        let own = Self { top: ServiceKeys { may_be_empty, ..ServiceKeys::default() }, ..Self::default() };
        let count = CountSpec {
            join: committed.join.clone(),
            parts: committed.terms.iter().map(|term| own.part(term)).collect(),
            conversion: self.conversion(&committed.terms),
            policies: own.policies(&committed.terms),
            at: CountAt::CountDay,
        };
        Some(VendorCommitment { count: Some(count), may_be_shared: false })
    }

    fn client_committed(&self) -> Option<ClientCommitted> {
        let (units, until) = (self.top.client_committed, self.top.client_committed_until);
        (units.is_some() || until.is_some()).then_some(ClientCommitted { units, until })
    }

    /// From the unit of all parts, which is one, to the one that is billed.
    fn conversion(&self, terms: &[CountTerm]) -> Option<UnitConversion> {
        let from = DataUnit::of(terms.first()?.kind.unit)?;
        self.top.unit.map(|to| UnitConversion { from, to })
    }

    /// What holds for items of a kind that no part counts: what each part says alike.
    fn policies(&self, terms: &[CountTerm]) -> KindPolicies {
        let mut each = terms.iter().map(|term| self.policies_of(term));
        let first = each.next().unwrap_or_default();
        each.fold(first, |mut common, other| {
            common.named.retain(|attribute| other.named.contains(attribute));
            common
        })
    }

    /// What holds for the items of a part.
    fn policies_of(&self, term: &CountTerm) -> KindPolicies {
        let own = [&self.top.wanted, &self.top.unwanted, &term.wanted, &term.unwanted, &term.except];
        let attributes = own.into_iter().flatten().flat_map(Filter::attributes);
        KindPolicies {
            stale: self.top.stale,
            unknown: self.top.unknown,
            named: attributes.map(str::to_owned).collect(),
        }
    }

    fn part(&self, term: &CountTerm) -> CountPart {
        let wanted = self.top.wanted.iter().chain(&term.wanted);
        let words = self.top.superseded.as_deref().unwrap_or_default();
        let wanted: Vec<Filter> = wanted.map(|filter| filter.with_products(words)).collect();
        let mut unwanted = self.top.unwanted.clone().unwrap_or_default();
        unwanted.tables.extend(term.unwanted.iter().flat_map(|filter| filter.tables.clone()));
        let except = term.except.clone().unwrap_or_default();
        let policies = self.policies_of(term);
        CountPart {
            source: term.source.clone(),
            kind: term.kind.name.clone(),
            times: term.times,
            stale: policies.stale_of(&term.kind),
            unknown: policies.unknown_of(&term.kind),
            usual: policies.usual_of(&term.kind),
            may_be_empty: self.top.may_be_empty.unwrap_or_default(),
            less: Vec::new(),
            service_wanted: None,
            term: term.term,
            wanted,
            unwanted,
            except,
            group: None,
        }
    }
}

impl ServiceKeys {
    /// These keys, and those of the farther table that are not here.
    pub(crate) fn over(&self, farther: &Self) -> Self {
        // A nearer price was agreed apart from what is planned for all.
        let farther_increase = farther.price_from.as_ref().filter(|_| self.price.is_none());
        Self {
            basis: self.basis.clone().or_else(|| farther.basis.clone()),
            wanted: put_filter(farther.wanted.as_ref(), self.wanted.as_ref()),
            unwanted: put_filter(farther.unwanted.as_ref(), self.unwanted.as_ref()),
            stale: self.stale.or(farther.stale),
            unknown: self.unknown.or(farther.unknown),
            may_be_empty: self.may_be_empty.or(farther.may_be_empty),
            at: self.at.or(farther.at),
            unit: self.unit.or(farther.unit),
            included: self.included.or(farther.included),
            minimum: self.minimum.or(farther.minimum),
            commitment: self.commitment.clone().or_else(|| farther.commitment.clone()),
            client_committed: self.client_committed.or(farther.client_committed),
            client_committed_until: self.client_committed_until.or(farther.client_committed_until),
            cut: self.cut.or(farther.cut),
            rounding: self.rounding.or(farther.rounding),
            tolerance: self.tolerance.or(farther.tolerance),
            price: self.price.clone().or_else(|| farther.price.clone()),
            price_from: self.price_from.clone().or_else(|| farther_increase.cloned()),
            expected_at: self.expected_at.clone().or_else(|| farther.expected_at.clone()),
            covers: self.covers.clone().or_else(|| farther.covers.clone()),
            grants: self.grants.clone().or_else(|| farther.grants.clone()),
            no_line: self.no_line.or(farther.no_line),
            one_time_counts: self.one_time_counts.or(farther.one_time_counts),
            not_sold: self.not_sold.clone().or_else(|| farther.not_sold.clone()),
            note: self.note.clone().or_else(|| farther.note.clone()),
            superseded: self.superseded.clone().or_else(|| farther.superseded.clone()),
            group: self.group.clone().or_else(|| farther.group.clone()),
            when: When::default(),
        }
    }

    /// The keys that both tables have and say the same of; of a filter's single table, the attributes.
    pub(crate) fn in_common(&self, other: &Self) -> Self {
        fn same<T: PartialEq + Clone>(one: &Option<T>, other: &Option<T>) -> Option<T> {
            if one == other { one.clone() } else { None }
        }
        Self {
            basis: same(&self.basis, &other.basis),
            wanted: common_filter(self.wanted.as_ref(), other.wanted.as_ref()),
            unwanted: common_filter(self.unwanted.as_ref(), other.unwanted.as_ref()),
            stale: same(&self.stale, &other.stale),
            unknown: same(&self.unknown, &other.unknown),
            may_be_empty: same(&self.may_be_empty, &other.may_be_empty),
            at: same(&self.at, &other.at),
            unit: same(&self.unit, &other.unit),
            included: same(&self.included, &other.included),
            minimum: same(&self.minimum, &other.minimum),
            commitment: same(&self.commitment, &other.commitment),
            client_committed: same(&self.client_committed, &other.client_committed),
            client_committed_until: same(&self.client_committed_until, &other.client_committed_until),
            cut: same(&self.cut, &other.cut),
            rounding: same(&self.rounding, &other.rounding),
            tolerance: same(&self.tolerance, &other.tolerance),
            price: same(&self.price, &other.price),
            price_from: same(&self.price_from, &other.price_from),
            expected_at: same(&self.expected_at, &other.expected_at),
            covers: same(&self.covers, &other.covers),
            grants: same(&self.grants, &other.grants),
            no_line: same(&self.no_line, &other.no_line),
            one_time_counts: same(&self.one_time_counts, &other.one_time_counts),
            not_sold: common_not_sold(self.not_sold.as_ref(), other.not_sold.as_ref()),
            note: same(&self.note, &other.note),
            superseded: same(&self.superseded, &other.superseded),
            group: same(&self.group, &other.group),
            when: When::default(),
        }
    }

    /// The kinds that its own `commitment` names.
    pub(crate) fn committed_terms(&self) -> &[CountTerm] {
        match &self.commitment {
            Some(CommitmentTerms::Of(committed)) => &committed.terms,
            Some(CommitmentTerms::Binds) | None => &[],
        }
    }

    /// The kinds that its own `count` names.
    pub(crate) fn terms(&self) -> &[CountTerm] {
        match &self.basis {
            Some(KeyBasis::Counted(count)) => &count.terms,
            _ => &[],
        }
    }
}

/// A nearer table replaces the attributes that it names; where either is a list of tables, it replaces the whole.
fn put_filter(farther: Option<&Filter>, nearer: Option<&Filter>) -> Option<Filter> {
    let (Some(far), Some(near)) = (farther, nearer) else { return nearer.or(farther).cloned() };
    let ([far], [table]) = (far.tables.as_slice(), near.tables.as_slice()) else { return Some(near.clone()) };
    let stays = far.attributes.iter().filter(|(name, _)| !table.names(name));
    let attributes = stays.chain(&table.attributes).cloned().collect();
    let holds_all = if table.holds_all.is_empty() { &far.holds_all } else { &table.holds_all };
    Some(Filter { tables: vec![FilterTable { attributes, holds_all: holds_all.clone() }] })
}

/// That a client does not buy it holds where both say so, whatever their reasons, until the earlier day of a review.
fn common_not_sold(one: Option<&Option<NotSold>>, other: Option<&Option<NotSold>>) -> Option<Option<NotSold>> {
    match (one?, other?) {
        (Some(one), Some(other)) => {
            let why = if one.why == other.why { one.why.clone() } else { String::new() };
            let review = one.review.into_iter().chain(other.review).min();
            Some(Some(NotSold { why, review }))
        }
        (None, None) => Some(None),
        _ => None,
    }
}

/// The attributes of which two tables say the same; of lists, the list if it is the same.
fn common_filter(one: Option<&Filter>, other: Option<&Filter>) -> Option<Filter> {
    let (one, other) = (one?, other?);
    let ([a], [b]) = (one.tables.as_slice(), other.tables.as_slice()) else {
        return (one == other).then(|| one.clone());
    };
    let attributes: Vec<_> =
        a.attributes.iter().filter(|attribute| b.attributes.contains(attribute)).cloned().collect();
    let holds_all = if a.holds_all == b.holds_all { a.holds_all.clone() } else { Vec::new() };
    let says_something = !attributes.is_empty() || !holds_all.is_empty();
    says_something.then(|| Filter { tables: vec![FilterTable { attributes, holds_all }] })
}
