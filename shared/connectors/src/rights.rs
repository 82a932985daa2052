//! What a key may do by the vendor's own word, held against what its source needs.
//!
//! Deliberately absent: any decision. A crawl reads and nothing else, whatever its key may do; this is only told to a
//! person, who can make a key that may do less.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{http::Http, mask::Mask, source::Source, source_kind::source_kind};

/// How many rights of a key are looked at.
const RIGHTS_MAX: usize = 500;
/// How long the name of one may be, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// How many are named in a sentence.
const NAMED_MAX: usize = 8;
/// Scopes of `OpenID` Connect that let nobody at what a vendor holds.
const SIGN_IN_SCOPES: &[&str] = &["openid", "profile", "email", "offline_access"];
/// What stands for all permissions that an application was given, and is none itself.
const DEFAULT_SCOPE: &str = "/.default";

/// What the keys of a kind of source need to be allowed, by the names that the vendor gives it. Declared only where the
/// vendor tells with a token what its key may do.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    /// Without these, parts of the source cannot be read.
    pub needed: &'static [Right],
    /// Not needed, and no reason for a word: they only read what any billing may see.
    pub harmless: &'static [&'static str],
    /// The option that says which rights a token is asked for.
    pub option: Option<&'static str>,
}

/// One right that a source needs.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// Its name at the vendor.
    pub name: &'static str,
    /// The streams that need it: a source that does not have them does not need it.
    pub streams: &'static [&'static str],
    /// Rights that allow the same and more.
    pub within: &'static [&'static str],
}

/// What a key may do, held against what its source needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRights {
    /// What the source needs with its options.
    pub needed: Vec<&'static str>,
    /// What the key may do beyond that, by the vendor's names. Empty: the vendor names nothing, which does not prove
    /// that there is nothing.
    pub excess: Vec<String>,
    /// What the key lacks. Empty where the vendor does not name all that a key may do.
    pub missing: Vec<&'static str>,
    /// The option that says which rights a token is asked for.
    #[serde(skip)]
    pub option: Option<&'static str>,
}

/// What a token's answer says that the key may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ToldRights {
    names: Vec<String>,
    /// Whether it names all that the key may do; else only what this token may.
    is_complete: bool,
}

impl ToldRights {
    /// Without secrets.
    pub(crate) fn masked(mut self, mask: &Mask) -> Self {
        self.names.iter_mut().for_each(|name| *name = mask.of_words(name));
        self
    }
}

impl Rights {
    /// Of a vendor that does not tell.
    pub(crate) const NOT_TOLD: Self = Self { needed: &[], harmless: &[], option: None };

    /// `None`: this vendor does not tell, or has told nothing.
    fn held_against(&self, source: &Source, told: &ToldRights) -> Option<KeyRights> {
        if self.needed.is_empty() || told.names.is_empty() {
            return None;
        }
        let names_of = |is_meant: &dyn Fn(&Right) -> bool| {
            self.needed.iter().filter(|right| is_meant(right)).map(|right| right.name).collect()
        };
        // Another scope's token may be allowed what this one is not.
        let is_due = |right: &Right| source.streams_of_first_token().any(|stream| right.streams.contains(&stream));
        Some(KeyRights {
            needed: names_of(&|right| source.streams().any(|stream| right.streams.contains(&stream.name))),
            excess: told.names.iter().filter(|name| !self.is_wanted(name)).cloned().collect(),
            missing: names_of(&|right| told.is_complete && is_due(right) && !right.is_given_by(told)),
            option: self.option,
        })
    }

    fn is_wanted(&self, name: &str) -> bool {
        let is_needed = self.needed.iter().any(|right| right.name.eq_ignore_ascii_case(name));
        is_needed || is_any_of(self.harmless, name) || is_any_of(SIGN_IN_SCOPES, name)
    }
}

impl Right {
    fn is_given_by(&self, told: &ToldRights) -> bool {
        told.names.iter().any(|name| self.name.eq_ignore_ascii_case(name) || is_any_of(self.within, name))
    }
}

fn is_any_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

impl KeyRights {
    /// What is wrong with the key, if anything: it may do more than it must, or less.
    #[must_use]
    pub fn finding(&self) -> Option<String> {
        let too_much = (!self.excess.is_empty()).then(|| format!("the key may also do: {}", listed(&self.excess)));
        let too_little = (!self.missing.is_empty()).then(|| format!("the key lacks {}", listed(&self.missing)));
        let findings: Vec<String> = too_little.into_iter().chain(too_much).collect();
        (!findings.is_empty()).then(|| findings.join("; "))
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        let asked = self.option.map(|option| format!(", and name no more in `{option}`")).unwrap_or_default();
        format!("Truecount only reads: give the key only {}{asked}", listed(&self.needed))
    }
}

impl Http {
    /// What the newest token's answer said that the key may do, held against what the source needs. `None`: no token
    /// was asked for yet, or the vendor does not tell.
    #[must_use]
    pub fn key_rights(&self, source: &Source) -> Option<KeyRights> {
        source_kind(source.kind())?.rights.held_against(source, &self.tokens.told())
    }
}

/// What a token endpoint's answer says: the permissions in the token, or else the scope beside it.
pub(crate) fn told_by(token: &str, scope: Option<&str>) -> ToldRights {
    match in_token(token) {
        Some(told) if !told.names.is_empty() => told,
        _ => ToldRights { names: plain_names(scope.unwrap_or_default().split(' ')), is_complete: false },
    }
}

/// The permissions in a token that is a JWT; `None`: it is none, or says nothing of the kind.
// The signature is not checked: nothing is decided by what stands here, it is only shown.
fn in_token(token: &str) -> Option<ToldRights> {
    #[derive(Deserialize)]
    struct Claims {
        roles: Option<Vec<String>>,
        scp: Option<String>,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    match (claims.roles, claims.scp) {
        (Some(roles), _) => {
            let is_complete = roles.len() <= RIGHTS_MAX;
            Some(ToldRights { names: plain_names(roles.iter().map(String::as_str)), is_complete })
        }
        // A user's: what they may do themselves bounds it further.
        (None, Some(scp)) => Some(ToldRights { names: plain_names(scp.split(' ')), is_complete: false }),
        (None, None) => None,
    }
}

/// Names that can be shown as they are, each once. Others are no names, and could garble a terminal.
fn plain_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/*-".contains(&byte);
    let is_name = |name: &&str| {
        (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) && !name.ends_with(DEFAULT_SCOPE)
    };
    let mut plain: Vec<String> = names.filter(is_name).take(RIGHTS_MAX).map(str::to_owned).collect();
    plain.sort();
    plain.dedup();
    plain
}

/// `a, b and c`; of many, the first and how many more.
fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &names[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMED_MAX => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..NAMED_MAX].join(", "), names.len() - NAMED_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHTS: Rights = Rights {
        needed: &[Right { name: "Seats.Read", streams: &["seats"], within: &["Seats.Write"] }],
        harmless: &["Reports.Read"],
        option: Some("oauth_scope"),
    };

    fn jwt(claims: &str) -> String {
        format!("{}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims))
    }

    fn told(token: &str, scope: Option<&str>) -> (Vec<String>, bool) {
        let told = told_by(token, scope);
        (told.names, told.is_complete)
    }

    #[test]
    fn a_vendor_tells_rights_in_the_token_or_beside_it() {
        let cases: [(String, Option<&str>, &[&str], bool); 9] = [
            (jwt(r#"{"roles":["b.Read","a.Read","b.Read"],"aud":"x"}"#), None, &["a.Read", "b.Read"], true),
            (jwt(r#"{"roles":["a.Read"]}"#), Some("https://api.example.test/.default"), &["a.Read"], true),
            (jwt(r#"{"scp":"a.Read b.Write"}"#), Some("c"), &["a.Read", "b.Write"], false),
            (jwt(r#"{"sub":"me"}"#), Some("read  write"), &["read", "write"], false),
            (jwt(r#"{"roles":[]}"#), Some("read"), &["read"], false),
            ("opaque".into(), Some("read:items"), &["read:items"], false),
            ("opaque".into(), Some("https://api.example.test/.default"), &[], false),
            ("opaque".into(), Some(""), &[], false),
            ("opaque".into(), None, &[], false),
        ];
        for (token, scope, names, is_complete) in cases {
            assert_eq!(
                told(&token, scope),
                (names.iter().map(|one| (*one).to_owned()).collect(), is_complete),
                "{token}"
            );
        }
    }

    #[test]
    fn what_is_no_such_token_says_nothing() {
        let whole = jwt(r#"{"roles":["a.Read"]}"#);
        let cut = &whole[..whole.len() - "c2lnbmF0dXJl".len() - 3];
        let two_parts = whole.rsplit_once('.').unwrap().0.to_owned();
        let more = format!("{whole}.x");
        let not_base64 = "a.{}.c".to_owned();
        let not_json = format!("a.{}.c", URL_SAFE_NO_PAD.encode("roles"));
        let not_utf8 = format!("a.{}.c", URL_SAFE_NO_PAD.encode([b'{', 0xff, b'}']));
        let odd = [r#"{"roles":"a.Read"}"#, r#"{"roles":[7]}"#, r#"{"scp":["a"]}"#, "[]", "null", "7", ""].map(jwt);
        let shapes = [cut.to_owned(), two_parts, more, not_base64, not_json, not_utf8, "..".into(), String::new()];
        for token in shapes.iter().chain(&odd) {
            assert_eq!(told(token, None), (vec![], false), "{token}");
        }
    }

    #[test]
    fn only_plain_names_are_kept_and_not_without_end() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        let claims = format!(r#"{{"roles":["a\u001b[31m","a b","","ä","{long}","good"]}}"#);
        assert_eq!(told(&jwt(&claims), None), (vec!["good".to_owned()], true));
        let many: Vec<String> = (0..=RIGHTS_MAX).map(|number| format!("\"r{number}\"")).collect();
        let told = told_by(&jwt(&format!(r#"{{"roles":[{}]}}"#, many.join(","))), None);
        assert_eq!((told.names.len(), told.is_complete), (RIGHTS_MAX, false), "one more may be the one that is needed");
    }

    fn source() -> Source {
        use crate::{Auth, Endpoint, RateLimit, Stream};
        let pace = RateLimit { requests_per_minute: 60, burst: 1, concurrency: 1 };
        let base = url::Url::parse("https://vendor.example.test").unwrap();
        let endpoint = Endpoint { base, auth: Auth::default(), headers: vec![], pace, redacted_fields: &[] };
        Source::api::<()>("test", endpoint).stream(Stream::get("seats", "/seats")).build()
    }

    #[test]
    fn rights_are_held_against_what_is_needed() {
        let cases = [
            (r#"{"roles":["Seats.Read","openid","REPORTS.READ"]}"#, None),
            (r#"{"roles":["Seats.Read","Mail.Send"]}"#, Some("the key may also do: Mail.Send")),
            (r#"{"roles":["Seats.Write"]}"#, Some("the key may also do: Seats.Write")),
            (r#"{"roles":["Reports.Read"]}"#, Some("the key lacks Seats.Read")),
            (
                r#"{"roles":["Mail.Send","Mail.Read"]}"#,
                Some("the key lacks Seats.Read; the key may also do: Mail.Read and Mail.Send"),
            ),
            (r#"{"scp":"Reports.Read"}"#, None),
        ];
        for (claims, finding) in cases {
            let rights = RIGHTS.held_against(&source(), &told_by(&jwt(claims), None)).unwrap();
            assert_eq!(rights.finding().as_deref(), finding, "{claims}");
            assert_eq!(
                rights.fix(),
                "Truecount only reads: give the key only Seats.Read, and name no more in `oauth_scope`"
            );
        }
        assert_eq!(RIGHTS.held_against(&source(), &told_by("opaque", None)), None, "the vendor told nothing");
        let told = told_by(&jwt(r#"{"roles":["Mail.Send"]}"#), None);
        assert_eq!(Rights::NOT_TOLD.held_against(&source(), &told), None, "nothing is known of the vendor's names");
    }

    #[test]
    fn a_sentence_names_some_and_counts_the_rest() {
        let names: Vec<String> = (1..=12).map(|number| format!("r{number}")).collect();
        assert_eq!(listed(&names[..1]), "r1");
        assert_eq!(listed(&names[..3]), "r1, r2 and r3");
        assert_eq!(listed(&names), "r1, r2, r3, r4, r5, r6, r7, r8 and 4 more");
    }
}
