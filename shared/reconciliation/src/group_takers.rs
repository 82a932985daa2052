//! Whether a part of a count takes an item, and what the other services of its group make of it: the first of the order
//! that takes it counts it, and whoever holds a paid licence and is taken by none may be meant by each.

use jiff::tz::Offset;
use truecount_billing::{HOLDS, attribute_words};
use truecount_rules::{CountPart, Fit, GroupTaker, Pattern, UnknownPolicy, unseen_days};

use crate::columns::ItemColumns;
use crate::pool::Candidate;
use crate::selection::is_usual;

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
        let own = Taking::of(self.part, self.unknown, text_of);
        let whole = self.part.group.iter().filter(|group| group.is_whole).flat_map(|group| &group.others);
        let rank = |taking: &Taking| match taking {
            Taking::Taken => 3,
            Taking::ByRule if self.unknown == UnknownPolicy::Counts => 3,
            Taking::Open => 2,
            Taking::ByRule => 1,
            Taking::Passed => 0,
        };
        let all = std::iter::once(own).chain(whole.map(|taker| Taking::of(&taker.part, self.unknown, text_of)));
        all.max_by_key(rank).unwrap_or(own)
    }

    /// Whether a service that comes before in the order takes an item that the part would take.
    pub(crate) fn earlier_take<'w>(&self, text_of: &impl Fn(&str) -> Option<&'w str>) -> Fit {
        self.any_takes(self.part.group.iter().flat_map(|group| &group.earlier), text_of)
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
            Fit::Unknown if is_alike => Fit::Yes,
            fit => by_rule(fit),
        };
        let usual = part.usual.iter().filter(|own| !self.usual.contains(own)).map(|(name, words)| {
            let fits = text_of(name).map(|text| is_usual(name, text, words));
            by_rule(fits.map_or(Fit::Unknown, |fits| if fits { Fit::Yes } else { Fit::No }))
        });
        match usual.fold(wanted, Fit::and) {
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

/// The text of an attribute of an item; of the question whether it was not seen for longer than so many days, the answer.
pub(crate) fn text_of<'i>(items: &'i ItemColumns, candidate: &Candidate, name: &str) -> Option<&'i str> {
    let Some(limit) = unseen_days(name) else { return items.attribute(candidate.item, name) };
    let seen = Offset::UTC.to_datetime(items.last_seen(candidate.item)?).date();
    let days = (candidate.snapshot_day - seen).get_days();
    Some(if i64::from(days) > i64::from(limit) { "true" } else { "false" })
}
