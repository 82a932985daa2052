//! Records, the walk up the tree and the verdicts as tables; look-ups at a name server on loopback.

use std::time::{Duration, Instant};

use truecount_support::{DnsAnswer, NameServer};

use super::*;

/// As `SenderIdentity=domain` sends it.
const OWN: SentBy<'static> =
    SentBy { domain: "msp.example", dkim: Some("msp.example"), mail_from: Some("bounces.msp.example") };
/// As `SenderIdentity=address` sends it.
const TRIAL: SentBy<'static> = SentBy { domain: "msp.example", dkim: None, mail_from: None };
/// A subdomain that is sent for by the identity of the domain above.
const BELOW: SentBy<'static> =
    SentBy { domain: "mail.msp.example", dkim: Some("msp.example"), mail_from: Some("bounces.msp.example") };

#[test]
fn a_record_is_read_as_receivers_read_it() {
    let none = parse("v=DMARC1; p=none").unwrap();
    assert_eq!(
        none,
        Record {
            policy: Some(Ok(Policy::None)),
            subdomain_policy: None,
            is_public_suffix: None,
            is_dkim_strict: false,
            is_spf_strict: false,
            is_test: false,
            has_reports: false,
        }
    );
    for same in [
        "v=DMARC1;p=none",
        " v = DMARC1 ; P = None ;",
        "V=DMARC1;p=none;adkim=r;aspf=r;psd=u;t=n;x=1",
        "v=DMARC1;p=none; rua=",
    ] {
        assert_eq!(parse(same).as_ref(), Some(&none), "{same}");
    }
    let full =
        parse("v=DMARC1; p=Quarantine; sp=REJECT; adkim=S; aspf=s; psd=n; t=y; rua=mailto:d@msp.example").unwrap();
    assert_eq!((full.policy, full.subdomain_policy), (Some(Ok(Policy::Quarantine)), Some(Ok(Policy::Reject))));
    assert!(full.is_dkim_strict && full.is_spf_strict && full.is_test && full.has_reports);
    assert_eq!(full.is_public_suffix, Some(false));
    assert_eq!(parse("v=DMARC1; psd=y").unwrap().is_public_suffix, Some(true));
    assert_eq!(parse("v=DMARC1; p=block").unwrap().policy, Some(Err("block".to_owned())));
    assert_eq!(parse("v=DMARC1").unwrap().policy, None);
    for other in ["", "v=spf1 -all", "v=DMARC2; p=none", "v=DMARC1 p=none", "p=none; v=DMARC1", "DMARC1; p=none"] {
        assert_eq!(parse(other), None, "{other}");
    }
}

#[test]
fn the_walk_has_eight_names_at_most() {
    for (domain, expected) in [
        ("example", &["example"][..]),
        ("a.msp.example", &["a.msp.example", "msp.example", "example"]),
        (
            "1.2.3.4.5.6.7.8",
            &["1.2.3.4.5.6.7.8", "2.3.4.5.6.7.8", "3.4.5.6.7.8", "4.5.6.7.8", "5.6.7.8", "6.7.8", "7.8", "8"],
        ),
        (
            "0.0.1.2.3.4.5.6.7",
            &["0.0.1.2.3.4.5.6.7", "1.2.3.4.5.6.7", "2.3.4.5.6.7", "3.4.5.6.7", "4.5.6.7", "5.6.7", "6.7", "7"],
        ),
    ] {
        let found: Vec<_> = names(domain).collect();
        assert_eq!(found, expected);
        assert!(found.len() <= LOOKUPS_MAX);
    }
}

fn levels(domain: &str, records: &[(&str, &[&str])]) -> Vec<Level> {
    let at = |name: &str| records.iter().find(|(at, _)| *at == name).map_or(&[][..], |(_, texts)| *texts);
    let level = |name: &str| Level {
        domain: name.to_owned(),
        records: at(name).iter().map(|text| parse(text).unwrap()).collect(),
    };
    names(domain).map(level).collect()
}

#[test]
fn what_applies_is_the_own_record_or_that_of_the_organization() {
    let none: &[&str] = &["v=DMARC1; p=none"];
    let (suffix, top): (&[&str], &[&str]) = (&["v=DMARC1; p=reject; psd=y"], &["v=DMARC1; p=none; psd=n"]);
    for (records, expected, organization) in [
        (&[][..], None, "b.a.msp.co.example"),
        (&[("b.a.msp.co.example", none), ("msp.co.example", none)], Some("b.a.msp.co.example"), "msp.co.example"),
        // The one nearest to the top, not the nearest.
        (&[("a.msp.co.example", none), ("msp.co.example", none)], Some("msp.co.example"), "msp.co.example"),
        (&[("co.example", suffix)], Some("co.example"), "msp.co.example"),
        (&[("msp.co.example", none), ("co.example", suffix)], Some("msp.co.example"), "msp.co.example"),
        (&[("a.msp.co.example", top), ("msp.co.example", none)], Some("a.msp.co.example"), "a.msp.co.example"),
        // Two void each other, and the walk goes on.
        (&[("b.a.msp.co.example", &["v=DMARC1", "v=DMARC1"]), ("co.example", none)], Some("co.example"), "co.example"),
    ] {
        let levels = levels("b.a.msp.co.example", records);
        let (found, top) = applying("b.a.msp.co.example", &levels);
        assert_eq!((found.map(|(level, _)| level.domain.as_str()), top), (expected, organization), "{records:?}");
    }
}

#[test]
fn the_verdict_follows_policy_and_alignment() {
    use CheckStatus::{Advice, Error, Ok, Warning};
    for (sent, at, text, status, words) in [
        (
            OWN,
            "msp.example",
            "v=DMARC1; p=none",
            Ok,
            "`p=none`: nothing is enforced, and nobody gets reports (no `rua`)",
        ),
        (TRIAL, "msp.example", "v=DMARC1; p=none; rua=mailto:a@b.example", Ok, "says `p=none`: nothing is enforced"),
        (OWN, "msp.example", "v=DMARC1; p=reject", Ok, "says `p=reject`, and the mail passes it by DKIM and SPF"),
        (OWN, "msp.example", "v=DMARC1; p=reject; aspf=s", Ok, "the mail passes it by DKIM"),
        (SentBy { dkim: None, ..OWN }, "msp.example", "v=DMARC1; p=reject; adkim=s", Ok, "the mail passes it by SPF"),
        (
            SentBy { dkim: None, ..OWN },
            "msp.example",
            "v=DMARC1; p=reject; aspf=s",
            Error,
            "`aspf=s` demands `msp.example`",
        ),
        (
            TRIAL,
            "msp.example",
            "v=DMARC1; p=quarantine",
            Error,
            "it goes to spam (DKIM signs as `amazonses.com`; SPF is of `amazonses.com`)",
        ),
        (TRIAL, "msp.example", "v=DMARC1; p=reject", Error, "it is refused"),
        (TRIAL, "msp.example", "v=DMARC1; p=reject; t=y", Error, "it goes to spam"),
        (TRIAL, "msp.example", "v=DMARC1; p=quarantine; t=y", Ok, "(`t=y`: a test): nothing is enforced"),
        // The record of a domain above: `sp`, else `p`.
        (
            BELOW,
            "msp.example",
            "v=DMARC1; p=none; sp=reject",
            Ok,
            "says `sp=reject`, and the mail passes it by DKIM and SPF",
        ),
        (BELOW, "msp.example", "v=DMARC1; p=reject; adkim=s", Ok, "the mail passes it by SPF"),
        (
            BELOW,
            "msp.example",
            "v=DMARC1; p=reject; adkim=s; aspf=s",
            Error,
            "DKIM signs as `msp.example`, and `adkim=s` demands `mail.msp.example`",
        ),
        (
            BELOW,
            "mail.msp.example",
            "v=DMARC1; p=reject; sp=none; psd=n",
            Error,
            "says `p=reject`, and the mail does not pass it",
        ),
        (
            SentBy { dkim: Some("other.example"), mail_from: None, ..OWN },
            "msp.example",
            "v=DMARC1; p=reject",
            Error,
            "DKIM signs as `other.example`",
        ),
        (
            SentBy { dkim: Some("xmsp.example"), mail_from: None, ..OWN },
            "msp.example",
            "v=DMARC1; p=reject",
            Error,
            "`xmsp.example`",
        ),
        (OWN, "msp.example", "v=DMARC1; rua=mailto:a@b.example", Warning, "does not say what to do (`p`)"),
        (OWN, "msp.example", "v=DMARC1; p=block", Warning, "says `p=block`, which receivers do not know"),
        (BELOW, "msp.example", "v=DMARC1; p=none; sp=off", Warning, "says `sp=off`"),
        (OWN, "other.example", "v=DMARC1; p=reject", Advice, "`msp.example` has no DMARC record"),
    ] {
        let found = judge(sent, &levels(sent.domain, &[(at, &[text])]));
        assert_eq!((found.len(), found[0].status), (1, status), "{text}: {found:?}");
        assert!(found[0].message.contains(words), "{text}: {}", found[0].message);
        assert_eq!(found[0].fix.is_none(), status == Ok, "{found:?}");
    }
}

#[test]
fn two_records_are_none() {
    let two: &[&str] = &["v=DMARC1; p=none", "v=DMARC1; p=reject"];
    let found = judge(OWN, &levels("msp.example", &[("msp.example", two)]));
    assert_eq!((found.len(), found[0].status), (1, CheckStatus::Warning), "{found:?}");
    assert!(found[0].message.contains("2 DMARC records: receivers ignore them all"), "{found:?}");
    let above: (&str, &[&str]) = ("msp.example", &["v=DMARC1; p=reject"]);
    let found =
        judge(SentBy { dkim: None, mail_from: None, ..BELOW }, &levels(BELOW.domain, &[(BELOW.domain, two), above]));
    let statuses: Vec<_> = found.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [CheckStatus::Warning, CheckStatus::Error], "the record above applies then: {found:?}");
    let found = judge(OWN, &levels("msp.example", &[("msp.example", &["v=DMARC1; p=none"]), ("example", two)]));
    assert_eq!(found[0].status, CheckStatus::Ok, "what stands above does not matter: {found:?}");
}

/// What is found with these answers, and what was asked for.
async fn look_up(sent: SentBy<'_>, names: Vec<(&'static str, DnsAnswer)>) -> (Vec<CheckResult>, Vec<String>) {
    let server = NameServer::start(names);
    let found = dmarc(&NameServers::at(server.address, Duration::from_secs(5)), sent).await;
    (found, server.asked())
}

#[tokio::test]
async fn answers_of_a_name_server_are_understood() {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let reject = || DnsAnswer::text("v=DMARC1; p=reject");
    let long = || vec![strings(&["v=DMARC1; p=reject; rua=mailto:", &"a".repeat(250), "@b.example"])];
    let beside = DnsAnswer::Texts(vec![strings(&["v=spf1 -all"]), strings(&["v=DMARC1; p=none"])]);
    let two = DnsAnswer::Texts(vec![strings(&["v=DMARC1; p=none"]), strings(&["v=DMARC1; p=reject"])]);
    let own = "_dmarc.msp.example";
    for (sent, names, status, words) in [
        (OWN, vec![(own, reject())], CheckStatus::Ok, "passes it by DKIM and SPF"),
        (
            TRIAL,
            vec![(own, DnsAnswer::Texts(vec![strings(&["v=DMA", "RC1; p=rej", "ect"])]))],
            CheckStatus::Error,
            "it is refused",
        ),
        (TRIAL, vec![(own, beside)], CheckStatus::Ok, "nothing is enforced"),
        (OWN, vec![(own, two)], CheckStatus::Warning, "2 DMARC records"),
        (TRIAL, vec![(own, DnsAnswer::Alias("msp.dmarc.example", long()))], CheckStatus::Error, "it is refused"),
        (TRIAL, vec![(own, DnsAnswer::TooLongForUdp(long()))], CheckStatus::Error, "it is refused"),
        (OWN, vec![(own, DnsAnswer::NoData)], CheckStatus::Advice, "has no DMARC record"),
        (OWN, vec![], CheckStatus::Advice, "has no DMARC record"),
        (
            OWN,
            vec![(own, DnsAnswer::Code(2))],
            CheckStatus::Warning,
            "could not be looked up: the name server answers SERVFAIL",
        ),
        (
            OWN,
            vec![(own, DnsAnswer::Code(5))],
            CheckStatus::Warning,
            "could not be looked up: the name server answers REFUSED",
        ),
        (BELOW, vec![(own, reject())], CheckStatus::Ok, "the DMARC record of `msp.example` says `p=reject`"),
        (BELOW, vec![("_dmarc.example", DnsAnswer::Code(2))], CheckStatus::Warning, "could not be looked up"),
    ] {
        let (found, asked) = look_up(sent, names.clone()).await;
        assert_eq!((found.len(), found[0].status), (1, status), "{names:?}: {found:?}");
        assert!(found[0].message.contains(words), "{names:?}: {found:?}");
        assert_eq!(asked[0], format!("_dmarc.{}", sent.domain));
    }
}

#[tokio::test]
async fn no_more_is_asked_than_matters() {
    let none = || DnsAnswer::text("v=DMARC1; p=none");
    let own = look_up(OWN, vec![("_dmarc.msp.example", none())]).await;
    assert_eq!(own.1, ["_dmarc.msp.example"]);
    let nothing = look_up(OWN, vec![]).await;
    assert_eq!(nothing.1, ["_dmarc.msp.example", "_dmarc.example"]);
    let above = look_up(BELOW, vec![("_dmarc.mail.msp.example", none())]).await;
    assert_eq!(above.1.len(), 3, "DKIM signs as a domain above: whose organization is it? {above:?}");
    let top = look_up(BELOW, vec![("_dmarc.mail.msp.example", DnsAnswer::text("v=DMARC1; p=none; psd=n"))]).await;
    assert_eq!(top.1.len(), 1);
}

#[tokio::test]
async fn a_server_that_is_silent_or_not_there_is_never_in_order() {
    let server = NameServer::start([("_dmarc.msp.example", DnsAnswer::Silence)]);
    let limit = Duration::from_millis(400);
    let begun = Instant::now();
    let silent = dmarc(&NameServers::at(server.address, limit), OWN).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Whether a machine says at once that nobody listens is its own affair.
    let gone = dmarc(&NameServers::at(nobody, limit), OWN).await;
    let invalid = dmarc(&NameServers::at(server.address, limit), SentBy { domain: "msp..example", ..OWN }).await;
    for (found, words) in
        [(silent, "no answer within 0.4 s"), (gone, "could not be looked up: no "), (invalid, "is not a name")]
    {
        assert_eq!((found.len(), found[0].status), (1, CheckStatus::Warning), "{found:?}");
        assert!(found[0].message.contains(words), "{found:?}");
        assert!(found[0].fix.as_ref().unwrap().contains("nslookup -type=TXT _dmarc."), "{found:?}");
    }
}
