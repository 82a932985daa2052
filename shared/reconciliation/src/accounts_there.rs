//! What accounts give to a count that may not be there: undecided ones, which may be the client's, and gone ones, which may
//! still hold what they held.

use std::collections::BTreeMap;

use crate::interval::{Span, TooManyDigits};
use crate::pool::Origin;
use crate::same_device::GroupCount;

/// The most accounts that share devices and are settled in every combination.
const LINKED_ACCOUNTS_MAX: usize = 10;

/// The accounts that may not be there, with the groups of all devices.
pub(crate) struct AccountsThere<'a> {
    /// What each gives by itself.
    pub(crate) alone: &'a BTreeMap<usize, Span>,
    pub(crate) groups: &'a [GroupCount],
    /// Those that are gone; the others are undecided.
    pub(crate) gone: &'a [usize],
}

/// What accounts that share devices give together.
#[derive(Default)]
struct Linked {
    any: Span,
    /// While none of the undecided ones is the client's.
    of_gone: Span,
    /// While one that is gone is not there.
    without: Vec<(usize, Span)>,
}

impl AccountsThere<'_> {
    /// The ends while no undecided account is the client's.
    pub(crate) fn span_of_gone(&self) -> Result<Span, TooManyDigits> {
        if self.gone.is_empty() {
            return self.groups.iter().try_fold(Span::default(), |sum, group| sum.plus(group.span(Origin::Fell, &[])));
        }
        self.linked()?.iter().try_fold(Span::default(), |sum, linked| sum.plus(linked.of_gone))
    }

    /// The ends with all of them. An undecided account that is the client's took the place of one that is gone: not all of
    /// those are still there.
    pub(crate) fn span(&self) -> Result<Span, TooManyDigits> {
        let linked = self.linked()?;
        let sum = |of: &dyn Fn(&Linked) -> Span| linked.iter().try_fold(Span::default(), |sum, one| sum.plus(of(one)));
        if self.gone.is_empty() {
            return sum(&|linked| linked.any);
        }
        let mut found = sum(&|linked| linked.of_gone)?;
        for gone in self.gone {
            let without =
                |linked: &Linked| linked.without.iter().find(|(account, _)| account == gone).map(|(_, span)| *span);
            found = found.or(sum(&|linked| without(linked).unwrap_or(linked.any))?);
        }
        Ok(found)
    }

    fn linked(&self) -> Result<Vec<Linked>, TooManyDigits> {
        let (apart, shared): (Vec<&GroupCount>, Vec<_>) =
            self.groups.iter().partition(|group| group.accounts.is_empty());
        let apart = apart.iter().try_fold(Span::default(), |sum, group| sum.plus(group.span(Origin::Fell, &[])))?;
        let mut found = vec![Linked { any: apart, of_gone: apart, without: Vec::new() }];
        for (accounts, groups) in linked(self.alone, &shared) {
            found.push(self.together(&accounts, &groups)?);
        }
        Ok(found)
    }

    /// What accounts that share devices give together, each there or not.
    fn together(&self, accounts: &[usize], groups: &[&GroupCount]) -> Result<Linked, TooManyDigits> {
        let alone = |account: &usize| self.alone.get(account).copied().unwrap_or_default();
        if accounts.len() > LINKED_ACCOUNTS_MAX {
            let parts =
                accounts.iter().map(|one| alone(one).or_nothing()).chain(groups.iter().map(|group| group.widest()));
            let any = parts.into_iter().try_fold(Span::default(), Span::plus)?;
            return Ok(Linked { any, of_gone: any, without: Vec::new() });
        }
        let gone: Vec<usize> = accounts.iter().copied().filter(|account| self.gone.contains(account)).collect();
        let (mut any, mut of_gone, mut without) = (None, None, vec![None; gone.len()]);
        let widen = |known: &mut Option<Span>, span: Span| *known = Some(known.map_or(span, |known| known.or(span)));
        for present in 0..1_u32 << accounts.len() {
            let here = accounts.iter().enumerate().filter(|(at, _)| present & (1 << at) != 0).map(|(_, one)| *one);
            let here: Vec<usize> = here.collect();
            let own = here.iter().try_fold(Span::default(), |sum, account| sum.plus(alone(account)))?;
            let span = groups.iter().try_fold(own, |sum, group| sum.plus(group.span(Origin::Undecided, &here)))?;
            widen(&mut any, span);
            if here.iter().all(|account| self.gone.contains(account)) {
                widen(&mut of_gone, span);
            }
            let absent = gone.iter().zip(&mut without).filter(|(account, _)| !here.contains(account));
            absent.for_each(|(_, without)| widen(without, span));
        }
        let without =
            gone.into_iter().zip(without).map(|(account, span)| (account, span.unwrap_or_default())).collect();
        Ok(Linked { any: any.unwrap_or_default(), of_gone: of_gone.unwrap_or_default(), without })
    }
}

/// Accounts, those together that a group of devices links, each with its groups.
fn linked<'g>(alone: &BTreeMap<usize, Span>, groups: &[&'g GroupCount]) -> Vec<(Vec<usize>, Vec<&'g GroupCount>)> {
    let mut sets: Vec<(Vec<usize>, Vec<&GroupCount>)> = Vec::new();
    for group in groups {
        let (touched, others): (Vec<_>, Vec<_>) =
            sets.into_iter().partition(|(accounts, _)| accounts.iter().any(|one| group.accounts.contains(one)));
        sets = others;
        let (mut accounts, mut together) = (group.accounts.clone(), vec![*group]);
        for (more, their_groups) in touched {
            accounts.extend(more);
            together.extend(their_groups);
        }
        accounts.sort_unstable();
        accounts.dedup();
        sets.push((accounts, together));
    }
    let is_linked = |account: &usize, sets: &[(Vec<usize>, Vec<&GroupCount>)]| {
        sets.iter().any(|(accounts, _)| accounts.contains(account))
    };
    let loose: Vec<usize> = alone.keys().copied().filter(|account| !is_linked(account, &sets)).collect();
    sets.extend(loose.into_iter().map(|account| (vec![account], Vec::new())));
    sets
}
