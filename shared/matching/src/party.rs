//! Accounts and clients as they are matched, the evidence about them, and the suggestions.

use std::fmt;

use crate::Reason;

/// A vendor account or a client: its name and the evidence about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Party<'a> {
    /// As the source or the PSA writes it.
    pub name: &'a str,
    /// Evidence other than the name; empty by default.
    pub evidence: MatchEvidence<'a>,
}

impl<'a> Party<'a> {
    /// A party of which only the name is known.
    #[must_use]
    pub fn named(name: &'a str) -> Self {
        Self { name, evidence: MatchEvidence::default() }
    }
}

/// Evidence about an account or a client other than its name. What a source does not provide stays empty and does not
/// count against a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MatchEvidence<'a> {
    /// Domains of the users' mail addresses, the tenant and the web site. Those of mail providers are ignored.
    pub domains: &'a [&'a str],
    /// For a client its ids in the PSA, for an account the PSA ids that the vendor stores.
    pub identifiers: &'a [&'a str],
    /// Telephone numbers in any notation.
    pub phones: &'a [&'a str],
    /// The town of the address.
    pub city: Option<&'a str>,
    /// Serial numbers of devices; for a client, those of accounts already mapped to it.
    pub serials: &'a [&'a str],
    /// For a client: the names of accounts confirmed for it in other sources.
    pub known_as: &'a [&'a str],
}

/// How many accounts of a source a client may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sites {
    /// At most one account per client.
    OneToOne,
    /// A client may have several accounts: sites, branches, tenants.
    ManyToOne,
}

/// The probability that an account is the client's, in millionths. Displayed and stored with three places, never rounded
/// up, as `0.998`; [`exact`](Score::exact) has all six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u32);

impl Score {
    /// From a probability between 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
    pub(crate) fn of(probability: f32) -> Self {
        Self((f64::from(probability).clamp(0.0, 1.0) * 1e6).round() as u32)
    }

    /// From a text such as `0.95`: a number from 0 to 1 with at most six decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !matches!(whole, "0" | "1") || decimals.len() > 6 || !is_digits(decimals) || text.ends_with('.') {
            return None;
        }
        let millionths = format!("{whole}{decimals:0<6}").parse().ok()?;
        (millionths <= 1_000_000).then_some(Self(millionths))
    }

    /// The probability in millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The probability in thousandths, never rounded up: 999 is less than certain.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0 / 1_000
    }

    /// With six places, for programs that order by it: `0.998714`.
    #[must_use]
    pub fn exact(self) -> String {
        format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }

    /// The probability in per cent, never rounded up, for people.
    #[must_use]
    pub const fn percent(self) -> u32 {
        self.0 / 10_000
    }
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:03}", self.thousandths() / 1_000, self.thousandths() % 1_000)
    }
}

impl serde::Serialize for Score {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A client that an account may belong to, to be confirmed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The client's index in the list of clients.
    pub client: usize,
    /// How probable it is.
    pub score: Score,
    /// Reasons for it, the strongest first.
    pub reasons: Vec<Reason>,
    /// Reasons against it, the strongest first.
    pub against: Vec<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_read_exactly() {
        for (text, expected) in
            [("0.95", 950_000), ("1", 1_000_000), ("0", 0), ("0.998714", 998_714), ("1.0", 1_000_000)]
        {
            assert_eq!(Score::parse(text).map(Score::millionths), Some(expected), "{text}");
        }
        for text in ["", "95", "1.1", "0.", ".5", "-0.5", "0.1234567", "0,95", "+0.5", "0.9e1"] {
            assert_eq!(Score::parse(text), None, "{text}");
        }
        let score = Score::parse("0.9987").unwrap();
        assert_eq!((score.to_string().as_str(), score.exact().as_str()), ("0.998", "0.998700"));
    }
}
