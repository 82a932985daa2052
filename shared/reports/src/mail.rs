//! One email per run and recipient group: a raw message (RFC 5322), the same bytes for the same run.

use std::borrow::Cow;

use jiff::Timestamp;
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, content_type::ContentType, message_id::MessageId, raw::Raw},
    mime::{BodyPart, MimePart},
};
use rust_decimal::Decimal;

use crate::{
    ReportError, ReportFile, RunReport,
    html::html,
    sanitize,
    sheets::EXCEPTIONS_CSV,
    summary::{Frame, Summary, TextTarget, foreign},
    text::text,
    workbook::{REPORT_XLSX, without_comparisons},
};

/// The most that is attached: under 7 MB once encoded, which every mail server accepts.
pub const ATTACHMENT_BYTES_MAX: usize = 5_000_000;

/// The first line of a repeat.
const REPEAT: &str =
    "This mail may be a repeat: it is not known whether the first one, with the same content, was delivered.";

/// What a repeat's subject begins with.
const PREFIX: &str = "Possible repeat: ";

/// What of the files is attached.
const BOTH_ATTACHED: &str = "report.xlsx, the sheets to work in, and exceptions.csv are attached.";
const PART_ATTACHED: &str = "report.xlsx, the sheets to work in, and exceptions.csv are attached; all comparisons and items, which are too large for a \
     mail, are in the report.xlsx of the run.";
const ONE_ATTACHED: &str = "exceptions.csv is attached; report.xlsx is too large for that.";
const TOO_LARGE: &str = "exceptions.csv is too large to attach, and so is report.xlsx.";
/// What else there is: by its command, for a path is none that every reader can open.
const NOT_ATTACHED: &str = "The other files are report.html (the month in a browser), lines.csv, changes.csv, closed.csv, coverage.csv, setup.csv, \
     agreement_findings.csv, mapping-suggestions.csv and run.json; they are copied by: truecount report download --month";

/// A line of whom a mail is about.
const ABOUT_CHARACTERS_MAX: usize = 300;

/// What a workbook is, for mail programs.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Sender, recipients and which attempt it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportMail<'a> {
    /// The sender: `name@example.com` or `Name <name@example.com>`.
    pub from: String,
    /// The recipients, written likewise.
    pub to: Vec<String>,
    /// The recipient group's name; part of the message's id.
    pub group: String,
    /// 1, or 2 for the one repeat after an attempt whose outcome is unknown: the mail then says that it may be a repeat.
    pub attempt: u8,
    /// The files of the run; those that people work with are attached, if they are to work.
    pub files: &'a [ReportFile],
    /// What it says.
    pub content: MailContent,
    /// Entries worth less than this a month, in the home currency, are not listed.
    pub entries_from: Option<Decimal>,
    /// Whom it is about, where that is not everybody: a line each, the first before everything else. Foreign text.
    pub about: Vec<String>,
}

/// What the mail of a closing says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailContent {
    /// Everything, with the sheets to work in.
    #[default]
    Work,
    /// The month in brief, without files.
    Summary,
}

/// Who sends a short mail to whom, and which attempt it is.
#[derive(Debug, Clone, Copy)]
pub struct ShortMailTo<'a> {
    /// The sender.
    pub from: &'a str,
    /// The recipients.
    pub to: &'a [String],
    /// The recipient group's name; part of the message's id.
    pub group: &'a str,
    /// 1, or 2 for the one repeat.
    pub attempt: u8,
    /// What each command in it needs to reach the data, such as ` --stack prod`.
    pub options: &'a str,
}

/// The message, ready to be sent.
///
/// # Errors
/// [`ReportError::Address`] or [`ReportError::NoRecipient`] if the settings cannot be used.
pub fn email(report: &RunReport<'_>, settings: &ReportMail<'_>) -> Result<Vec<u8>, ReportError> {
    let ReportMail { from, to, group, attempt, content, entries_from, .. } = settings;
    let letter = Letter::of(&report.header.run_id, from, to, group, *attempt)?;
    let id = &letter.id;
    let summary = Summary::with(report, (*content, *entries_from), TextTarget::Mail);
    let (attached, told) = match content {
        MailContent::Work => attachments(report, settings.files)?,
        MailContent::Summary => (Vec::new(), None),
    };
    let about: Vec<_> =
        settings.about.iter().map(|line| foreign(TextTarget::Mail, line, ABOUT_CHARACTERS_MAX)).collect();
    let told = told.map(|attached| format!("{attached} {NOT_ATTACHED} {}", report.header.month));
    let frame = Frame { first_line: letter.repeat, about: &about, last_line: told.as_deref() };
    let message = letter.message(report.header.created_at, &summary.subject());
    let alternative = multipart(
        "alternative",
        id,
        vec![MimePart::new("text/plain", text(&summary, frame)), MimePart::new("text/html", html(&summary, frame)?)],
    );
    let mut parts = vec![alternative];
    parts.extend(attached);
    Ok(message.body(multipart("mixed", id, parts)).write_to_vec()?)
}

/// What is attached, and how that is told: the workbook before `exceptions.csv`, without the sheets of all comparisons and
/// items where it would be too large with them, and not at all where it still is.
fn attachments<'f>(
    report: &RunReport<'_>,
    files: &'f [ReportFile],
) -> Result<(Vec<MimePart<'f>>, Option<&'static str>), ReportError> {
    let find = |name| files.iter().find(|file| file.name == name).map_or(&[][..], |file| &file.bytes);
    let (book, exceptions) = (find(REPORT_XLSX), find(EXCEPTIONS_CSV));
    let csv = || {
        let content_type = ContentType::new("text/csv").attribute("charset", "utf-8");
        MimePart::new(content_type, BodyPart::Binary(exceptions.into())).attachment(EXCEPTIONS_CSV)
    };
    let xlsx =
        |book: Cow<'f, [u8]>| MimePart::new(ContentType::new(XLSX), BodyPart::Binary(book)).attachment(REPORT_XLSX);
    if exceptions.len() > ATTACHMENT_BYTES_MAX {
        return Ok((Vec::new(), Some(TOO_LARGE)));
    }
    let room = ATTACHMENT_BYTES_MAX - exceptions.len();
    if book.len() <= room {
        return Ok((vec![xlsx(book.into()), csv()], Some(BOTH_ATTACHED)));
    }
    let smaller = without_comparisons(report)?;
    Ok(if smaller.len() <= room {
        (vec![xlsx(smaller.into()), csv()], Some(PART_ATTACHED))
    } else {
        (vec![csv()], Some(ONE_ATTACHED))
    })
}

/// Sender and recipients, validated.
pub(crate) struct Envelope<'a> {
    from: Mailbox<'a>,
    to: Vec<Mailbox<'a>>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn read(from: &'a str, to: &'a [String], group: &str) -> Result<Self, ReportError> {
        let from = Mailbox::read(from)?;
        let to: Vec<_> = to.iter().map(|address| Mailbox::read(address)).collect::<Result<_, _>>()?;
        if to.is_empty() {
            return Err(ReportError::NoRecipient { group: sanitize::visible(group).into_owned() });
        }
        Ok(Self { from, to })
    }

    /// A message with its headers and no body yet.
    pub(crate) fn message(&self, at: Timestamp, id: &str, subject: String) -> MessageBuilder<'a> {
        MessageBuilder::new()
            .header("Date", mail_builder::headers::date::Date::new(at.as_second()))
            .header("Message-ID", MessageId::new(format!("{id}@{}", self.from.domain())))
            .header("From", self.from.address())
            .header("To", Address::new_list(self.to.iter().map(Mailbox::address).collect()))
            .header("Subject", Raw::new(subject))
            .header("MIME-Version", Raw::new("1.0"))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
    }
}

/// A message that is sent once, or once more as a repeat that says so.
pub(crate) struct Letter<'a> {
    envelope: Envelope<'a>,
    /// The message's id, less the domain.
    pub(crate) id: String,
    /// The first line of a repeat.
    pub(crate) repeat: Option<&'static str>,
}

impl<'a> Letter<'a> {
    /// `name`: what makes it one mail for a group.
    pub(crate) fn of(
        name: &str,
        from: &'a str,
        to: &'a [String],
        group: &str,
        attempt: u8,
    ) -> Result<Self, ReportError> {
        let envelope = Envelope::read(from, to, group)?;
        let id = format!("{}.{}.{attempt}", word(name), word(group));
        Ok(Self { envelope, id, repeat: (attempt > 1).then_some(REPEAT) })
    }

    /// The message with its headers and no body yet.
    pub(crate) fn message(&self, at: Timestamp, subject: &str) -> MessageBuilder<'a> {
        let prefix = if self.repeat.is_some() { PREFIX } else { "" };
        self.envelope.message(at, &self.id, format!("{prefix}{subject}"))
    }
}

/// A multipart whose boundary is made of the message's id, so that the bytes never vary. `=_` cannot occur in
/// quoted-printable or base64, so no part can contain it.
pub(crate) fn multipart<'x>(kind: &str, id: &str, parts: Vec<MimePart<'x>>) -> MimePart<'x> {
    let boundary: String = format!("=_{kind}_{id}").chars().take(70).collect();
    MimePart::new(ContentType::new(format!("multipart/{kind}")).attribute("boundary", boundary), parts)
}

/// One address of the settings, validated.
struct Mailbox<'a> {
    name: Option<&'a str>,
    address: &'a str,
}

impl<'a> Mailbox<'a> {
    fn read(text: &'a str) -> Result<Self, ReportError> {
        let wrong = || ReportError::Address { address: sanitize::visible(text).into_owned() };
        let trimmed = text.trim();
        let (name, address) = match trimmed.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty()), address),
            None => (None, trimmed),
        };
        let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
        let in_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        let in_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let good = address.len() <= 254
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(in_local))
            && domain.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(in_domain) && !label.starts_with('-') && !label.ends_with('-')
            })
            && name.is_none_or(|name| !name.chars().any(sanitize::acts_or_hides));
        if good { Ok(Self { name, address }) } else { Err(wrong()) }
    }

    fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("truecount.invalid", |(_, domain)| domain)
    }

    fn address(&self) -> Address<'a> {
        Address::new_address(self.name, self.address)
    }
}

/// What may stand in a message's id: everything else becomes a hyphen.
pub(crate) fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' }).collect()
}
