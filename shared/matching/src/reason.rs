//! Reasons for and against a match, and the text shown to people.

use std::fmt;

/// A reason for or against an account being a client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The vendor stores the client's PSA id.
    SameIdentifier(String),
    /// The number of devices with the same serial numbers.
    SharedSerials(usize),
    /// The same domain in mail addresses, tenant or web site.
    SameDomain(String),
    /// A domain that is the client's name.
    DomainIsName(String),
    /// The same telephone number.
    SamePhone,
    /// The same town.
    SameCity(String),
    /// A person confirmed an account of this name for the client in another source.
    KnownAs(String),
    /// The names are equal except for case, punctuation and spaces.
    SameName,
    /// The names are equal except for legal form, accents, connecting words or abbreviations.
    SameCore,
    /// The same words in another order.
    SameWords,
    /// The same letters with different spaces.
    SameLetters,
    /// Both have these rare words.
    SharedRareWords(Vec<String>),
    /// Both have only these common words.
    SharedCommonWords(Vec<String>),
    /// One is the initials of the other.
    Initials {
        /// The letters.
        short: String,
        /// The words they stand for.
        long: String,
    },
    /// Two words with similar spelling.
    Spelling {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// A word that abbreviates another.
    Shortened {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// All words of one are in the other.
    Subset,
    /// Nothing but this run of letters is in both.
    SharedLetters(String),
    /// Nothing is in both but single letters.
    FewLetters,
    /// Legal forms of two kinds: "Acme Ltd" and "Acme Inc" are two clients.
    DifferentLegalForm {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// Both have a number that the other has not, such as II and III. A number on one side only is a word that only one has.
    DifferentNumber {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// A place that only one of them has: it may be a branch.
    DifferentPlace(Vec<String>),
    /// Words that only the account has.
    OnlyInAccount(Vec<String>),
    /// Words that only the client has.
    OnlyInClient(Vec<String>),
    /// Another client is nearly as similar.
    NearTwin(String),
    /// Another account is more similar to this client.
    BetterAccount(String),
    /// The vendor stores the id of another client.
    OtherIdentifier,
    /// The town differs.
    OtherCity(String),
    /// The name contains lookalike characters.
    Lookalike,
}

impl Reason {
    /// The text shown to people.
    #[must_use]
    pub fn for_people(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameIdentifier(id) => write!(out, "the vendor stores the client's id {id}"),
            Self::SharedSerials(1) => out.write_str("a device with the same serial number"),
            Self::SharedSerials(count) => write!(out, "{count} devices with the same serial numbers"),
            Self::SameDomain(domain) => write!(out, "same domain {domain}"),
            Self::DomainIsName(domain) => write!(out, "the domain {domain} is the client's name"),
            Self::SamePhone => out.write_str("same telephone number"),
            Self::SameCity(city) => write!(out, "same town {city}"),
            Self::KnownAs(name) => write!(out, "confirmed in another source as {name}"),
            Self::SameName => out.write_str("same name"),
            Self::SameCore => out.write_str("same name except for legal form, accents or abbreviations"),
            Self::SameWords => out.write_str("same words in another order"),
            Self::SameLetters => out.write_str("same letters with different spaces"),
            Self::SharedRareWords(words) => write!(out, "both have the rare {}", Listed(words)),
            Self::SharedCommonWords(words) => write!(out, "both have only the common {}", Listed(words)),
            Self::Initials { short, long } => write!(out, "{short} are the initials of {long}"),
            Self::Spelling { account, client } => write!(out, "{account} is spelled like {client}"),
            Self::Shortened { account, client } => write!(out, "{account} and {client} begin alike"),
            Self::SharedLetters(letters) => write!(out, "both contain {letters}"),
            Self::FewLetters => out.write_str("only single letters in common"),
            Self::Subset => out.write_str("all words of one are in the other"),
            Self::DifferentLegalForm { account, client } => write!(out, "legal forms differ: {account}, {client}"),
            Self::DifferentNumber { account, client } => write!(out, "numbers differ: {account}, {client}"),
            Self::DifferentPlace(words) => write!(out, "only one has the place {}", Listed(words)),
            Self::OnlyInAccount(words) => write!(out, "only the account has {}", Listed(words)),
            Self::OnlyInClient(words) => write!(out, "only the client has {}", Listed(words)),
            Self::NearTwin(name) => write!(out, "another client is nearly as similar: {name}"),
            Self::BetterAccount(name) => write!(out, "another account is more similar: {name}"),
            Self::OtherIdentifier => out.write_str("the vendor stores another client's id"),
            Self::OtherCity(city) => write!(out, "different town {city}"),
            Self::Lookalike => out.write_str("contains lookalike characters"),
        }
    }
}

/// Words joined by commas.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { ", " })?;
            out.write_str(word)?;
        }
        Ok(())
    }
}
