//! Where a vendor is reached: which URLs a source may have, and which links belong to it.

use url::{Host, Url};

use crate::{auth::Auth, pace::RateLimit};

/// Where and how a vendor is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Scheme, host, port and the path below which all requests lie. Already checked: https, or loopback.
    pub base: Url,
    /// How a request proves who it is from.
    pub auth: Auth,
    /// Plain headers sent with every request.
    pub headers: Vec<(&'static str, String)>,
    /// How fast and how many at once.
    pub pace: RateLimit,
    /// Names of fields, at any depth, that are redacted from answers before anything is kept; a name may end in `*`.
    pub redacted_fields: &'static [&'static str],
}

/// Reads a URL from the settings: https, or http on this machine's loopback; no user or password in it.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence. Never the URL's query or user info.
pub fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    let Some(host) = url.host() else {
        return Err("is not a URL with a host".into());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it: credentials belong into the source's secret".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment: name only scheme, host and path".into());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&host) => Ok(url),
        scheme => Err(format!("is `{scheme}` to `{host}`: only https is allowed (http only to this machine)")),
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
    }
}

/// Whether two URLs have the same scheme, host and port.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// Scheme, host and port for a message.
pub(crate) fn origin_text(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        _ => format!("{}:", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine() {
        for good in [
            "https://eu.ninjarmm.com",
            "https://psa.example.test:8443/v4_6_release/apis/3.0",
            "http://127.0.0.1:8080",
            "http://127.9.9.9/x",
            "http://[::1]:9/",
            "http://localhost:1",
        ] {
            assert!(checked_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://eu.ninjarmm.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://169.254.169.254/latest",
            "http://10.0.0.1",
            "http://0x7f000001.example",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://user:pw@eu.ninjarmm.com",
            "https://eu.ninjarmm.com@evil.example",
            "https://a.example?apikey=1",
            "data:text/plain,x",
            "not a url",
            "",
        ] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_are_compared_as_parsed() {
        let base = Url::parse("https://graph.microsoft.com/v1.0").unwrap();
        for (link, same) in [
            ("https://graph.microsoft.com/v1.0/users?$skiptoken=x", true),
            ("https://GRAPH.microsoft.com:443/", true),
            ("http://graph.microsoft.com/", false),
            ("https://graph.microsoft.com:8443/", false),
            ("https://graph.microsoft.com.evil.example/", false),
            ("https://graph.microsoft.com@evil.example/", false),
            ("https://evil.example/https://graph.microsoft.com/", false),
            ("https://graph.microsoft.com\\.evil.example/", true), // a backslash ends the host: the path is odd, the host is ours
        ] {
            assert_eq!(same_origin(&base, &Url::parse(link).unwrap()), same, "{link}");
        }
    }
}
