//! `[mail]`: who sends mail, and who gets it. A deployed stack's sender is a parameter of the stack, to which its role
//! is bound: its settings cannot name another.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Deserialize;
use truecount_billing::Currency;
use truecount_reports::{AccountManager, MailContent};

use super::report::{WrittenNumber, above_zero};
use crate::toml_sections::{Located, Problems, Section};

/// Below which value entries are not listed.
const ENTRIES_FROM: &str = "entries_from";

/// Who sends mail, and who gets it.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    /// The sender; of a stack, its own.
    pub from: Option<String>,
    /// Each group gets one mail per closing run. Some group is of all clients, or there is none.
    pub groups: Vec<MailGroup>,
    /// The mail server that a data directory delivers through; `None`: mails stay in the outbox folder. A deployed
    /// stack sends through SES, and refuses this.
    pub smtp: Option<SmtpSettings>,
}

/// A mail server. Its password is a secret, and is not in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Its host name, which its certificate must have.
    pub host: String,
    /// Its port; by default 587 for `starttls` and 465 for `tls`.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: SmtpEncryption,
    /// The user to sign in as; `None`: without signing in.
    pub username: Option<String>,
    /// A PEM file of the only authorities that are trusted for its certificate; by default those that the system trusts.
    pub ca_file: Option<String>,
}

/// How a connection to a mail server is encrypted. Deliberately absent: not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpEncryption {
    /// In the clear until STARTTLS.
    #[default]
    StartTls,
    /// From the first byte on.
    Tls,
}

/// Recipients who get one mail together.
#[derive(Debug, Clone, Default)]
pub struct MailGroup {
    /// A short name, part of the mail's key: letters, digits and hyphens.
    pub id: String,
    /// Addresses, at least one.
    pub to: Vec<String>,
    /// What its closing mail says.
    pub mail: MailContent,
    /// The only clients that its closing mail is about, by id or name, with `*` for any text; empty: all.
    pub clients: Vec<String>,
    /// The only currencies that it is about; empty: all.
    pub currencies: BTreeSet<Currency>,
    /// Entries worth less than this a month, in the home currency, are not listed, and how many that are is told.
    pub entries_from: Option<Decimal>,
}

impl MailGroup {
    /// Whether it hears of all clients, in all currencies.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.clients.is_empty() && self.currencies.is_empty()
    }
}

impl MailSettings {
    /// The groups that hear of what has to be done around a closing, and of one that failed: those that work, of all
    /// clients; where nobody does, all that are of all clients; where none is, every group.
    #[must_use]
    pub fn of_notices(&self) -> Vec<&MailGroup> {
        let of_all: Vec<_> = self.groups.iter().filter(|group| group.is_of_all()).collect();
        let workers: Vec<_> = of_all.iter().copied().filter(|group| group.mail == MailContent::Work).collect();
        let all = self.groups.iter().collect();
        [workers, of_all, all].into_iter().find(|groups| !groups.is_empty()).unwrap_or_default()
    }

    /// `stack_sender`: the only address that the stack's role may send as. `managers`: of whose clients a group can be.
    pub(super) fn read<'i>(
        mut section: Section<'i>,
        (stack_sender, managers): (Option<&str>, &[AccountManager]),
        problems: &mut Problems<'_>,
    ) -> Self {
        let from: Option<Located<String>> = section.optional("from", problems);
        let mut ids = BTreeSet::new();
        let groups = section.sections("groups", problems).into_iter();
        let groups = groups.map(|group| (group.at(), MailGroup::read(group, (&mut ids, managers), &mut *problems)));
        let groups: Vec<_> = groups.collect();
        let is_of_some = |(_, group): &(_, Option<MailGroup>)| group.as_ref().is_some_and(|one| !one.is_of_all());
        if let Some((at, _)) = groups.first().filter(|_| groups.iter().all(is_of_some)) {
            let why = "each mail group is of some clients or currencies only, so that nobody hears of a closing that failed; add a group of all";
            problems.add(*at, why);
        }
        let groups = groups.into_iter().filter_map(|(_, group)| group).collect();
        let smtp = section.section("smtp", problems);
        if let Some(sender) = stack_sender {
            if let Some(from) = from.as_ref().filter(|from| mail_address(&from.value) != sender) {
                problems.add(
                    from.at,
                    format!(
                        "`from` is `{}`, and this stack may only send as `{sender}`; delete the line, or deploy the stack with another `Sender`",
                        from.value.escape_debug()
                    ),
                );
            }
            if let Some(smtp) = &smtp {
                problems
                    .add(smtp.at(), "a stack sends its mail through SES and ignores [mail.smtp]; delete the section");
            }
        }
        let smtp = smtp.and_then(|smtp| SmtpSettings::read(smtp, problems));
        section.finish(problems);
        Self { from: from.map(|from| from.value), groups, smtp }
    }

    /// With the stack's sender, where the settings give it no name.
    pub(super) fn sent_from(self, stack_sender: Option<&str>) -> Self {
        Self { from: self.from.or_else(|| stack_sender.map(str::to_owned)), ..self }
    }
}

impl MailGroup {
    /// `ids` are those of the groups before it.
    fn read<'i>(
        mut section: Section<'i>,
        (ids, managers): (&mut BTreeSet<String>, &[AccountManager]),
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        let id = section.required::<String>("id", problems);
        let to = section.required::<Vec<String>>("to", problems);
        let mail = section.value("mail", problems).unwrap_or_default();
        let clients: Option<Located<Vec<String>>> = section.optional("clients", problems);
        let manager: Option<Located<String>> = section.optional("account_manager", problems);
        let currencies: Option<Located<Vec<Currency>>> = section.optional("currencies", problems);
        let entries_from: Option<Located<WrittenNumber>> = section.optional(ENTRIES_FROM, problems);
        section.finish(problems);
        if let Some(currencies) = currencies.as_ref().filter(|found| found.value.is_empty()) {
            problems.add(currencies.at, "`currencies` lists currencies such as \"EUR\"; leave it out for all of them");
        }
        let entries_from = entries_from.and_then(|found| above_zero(ENTRIES_FROM, found.at, &found.value, problems));
        let of_manager = manager.map(|named| clients_of(&named, clients.is_some(), managers, problems));
        if let Some(clients) = &clients {
            let is_blank = |client: &String| client.trim().is_empty();
            if clients.value.is_empty() || clients.value.iter().any(is_blank) {
                problems.add(
                    clients.at,
                    "`clients` lists clients by id or name (`*` is any text); leave it out for all of them",
                );
            }
        }
        if let Some(id) = &id {
            let is_plain = !id.value.is_empty() && id.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !is_plain {
                let why = format!("the mail group id `{}` may only have letters, digits and hyphens", id.value);
                problems.add(id.at, why);
            } else if !ids.insert(id.value.clone()) {
                problems.add(id.at, format!("two mail groups have the id `{}`; give each its own", id.value));
            }
        }
        if let Some(to) = to.as_ref().filter(|to| to.value.is_empty()) {
            let name = id.as_ref().map(|id| format!(" `{}`", id.value)).unwrap_or_default();
            problems.add(to.at, format!("the mail group{name} has no address in `to`"));
        }
        let clients = of_manager.or_else(|| clients.map(|clients| clients.value)).unwrap_or_default();
        let currencies = currencies.map(|found| found.value.into_iter().collect()).unwrap_or_default();
        Some(Self { id: id?.value, to: to?.value, mail, clients, currencies, entries_from })
    }
}

/// The clients whom somebody looks after.
fn clients_of(
    named: &Located<String>,
    has_clients: bool,
    managers: &[AccountManager],
    problems: &mut Problems<'_>,
) -> Vec<String> {
    if has_clients {
        problems.add(named.at, "`account_manager` and `clients` both say whose mail it is; write one of them");
    }
    if let Some(found) = managers.iter().find(|one| one.name == named.value) {
        return found.clients.clone();
    }
    let known: Vec<_> = managers.iter().map(|one| format!("`{}`", one.name.escape_debug())).collect();
    let known = if known.is_empty() { "nobody".to_owned() } else { known.join(", ") };
    problems.add(
        named.at,
        format!("`{}` is nobody of [account_managers], which names {known}", named.value.escape_debug()),
    );
    Vec::new()
}

impl SmtpSettings {
    fn read<'i>(mut section: Section<'i>, problems: &mut Problems<'_>) -> Option<Self> {
        let host = section.required("host", problems);
        let port = section.value("port", problems);
        let tls = section.value("tls", problems).unwrap_or_default();
        let username = section.value("username", problems);
        let ca_file = section.value("ca_file", problems);
        section.finish(problems);
        Some(Self { host: host?.value, port, tls, username, ca_file })
    }
}

/// The address in `Name <address>`.
#[must_use]
pub fn mail_address(text: &str) -> &str {
    match (text.rfind('<'), text.trim_end().strip_suffix('>')) {
        (Some(at), Some(rest)) if at < rest.len() => rest[at + 1..].trim(),
        _ => text.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    const GOOD: &str = "[mail]\nfrom = \"a@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n[[sources]]\nid = \"rmm\"\nconnector = \"file\"\n";

    #[test]
    fn a_stack_sends_as_its_own_sender() {
        let from = |line: &str, sender| {
            let read = Settings::read(&GOOD.replace("from = \"a@msp.example\"", line), sender);
            read.map(|settings| settings.mail.from).map_err(|error| error.to_string())
        };
        let own = Some("a@msp.example");
        assert_eq!(from("", own).unwrap().as_deref(), own);
        assert_eq!(from("from = \"a@msp.example\"", own).unwrap().as_deref(), own);
        let named = "Truecount <a@msp.example>";
        assert_eq!(from(&format!("from = \"{named}\""), own).unwrap().as_deref(), Some(named), "its name may be set");
        for other in ["b@msp.example", "a@other.example", "a@msp.example <c@msp.example>"] {
            let error = from(&format!("from = \"{other}\""), own).unwrap_err();
            let expected = format!(
                "config/settings.toml: line 2: `from` is `{other}`, and this stack may only send as `a@msp.example`; delete the line, or deploy the stack with another `Sender`"
            );
            assert_eq!(error, expected);
            assert_eq!(from(&format!("from = \"{other}\""), None).unwrap().as_deref(), Some(other), "on one machine");
        }
        assert_eq!(Settings::read("", own).unwrap().mail.from.as_deref(), own, "without a section");
    }

    #[test]
    fn what_a_stack_ignores_is_refused_with_the_sender_at_once() {
        let text = GOOD.replace("[[mail", "[mail.smtp]\nhost = \"mx\"\n[[mail");
        assert!(Settings::parse(&text).is_ok());
        let error = Settings::read(&text, Some("b@msp.example")).unwrap_err().to_string();
        assert!(error.starts_with("config/settings.toml: 2 problems\nline 2: `from` is"), "{error}");
        let ignored = "line 3: a stack sends its mail through SES and ignores [mail.smtp]; delete the section";
        assert!(error.ends_with(ignored), "{error}");
    }

    #[test]
    fn the_address_is_found_behind_a_name() {
        for text in ["a@b.example", " a@b.example ", "A. <a@b.example>", "\"x <y>\" <a@b.example> "] {
            assert_eq!(mail_address(text), "a@b.example", "{text}");
        }
    }

    #[test]
    fn a_mail_server_is_never_reached_in_the_clear() {
        let with = |line: &str| {
            Settings::parse(&GOOD.replace("[[mail", &format!("[mail.smtp]\nhost = \"mx\"\n{line}\n[[mail")))
        };
        for (line, tls) in [
            ("", SmtpEncryption::StartTls),
            ("tls = \"starttls\"", SmtpEncryption::StartTls),
            ("tls = \"tls\"", SmtpEncryption::Tls),
        ] {
            assert_eq!(with(line).unwrap().mail.smtp.unwrap().tls, tls);
        }
        let error = with("tls = \"none\"").unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("starttls"), "{error}");
        let error = with("password = \"x\"").unwrap_err().to_string();
        assert!(error.contains("unknown key `password`"), "{error}");
        let source = GOOD.replace("id = \"rmm\"", "id = \"smtp\"");
        assert!(Settings::parse(&source).is_ok(), "{source}");
        let error =
            Settings::parse(&source.replace("[[mail", "[mail.smtp]\nhost = \"mx\"\n[[mail")).unwrap_err().to_string();
        assert!(error.contains("line 9: the id `smtp` is that of [mail.smtp]"), "{error}");
    }

    #[test]
    fn who_works_hears_of_what_is_to_be_done() {
        let of = |groups: &str| {
            let settings = Settings::parse(&GOOD.replace("[[sources]]", &format!("{groups}[[sources]]"))).unwrap();
            settings.mail.of_notices().iter().map(|group| group.id.clone()).collect::<Vec<_>>()
        };
        let owner = "[[mail.groups]]\nid = \"owner\"\nto = [\"o@msp.example\"]\nmail = \"summary\"\n";
        let east = "[[mail.groups]]\nid = \"east\"\nto = [\"e@msp.example\"]\nclients = [\"Alder\"]\n";
        assert_eq!(of(&format!("{owner}{east}")), ["billing"]);
        let alone = GOOD.replace("id = \"billing\"", "id = \"billing\"\nmail = \"summary\"");
        assert_eq!(Settings::parse(&alone).unwrap().mail.of_notices().len(), 1, "where nobody works");
    }

    #[test]
    fn a_closing_that_failed_has_somebody_who_hears_of_it() {
        let text = GOOD.replace("id = \"billing\"", "id = \"billing\"\nclients = [\"Alder\"]");
        let error = Settings::parse(&text).unwrap_err().to_string();
        assert!(error.contains("line 3: each mail group is of some clients or currencies only"), "{error}");
        let error = Settings::parse(&text.replace("[\"Alder\"]", "[]")).unwrap_err().to_string();
        assert!(error.contains("line 5: `clients` lists clients by id or name (`*` is any text)"), "{error}");
        let error =
            Settings::parse(&text.replace("clients = [\"Alder\"]", "mail = \"short\"")).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("summary") && error.contains("work"), "{error}");
    }

    #[test]
    fn a_group_can_be_of_an_account_manager_of_currencies_and_of_what_is_worth_more() {
        let managers = "[account_managers]\nKim = [\"Alder*\"]\n";
        let with = |lines: &str| {
            let east = format!("[[mail.groups]]\nid = \"east\"\nto = [\"e@msp.example\"]\n{lines}\n");
            Settings::parse(&GOOD.replace("[[sources]]", &format!("{east}{managers}[[sources]]")))
        };
        let group = |lines: &str| with(lines).unwrap().mail.groups.pop().unwrap();
        assert_eq!(group("account_manager = \"Kim\"").clients, ["Alder*"]);
        let euro = group("currencies = [\"EUR\"]\nentries_from = \"49.50\"");
        assert_eq!(euro.currencies, [Currency::new("EUR").unwrap()].into());
        assert_eq!(euro.entries_from, Some(Decimal::new(4950, 2)));
        assert!(group("").is_of_all() && !euro.is_of_all());
        for (lines, what) in [
            ("account_manager = \"Lee\"", "line 9: `Lee` is nobody of [account_managers], which names `Kim`"),
            ("account_manager = \"Kim\"\nclients = [\"17\"]", "line 9: `account_manager` and `clients` both say"),
            ("currencies = []", "line 9: `currencies` lists currencies"),
            ("currencies = [\"euro\"]", "line 9: `currencies`"),
            ("entries_from = -1", "line 9: `entries_from` is no number above zero"),
        ] {
            let error = with(lines).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_group_without_people_is_refused() {
        let error = Settings::parse(&GOOD.replace("[\"b@msp.example\"]", "[]")).unwrap_err().to_string();
        assert!(error.contains("line 5: the mail group `billing` has no address in `to`"), "{error}");
    }
}
