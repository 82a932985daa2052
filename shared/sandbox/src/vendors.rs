//! What every sample vendor is: a function from a request to an answer, without sockets.

pub(crate) mod connectwise;
pub(crate) mod microsoft_graph;
pub(crate) mod ninjaone;
pub(crate) mod pax8;

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Call {
    /// Scheme, host and port under which the vendor was reached.
    pub(crate) origin: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) twist: Twist,
}

/// A fault that changes what a list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Twist {
    None,
    EmptyList,
    RepeatedPage,
    ForeignNextLink(String),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// One sample vendor.
pub(crate) trait Vendor: Send + Sync {
    /// Whether a path is the token endpoint, where POST is a read.
    fn is_token_call(&self, path: &str) -> bool;

    /// A POST to the token endpoint; `number` counts the tokens given out.
    fn token(&self, call: &Call, number: u64) -> Reply;

    /// The scope of the token or key that a call brings, if it is a good one.
    fn admits(&self, call: &Call) -> Option<String>;

    /// A GET that was admitted.
    fn answer(&self, call: &Call, scope: &str) -> Reply;

    /// The refusal of a call without a good token or key.
    fn refusal(&self) -> Reply;
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A number from the query, within bounds.
    pub(crate) fn number(&self, name: &str, unless: u64, most: u64) -> u64 {
        self.param(name).and_then(|text| text.parse().ok()).unwrap_or(unless).min(most)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The scope in a bearer token that [`token_text`] made for this vendor.
    pub(crate) fn bearer(&self, vendor: &str) -> Option<String> {
        let rest = self.header("authorization").strip_prefix("Bearer ")?.strip_prefix(TOKEN)?;
        let (name, rest) = rest.split_once('.')?;
        let (scope, number) = rest.split_once('.')?;
        (name == vendor && number.parse::<u64>().is_ok()).then(|| scope.to_owned())
    }

    /// A field of a form body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let uri = axum::http::Uri::builder()
            .path_and_query(format!("/?{}", String::from_utf8_lossy(&self.body)))
            .build()
            .ok()?;
        let fields = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        fields.0.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl Reply {
    pub(crate) fn json(body: String) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json; charset=utf-8".to_owned())], body }
    }

    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self { status: 302, headers: vec![("location", to.to_owned())], body: String::new() }
    }
}

/// How every token of the sandbox begins, so that a leak is found by searching for it.
pub(crate) const TOKEN: &str = "tc-canary-token.";

/// A token: who gave it out, what for, and which it is.
pub(crate) fn token_text(vendor: &str, scope: &str, number: u64) -> String {
    format!("{TOKEN}{vendor}.{scope}.{number}")
}

/// The secret value of a field of a source.
pub(crate) fn secret(source: &str, field: &str) -> String {
    format!("tc-canary-secret-{source}-{field}")
}
