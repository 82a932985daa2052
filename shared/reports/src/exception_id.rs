//! The id of an exception: short, and the same month after month.

use truecount_billing::{AccountId, ClientId, Currency, ProductCode, SourceId};
use truecount_reconciliation::{ClientRecord, ExceptionDirection, RowRecord, exception_id, service_exception_id};

/// The id of the exception that a row of a client is.
pub(crate) fn of_row(client: &ClientRecord, row: &RowRecord) -> String {
    let subject = ExceptionSubject::Service {
        client: &client.client_id,
        service: &row.service,
        section: row.section.as_deref(),
        direction: ExceptionDirection::of(row.kind),
    };
    subject.id()
}

/// What an exception is about. Of the same subject there is one a run, with the same id every month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionSubject<'a> {
    /// A service at a client.
    Service {
        /// The client.
        client: &'a ClientId,
        /// The service's code.
        service: &'a ProductCode,
        /// The section of the rules by which an agreement is compared by itself.
        section: Option<&'a str>,
        /// Which way.
        direction: ExceptionDirection,
    },
    /// A client whose lines were not read.
    Client(&'a ClientId),
    /// A client that another has taken over.
    Moved {
        /// The client whose agreement ended.
        from: &'a ClientId,
        /// The client that is billed.
        to: &'a ClientId,
    },
    /// An account that nobody decided.
    Unmapped(&'a SourceId, &'a AccountId),
    /// An account that was not read completely.
    Account(&'a SourceId, &'a AccountId),
    /// A source that was not read.
    Source(&'a SourceId),
    /// What keeps several clients from being reconciled.
    Cause {
        /// Its code.
        code: &'a str,
        /// The sources that it is about.
        sources: &'a str,
        /// The words that it is about.
        words: &'a [String],
    },
    /// Rows of a currency of which little is at stake.
    Small(Currency),
}

impl ExceptionSubject<'_> {
    /// The id.
    #[must_use]
    pub fn id(&self) -> String {
        match *self {
            Self::Service { client, service, section, direction } => {
                service_exception_id(client, service, section, direction)
            }
            Self::Client(client) => exception_id(&["client", client.as_str(), "none"]),
            Self::Moved { from, to } => exception_id(&["moved", from.as_str(), to.as_str(), "moved"]),
            Self::Unmapped(source, account) => {
                exception_id(&["account", source.as_str(), account.as_str(), "unmapped"])
            }
            Self::Account(source, account) => exception_id(&["account", source.as_str(), account.as_str(), "none"]),
            Self::Source(source) => exception_id(&["source", source.as_str(), "none"]),
            Self::Cause { code, sources, words } => {
                let words = words.iter().map(String::as_str);
                exception_id(&["cause", code, sources].into_iter().chain(words).chain(["none"]).collect::<Vec<_>>())
            }
            Self::Small(currency) => exception_id(&["small", currency.as_str(), "none"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_hangs_on_client_service_section_and_direction_alone() {
        let (client, service) = (ClientId::new("c-1").unwrap(), ProductCode::new("MNG-WKS").unwrap());
        let of = |section, direction| {
            ExceptionSubject::Service { client: &client, service: &service, section, direction }.id()
        };
        let under = of(None, ExceptionDirection::Under);
        assert_eq!(under, "xde94462af12e");
        assert!(under.len() == 13 && under.starts_with('x'), "{under}");
        let others = [
            of(None, ExceptionDirection::Over),
            of(None, ExceptionDirection::Ending),
            of(None, ExceptionDirection::None),
            of(Some("Boston"), ExceptionDirection::Under),
            of(Some("York"), ExceptionDirection::Under),
        ];
        for (at, other) in others.iter().enumerate() {
            assert!(*other != under && !others[..at].contains(other), "{other}");
        }
    }
}
