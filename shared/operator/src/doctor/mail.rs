//! Whether the mail of a closing would reach its readers.

use std::collections::BTreeSet;

use truecount_app::{Config, mail_address};
use truecount_platform::PortErrorKind;

use super::dmarc::{NOT_SIGNED, SentBy, dmarc};
use super::{CheckResult, CheckStatus, CheckedBackend, fix_of};
use crate::inspector::{AwsInspector, MailFrom, SesAccount, SesIdentity};
use crate::name_servers::NameServers;

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
    if let CheckedBackend::Stack(_, inspector, servers) = backend {
        ses(inspector, servers, from, &recipients, results).await;
    } else {
        results.push(CheckResult::ok("sender", from));
    }
}

/// What AWS refused, with the permission that it needs.
type Unseen = (PortErrorKind, &'static str);

async fn ses(
    inspector: &AwsInspector,
    servers: &NameServers,
    from: &str,
    recipients: &BTreeSet<String>,
    results: &mut Vec<CheckResult>,
) {
    if let Err((kind, action)) = ask_ses(inspector, servers, from, recipients, results).await {
        results.push(CheckResult::problem(CheckStatus::Warning, "mail", kind.to_string(), fix_of(&kind, action)));
    }
}

async fn ask_ses(
    inspector: &AwsInspector,
    servers: &NameServers,
    from: &str,
    recipients: &BTreeSet<String>,
    results: &mut Vec<CheckResult>,
) -> Result<(), Unseen> {
    let account = inspector.mail_account().await.map_err(|kind| (kind, "ses:GetAccount"))?;
    let region = inspector.region();
    let address = identity(inspector, from).await?;
    let of_domain = domain_identity(inspector, from).await?;
    let mut known = address.iter().chain(of_domain.as_ref().map(|(_, found)| found));
    let is_verified = known.any(|one| one.is_verified);
    if is_verified {
        results.push(CheckResult::ok("sender", format!("SES has verified `{from}` in {region}")));
        let sent = Sent::new(from, address.as_ref(), of_domain.as_ref());
        results.push(sent.signature());
        results.extend(dmarc(servers, sent.by()).await);
    } else {
        let message = format!("SES in {region} has verified neither `{from}` nor `{}`", domain(from));
        let fix =
            "add the DNS records among the stack's outputs (Dns…), or click the link that SES mailed to the sender";
        results.push(CheckResult::problem(CheckStatus::Error, "sender", message, fix));
    }
    let mut unverified = Vec::new();
    if !account.is_in_production {
        for recipient in recipients {
            let known = [
                identity(inspector, recipient).await?,
                domain_identity(inspector, recipient).await?.map(|(_, found)| found),
            ];
            if !known.into_iter().flatten().any(|one| one.is_verified) {
                unverified.push(recipient.as_str());
            }
        }
    }
    results.push(account_result(&account, recipients.len() as u64, &unverified));
    suppressed(inspector, &account, recipients, results).await
}

async fn identity(inspector: &AwsInspector, name: &str) -> Result<Option<SesIdentity>, Unseen> {
    inspector.mail_identity(name).await.map_err(|kind| (kind, "ses:GetEmailIdentity"))
}

/// The identity of an address's domain, or of the nearest domain above that SES knows: it is one for all below it.
async fn domain_identity(inspector: &AwsInspector, of: &str) -> Result<Option<(String, SesIdentity)>, Unseen> {
    let mut name = domain(of);
    loop {
        if let Some(found) = identity(inspector, name).await? {
            return Ok(Some((name.to_owned(), found)));
        }
        match name.split_once('.') {
            Some((_, above)) if above.contains('.') => name = above,
            _ => return Ok(None),
        }
    }
}

/// How SES sends the mail of an address that it has verified.
struct Sent<'a> {
    /// The domain of the address.
    own: String,
    /// The domain that DKIM signs as, if it is one of ours.
    dkim: Option<String>,
    mail_from: Option<&'a MailFrom>,
}

impl<'a> Sent<'a> {
    fn new(from: &str, address: Option<&'a SesIdentity>, of_domain: Option<&'a (String, SesIdentity)>) -> Self {
        let own = domain(from).to_lowercase();
        let by_domain = of_domain.filter(|(_, found)| found.is_signed).map(|(name, _)| name.to_lowercase());
        let by_address = || address.filter(|found| found.is_signed).map(|_| own.clone());
        let mut both = address.into_iter().chain(of_domain.map(|(_, found)| found));
        Self { dkim: by_domain.or_else(by_address), mail_from: both.find_map(|one| one.mail_from.as_ref()), own }
    }

    fn by(&self) -> SentBy<'_> {
        let mail_from = self.mail_from.filter(|found| found.is_found).map(|found| found.domain.as_str());
        SentBy { domain: &self.own, dkim: self.dkim.as_deref(), mail_from }
    }

    /// Whether the mail is signed, and its bounces go to, the sender's own domain.
    fn signature(&self) -> CheckResult {
        let Some(signed) = &self.dkim else {
            let message = format!("SES does not sign the mail as `{}`", self.own);
            return CheckResult::problem(CheckStatus::Warning, "signature", message, NOT_SIGNED);
        };
        let signed = format!("DKIM signs as `{signed}`");
        let Some(mail_from) = self.mail_from else {
            let message = format!("{signed}; bounces go to amazonses.com, so that SPF is not of your domain");
            let fix = "set a MAIL FROM domain for it in SES, or deploy with `SenderIdentity=domain`";
            return CheckResult::problem(CheckStatus::Advice, "signature", message, fix);
        };
        let at = &mail_from.domain;
        let (status, outcome) = match (mail_from.is_found, mail_from.is_required) {
            (true, _) => return CheckResult::ok("signature", format!("{signed}; bounces go to `{at}`")),
            (false, true) => (CheckStatus::Error, "the mail is refused"),
            (false, false) => (CheckStatus::Advice, "bounces go to amazonses.com"),
        };
        let message = format!("{signed}; SES finds no MX record of the MAIL FROM domain `{at}`: {outcome}");
        let fix = "add the DNS records DnsMailFrom and DnsSpf among the stack's outputs";
        CheckResult::problem(status, "signature", message, fix)
    }
}

fn account_result(account: &SesAccount, needed: u64, unverified: &[&str]) -> CheckResult {
    let error = |message: String, fix| CheckResult::problem(CheckStatus::Error, "mail", message, fix);
    if !account.is_sending {
        let fix = "see the SES console, Account dashboard: it says why, and how to go on";
        return error("SES has paused sending for this account".to_owned(), fix);
    }
    let left = account.per_day_max.saturating_sub(account.sent);
    if !unverified.is_empty() {
        let fix = "request production access (SES console, Account dashboard), or verify each recipient";
        return error(format!("SES is in its sandbox: {} would get no mail", unverified.join(", ")), fix);
    }
    if left < needed {
        let fix = "request a higher quota, or wait until tomorrow";
        return error(format!("SES sends {left} more mails today, and {needed} are needed"), fix);
    }
    let sandbox = match account.is_in_production {
        true => "",
        false => ", in the SES sandbox, with every recipient verified",
    };
    CheckResult::ok("mail", format!("{left} of {} mails left today{sandbox}", account.per_day_max))
}

/// Recipients that bounced or complained once: SES accepts mail to them, and does not deliver it.
async fn suppressed(
    inspector: &AwsInspector,
    account: &SesAccount,
    recipients: &BTreeSet<String>,
    results: &mut Vec<CheckResult>,
) -> Result<(), Unseen> {
    if account.suppressed_reasons.is_empty() {
        return Ok(());
    }
    for recipient in recipients {
        let found = inspector.suppressed(recipient).await.map_err(|kind| (kind, "ses:GetSuppressedDestination"))?;
        let Some(reason) = found.filter(|reason| account.suppressed_reasons.contains(reason)) else { continue };
        let why = if reason == "COMPLAINT" { "a mail to it was marked as spam" } else { "a mail to it bounced" };
        let message = format!("`{recipient}` is on SES's suppression list, and gets no mail: {why}");
        let fix =
            format!("when it takes mail again: `aws sesv2 delete-suppressed-destination --email-address {recipient}`");
        results.push(CheckResult::problem(CheckStatus::Warning, "recipients", message, fix));
    }
    Ok(())
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTION: SesAccount = SesAccount {
        is_in_production: true,
        is_sending: true,
        per_day_max: 50_000,
        sent: 0,
        suppressed_reasons: Vec::new(),
    };

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
            let account = SesAccount { per_day_max, sent, ..PRODUCTION };
            assert_eq!(account_result(&account, needed, &[]).status, expected, "{account:?} {needed}");
        }
        let paused = account_result(&SesAccount { is_sending: false, ..PRODUCTION }, 1, &[]);
        assert!(paused.status == CheckStatus::Error && paused.message.contains("paused"), "{paused:?}");
    }

    #[test]
    fn in_the_sandbox_every_recipient_must_be_verified() {
        let sandbox = SesAccount { is_in_production: false, per_day_max: 200, ..PRODUCTION };
        assert_eq!(account_result(&sandbox, 2, &[]).status, CheckStatus::Ok);
        let refused = account_result(&sandbox, 2, &["a@b.example"]);
        assert_eq!(refused.status, CheckStatus::Error);
        assert!(refused.message.contains("a@b.example"), "{}", refused.message);
    }

    #[test]
    fn mail_is_signed_and_bounces_by_the_own_domain() {
        let from = |is_found, is_required| MailFrom { domain: "bounces.b.example".to_owned(), is_found, is_required };
        for (is_signed, mail_from, expected) in [
            (true, Some(from(true, false)), CheckStatus::Ok),
            (true, Some(from(false, false)), CheckStatus::Advice),
            (true, Some(from(false, true)), CheckStatus::Error),
            (true, None, CheckStatus::Advice),
            (false, Some(from(true, false)), CheckStatus::Warning),
        ] {
            let identity = ("b.example".to_owned(), SesIdentity { is_verified: true, is_signed, mail_from });
            assert_eq!(Sent::new("a@b.example", None, Some(&identity)).signature().status, expected, "{identity:?}");
        }
        let address = SesIdentity { is_verified: true, is_signed: false, mail_from: None };
        let trial = Sent::new("a@b.example", Some(&address), None).signature();
        assert_eq!(trial.status, CheckStatus::Warning, "an address alone is signed by amazonses.com: {trial:?}");
    }
}
