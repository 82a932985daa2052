//! Whether the mail of a closing would reach its readers.

use std::collections::BTreeSet;

use truecount_app::{Config, mail_address};

use super::{CheckResult, CheckStatus, CheckedBackend, fix_of};
use crate::inspector::{AwsInspector, SendQuota};

pub(super) async fn mail(config: &Config, backend: CheckedBackend<'_>, results: &mut Vec<CheckResult>) {
    let settings = &config.settings.mail;
    let recipients: BTreeSet<String> =
        settings.groups.iter().flat_map(|group| &group.to).map(|to| mail_address(to).to_owned()).collect();
    if recipients.is_empty() {
        let message = "nobody receives the mail: the settings have no [[mail.groups]]";
        let fix = "add a [[mail.groups]] with `id` and `to` to config/settings.toml";
        results.push(CheckResult::problem(CheckStatus::Warning, "recipients", message, fix));
    } else {
        let (groups, people) = (settings.groups.len(), recipients.len());
        results.push(CheckResult::ok("recipients", format!("addresses: {people}, mail groups: {groups}")));
    }
    let Some(from) = settings.from.as_deref().map(mail_address) else {
        let fix = "set `from` under [mail] in config/settings.toml";
        results.push(CheckResult::problem(CheckStatus::Error, "sender", "the settings name no sender", fix));
        return;
    };
    if let CheckedBackend::Stack(_, inspector) = backend {
        ses(inspector, from, &recipients, results).await;
    } else {
        results.push(CheckResult::ok("sender", from));
    }
}

async fn ses(inspector: &AwsInspector, from: &str, recipients: &BTreeSet<String>, results: &mut Vec<CheckResult>) {
    let quota = match inspector.send_quota().await {
        Ok(quota) => quota,
        Err(kind) => {
            results.push(CheckResult::problem(
                CheckStatus::Warning,
                "mail",
                kind.to_string(),
                fix_of(&kind, "ses:GetSendQuota"),
            ));
            return;
        }
    };
    let all = recipients.iter().map(String::as_str).chain([from]);
    let identities = all.flat_map(|one| [one.to_owned(), domain(one).to_owned()]).collect();
    let verified = match inspector.verified(&identities).await {
        Ok(verified) => verified,
        Err(kind) => {
            let fix = fix_of(&kind, "ses:GetIdentityVerificationAttributes");
            results.push(CheckResult::problem(CheckStatus::Warning, "mail", kind.to_string(), fix));
            return;
        }
    };
    let region = inspector.region();
    let is_verified = |one: &str| verified.contains(one) || verified.contains(domain(one));
    if is_verified(from) {
        results.push(CheckResult::ok("sender", format!("SES has verified `{from}` in {region}")));
    } else {
        let message = format!("SES in {region} has verified neither `{from}` nor `{}`", domain(from));
        let fix = format!(
            "`aws ses verify-email-identity --email-address {from}`, then click the link in the mail that arrives"
        );
        results.push(CheckResult::problem(CheckStatus::Error, "sender", message, fix));
    }
    let unverified: Vec<&str> = recipients.iter().map(String::as_str).filter(|one| !is_verified(one)).collect();
    results.push(quota_result(&quota, recipients.len() as u64, &unverified));
}

fn quota_result(quota: &SendQuota, needed: u64, unverified: &[&str]) -> CheckResult {
    let left = quota.per_day_max.saturating_sub(quota.sent);
    if quota.is_sandbox() && !unverified.is_empty() {
        let message = format!("SES is in its sandbox: {} would get no mail", unverified.join(", "));
        let fix = "request production access (SES console, Account dashboard), or verify each recipient";
        return CheckResult::problem(CheckStatus::Error, "mail", message, fix);
    }
    if left < needed {
        let message = format!("SES sends {left} more mails today, and {needed} are needed");
        return CheckResult::problem(
            CheckStatus::Error,
            "mail",
            message,
            "request a higher quota, or wait until tomorrow",
        );
    }
    let sandbox = if quota.is_sandbox() { ", in the SES sandbox, with every recipient verified" } else { "" };
    CheckResult::ok("mail", format!("{left} of {} mails left today{sandbox}", quota.per_day_max))
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_follows_the_last_at() {
        assert_eq!((domain("a@b.example"), domain("b.example")), ("b.example", "b.example"));
    }

    #[test]
    fn the_quota_must_cover_every_recipient() {
        for (per_day_max, sent, needed, expected) in [
            (50_000, 49_990, 10, CheckStatus::Ok),
            (50_000, 49_990, 11, CheckStatus::Error),
            // More sent than is allowed: the quota was lowered today.
            (1_000, 1_200, 1, CheckStatus::Error),
        ] {
            let quota = SendQuota { per_day_max, per_second_max: 14, sent };
            assert_eq!(quota_result(&quota, needed, &["a@b.example"]).status, expected, "{quota:?} {needed}");
        }
    }

    #[test]
    fn in_the_sandbox_every_recipient_must_be_verified() {
        let sandbox = SendQuota { per_day_max: 200, per_second_max: 1, sent: 0 };
        assert_eq!(quota_result(&sandbox, 2, &[]).status, CheckStatus::Ok);
        let refused = quota_result(&sandbox, 2, &["a@b.example"]);
        assert_eq!(refused.status, CheckStatus::Error);
        assert!(refused.message.contains("a@b.example"), "{}", refused.message);
    }
}
