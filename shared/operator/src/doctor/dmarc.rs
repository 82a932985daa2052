//! What the DMARC record of the sender's domain makes of the report's mail: which record applies (RFC 9989), what it asks
//! receivers to do, and whether mail from SES meets it. Deliberately absent: reports by receivers, and a list of public
//! suffixes, which the walk up the tree replaces.

use tokio::time::timeout;

use super::{CheckResult, CheckStatus, chain};
use crate::name_servers::{LookupError, NameServers};

/// The most names that are asked for one sender.
const LOOKUPS_MAX: usize = 8;

/// What helps where SES does not sign as the sender's domain.
pub(super) const NOT_SIGNED: &str = "add the DNS records DnsDkim1 to DnsDkim3 among the stack's outputs; there are none with `SenderIdentity=address`: deploy with `domain`";

/// How SES sends the mail of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct SentBy<'a> {
    /// The domain of the sender's address, in lower case.
    pub(super) domain: &'a str,
    /// The domain that DKIM signs as; `None`: only amazonses.com.
    pub(super) dkim: Option<&'a str>,
    /// The domain that bounces go to, which SPF is checked for; `None`: amazonses.com.
    pub(super) mail_from: Option<&'a str>,
}

/// A tag of a record: not there, or what it says, or a text that means nothing.
type Tag<T> = Option<Result<T, String>>;

/// What receivers are asked to do with mail that is not aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    None,
    Quarantine,
    Reject,
}

/// A DMARC record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    policy: Tag<Policy>,
    subdomain_policy: Tag<Policy>,
    /// `Some(true)`: a public suffix; `Some(false)`: the top of an organization.
    is_public_suffix: Option<bool>,
    is_dkim_strict: bool,
    is_spf_strict: bool,
    /// Whether receivers are asked to be one step milder, for a test.
    is_test: bool,
    has_reports: bool,
}

/// The records at one name of the walk.
#[derive(Debug)]
struct Level {
    domain: String,
    records: Vec<Record>,
}

/// Looks the record up and judges it.
pub(super) async fn dmarc(servers: &NameServers, sent: SentBy<'_>) -> Vec<CheckResult> {
    match timeout(servers.limit, walk(servers, sent)).await {
        Ok(Ok(levels)) => judge(sent, &levels),
        Ok(Err(error)) => vec![unknown(sent.domain, &chain(&error))],
        Err(_) => vec![unknown(sent.domain, &format!("no answer within {} s", servers.limit.as_secs_f32()))],
    }
}

/// The records of the domain, then of those above it, as far as they can matter.
async fn walk(servers: &NameServers, sent: SentBy<'_>) -> Result<Vec<Level>, LookupError> {
    let mut levels = Vec::new();
    for domain in names(sent.domain) {
        let texts = servers.texts(&format!("_dmarc.{domain}")).await?;
        let level = Level { domain: domain.to_owned(), records: texts.iter().filter_map(|text| parse(text)).collect() };
        let ends = match level.records.as_slice() {
            [record] => record.is_public_suffix.is_some() || levels.is_empty() && sent.is_by_own_domain(),
            _ => false,
        };
        levels.push(level);
        if ends {
            break;
        }
    }
    Ok(levels)
}

/// The names of the walk: the domain, then those above it; of a name with more than eight labels the last seven.
fn names(domain: &str) -> impl Iterator<Item = &str> {
    let labels = domain.split('.').count();
    let mut above = domain;
    let uppers = (1..labels).filter_map(move |dropped| {
        above = above.split_once('.')?.1;
        (labels - dropped < LOOKUPS_MAX).then_some(above)
    });
    std::iter::once(domain).chain(uppers)
}

/// The record that a TXT record is, if it is one: `v=DMARC1` comes first.
fn parse(text: &str) -> Option<Record> {
    let mut tags = text.split(';').map(|tag| tag.split_once('=').unwrap_or((tag, "")));
    let (name, version) = tags.next()?;
    if !name.trim().eq_ignore_ascii_case("v") || version.trim() != "DMARC1" {
        return None;
    }
    let tags: Vec<_> = tags.map(|(name, value)| (name.trim().to_lowercase(), value.trim())).collect();
    let value = |name: &str| tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| *value);
    let is = |name, expected| value(name).is_some_and(|value| value.eq_ignore_ascii_case(expected));
    Some(Record {
        policy: value("p").map(policy),
        subdomain_policy: value("sp").map(policy),
        is_public_suffix: match (is("psd", "y"), is("psd", "n")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        is_dkim_strict: is("adkim", "s"),
        is_spf_strict: is("aspf", "s"),
        is_test: is("t", "y"),
        has_reports: value("rua").is_some_and(|value| !value.is_empty()),
    })
}

fn policy(text: &str) -> Result<Policy, String> {
    match text.to_lowercase().as_str() {
        "none" => Ok(Policy::None),
        "quarantine" => Ok(Policy::Quarantine),
        "reject" => Ok(Policy::Reject),
        _ => Err(text.to_owned()),
    }
}

impl Level {
    /// Its record; two void each other.
    fn record(&self) -> Option<&Record> {
        match self.records.as_slice() {
            [record] => Some(record),
            _ => None,
        }
    }
}

/// The record that applies, and the top of the sender's organization; of it alone what stands above the domain counts.
fn applying<'a>(domain: &'a str, levels: &'a [Level]) -> (Option<(&'a Level, &'a Record)>, &'a str) {
    let valid: Vec<_> = levels.iter().filter_map(|level| Some((level, level.record()?))).collect();
    let own = valid.first().filter(|(level, _)| level.domain == domain).copied();
    let suffix = valid.iter().find(|(level, record)| record.is_public_suffix == Some(true) && level.domain != domain);
    let top = valid.iter().find(|(_, record)| record.is_public_suffix == Some(false));
    let organization = match (top, suffix, valid.last()) {
        (Some((level, _)), ..) | (None, None, Some((level, _))) => level.domain.as_str(),
        (None, Some((suffix, _)), _) => below(domain, &suffix.domain),
        (None, None, None) => domain,
    };
    let of_organization = valid.iter().find(|(level, _)| level.domain == organization);
    (own.or(of_organization.copied()).or(suffix.copied()), organization)
}

/// The name one label below a domain, on the way to this one.
fn below<'a>(domain: &'a str, above: &str) -> &'a str {
    let labels = domain.strip_suffix(above).map_or("", |labels| labels.trim_end_matches('.'));
    &domain[labels.rfind('.').map_or(0, |dot| dot + 1)..]
}

fn judge(sent: SentBy<'_>, levels: &[Level]) -> Vec<CheckResult> {
    let (found, organization) = applying(sent.domain, levels);
    let mut results = Vec::new();
    let looked_at = if found.is_some() { &levels[..1] } else { levels };
    if let Some(level) = looked_at.iter().find(|level| level.records.len() > 1) {
        let (at, number) = (&level.domain, level.records.len());
        let message = format!("`{at}` has {number} DMARC records: receivers ignore them all");
        let fix = format!("leave one TXT record at `_dmarc.{at}` that begins with `v=DMARC1`");
        results.push(CheckResult::problem(CheckStatus::Warning, "dmarc", message, fix));
    }
    match found {
        Some((level, record)) => results.push(of_record(sent, organization, level, record)),
        None if results.is_empty() => results.push(none(sent.domain)),
        None => {}
    }
    results
}

/// What one record makes of the mail.
fn of_record(sent: SentBy<'_>, organization: &str, level: &Level, record: &Record) -> CheckResult {
    let at = &level.domain;
    let (tag, value) = match (&record.subdomain_policy, *at != sent.domain) {
        (Some(policy), true) => ("sp", Some(policy)),
        _ => ("p", record.policy.as_ref()),
    };
    let policy = match value {
        Some(Ok(policy)) => *policy,
        Some(Err(text)) => return meaningless(at, &format!("says `{tag}={text}`, which receivers do not know")),
        None => return meaningless(at, "does not say what to do (`p`)"),
    };
    let said = format!("the DMARC record of `{at}` says `{tag}={}`", policy.name());
    let policy = if record.is_test { policy.milder() } else { policy };
    let outcome = match policy {
        Policy::None => {
            let tested = if record.is_test { " (`t=y`: a test)" } else { "" };
            let reports = if record.has_reports { "" } else { ", and nobody gets reports (no `rua`)" };
            return CheckResult::ok("dmarc", format!("{said}{tested}: nothing is enforced{reports}"));
        }
        Policy::Quarantine => "goes to spam",
        Policy::Reject => "is refused",
    };
    let by = [
        Alignment { name: "DKIM", of: sent.dkim, is_strict: record.is_dkim_strict, does: "signs as", tag: "adkim" },
        Alignment { name: "SPF", of: sent.mail_from, is_strict: record.is_spf_strict, does: "is of", tag: "aspf" },
    ];
    let passed: Vec<_> = by.iter().filter(|one| one.is_met(sent.domain, organization)).map(|one| one.name).collect();
    if !passed.is_empty() {
        return CheckResult::ok("dmarc", format!("{said}, and the mail passes it by {}", passed.join(" and ")));
    }
    let why = by.map(|one| one.miss(sent.domain)).join("; ");
    let message = format!("{said}, and the mail does not pass it: it {outcome} ({why})");
    CheckResult::problem(CheckStatus::Error, "dmarc", message, remedy(sent, record))
}

fn remedy(sent: SentBy<'_>, record: &Record) -> String {
    let domain = sent.domain;
    match sent.dkim {
        Some(signed) if signed != domain && record.is_dkim_strict => {
            format!("deploy with `SenderIdentity=domain`, so that SES signs as `{domain}` itself, or drop `adkim=s`")
        }
        Some(_) => format!("register `{domain}` with SES: deploy with `SenderIdentity=domain`"),
        None => NOT_SIGNED.to_owned(),
    }
}

impl SentBy<'_> {
    /// Whether what stands above the sender's domain cannot matter to alignment.
    fn is_by_own_domain(self) -> bool {
        [self.dkim, self.mail_from].into_iter().flatten().all(|name| is_within(name, self.domain))
    }
}

impl Policy {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    fn milder(self) -> Self {
        match self {
            Self::None | Self::Quarantine => Self::None,
            Self::Reject => Self::Quarantine,
        }
    }
}

/// One of the two ways in which mail can be of the sender's domain.
struct Alignment<'a> {
    name: &'static str,
    of: Option<&'a str>,
    is_strict: bool,
    does: &'static str,
    tag: &'static str,
}

impl Alignment<'_> {
    fn is_met(&self, domain: &str, organization: &str) -> bool {
        self.of.is_some_and(|of| match self.is_strict {
            true => of == domain,
            false => is_within(of, domain) || is_within(of, organization),
        })
    }

    fn miss(&self, domain: &str) -> String {
        let Self { name, of, does, tag, .. } = self;
        match of {
            Some(of) if self.is_strict => format!("{name} {does} `{of}`, and `{tag}=s` demands `{domain}`"),
            of => format!("{name} {does} `{}`", of.unwrap_or("amazonses.com")),
        }
    }
}

/// Whether a name is this domain or below it.
fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
}

fn none(domain: &str) -> CheckResult {
    let message = format!("`{domain}` has no DMARC record: some receivers put such mail in the spam folder");
    let fix = format!(
        "add the DNS record `_dmarc.{domain} TXT \"v=DMARC1; p=none\"` (DnsDmarc among the stack's outputs): it enforces nothing"
    );
    CheckResult::problem(CheckStatus::Advice, "dmarc", message, fix)
}

fn meaningless(at: &str, what: &str) -> CheckResult {
    let message = format!("the DMARC record of `{at}` {what}: receivers ignore it, or take it as `p=none`");
    let fix = format!("correct the TXT record at `_dmarc.{at}`: `p` is `none`, `quarantine` or `reject`");
    CheckResult::problem(CheckStatus::Warning, "dmarc", message, fix)
}

/// Never in order: a policy that nobody saw may refuse the mail.
fn unknown(domain: &str, why: &str) -> CheckResult {
    let message = format!("the DMARC record of `{domain}` could not be looked up: {why}");
    let fix = format!("check this machine's name server, or look yourself: `nslookup -type=TXT _dmarc.{domain}`");
    CheckResult::problem(CheckStatus::Warning, "dmarc", message, fix)
}

#[cfg(test)]
mod tests;
