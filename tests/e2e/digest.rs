//! What a month left behind, in canonical order: the same month has the same digest, wherever and however it was run.
//! Deliberately absent: raw pages, leases, checkpoints, and when something was recorded.

use std::collections::BTreeSet;
use std::fmt;

use mail_parser::{MessageParser, MimeHeaders};
use sha2::{Digest as _, Sha256};
use truecount_billing::BillingMonth;
use truecount_platform::Archive;
use truecount_store::{Closing, Delivery, Run, SnapshotManifest, Store};

/// How a labelled repeat begins, in its subject and in its text.
const REPEAT_SUBJECT: &str = "Possible repeat: ";
const REPEAT_TEXT: &str =
    "This mail may be a repeat: it is not known whether the first one, with the same content, was delivered.";

/// What a month left behind, a line each, and the mails counted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) lines: Vec<String>,
    /// Mails without the label of a repeat.
    pub(crate) first_mails: usize,
    /// Mails that say that they may be a repeat.
    pub(crate) labelled_mails: usize,
}

impl Digest {
    /// Reads it all.
    pub(crate) async fn of(
        store: &Store,
        archive: &dyn Archive,
        mails: &[Vec<u8>],
        month: BillingMonth,
        sources: &[&str],
    ) -> Self {
        let mut lines = Vec::new();
        for source in sources {
            for found in SnapshotManifest::list(store, &source.parse().unwrap()).await.unwrap() {
                let counts = (found.account_count, found.incomplete_count, found.item_count);
                let (as_of, content) = (found.id.as_of, &found.content_sha256);
                lines.push(format!("snapshot {source} {as_of} {counts:?} {:?} {content}", found.missing));
            }
        }
        let mut places = Vec::new();
        for run in Run::list(store, month).await.unwrap() {
            places.push(archive.place(&format!("reports/{month}/{}/", run.run_id)));
            let summary = serde_json::to_string(&run.summary).unwrap();
            lines.push(format!("run {} {:?} {:?} {summary}", run.run_id, run.state, run.outcome_sha256));
        }
        for closing in Closing::list(store, month).await.unwrap() {
            lines.push(format!("closing {closing:?}"));
        }
        for mail in Delivery::list(store, month).await.unwrap() {
            lines.push(format!("mail {} {} {:?} {}", mail.name, mail.group, mail.state, mail.run_id));
        }
        for entry in archive.list("reports/").await.unwrap() {
            let bytes = archive.get(&entry.key).await.unwrap().unwrap();
            lines.push(format!("file {} {}", entry.key, sha256(&bytes)));
        }
        let labelled = mails.iter().filter(|raw| is_labelled(raw)).count();
        let distinct: BTreeSet<String> = mails.iter().map(|raw| mail(raw, &places)).collect();
        lines.extend(distinct);
        Self { lines, first_mails: mails.len() - labelled, labelled_mails: labelled }
    }

    /// One hash over all of it; the number of mails is compared separately.
    pub(crate) fn sha256(&self) -> String {
        sha256(self.lines.join("\n").as_bytes())
    }

    /// The lines that one has and the other has not.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let only = |sign: &str, one: &Self, other: &Self| {
            let lines = one.lines.iter().filter(|line| !other.lines.contains(line));
            lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
        };
        only("-", other, self) + &only("+", self, other)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} + {} mails)", &self.sha256()[..16], self.first_mails, self.labelled_mails)
    }
}

fn is_labelled(raw: &[u8]) -> bool {
    let message = MessageParser::default().parse(raw).unwrap();
    let subject = message.subject().unwrap_or("").starts_with(REPEAT_SUBJECT);
    let text = message.body_text(0).is_some_and(|text| flowing(&text).starts_with(REPEAT_TEXT));
    let html = message.body_html(0).is_some_and(|html| html.contains(REPEAT_TEXT));
    assert!(subject == text && text == html, "a repeat says so everywhere: {:?}", message.subject());
    subject
}

/// A mail in one line: all that its reader sees, but for the label of a repeat and the place of the archive.
fn mail(raw: &[u8], places: &[String]) -> String {
    let message = MessageParser::default().parse(raw).unwrap();
    let neutral = |text: &str| {
        let mut text = text.replace(REPEAT_TEXT, "").replace(REPEAT_SUBJECT, "");
        for place in places {
            text = text.replace(place, "PLACE/").replace(place.trim_end_matches('/'), "PLACE");
        }
        text
    };
    let mut hash = Sha256::new();
    let mut part = |what: &str, bytes: &[u8]| {
        hash.update(what.as_bytes());
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (name, value) in
        message.headers_raw().filter(|(name, _)| !["Message-ID", "Content-Type", "Subject"].contains(name))
    {
        part(name, neutral(value.trim()).as_bytes());
    }
    // The label is wrapped like the rest of the text.
    let text = neutral(&flowing(&message.body_text(0).unwrap_or_default()));
    part("text", text.trim_start().as_bytes());
    let html = neutral(&without_label(&message.body_html(0).unwrap_or_default()));
    part("html", html.as_bytes());
    for attachment in message.attachments() {
        part(attachment.attachment_name().unwrap_or(""), attachment.contents());
    }
    let subject = neutral(message.subject().unwrap_or(""));
    format!("mail `{subject}` {}", hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A text in one line.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page without the table row that says that it may be a repeat.
fn without_label(html: &str) -> String {
    let Some(at) = html.find(REPEAT_TEXT) else { return html.to_owned() };
    let row = html[..at].rfind("<tr>").unwrap();
    let end = at + html[at..].find("</tr>").unwrap() + "</tr>".len();
    format!("{}{}", html[..row].trim_end(), &html[end..])
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
