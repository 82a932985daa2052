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
    /// What follows is about the name that an account of the client has in another source.
    UnderName(String),
    /// The names are equal except for case, punctuation and spaces.
    SameName,
    /// The names are equal except for legal form, accents, connecting words or abbreviations.
    SameCore,
    /// The same words in another order.
    SameWords,
    /// The same letters with different spaces.
    SameLetters,
    /// A word of one is written apart in the other: `lighthouse` and `light house`.
    WrittenApart {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// Two forms of one word: `centre` and `center`, `church` and `churches`.
    OtherForm {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
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
    /// All words of one are in the other, perhaps in another form.
    Subset,
    /// Nothing but this run of letters is in both.
    SharedLetters(String),
    /// No run of letters worth naming is in both.
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
    /// Both are domains, with other ends: `nic.at` and `nic.br`.
    DifferentDomainEnd {
        /// Of the account's name.
        account: String,
        /// Of the client's name.
        client: String,
    },
    /// A place that only one of them has: it may be a branch.
    DifferentPlace(Vec<String>),
    /// Words that only the account has.
    OnlyInAccount(Vec<String>),
    /// Words that only the client has.
    OnlyInClient(Vec<String>),
    /// Another client is nearly as likely.
    NearTwin(String),
    /// Another client is much more likely.
    BetterClient(String),
    /// In a source with one account a client: the client goes to this account if all accounts are to have one.
    BetterAccount(String),
    /// The name resembles this other client's much more.
    NameOfOther(String),
    /// The vendor stores the id of another client.
    OtherIdentifier(String),
    /// The domain is another client's.
    OtherDomain {
        /// The domain.
        domain: String,
        /// Whose it is.
        client: String,
    },
    /// A person confirmed an account of this name for another client in another source.
    KnownAsOther(String),
    /// The town differs.
    OtherCity(String),
    /// A name contains lookalike characters.
    Lookalike,
}

impl Reason {
    /// Whether a reason against a client is evidence for another one, or that the two are different: then nobody confirms
    /// it without having looked at it alone.
    #[must_use]
    pub const fn contradicts(&self) -> bool {
        matches!(
            self,
            Self::NameOfOther(_)
                | Self::OtherIdentifier(_)
                | Self::OtherDomain { .. }
                | Self::KnownAsOther(_)
                | Self::BetterAccount(_)
                | Self::DifferentNumber { .. }
                | Self::DifferentLegalForm { .. }
                | Self::DifferentDomainEnd { .. }
        )
    }

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
            Self::KnownAs(name) => write!(out, "confirmed in another source as {}", Named(name)),
            Self::UnderName(name) => write!(out, "by the name of its account in another source, {}", Named(name)),
            Self::SameName => out.write_str("same name"),
            Self::SameCore => {
                out.write_str("same name but for legal form, small words, accents, word forms or domain end")
            }
            Self::SameWords => out.write_str("same words in another order, but for legal form and small words"),
            Self::SameLetters => {
                out.write_str("same letters with different spaces, but for legal form, small words and domain end")
            }
            Self::WrittenApart { account, client } => write!(out, "{account} is {client} with other spaces"),
            Self::OtherForm { account, client } => write!(out, "{account} is a form of {client}"),
            Self::SharedRareWords(words) => write!(out, "both have the rare {}", Listed(words)),
            Self::SharedCommonWords(words) => write!(out, "both have only the common {}", Listed(words)),
            Self::Initials { short, long } => write!(out, "{short} are the initials of {long}"),
            Self::Spelling { account, client } => write!(out, "{account} is spelled like {client}"),
            Self::Shortened { account, client } => write!(out, "{account} and {client} begin alike"),
            Self::SharedLetters(letters) => write!(out, "both contain {letters}"),
            Self::FewLetters => out.write_str("hardly any letters in common"),
            Self::Subset => out.write_str("all words of one are in the other"),
            Self::DifferentLegalForm { account, client } => write!(out, "legal forms differ: {account}, {client}"),
            Self::DifferentNumber { account, client } => write!(out, "numbers differ: {account}, {client}"),
            Self::DifferentDomainEnd { account, client } => write!(out, "domains end differently: {account}, {client}"),
            Self::DifferentPlace(words) => write!(out, "only one has the place {}", Listed(words)),
            Self::OnlyInAccount(words) => write!(out, "only the account has {}", Listed(words)),
            Self::OnlyInClient(words) => write!(out, "only the client has {}", Listed(words)),
            Self::NearTwin(name) => write!(out, "another client is nearly as likely: {}", Named(name)),
            Self::BetterClient(name) => write!(out, "another client is far more likely: {}", Named(name)),
            Self::BetterAccount(name) => {
                write!(out, "the client goes better with another vendor account: {}", Named(name))
            }
            Self::NameOfOther(name) => write!(out, "the name resembles {} far more", Named(name)),
            Self::OtherIdentifier(name) => write!(out, "the vendor's identifier names {}", Named(name)),
            Self::OtherDomain { domain, client } => write!(out, "the domain {domain} is that of {}", Named(client)),
            Self::KnownAsOther(name) => {
                write!(out, "an account of this name in another source is that of {}", Named(name))
            }
            Self::OtherCity(city) => write!(out, "different town {city}"),
            Self::Lookalike => out.write_str("a name has letters that can be taken for others"),
        }
    }
}

/// A name, which may be blank.
struct Named<'a>(&'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.trim().is_empty() { "one without a name" } else { self.0.trim() })
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
