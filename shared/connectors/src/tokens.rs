//! Bearer tokens: asked for once per scope, kept until shortly before they expire, given up once on a 401.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::{
    auth::{Token, TokenAuth, TokenStyle, token_from, token_url},
    endpoint::origin_text,
    fault::ErrorKind,
    http::{Budget, Http, Miss, redirect_host},
};

/// How many scopes' tokens are kept: more than are ever in flight at once.
const TOKENS_MAX: usize = 16;
/// The size cap of a token endpoint's answer.
const TOKEN_BYTES_MAX: usize = 256 * 1024;

/// One scope's token: whoever needs it locks it, so only one asks for a new one.
type Slot = Arc<Mutex<Option<Token>>>;

/// The tokens in use.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<VecDeque<(Option<String>, Slot)>>);

impl Tokens {
    async fn slot(&self, scope: Option<&str>) -> Slot {
        let mut tokens = self.0.lock().await;
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

    /// Gives up all tokens: the secret that they were had for is another now.
    pub(crate) async fn give_up_all(&self) {
        self.0.lock().await.clear();
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
        let (id, secret) = (secret.fill(&auth.client_id), secret.fill(&auth.client_secret));
        let mut fields: BTreeMap<&str, &str> =
            auth.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.insert("grant_type", "client_credentials");
        fields.insert("client_id", id.expose_secret());
        fields.insert("client_secret", secret.expose_secret());
        let request = self.token_client.post(url.clone()).timeout(timeout).header(ACCEPT, "application/json");
        let request = match auth.style {
            TokenStyle::Form => request.form(&fields),
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
                Ok(token_from(body, self.time.now())?)
            }
            429 => Err(self.throttled(after)),
            status @ (500..=599 | 408) => Err(ErrorKind::ServerFails { status }.into()),
            status => {
                let code = self.refusal_code(response, &host, seconds).await;
                Err(ErrorKind::TokenRefused { status, code }.into())
            }
        }
    }
}
