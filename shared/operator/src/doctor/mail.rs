//! Whether the mail of a closing would reach its readers.

use std::collections::BTreeSet;

use truecount_app::Config;

use super::{BackendUnderTest, Health, Line, remedy};
use crate::cloud::{Cloud, Quota};

pub(super) async fn mail(config: &Config, home: BackendUnderTest<'_>, lines: &mut Vec<Line>) {
    let settings = &config.settings.mail;
    let recipients: BTreeSet<String> =
        settings.groups.iter().flat_map(|group| &group.to).map(|to| address(to).to_owned()).collect();
    if recipients.is_empty() {
        let says = "nobody gets the mail: the settings have no [[mail.groups]]";
        let remedy = "add a [[mail.groups]] with `id` and `to` to config/settings.toml";
        lines.push(Line::bad(Health::Gap, "recipients", says, remedy));
    } else {
        let (groups, people) = (settings.groups.len(), recipients.len());
        lines.push(Line::good("recipients", format!("{people} in {groups} groups")));
    }
    let Some(from) = settings.from.as_deref().map(address) else {
        let remedy = "set `from` under [mail] in config/settings.toml";
        lines.push(Line::bad(Health::Fault, "sender", "the settings name no sender", remedy));
        return;
    };
    if let BackendUnderTest::Stack(_, cloud) = home {
        ses(cloud, from, &recipients, lines).await;
    } else {
        lines.push(Line::good("sender", from));
    }
}

async fn ses(cloud: &Cloud, from: &str, recipients: &BTreeSet<String>, lines: &mut Vec<Line>) {
    let quota = match cloud.quota().await {
        Ok(quota) => quota,
        Err(cause) => {
            lines.push(Line::bad(Health::Gap, "mail", cause.to_string(), remedy(&cause, "ses:GetSendQuota")));
            return;
        }
    };
    let all = recipients.iter().map(String::as_str).chain([from]);
    let identities = all.flat_map(|one| [one.to_owned(), domain(one).to_owned()]).collect();
    let verified = match cloud.verified(&identities).await {
        Ok(verified) => verified,
        Err(cause) => {
            let remedy = remedy(&cause, "ses:GetIdentityVerificationAttributes");
            lines.push(Line::bad(Health::Gap, "mail", cause.to_string(), remedy));
            return;
        }
    };
    let region = cloud.region();
    let is_verified = |one: &str| verified.contains(one) || verified.contains(domain(one));
    if is_verified(from) {
        lines.push(Line::good("sender", format!("SES has verified `{from}` in {region}")));
    } else {
        let says = format!("SES in {region} has verified neither `{from}` nor `{}`", domain(from));
        let remedy = format!(
            "`aws ses verify-email-identity --email-address {from}`, then click the link in the mail that comes"
        );
        lines.push(Line::bad(Health::Fault, "sender", says, remedy));
    }
    let strangers: Vec<&str> = recipients.iter().map(String::as_str).filter(|one| !is_verified(one)).collect();
    lines.push(quota_line(&quota, recipients.len() as u64, &strangers));
}

fn quota_line(quota: &Quota, needed: u64, strangers: &[&str]) -> Line {
    let left = quota.a_day.saturating_sub(quota.sent);
    if quota.is_sandbox() && !strangers.is_empty() {
        let says = format!("SES is in its sandbox: {} would get no mail", strangers.join(", "));
        let remedy = "ask for production access (SES console, Account dashboard), or verify each recipient";
        return Line::bad(Health::Fault, "mail", says, remedy);
    }
    if left < needed {
        let says = format!("SES lets {left} more mails out today, {needed} are needed");
        return Line::bad(Health::Fault, "mail", says, "ask for a higher quota, or wait until tomorrow");
    }
    let sandbox = if quota.is_sandbox() { ", in the sandbox, with every recipient verified" } else { "" };
    Line::good("mail", format!("{left} of {} mails left today{sandbox}", quota.a_day))
}

/// The address in `Name <address>`.
fn address(text: &str) -> &str {
    match (text.rfind('<'), text.trim_end().strip_suffix('>')) {
        (Some(at), Some(rest)) if at < rest.len() => rest[at + 1..].trim(),
        _ => text.trim(),
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_named_one() {
        for text in ["a@b.example", " a@b.example ", "A. <a@b.example>", "\"x <y>\" <a@b.example> "] {
            assert_eq!(address(text), "a@b.example", "{text}");
        }
        assert_eq!((domain("a@b.example"), domain("b.example")), ("b.example", "b.example"));
    }
}
