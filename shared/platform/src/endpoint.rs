//! Which endpoints are allowed: https anywhere, http only on loopback. Deliberately absent: any request.

use std::net::IpAddr;

use url::{Host, Url};

/// Why an endpoint is refused. The URL itself is not repeated: it may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with a host.
    #[error("the endpoint is not a URL with a host: write it as `https://host` or `https://host:port/path`")]
    NotAUrl,
    /// Neither http nor https.
    #[error("the endpoint's scheme `{0}` is refused: use https")]
    Scheme(String),
    /// http to another machine.
    #[error("the endpoint `{0}` is refused: http is for loopback (127.0.0.1, ::1, localhost) only, use https")]
    NotLoopback(String),
    /// A user name or password in the URL.
    #[error("the endpoint at `{0}` is refused: it holds a user or a password, which belong in the source's secret")]
    Userinfo(String),
    /// A fragment, which is never sent.
    #[error("the endpoint at `{0}` is refused: it has a `#` part, which would not be sent")]
    Fragment(String),
}

/// Parses a URL and checks that a credential may be sent there: https, or http on loopback (127.0.0.0/8, ::1,
/// localhost), without user, password or fragment.
///
/// # Errors
/// [`EndpointError`] says which of these it violates.
pub fn checked(url: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(url).map_err(|_| EndpointError::NotAUrl)?;
    let Some(host) = url.host() else { return Err(EndpointError::NotAUrl) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Userinfo(host.to_string()));
    }
    if url.fragment().is_some() {
        return Err(EndpointError::Fragment(host.to_string()));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&host) => Ok(url),
        "http" => Err(EndpointError::NotLoopback(host.to_string())),
        other => Err(EndpointError::Scheme(other.to_owned())),
    }
}

/// Whether a host is loopback. No name is resolved, so DNS cannot decide where a credential goes.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback() {
        for url in [
            "https://api.example.com",
            "https://api.example.com:8443/v1?x=1",
            "https://[2001:db8::1]/",
            "https://127.0.0.1/",
            "http://127.0.0.1:4566",
            "http://127.8.9.10:1/",
            "http://127.1:80/",
            "http://[::1]:8080/",
            "http://localhost:80",
            "HTTP://LOCALHOST:80",
        ] {
            assert!(checked(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let far = |host: &str| EndpointError::NotLoopback(host.to_owned());
        for (url, error) in [
            ("", EndpointError::NotAUrl),
            ("api.example.com", EndpointError::NotAUrl),
            ("data:text/plain,x", EndpointError::NotAUrl),
            ("http://", EndpointError::NotAUrl),
            ("file:///etc/passwd", EndpointError::NotAUrl),
            ("ftp://127.0.0.1/", EndpointError::Scheme("ftp".into())),
            ("http://api.example.com", far("api.example.com")),
            ("http://0.0.0.0:1/", far("0.0.0.0")),
            ("http://169.254.169.254/latest", far("169.254.169.254")),
            ("http://10.0.0.1/", far("10.0.0.1")),
            ("http://[::ffff:7f00:1]/", far("[::ffff:7f00:1]")),
            ("http://localhost.example.com/", far("localhost.example.com")),
            ("http://127.0.0.1.example.com/", far("127.0.0.1.example.com")),
            ("http://localhost./", far("localhost.")),
            ("https://user@example.com/", EndpointError::Userinfo("example.com".into())),
            ("https://:hunter2@example.com/", EndpointError::Userinfo("example.com".into())),
            ("http://127.0.0.1@example.com/", EndpointError::Userinfo("example.com".into())),
            ("https://example.com/#x", EndpointError::Fragment("example.com".into())),
        ] {
            let refused = checked(url).expect_err(url);
            assert_eq!(refused, error, "{url}");
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
    }
}
