//! What is matched: accounts and clients, what is known of them, and what is proposed.

use std::fmt;

use crate::Reason;

/// A vendor organization, or a client: its name and what else is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Party<'a> {
    /// As the source or the PSA writes it.
    pub name: &'a str,
    /// What is known beside the name. Nothing by default.
    pub evidence: MatchEvidence<'a>,
}

impl<'a> Party<'a> {
    /// A party of whom only the name is known.
    #[must_use]
    pub fn named(name: &'a str) -> Self {
        Self { name, evidence: MatchEvidence::default() }
    }
}

/// What is known of an account or a client beside its name. What a source does not give stays empty: that is no
/// evidence against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MatchEvidence<'a> {
    /// Domains of the users' mail addresses, of the tenant, of the web site. Those of mail providers are left out here.
    pub domains: &'a [&'a str],
    /// For a client its ids in the PSA, for an account those that the vendor stores (autotaskCompanyId, externalId).
    pub identifiers: &'a [&'a str],
    /// Telephone numbers, however written.
    pub phones: &'a [&'a str],
    /// The town of the address.
    pub city: Option<&'a str>,
    /// Serial numbers of devices; for a client those of accounts that are mapped to it already.
    pub serials: &'a [&'a str],
    /// For a client: the names of the accounts that people have confirmed for it in other sources.
    pub known_as: &'a [&'a str],
}

/// How many accounts of the source a client may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sites {
    /// One account for each client: what one account takes, no other gets.
    OneToOne,
    /// A client may have several accounts: sites, branches, tenants.
    ManyToOne,
}

/// The probability that an account is the client's, in millionths. Shown as `0.998714`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u32);

impl Score {
    /// Of a probability between 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
    pub(crate) fn of(probability: f32) -> Self {
        Self((f64::from(probability).clamp(0.0, 1.0) * 1e6).round() as u32)
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

    /// The probability in per cent, never rounded up: what a person reads.
    #[must_use]
    pub const fn percent(self) -> u32 {
        self.0 / 10_000
    }
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A client that an account may be, for a person to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The client's place in the list of clients.
    pub client: usize,
    /// How probable it is.
    pub score: Score,
    /// What speaks for it, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What speaks against it, the weightiest first.
    pub against: Vec<Reason>,
}
