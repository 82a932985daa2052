//! Whether a part of a count takes an item, and what the other services of its group make of it: the first of the order
//! that takes it counts it, and whoever holds a paid licence and is taken by none may be meant by each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::Offset;
use truecount_billing::{HOLDS, attribute_words};
use truecount_rules::{CountPart, FilterTable, Fit, GroupTaker, Pattern, UnknownPolicy, unseen_days};

use crate::columns::ItemColumns;
use crate::pool::Candidate;
use crate::selection::is_usual;

/// A word that no rule names; in a word of which the rules name a part, what they leave open.
const ANOTHER: &str = "~";
/// Of an item of which so much is missing, not everything is gone through.
const FACTS_MAX: usize = 256;

/// A part of a service, which may be of a group, beside the others of it.
pub(crate) struct GroupTakers<'a> {
    pub(crate) part: &'a CountPart,
    pub(crate) unknown: UnknownPolicy,
    /// The usual state that an item of the part has.
    pub(crate) usual: &'a [(String, Vec<Pattern>)],
    /// Whether nobody knows that another service surely takes an item.
    pub(crate) is_doubtful: bool,
}

impl GroupTakers<'_> {
    /// Whether the part takes an item, or, of a whole group, any of its services.
    pub(crate) fn taking<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> Taking {
        let rank = |taking: &Taking| match taking {
            Taking::Taken => 3,
            Taking::ByRule if self.unknown == UnknownPolicy::Counts => 3,
            Taking::Open => 2,
            Taking::ByRule => 1,
            Taking::Passed => 0,
        };
        let of = |part: &CountPart| match (Taking::of(part, self.unknown, text_of), self.own_usual(part, text_of)) {
            (_, Fit::No) => Taking::Passed,
            (Taking::Taken, Fit::Unknown) if self.unknown == UnknownPolicy::Widens => Taking::Open,
            (Taking::Taken, Fit::Unknown) => Taking::ByRule,
            (taking, _) => taking,
        };
        counted(self.part).map(of).max_by_key(rank).unwrap_or(Taking::Passed)
    }

    /// Whether an item is in the state that is usual for a service, and not for each that is looked at.
    fn own_usual<'w>(&self, part: &CountPart, text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        let usual = part.usual.iter().filter(|own| !self.usual.contains(own)).map(|(name, words)| {
            text_of(name).map_or(Fit::Unknown, |text| if is_usual(name, text, words) { Fit::Yes } else { Fit::No })
        });
        usual.fold(Fit::Yes, Fit::and)
    }

    /// Whether a service that comes before in the order takes an item that the part would take.
    pub(crate) fn earlier_take<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        self.any_takes(self.part.group.iter().flat_map(|group| &group.earlier), text_of)
    }

    /// Whether it is known that the group does not except an item: then one that another service takes is that one's,
    /// whatever the part does not know of it.
    pub(crate) fn is_surely_not_excepted<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> bool {
        self.part.except.matches(text_of) == Fit::No
    }

    /// Whether an item that the part does not take is somebody who holds a paid licence and whom no service of the group
    /// surely takes.
    pub(crate) fn leave_holder<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> bool {
        let Some(group) = &self.part.group else { return false };
        let is_paid = |word: &str| !word.trim().is_empty() && !group.unpaid.has(word);
        if !text_of(HOLDS).is_some_and(|text| attribute_words(HOLDS, text).any(is_paid)) {
            return false;
        }
        let is_excepted = match self.part.except.matches(text_of) {
            Fit::Yes => true,
            Fit::No => false,
            // By rule he is left out, and widens nothing.
            Fit::Unknown => self.unknown == UnknownPolicy::LeftOut,
        };
        !is_excepted && self.any_takes(group.others.iter(), text_of) != Fit::Yes
    }

    fn any_takes<'t, 'w>(
        &self,
        takers: impl Iterator<Item = &'t GroupTaker>,
        text_of: &impl Fn(&str) -> Option<&'w str>,
    ) -> Fit {
        takers.map(|taker| self.takes(taker, text_of)).fold(Fit::No, Fit::or)
    }

    /// Whether another service takes an item that nothing but its own `where` and usual state can keep from it.
    fn takes<'w>(&self, taker: &GroupTaker, text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        let by_rule = |fit: Fit| match (fit, self.unknown) {
            (Fit::Unknown, UnknownPolicy::Counts) => Fit::Yes,
            (Fit::Unknown, UnknownPolicy::LeftOut) => Fit::No,
            (fit, _) => fit,
        };
        let part = &taker.part;
        let is_alike = part.wanted == self.part.wanted && part.unwanted == self.part.unwanted && part.less.is_empty();
        let wanted = match part.takes_but_for_except(text_of) {
            // Of the agreement no rule says anything.
            Fit::Unknown if part.is_agreement_unknown(text_of) => Fit::Unknown,
            // What both leave out is neither's.
            Fit::Unknown if is_alike && self.unknown != UnknownPolicy::LeftOut => Fit::Yes,
            fit => by_rule(fit),
        };
        match wanted.and(by_rule(self.own_usual(part, text_of))) {
            Fit::Yes if !taker.is_sure || self.is_doubtful => Fit::Unknown,
            fit => fit,
        }
    }
}

/// Whether a part takes an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    Taken,
    Passed,
    /// Nobody knows.
    Open,
    /// Nobody knows, and the rule says what such an item is.
    ByRule,
}

impl Taking {
    /// What the rule says of a fact that is missing is whether the item counts, never on which agreement.
    pub(crate) fn of<'w>(part: &CountPart, unknown: UnknownPolicy, text_of: &impl Fn(&str) -> Option<&'w str>) -> Self {
        match part.takes(text_of) {
            Fit::Yes => return Self::Taken,
            Fit::No => return Self::Passed,
            Fit::Unknown => {}
        }
        match unknown {
            UnknownPolicy::Widens => Self::Open,
            UnknownPolicy::LeftOut if part.service_takes(text_of) == Fit::Unknown => Self::ByRule,
            _ if part.is_agreement_unknown(text_of) => Self::Open,
            UnknownPolicy::LeftOut | UnknownPolicy::Counts => Self::ByRule,
        }
    }
}

/// A part, and where it is of a whole group, those of all its services.
pub(crate) fn counted(part: &CountPart) -> impl Iterator<Item = &CountPart> {
    let whole = part.group.iter().filter(|group| group.is_whole).flat_map(|group| &group.others);
    std::iter::once(part).chain(whole.map(|taker| &taker.part))
}

/// The usual states that each service that is looked at has.
pub(crate) fn common_usual(part: &CountPart) -> Vec<(String, Vec<Pattern>)> {
    let is_common = |one: &&(String, Vec<Pattern>)| counted(part).all(|other| other.usual.contains(one));
    part.usual.iter().filter(is_common).cloned().collect()
}

/// Attributes that are missing, each with a word that it may have.
pub(crate) type Facts<'r> = Vec<(&'r str, Cow<'r, str>)>;

/// Each way in which what is missing of an item may be, as far as the services of a group can tell: an item of which they
/// say several things is never in two of them. Of words that may be several at once, nothing is said.
pub(crate) fn ways_of_facts<'r, 'w>(
    parts: &[(u32, &'r CountPart)],
    unknown: UnknownPolicy,
    text_of: &impl Fn(&str) -> Option<&'w str>,
) -> Vec<Facts<'r>> {
    let mut ways = vec![Vec::new()];
    if unknown != UnknownPolicy::Widens || parts.iter().all(|(_, part)| part.group.is_none()) {
        return ways;
    }
    let mut asked: BTreeMap<&str, Vec<&Pattern>> = BTreeMap::new();
    let all = parts.iter().flat_map(|(_, part)| asked_in_group(part));
    for (name, word) in all.filter(|(name, _)| *name != HOLDS && text_of(name).is_none()) {
        asked.entry(name).or_default().push(word);
    }
    let mut unseen: Vec<(u32, &str)> = asked.keys().filter_map(|name| Some((unseen_days(name)?, *name))).collect();
    unseen.sort_unstable();
    asked.retain(|name, _| unseen_days(name).is_none());
    if !unseen.is_empty() {
        let until = |longest: usize| unseen.iter().enumerate().map(move |(at, (_, name))| (*name, at < longest));
        let text = |(name, is_longer): (&'r str, bool)| (name, Cow::from(if is_longer { "true" } else { "false" }));
        ways = (0..=unseen.len()).map(|longest| until(longest).map(text).collect()).collect();
    }
    for (name, patterns) in asked {
        let mut words: Vec<String> = patterns.iter().map(|pattern| pattern.pieces.join(ANOTHER)).collect();
        words.push(ANOTHER.to_owned());
        words.sort_unstable();
        words.dedup();
        // A word may fit two that are not whole, and no list of words says which.
        let open = patterns.iter().filter(|pattern| pattern.pieces.len() != 1).map(|pattern| &pattern.pieces);
        let has_several = open.collect::<BTreeSet<_>>().len() > 1;
        if has_several || ways.len() * words.len() > FACTS_MAX {
            continue;
        }
        let with = |way: &Facts<'r>| {
            let each = words.iter().map(|word| [way.as_slice(), &[(name, Cow::from(word.clone()))]].concat());
            each.collect::<Vec<_>>()
        };
        ways = ways.iter().flat_map(with).collect();
    }
    ways
}

/// Each word that a service of a group, and the others of it, ask an item for.
fn asked_in_group(part: &CountPart) -> impl Iterator<Item = (&str, &Pattern)> {
    let takers = part.group.iter().flat_map(|group| group.earlier.iter().chain(&group.others));
    std::iter::once(part).chain(takers.map(|taker| &taker.part)).flat_map(|part| {
        let sections = part.less.iter().flat_map(|section| &section.wanted);
        let filters = part.wanted.iter().chain(sections).chain([&part.unwanted, &part.except]);
        let usual = part.usual.iter().flat_map(|(name, words)| words.iter().map(move |word| (name.as_str(), word)));
        filters.flat_map(|filter| &filter.tables).flat_map(FilterTable::patterns).chain(usual)
    })
}

/// The text of an attribute of an item; of the question whether it was not seen for longer than so many days, the answer.
pub(crate) fn text_of<'i>(items: &'i ItemColumns, candidate: &Candidate, name: &str) -> Option<&'i str> {
    let Some(limit) = unseen_days(name) else { return items.attribute(candidate.item, name) };
    let seen = Offset::UTC.to_datetime(items.last_seen(candidate.item)?).date();
    let days = (candidate.snapshot_day - seen).get_days();
    Some(if i64::from(days) > i64::from(limit) { "true" } else { "false" })
}
