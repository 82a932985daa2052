//! Bearer tokens: asked for once per scope, kept until shortly before they expire, given up once on a 401.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::{
    auth::{
        CLIENT_PROOF, Grant, SecretFields, SessionAuth, SessionPlace, Token, TokenAuth, TokenStyle, token_from,
        token_url,
    },
    endpoint::origin_text,
    envelope::text_at,
    fault::ErrorKind,
    http::{Budget, Http, Miss, redirect_host},
    paging,
    rights::ToldRights,
};

/// How many scopes' tokens are kept: more than are ever in flight at once.
const TOKENS_MAX: usize = 16;
/// How many tokens are remembered, so that a vendor's text never holds one.
const GIVEN_MAX: usize = 2 * TOKENS_MAX;
/// The size cap of a token endpoint's answer.
const TOKEN_BYTES_MAX: usize = 256 * 1024;

/// One scope's token: whoever needs it locks it, so only one asks for a new one.
type Slot = Arc<Mutex<Option<Token>>>;

/// The tokens in use.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Mutex<VecDeque<(Option<String>, Slot)>>,
    /// The refresh token that the vendor gave in place of the secret's.
    refresh: Mutex<Option<SecretString>>,
    /// What the newest token's answer said that the key may do.
    told: StdMutex<ToldRights>,
    /// The last tokens and sessions that the vendor gave, in use or not.
    given: StdMutex<VecDeque<SecretString>>,
}

impl Tokens {
    async fn slot(&self, scope: Option<&str>) -> Slot {
        let mut tokens = self.slots.lock().await;
        if let Some((_, slot)) = tokens.iter().find(|(known, _)| known.as_deref() == scope) {
            return Arc::clone(slot);
        }
        let slot = Slot::default();
        tokens.push_back((scope.map(str::to_owned), Arc::clone(&slot)));
        if tokens.len() > TOKENS_MAX {
            tokens.pop_front();
        }
        slot
    }

    /// What the newest token's answer said that the key may do.
    pub(crate) fn told(&self) -> ToldRights {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_told(&self, told: &ToldRights) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone_from(told);
    }

    /// The last tokens and sessions that the vendor gave.
    pub(crate) fn given(&self) -> Vec<SecretString> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn note_given(&self, token: &str) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push_back(token.into());
        if given.len() > GIVEN_MAX {
            given.pop_front();
        }
    }

    /// The same as a header has it, behind its scheme.
    fn note_header(&self, header: &HeaderValue) {
        if let Some(token) = header.to_str().ok().and_then(|text| text.split_whitespace().last()) {
            self.note_given(token);
        }
    }

    /// Gives up all tokens: the secret that they were had for is another now.
    pub(crate) async fn give_up_all(&self) {
        self.slots.lock().await.clear();
        *self.refresh.lock().await = None;
    }

    /// Keeps the session that an answer gave in place of the one it was asked with.
    pub(crate) async fn replace(&self, scope: Option<&str>, header: HeaderValue) {
        self.note_header(&header);
        let slot = self.slot(scope).await;
        if let Some(token) = slot.lock().await.as_mut() {
            token.header = header;
        }
    }

    /// Gives up a token that was refused, unless somebody already has a new one.
    pub(crate) async fn give_up(&self, scope: Option<&str>, refused: Option<&HeaderValue>) {
        let slot = self.slot(scope).await;
        let mut slot = slot.lock().await;
        if slot.as_ref().map(|token| &token.header) == refused {
            *slot = None;
        }
    }
}

impl Http {
    /// The scope's token: kept, or asked for by one of those who need it while the others wait.
    pub(crate) async fn token(
        &self,
        auth: &TokenAuth,
        scope: Option<&str>,
        budget: &mut Budget,
    ) -> Result<HeaderValue, Miss> {
        let slot = self.tokens.slot(scope).await;
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref().filter(|token| self.time.now() < token.use_until) {
            return Ok(token.header.clone());
        }
        let token = self.request_token(auth, scope, budget).await?;
        let header = token.header.clone();
        *slot = Some(token);
        Ok(header)
    }

    async fn request_token(&self, auth: &TokenAuth, scope: Option<&str>, budget: &mut Budget) -> Result<Token, Miss> {
        let url = token_url(auth, scope)?;
        let (timeout, seconds) = self.leave(budget).await?;
        let secret = self.keyring.secret();
        let replaced = self.tokens.refresh.lock().await.clone();
        let filled = token_fields(auth, &secret, replaced.as_ref());
        let fields: BTreeMap<&str, &str> = filled.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let request = self.token_client.post(url.clone()).timeout(timeout).header(ACCEPT, "application/json");
        let request = match auth.style {
            TokenStyle::Form => request.form(&fields),
            TokenStyle::Basic => {
                let header = secret.basic(&auth.client()).ok_or(ErrorKind::TokenUnreadable)?;
                request.header(AUTHORIZATION, header).form(&fields)
            }
            TokenStyle::Json => {
                let body = serde_json::to_vec(&fields).map_err(|_| ErrorKind::TokenUnreadable)?;
                request.header(CONTENT_TYPE, "application/json").body(body)
            }
        };
        let host = origin_text(&url);
        let response = request.send().await.map_err(|error| self.broken(&error, &host, seconds))?;
        if let Some(host) = redirect_host(&response) {
            return Err(ErrorKind::Redirected { host }.into());
        }
        let after = self.hold_if_asked(&response);
        match response.status().as_u16() {
            200 => {
                let bytes = self.body(response, TOKEN_BYTES_MAX, &host, seconds).await?;
                let body = std::str::from_utf8(&bytes).map_err(|_| ErrorKind::TokenUnreadable)?;
                let token = token_from(body, self.time.now())?;
                self.tokens.note_header(&token.header);
                token.refresh.iter().for_each(|refresh| self.tokens.note_given(refresh.expose_secret()));
                if token.refresh.is_some() && matches!(auth.grant, Grant::Refresh { .. }) {
                    self.tokens.refresh.lock().await.clone_from(&token.refresh);
                }
                self.tokens.keep_told(&token.told.clone().masked(&self.mask()));
                Ok(token)
            }
            429 => Err(self.throttled(after)),
            status @ (500..=599 | 408) => Err(ErrorKind::ServerFails { status }.into()),
            status => {
                let code = self.refusal_code(response, &host, seconds).await;
                let proof = auth.grant.proof(code.as_deref());
                Err(ErrorKind::TokenRefused { proof, status, code }.into())
            }
        }
    }
}

impl Http {
    /// The session's header: kept, or had by signing in.
    pub(crate) async fn session(&self, auth: &SessionAuth, budget: &mut Budget) -> Result<HeaderValue, Miss> {
        let slot = self.tokens.slot(None).await;
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref() {
            return Ok(token.header.clone());
        }
        let header = self.sign_in(auth, budget).await?;
        self.tokens.note_header(&header);
        let (use_until, told) = (std::time::Duration::MAX, ToldRights::default());
        *slot = Some(Token { header: header.clone(), use_until, refresh: None, told });
        Ok(header)
    }

    async fn sign_in(&self, auth: &SessionAuth, budget: &mut Budget) -> Result<HeaderValue, Miss> {
        let url = paging::resolve(self.base(), &auth.path)?;
        let (timeout, seconds) = self.leave(budget).await?;
        let secret = self.keyring.secret();
        let filled: Vec<(&str, SecretString)> =
            auth.fields.iter().map(|(name, value)| (*name, secret.fill(value))).collect();
        let fields: BTreeMap<&str, &str> = filled.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let body = serde_json::to_vec(&fields).map_err(|_| ErrorKind::NoSession)?;
        let request = self.client().post(url.clone()).timeout(timeout).header(ACCEPT, "application/json");
        let host = origin_text(&url);
        let sent = request.header(CONTENT_TYPE, "application/json").body(body).send().await;
        let response = sent.map_err(|error| self.broken(&error, &host, seconds))?;
        if let Some(host) = redirect_host(&response) {
            return Err(ErrorKind::Redirected { host }.into());
        }
        let after = self.hold_if_asked(&response);
        match response.status().as_u16() {
            200 | 201 => {
                let in_header = session_in_header(auth, response.headers());
                let bytes = self.body(response, TOKEN_BYTES_MAX, &host, seconds).await?;
                let body = std::str::from_utf8(&bytes).map_err(|_| ErrorKind::NoSession)?;
                in_header.or_else(|| session_in_body(auth, body)).ok_or_else(|| ErrorKind::NoSession.into())
            }
            429 => Err(self.throttled(after)),
            status @ (500..=599 | 408) => Err(ErrorKind::ServerFails { status }.into()),
            status => {
                let (proof, code) = (CLIENT_PROOF, self.refusal_code(response, &host, seconds).await);
                Err(ErrorKind::TokenRefused { proof, status, code }.into())
            }
        }
    }
}

/// The session in an answer's headers.
pub(crate) fn session_in_header(auth: &SessionAuth, headers: &reqwest::header::HeaderMap) -> Option<HeaderValue> {
    let SessionPlace::Header(name) = auth.place else { return None };
    auth.value(headers.get(name)?.to_str().ok()?)
}

/// The session in an answer's body.
pub(crate) fn session_in_body(auth: &SessionAuth, body: &str) -> Option<HeaderValue> {
    let SessionPlace::Body(pointer) = auth.place else { return None };
    auth.value(&text_at(body, pointer).ok()??)
}

/// The fields of a token request. `replaced` is the refresh token that the vendor gave last.
fn token_fields(
    auth: &TokenAuth,
    secret: &SecretFields,
    replaced: Option<&SecretString>,
) -> Vec<(&'static str, SecretString)> {
    let mut fields: Vec<(&'static str, SecretString)> =
        auth.fields.iter().map(|(name, value)| (*name, value.clone().into())).collect();
    match &auth.grant {
        Grant::ClientCredentials => fields.push(("grant_type", "client_credentials".into())),
        Grant::Password { user, password } => fields.extend([
            ("grant_type", "password".into()),
            ("username", secret.fill(user)),
            ("password", secret.fill(password)),
        ]),
        Grant::Refresh { refresh_token } => fields.extend([
            ("grant_type", "refresh_token".into()),
            ("refresh_token", replaced.cloned().unwrap_or_else(|| secret.fill(refresh_token))),
        ]),
    }
    if auth.style != TokenStyle::Basic {
        fields.push(("client_id", secret.fill(&auth.client_id)));
        fields.push(("client_secret", secret.fill(&auth.client_secret)));
    }
    fields
}
