//! Made-up sources that the tests count: devices, a cloud's people, a distributor, storage, a file.

use jiff::civil::{Date, date};
use truecount_billing::{ProductCode, SourceId, Unit};
use truecount_rules::{
    ClientNumber, ClientPart, CountPart, CountSpec, IdentityKey, KindVocabulary, ResolvedService, Rules,
    RulesFileError, RulesScope, ServiceBasis, ServiceRule, SourceVocabulary,
};

pub(crate) const TODAY: Date = date(2026, 7, 1);

fn kind(name: &str, unit: Unit, attributes: &[&str]) -> KindVocabulary {
    KindVocabulary {
        name: name.to_owned(),
        unit,
        identity: Vec::new(),
        stale_days: None,
        usual: Vec::new(),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        is_person: false,
        drawn_from: None,
    }
}

fn source(id: &str, kinds: Vec<KindVocabulary>) -> SourceVocabulary {
    SourceVocabulary {
        source: SourceId::new(id).unwrap(),
        kinds,
        is_open: false,
        sku_names: Vec::new(),
        skus_left_out: Vec::new(),
    }
}

/// `rmm` (devices), `cloud` (people and licences), `shop` (subscriptions), `backup` (storage), `sheet` (a file).
pub(crate) fn sources() -> Vec<SourceVocabulary> {
    let identity = vec![IdentityKey::Serial, IdentityKey::Mac, IdentityKey::Name];
    let device = |name| KindVocabulary {
        stale_days: Some(30),
        identity: identity.clone(),
        ..kind(name, Unit::Device, &["site", "class", "trial"])
    };
    let user = KindVocabulary {
        is_person: true,
        usual: vec![("sign_in".to_owned(), vec!["allowed".to_owned()])],
        ..kind("user", Unit::Seat, &["holds", "sign_in", "class", "domain"])
    };
    let names = [("SPB", "Business Premium"), ("SPE_E3", "Enterprise E3"), ("SPE_E5", "Enterprise E5")];
    let names = names.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned()));
    let cloud = source("cloud", vec![user, kind("licence", Unit::Seat, &["sold_by"])]);
    vec![
        source("rmm", vec![device("server"), device("workstation"), device("mobile")]),
        SourceVocabulary { sku_names: names.collect(), ..cloud },
        source("shop", vec![kind("subscription", Unit::Seat, &["term"])]),
        source("backup", vec![kind("storage", Unit::Gigabyte, &["site"]), kind("machine", Unit::Device, &[])]),
        SourceVocabulary { is_open: true, ..source("sheet", Vec::new()) },
    ]
}

pub(crate) fn parse(text: &str) -> Result<Rules, RulesFileError> {
    Rules::parse("rules.toml", text, &sources())
}

/// The rules of a text that has to be right.
pub(crate) fn rules(text: &str) -> Rules {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn code(text: &str) -> ProductCode {
    ProductCode::new(text).unwrap()
}

/// For a client of which only the kinds of its agreements are known.
pub(crate) fn scope<'a>(client: Option<ClientNumber>, types: &'a [&'a str]) -> RulesScope<'a> {
    RulesScope { client, part: ClientPart::Whole, line_types: &[], client_types: types, day: TODAY }
}

pub(crate) fn resolved(rules: &Rules, service: &str, scope: RulesScope<'_>) -> ResolvedService {
    rules.service_for(&code(service), &scope).unwrap()
}

/// What holds of a service where nothing is nearer.
pub(crate) fn usual(rules: &Rules, service: &str) -> ServiceRule {
    (*resolved(rules, service, scope(None, &[])).rule).clone()
}

pub(crate) fn parts(rule: &ServiceRule) -> &[CountPart] {
    &counted(rule).parts
}

pub(crate) fn counted(rule: &ServiceRule) -> &CountSpec {
    match &rule.basis {
        ServiceBasis::Counted(count) => count,
        other => panic!("not counted: {other:?}"),
    }
}
