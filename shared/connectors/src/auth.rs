//! How a request proves who it is from: declared by the source as templates over the fields of its secret, filled in
//! here, and never printed.
//!
//! Deliberately absent: signed requests, cookies, and storing a refresh token that the vendor replaces.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::{
    error::SettingsError,
    fault::ErrorKind,
    rights::{ToldRights, told_by},
};

/// What a source's requests carry. In all texts `{field}` stands for a field of the source's secret.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// HTTP Basic.
    pub basic: Option<Basic>,
    /// Headers that hold a secret.
    pub headers: Vec<SecretHeader>,
    /// Parameters of the query that hold a secret. They stand in no archive and no message.
    pub query: Vec<SecretParameter>,
    /// A bearer token by OAuth2.
    pub token: Option<TokenAuth>,
    /// A session by a login exchange.
    pub session: Option<SessionAuth>,
}

/// HTTP Basic.
#[derive(Debug, Clone)]
pub struct Basic {
    /// The user, such as `acme+{public_key}`.
    pub user: String,
    /// The password, such as `{private_key}`.
    pub password: String,
}

/// A header with a secret in it.
#[derive(Debug, Clone)]
pub struct SecretHeader {
    /// The header's name.
    pub name: &'static str,
    /// Its value, such as `{client_id}`.
    pub value: String,
}

/// A parameter of the query with a secret in it.
#[derive(Debug, Clone)]
pub struct SecretParameter {
    /// The parameter's name.
    pub name: &'static str,
    /// Its value, such as `{api_key}`.
    pub value: String,
}

/// A login exchange: credentials for a session, which each answer may replace.
#[derive(Debug, Clone)]
pub struct SessionAuth {
    /// The path below the source's base that a sign-in is posted to, as JSON.
    pub path: String,
    /// Its fields, such as `("user", "{user}")`.
    pub fields: Vec<(&'static str, String)>,
    /// Where answers have the session.
    pub place: SessionPlace,
    /// The header that carries it.
    pub header: &'static str,
    /// What stands before the session in the header, such as `Bearer `.
    pub prefix: &'static str,
}

/// Where an answer has the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionPlace {
    /// At a JSON pointer in the body.
    Body(&'static str),
    /// In a header.
    Header(&'static str),
}

/// OAuth2.
#[derive(Debug, Clone)]
pub struct TokenAuth {
    /// Scheme, host and port of the token endpoint: the client secret goes nowhere else. Checked already.
    pub base: Url,
    /// The path on it; `{scope}` stands for the request's scope.
    pub path: String,
    /// By what the token is had.
    pub grant: Grant,
    /// How the request is written.
    pub style: TokenStyle,
    /// The client id, such as `{client_id}`.
    pub client_id: String,
    /// The client secret, such as `{client_secret}`.
    pub client_secret: String,
    /// Further fields, such as `scope` or `audience`.
    pub fields: Vec<(&'static str, String)>,
}

/// By what a token is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// The client's own id and secret.
    ClientCredentials,
    /// A user's name and password.
    Password {
        /// The user, such as `{user}`.
        user: String,
        /// The password, such as `{password}`.
        password: String,
    },
    /// A refresh token. One that the vendor replaces is used for the rest of the crawl, and is not stored: where the
    /// one that it replaced is spent, the next crawl is refused.
    Refresh {
        /// The refresh token, such as `{refresh_token}`.
        refresh_token: String,
    },
}

/// How a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStyle {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// The same with the client's id and secret as HTTP Basic.
    Basic,
    /// JSON (Pax8).
    Json,
}

/// A token and when it stops being used: a minute, or a tenth of its life, before it expires.
pub(crate) struct Token {
    pub(crate) header: HeaderValue,
    pub(crate) use_until: Duration,
    /// A refresh token in place of the one that was used.
    pub(crate) refresh: Option<SecretString>,
    /// What its answer said that the key may do.
    pub(crate) told: ToldRights,
}

/// The fields of a source's secret.
pub(crate) struct SecretFields(pub(crate) BTreeMap<String, SecretString>);

impl Auth {
    /// The fields that the secret must have.
    pub(crate) fn needed(&self) -> Vec<String> {
        let basic = self.basic.iter().flat_map(|basic| [&basic.user, &basic.password]);
        let headers = self.headers.iter().map(|header| &header.value);
        let query = self.query.iter().map(|parameter| &parameter.value);
        let token = self.token.iter().flat_map(|token| [&token.client_id, &token.client_secret]);
        let grant = self.token.iter().flat_map(|token| token.grant.templates());
        let session = self.session.iter().flat_map(|session| session.fields.iter().map(|(_, value)| value));
        let all = basic.chain(headers).chain(query).chain(token).chain(grant).chain(session);
        let mut fields: Vec<String> = all.flat_map(|text| placeholders(text)).collect();
        fields.sort();
        fields.dedup();
        fields
    }

    /// Refuses a secret that lacks a field, or has one that cannot be sent as it is.
    pub(crate) fn check(&self, secret: &SecretFields) -> Result<(), SettingsError> {
        let needed = self.needed();
        let lacks = |field: &&String| secret.0.get(*field).is_none_or(|value| value.expose_secret().trim().is_empty());
        if let Some(field) = needed.iter().find(lacks) {
            return Err(SettingsError::MissingSecret { field: field.clone(), needed: needed.join(", ") });
        }
        let odd = |value: &SecretString| value.expose_secret().contains(char::is_control);
        match needed.iter().find(|field| secret.0.get(*field).is_some_and(odd)) {
            Some(field) => Err(SettingsError::OddSecret { field: field.clone() }),
            None => Ok(()),
        }
    }
}

impl SecretFields {
    /// A template with its placeholders filled in. Fields are checked at the start; one that is gone is empty.
    pub(crate) fn fill(&self, template: &str) -> SecretString {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((field, after)) = after.split_once('}') else { break };
            text.push_str(before);
            text.push_str(self.0.get(field).map_or("", |value| value.expose_secret()));
            rest = after;
        }
        text.push_str(rest);
        text.into()
    }

    pub(crate) fn basic(&self, basic: &Basic) -> Option<HeaderValue> {
        sensitive(&format!("Basic {}", STANDARD.encode(self.pair(basic).expose_secret())))
    }

    fn pair(&self, basic: &Basic) -> SecretString {
        let (user, password) = (self.fill(&basic.user), self.fill(&basic.password));
        format!("{}:{}", user.expose_secret(), password.expose_secret()).into()
    }

    /// Everything that requests carry of it: its fields, what they are part of, and user and password as HTTP Basic joins
    /// them.
    pub(crate) fn values(&self, auth: &Auth) -> Vec<SecretString> {
        let client = auth.token.as_ref().map(TokenAuth::client);
        let pairs = auth.basic.iter().chain(&client).map(|basic| self.pair(basic));
        let headers = auth.headers.iter().map(|header| &header.value);
        let filled = headers.chain(auth.query.iter().map(|parameter| &parameter.value)).map(|text| self.fill(text));
        self.0.values().cloned().chain(pairs).chain(filled).collect()
    }

    pub(crate) fn header(&self, header: &SecretHeader) -> Option<HeaderValue> {
        sensitive(self.fill(&header.value).expose_secret())
    }

    /// A URL with the secret parameters, each once.
    pub(crate) fn with_parameters(&self, parameters: &[SecretParameter], url: &Url) -> Url {
        if parameters.is_empty() {
            return url.clone();
        }
        let is_secret = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
        let rest: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_secret(name))
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect();
        let mut url = url.clone();
        url.query_pairs_mut().clear().extend_pairs(rest).extend_pairs(
            parameters.iter().map(|parameter| (parameter.name, self.fill(&parameter.value).expose_secret().to_owned())),
        );
        url
    }
}

/// What a vendor refuses by a wrong or expired client secret.
pub(crate) const CLIENT_PROOF: &str = "client id and secret";

/// What a token endpoint says of a user or a refresh token that it does not accept (RFC 6749).
const INVALID_GRANT: &str = "invalid_grant";

impl Grant {
    /// What a vendor refuses that gives no token, with this error code.
    pub(crate) fn proof(&self, code: Option<&str>) -> &'static str {
        match self {
            Self::Password { .. } if code == Some(INVALID_GRANT) => "user's name and password",
            Self::Refresh { .. } if code == Some(INVALID_GRANT) => {
                "refresh token, which has expired or was replaced when it was last used"
            }
            _ => CLIENT_PROOF,
        }
    }

    fn templates(&self) -> Vec<&String> {
        match self {
            Self::ClientCredentials => vec![],
            Self::Password { user, password } => vec![user, password],
            Self::Refresh { refresh_token } => vec![refresh_token],
        }
    }
}

impl TokenAuth {
    /// A token by the fields `client_id` and `client_secret` of the source's secret. `url` is the token endpoint.
    pub(crate) fn client_credentials(url: Url, style: TokenStyle, fields: Vec<(&'static str, String)>) -> Self {
        Self {
            path: url.path().to_owned(),
            base: url,
            grant: Grant::ClientCredentials,
            style,
            client_id: "{client_id}".into(),
            client_secret: "{client_secret}".into(),
            fields,
        }
    }

    /// The client's id and secret as HTTP Basic.
    pub(crate) fn client(&self) -> Basic {
        Basic { user: self.client_id.clone(), password: self.client_secret.clone() }
    }
}

impl SessionAuth {
    /// The header's value for a session.
    pub(crate) fn value(&self, session: &str) -> Option<HeaderValue> {
        sensitive(&format!("{}{session}", self.prefix))
    }
}

/// Where a scope's token is asked for. The scope cannot leave its place in the path.
pub(crate) fn token_url(auth: &TokenAuth, scope: Option<&str>) -> Result<Url, ErrorKind> {
    let scope = scope.unwrap_or_default();
    if !scope.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) || scope.contains("..") {
        return Err(ErrorKind::BadLink);
    }
    let mut url = auth.base.clone();
    url.set_path(&auth.path.replace("{scope}", scope));
    Ok(url)
}

/// The token in a token endpoint's answer.
pub(crate) fn token_from(body: &str, now: Duration) -> Result<Token, ErrorKind> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: SecretString,
        expires_in: Option<u64>,
        refresh_token: Option<SecretString>,
        scope: Option<String>,
    }
    let answer: Answer = serde_json::from_str(body).map_err(|_| ErrorKind::TokenUnreadable)?;
    let header =
        sensitive(&format!("Bearer {}", answer.access_token.expose_secret())).ok_or(ErrorKind::TokenUnreadable)?;
    let life = Duration::from_secs(answer.expires_in.unwrap_or(300).min(86_400));
    let margin = Duration::from_secs(60).min(life / 10);
    Ok(Token {
        header,
        use_until: now + life.saturating_sub(margin),
        refresh: answer.refresh_token,
        told: told_by(answer.access_token.expose_secret(), answer.scope.as_deref()),
    })
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn placeholders(template: &str) -> Vec<String> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(field, _)| field.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(fields: &[(&str, &str)]) -> SecretFields {
        SecretFields(fields.iter().map(|(k, v)| ((*k).to_owned(), SecretString::from(*v))).collect())
    }

    #[test]
    fn templates_are_filled_once() {
        let secret = secret(&[("public_key", "p{private_key}"), ("private_key", "s")]);
        assert_eq!(secret.fill("acme+{public_key}").expose_secret(), "acme+p{private_key}");
        assert_eq!(secret.fill("plain").expose_secret(), "plain");
    }

    #[test]
    fn a_lacking_field_is_named() {
        let auth = Auth {
            basic: Some(Basic { user: "acme+{public_key}".into(), password: "{private_key}".into() }),
            ..Auth::default()
        };
        assert!(auth.check(&secret(&[("public_key", "a"), ("private_key", "b")])).is_ok());
        let error = auth.check(&secret(&[("public_key", "a"), ("private_key", " ")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret of this source has no field `private_key`; it needs: private_key, public_key"
        );
        let error = auth.check(&secret(&[("public_key", "a"), ("private_key", "hunter2\n")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the field `private_key` of this source's secret holds a line break or another control character: write it again without"
        );
    }

    #[test]
    fn a_key_in_the_query_is_sent_once() {
        let secret = secret(&[("api_key", "k3y/with+signs")]);
        let parameters = [SecretParameter { name: "apiKey", value: "{api_key}".into() }];
        let url = Url::parse("https://rmm.example.test/api?page=2&apiKey=redacted").unwrap();
        let sent = secret.with_parameters(&parameters, &url);
        assert_eq!(sent.as_str(), "https://rmm.example.test/api?page=2&apiKey=k3y%2Fwith%2Bsigns");
    }

    #[test]
    fn a_scope_stays_in_its_place() {
        let auth = TokenAuth {
            base: Url::parse("https://login.example.test").unwrap(),
            path: "/{scope}/oauth2/v2.0/token".into(),
            grant: Grant::ClientCredentials,
            style: TokenStyle::Form,
            client_id: String::new(),
            client_secret: String::new(),
            fields: vec![],
        };
        let url = token_url(&auth, Some("0f1e-22")).unwrap();
        assert_eq!(url.as_str(), "https://login.example.test/0f1e-22/oauth2/v2.0/token");
        for bad in ["../x", "a/b", "a?b", "..", "a@b", "a%2fb", "a\nb"] {
            assert!(token_url(&auth, Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_given_up_before_it_expires() {
        let token = token_from(r#"{"access_token":"t","expires_in":3600}"#, Duration::from_secs(100)).unwrap();
        assert_eq!(token.use_until, Duration::from_secs(3640));
        let short = token_from(r#"{"access_token":"t","expires_in":20}"#, Duration::ZERO).unwrap();
        assert_eq!(short.use_until, Duration::from_secs(18));
        for bad in ["{}", "[]", "", r#"{"access_token":"a\nb"}"#, r#"{"access_token":null}"#] {
            assert!(token_from(bad, Duration::ZERO).is_err(), "{bad}");
        }
        assert!(!format!("{:?}", token.header).contains("Bearer"), "marked as sensitive");
    }
}
