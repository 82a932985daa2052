//! Mail sent through a mail server (SMTP, RFC 5321): only under TLS, one connection per mail, reporting exactly how far
//! it got. Deliberately absent: retries, a queue, and connection reuse.
//!
//! Until the last byte of the message was transmitted, nothing was sent. After that the server's answer counts; without
//! an answer, it may have accepted the mail.

use std::{fmt, fs, future::Future, net::Ipv4Addr, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Severity,
    },
};
use tokio::{net::TcpStream, time::timeout};
use truecount_billing::SourceId;
use truecount_platform::{
    Detail, ExposeSecret, MAIL_BYTES_MAX, Mail, MailError, Mailer, SecretString, Secrets, async_trait,
};

use crate::{EmlOutbox, bytewise::Bytewise, disk::Prepared};

/// The name of the password's secret, stored beside those of the sources.
pub const SMTP_SECRET: &str = "smtp";
/// The field of that secret.
const PASSWORD: &str = "password";

/// Time limit for connecting and signing in.
const OPENING_MAX: Duration = Duration::from_secs(90);
/// Time limit until sender and recipients are accepted: a busy server greylists, or looks them up.
const ENVELOPE_MAX: Duration = Duration::from_secs(5 * 60);
/// Time limit until the message is accepted: the one of RFC 5321, section 4.5.3.2.6.
const MESSAGE_MAX: Duration = Duration::from_secs(10 * 60);
/// Time limit for the answer to QUIT.
const GOODBYE_MAX: Duration = Duration::from_secs(5);

/// How a connection is encrypted. There is no unencrypted mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain until STARTTLS, with nothing else sent in plain.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server and how to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Its host name, which its certificate must carry.
    pub host: String,
    /// Its port; `None`: the default of the encryption mode.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: TlsMode,
    /// The user name; `None`: without signing in.
    pub username: Option<String>,
    /// The only certificate authorities (PEM) trusted for it; `None`: those of the system.
    pub ca_file: Option<PathBuf>,
}

/// Who signs in, and with what.
struct SignIn {
    username: String,
    password: SecretString,
}

/// Mail through a mail server, with a copy of each in the outbox.
pub struct SmtpMailer {
    server: SmtpServer,
    secrets: Arc<dyn Secrets>,
    outbox: Arc<EmlOutbox>,
    limit: Duration,
}

impl SmtpMailer {
    pub(crate) fn new(server: SmtpServer, secrets: Arc<dyn Secrets>, outbox: Arc<EmlOutbox>) -> Self {
        Self { server, secrets, outbox, limit: Duration::MAX }
    }

    /// Connects, signs in and disconnects, to check that a mail could be sent now. Sends nothing.
    ///
    /// # Errors
    /// [`MailError::NotSent`] with the reason.
    pub async fn try_out(&self) -> Result<(), MailError> {
        let sign_in = self.sign_in().await?;
        let opened = self.before(OPENING_MAX, "signing in", self.open(sign_in.as_ref())).await;
        let mut connection = opened.map_err(|error| masked(error, sign_in.as_ref()))?;
        let _ = timeout(GOODBYE_MAX, connection.quit()).await;
        Ok(())
    }

    /// Limits the time of each step.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    /// Sends it. The id is the server's reply when it accepted.
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        if mail.raw.len() > MAIL_BYTES_MAX {
            let length = mail.raw.len();
            return Err(MailError::NotSent(format!("it has {length} bytes, more than {MAIL_BYTES_MAX}").into()));
        }
        // First, so that a full disk is found before the mail is out.
        let copy = self.outbox.prepare(mail)?;
        let sign_in = self.sign_in().await?;
        let sent = self.deliver(mail, copy, sign_in.as_ref()).await;
        sent.map(|id| without(&id, sign_in.as_ref())).map_err(|error| masked(error, sign_in.as_ref()))
    }
}

impl SmtpMailer {
    /// Sends it and keeps its copy. The server's words are as they came.
    async fn deliver(&self, mail: &Mail, copy: Prepared, sign_in: Option<&SignIn>) -> Result<String, MailError> {
        let mut connection = self.before(OPENING_MAX, "signing in", self.open(sign_in)).await?;
        self.before(ENVELOPE_MAX, "naming the recipients", self.introduce(&mut connection, mail)).await?;
        let answer = self.hand_over(&mut connection, &mail.raw).await;
        if !matches!(answer, Err(MailError::NotSent(_)))
            && let Err(error) = copy.keep()
        {
            tracing::warn!(%error, key = mail.key, "the mail was sent, but its copy could not be stored");
        }
        // The outcome is settled: the answer to QUIT does not matter.
        let _ = timeout(GOODBYE_MAX, connection.quit()).await;
        answer
    }

    /// Runs a step before the message: if it fails or takes too long, nothing was sent.
    async fn before<T>(
        &self,
        limit: Duration,
        step: &str,
        work: impl Future<Output = Result<T, Detail>> + Send,
    ) -> Result<T, MailError> {
        let limit = limit.min(self.limit);
        let not_sent = |why: Detail| MailError::NotSent(why.context(self.place()));
        match timeout(limit, work).await {
            Ok(done) => done.map_err(not_sent),
            Err(_) => Err(not_sent(format!("{step} took longer than {limit:?}").into())),
        }
    }

    async fn open(&self, sign_in: Option<&SignIn>) -> Result<AsyncSmtpConnection, Detail> {
        let server = &self.server;
        let tls = self.tls()?;
        // A valid greeting that does not reveal this machine's name.
        let name = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let address = (server.host.as_str(), self.port());
        let mut connection = match server.tls {
            TlsMode::Tls => AsyncSmtpConnection::connect_tokio1(address, None, &name, Some(tls), None)
                .await
                .map_err(server_error)?,
            TlsMode::StartTls => {
                let stream = TcpStream::connect(address).await.map_err(Detail::of)?;
                let stream = Box::new(Bytewise(stream));
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(stream, &name).await.map_err(|error| {
                        let hint = "if it expects TLS from the start, set `tls = \"tls\"`";
                        Detail::new(format!("{}; {hint}", summary(&error)), error)
                    })?;
                if !connection.can_starttls() {
                    connection.abort().await;
                    return Err("it does not offer STARTTLS, and nothing is sent without TLS".into());
                }
                connection.starttls(tls, &name).await.map_err(server_error)?;
                connection
            }
        };
        let Some(sign_in) = sign_in else { return Ok(connection) };
        let offers = |mechanism| connection.server_info().supports_auth_mechanism(mechanism);
        if !offers(Mechanism::Plain) && !offers(Mechanism::Login) {
            connection.abort().await;
            return Err("it does not support signing in with a password (AUTH PLAIN or LOGIN)".into());
        }
        let credentials = Credentials::new(sign_in.username.clone(), sign_in.password.expose_secret().to_owned());
        match connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await {
            Ok(_) => Ok(connection),
            Err(error) => {
                connection.abort().await;
                Err(server_error(error).context("signing in was refused"))
            }
        }
    }

    /// Sends the envelope. If one recipient is refused nobody gets the mail: a group's mail is sent once, to all of it.
    async fn introduce(&self, connection: &mut AsyncSmtpConnection, mail: &Mail) -> Result<(), Detail> {
        let mut parameters = Vec::new();
        if !mail.raw.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err("it does not accept mail with non-ASCII characters (8BITMIME)".into());
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = address(&mail.from)?;
        let to = mail.to.iter().map(|to| address(to)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err("the mail has no recipient".into());
        }
        let refuses = |what: &str, error: Error| server_error(error).context(format_args!("it refuses {what}"));
        if let Err(error) = connection.command(MailFrom::new(Some(from), parameters)).await {
            connection.abort().await;
            return Err(refuses(&format!("the sender `{}`", mail.from), error));
        }
        for (to, written) in to.into_iter().zip(&mail.to) {
            if let Err(error) = connection.command(Rcpt::new(to, Vec::new())).await {
                connection.abort().await;
                return Err(refuses(&format!("the recipient `{written}`, so nobody of the group got the mail"), error));
            }
        }
        match connection.command(Data).await {
            Ok(answer) if answer.has_code(354) => Ok(()),
            Ok(answer) => Err(format!("it answers {} where it should ask for the message", answer.code()).into()),
            Err(error) => {
                connection.abort().await;
                Err(refuses("the message", error))
            }
        }
    }

    /// Sends the message itself. Only from here on may the server have accepted it.
    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, raw: &[u8]) -> Result<String, MailError> {
        let limit = MESSAGE_MAX.min(self.limit);
        let unknown = |why: Detail| MailError::DeliveryUnknown(why.context(self.place()));
        match timeout(limit, connection.message(raw.strip_suffix(b"\r\n").unwrap_or(raw))).await {
            Ok(Ok(answer)) if answer.code().severity == Severity::PositiveCompletion => {
                Ok(answer.first_line().unwrap_or_default().to_owned())
            }
            Ok(Ok(answer)) => Err(unknown(format!("it answered the message with {}", answer.code()).into())),
            Ok(Err(error)) if error.status().is_some() => {
                Err(MailError::NotSent(server_error(error).context("it refuses the message").context(self.place())))
            }
            Ok(Err(error)) => Err(unknown(server_error(error).context("no answer to the message"))),
            Err(_) => Err(unknown(format!("no answer to the message within {limit:?}").into())),
        }
    }

    /// How to sign in; `None`: the server wants nobody to.
    async fn sign_in(&self) -> Result<Option<SignIn>, MailError> {
        let not_sent = |why: Detail| MailError::NotSent(why.context(self.place()));
        let Some(username) = &self.server.username else { return Ok(None) };
        let id = SourceId::new(SMTP_SECRET).map_err(|error| not_sent(Detail::of(error)))?;
        let fields = self.secrets.source(&id).await.map_err(|error| not_sent(Detail::of(error)))?;
        let password = fields.get(PASSWORD).cloned().ok_or_else(|| {
            not_sent(Detail::from(format!(
                "the secret `{SMTP_SECRET}` has no field `{PASSWORD}`: add the mail server's password"
            )))
        })?;
        Ok(Some(SignIn { username: username.clone(), password }))
    }

    fn tls(&self) -> Result<TlsParameters, Detail> {
        let mut parameters = TlsParameters::builder(self.server.host.clone());
        if let Some(file) = &self.server.ca_file {
            let wrong = |why: Detail| why.context(format_args!("`ca_file` `{}`", file.display()));
            let pem = fs::read(file).map_err(|error| wrong(Detail::of(error)))?;
            if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
                return Err(wrong("it contains no certificate in PEM".into()));
            }
            let authority = Certificate::from_pem(&pem).map_err(|error| wrong(server_error(error)))?;
            parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(authority);
        }
        parameters.build().map_err(server_error)
    }

    fn port(&self) -> u16 {
        self.server.port.unwrap_or(match self.server.tls {
            TlsMode::StartTls => 587,
            TlsMode::Tls => 465,
        })
    }

    fn place(&self) -> String {
        format!("mail server {}:{}", self.server.host, self.port())
    }
}

/// The bare address of `name@example.com` or `Name <name@example.com>`.
fn address(text: &str) -> Result<Address, Detail> {
    let trimmed = text.trim();
    let bare = trimmed.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map_or(trimmed, |(_, bare)| bare);
    Address::from_str(bare).map_err(|error| Detail::new(format!("`{text}` is not an address"), error))
}

/// A failure without the password, which the server may repeat in any of its answers. The error underneath is not kept
/// where it does: it says the same.
fn masked(error: MailError, sign_in: Option<&SignIn>) -> MailError {
    let clean = |why: Detail| {
        let text = why.to_string();
        let masked = without(&text, sign_in);
        if masked == text { why } else { masked.into() }
    };
    match error {
        MailError::NotSent(why) => MailError::NotSent(clean(why)),
        MailError::DeliveryUnknown(why) => MailError::DeliveryUnknown(clean(why)),
    }
}

/// A server's words without the password, as it is and as it was encoded.
fn without(text: &str, sign_in: Option<&SignIn>) -> String {
    let Some(SignIn { username, password }) = sign_in else { return text.to_owned() };
    let password = password.expose_secret();
    let sent = [STANDARD.encode(format!("\0{username}\0{password}")), STANDARD.encode(password)];
    sent.iter().map(String::as_str).chain([password]).fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}

/// A mail server's error, or that of the connection to it.
fn server_error(error: Error) -> Detail {
    Detail::new(summary(&error), error)
}

/// The server's answer, or why it could not be reached: each cause once.
fn summary(error: &Error) -> String {
    let mut text = match error.status() {
        Some(status) => status.to_string(),
        None => String::new(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        let found_text = found.to_string();
        if !text.contains(&found_text) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&found_text);
        }
        cause = found.source();
    }
    if text.is_empty() { error.to_string() } else { text.split_whitespace().collect::<Vec<_>>().join(" ") }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("server", &self.server).finish_non_exhaustive()
    }
}
