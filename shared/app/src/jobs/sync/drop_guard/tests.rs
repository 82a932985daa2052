//! The guard by itself, and over random histories against a second, plainer account of the same rules.

use jiff::civil::date;
use proptest::prelude::*;

use truecount_billing::start_of_day;

use super::*;

fn count(items: u64, units: i64) -> Count {
    Count { items, units: units.into() }
}

fn api(day: i8) -> Witness {
    Witness::Api { day: date(2026, 6, day), at: start_of_day(date(2026, 6, day)).unwrap() }
}

fn file(name: &str, bytes: &str) -> Witness {
    Witness::File { name: name.to_owned(), sha256: Some(bytes.to_owned()) }
}

fn base(count: Count, fall: Option<(Count, Witness)>) -> Base {
    Base { count, as_of: date(2026, 6, 1), fall: fall.map(|(count, witness)| SeenFall { count, witness }) }
}

fn seen(witness: &Witness) -> Sighting<'_> {
    Sighting { witness, as_of: date(2026, 6, 2) }
}

/// One kind, judged.
fn judged(base: Base, now: Count, witness: &Witness) -> Judgement {
    judge(&Bases::from([("k".to_owned(), base)]), &BTreeMap::from([("k".to_owned(), now)]), seen(witness))
}

#[test]
fn a_fall_by_more_than_a_fifth_and_more_than_five_is_doubted_of_items_and_of_units() {
    for (was, is, expected) in [
        (count(10, 10), count(5, 5), None),
        (count(10, 10), count(4, 4), Some(Measure::Items)),
        (count(100, 100), count(80, 80), None),
        (count(100, 100), count(79, 79), Some(Measure::Items)),
        (count(5, 5), count(0, 0), None),
        (count(5, 5), count(50, 50), None),
        // one subscription of fifty seats, then of five
        (count(1, 50), count(1, 5), Some(Measure::Units)),
        (count(1, 50), count(1, 40), None),
        (count(50, 0), count(40, 0), None),
        // credits outweigh everything: nothing to fall from
        (count(3, -10), count(4, -40), None),
        (count(3, 40), count(4, -40), Some(Measure::Units)),
    ] {
        let found = match judged(base(was, None), is, &api(2)) {
            Judgement::Relied => None,
            Judgement::Doubted { reason: ReadReason::Dropped { measure, .. }, .. } => Some(measure),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{was} to {is}");
    }
}

#[test]
fn only_another_witness_that_says_the_same_confirms_a_fall() {
    let fallen = |now: Count, first: Witness| base(count(100, 100), Some((now, first)));
    for (first, second, now, relied) in [
        (api(2), api(2), count(10, 10), false),
        (api(2), api(3), count(10, 10), true),
        (api(2), api(3), count(14, 14), true),
        (api(2), api(3), count(3, 3), false),
        (api(2), api(3), count(50, 50), false),
        (api(2), api(2), count(99, 99), true),
        (file("a", "1"), file("a", "1"), count(10, 10), false),
        (file("a", "1"), file("b", "1"), count(10, 10), false),
        (file("a", "1"), file("a", "2"), count(10, 10), false),
        (file("a", "1"), file("b", "2"), count(10, 10), true),
    ] {
        let found = judged(fallen(count(10, 10), first.clone()), now, &second);
        assert_eq!(found == Judgement::Relied, relied, "{first:?}, then {second:?}: {now}");
    }
}

#[test]
fn what_disagrees_with_the_first_witness_is_a_first_witness_itself() {
    let doubted = base(count(100, 100), Some((count(10, 10), api(2))));
    let Judgement::Doubted { bases, reason } = judged(doubted, count(50, 50), &api(3)) else { panic!() };
    assert_eq!(bases["k"].fall, Some(SeenFall { count: count(50, 50), witness: api(3) }));
    assert_eq!(bases["k"].count, count(100, 100), "the base stays");
    let expected = ReadReason::Dropped {
        kind: "k".to_owned(),
        measure: Measure::Items,
        before: 100.into(),
        now: 50.into(),
        as_of: date(2026, 6, 1),
    };
    assert_eq!(reason, expected);
    assert_eq!(judged(bases["k"].clone(), count(50, 50), &api(4)), Judgement::Relied);
}

#[test]
fn each_kind_is_judged_by_itself() {
    let before = Bases::from([
        ("server".to_owned(), base(count(40, 40), Some((count(3, 3), api(2))))),
        ("user".to_owned(), base(count(40, 40), None)),
        ("gone".to_owned(), base(count(9, 9), Some((count(0, 0), api(2))))),
    ]);
    let now = BTreeMap::from([("server".to_owned(), count(3, 3)), ("user".to_owned(), count(2, 2))]);
    let Judgement::Doubted { bases, reason } = judge(&before, &now, seen(&api(3))) else { panic!() };
    assert!(matches!(reason, ReadReason::Dropped { kind, .. } if kind == "user"));
    assert_eq!(bases["server"], Base { count: count(3, 3), as_of: date(2026, 6, 2), fall: None }, "confirmed");
    assert_eq!(bases["user"].fall, Some(SeenFall { count: count(2, 2), witness: api(3) }));
    assert_eq!(bases.keys().collect::<Vec<_>>(), ["server", "user"], "that there are none is confirmed, too");
}

#[test]
fn a_missing_account_is_gone_when_a_second_witness_misses_it_too() {
    let before = |fall| Bases::from([("k".to_owned(), base(count(3, 3), fall))]);
    let first = judge_missing(&before(None), seen(&api(2))).unwrap();
    assert_eq!(first["k"].fall, Some(SeenFall { count: count(0, 0), witness: api(2) }));
    assert_eq!(judge_missing(&first, seen(&api(2))), Some(first.clone()), "the same day again");
    assert_eq!(judge_missing(&first, seen(&api(3))), None);
    // that few were left is not that the account is gone
    let few = before(Some((count(1, 1), api(2))));
    assert_eq!(judge_missing(&few, seen(&api(3))).unwrap()["k"].fall.as_ref().unwrap().witness, api(3));
    assert_eq!(judge_missing(&Bases::from([("k".to_owned(), base(count(0, 0), None))]), seen(&api(2))), None);
}

/// What one sync says of the one account and kind of a history.
#[derive(Debug, Clone)]
enum Event {
    /// It lists so many items, each of so many units.
    Listed { items: u64, each: i64 },
    /// It does not list the account.
    Missing,
    /// It could not read the account.
    Failed,
}

fn event() -> impl Strategy<Value = Event> {
    let level = prop_oneof![Just(0_u64), Just(3), Just(10), Just(12), Just(40), Just(42), Just(100), 0..120_u64];
    prop_oneof![
        8 => (level, prop_oneof![3 => Just(1_i64), 1 => Just(5), 1 => Just(10)])
            .prop_map(|(items, each)| Event::Listed { items, each }),
        1 => Just(Event::Missing),
        1 => Just(Event::Failed),
    ]
}

/// Syncs of one source: some on the same day, or of the same file, and often with nothing new.
fn history() -> impl Strategy<Value = Vec<(Witness, Event)>> {
    let hours = prop_oneof![Just(0_i64), Just(1), Just(24), 0..60_i64];
    let step = (hours, 0..3_u8, 0..3_u8, any::<bool>(), event());
    (any::<bool>(), proptest::collection::vec(step, 1..24)).prop_map(|(is_file, steps)| {
        let (mut hour, mut name, mut bytes) = (6_i64, 0_u32, 0_u32);
        let mut last = Event::Listed { items: 40, each: 1 };
        let mut events = vec![(witness(is_file, hour, name, bytes), last.clone())];
        for (hours, new_name, new_bytes, is_quiet, event) in steps {
            hour += hours;
            name += u32::from(new_name > 0);
            // other content needs other bytes; the same content may have them
            bytes += u32::from(!is_quiet || new_bytes > 0);
            last = if is_quiet { last } else { event };
            events.push((witness(is_file, hour, name, bytes), last.clone()));
        }
        events
    })
}

/// An API that is asked so many hours after New Year, or a file.
fn witness(is_file: bool, hour: i64, name: u32, bytes: u32) -> Witness {
    if is_file {
        return file(&name.to_string(), &bytes.to_string());
    }
    let day = date(2026, 1, 1).saturating_add(jiff::Span::new().days(hour / 24));
    let into_the_day = jiff::SignedDuration::from_hours(hour % 24);
    Witness::Api { day, at: start_of_day(day).unwrap() + into_the_day }
}

/// What stands after a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Relied(u64, i64),
    Doubted,
    Unread,
    Gone,
}

/// The guard's own account of a history, as the sync keeps it.
fn by_guard(events: &[(Witness, Event)]) -> Vec<Standing> {
    let mut bases = Bases::new();
    let mut standings = Vec::new();
    for (witness, event) in events {
        let standing = match event {
            Event::Failed => Standing::Unread,
            Event::Missing => match judge_missing(&bases, seen(witness)) {
                Some(kept) => {
                    bases = kept;
                    Standing::Doubted
                }
                None => {
                    bases.clear();
                    Standing::Gone
                }
            },
            Event::Listed { items, each } => {
                let now = count(*items, *items as i64 * each);
                let counts = BTreeMap::from([("k".to_owned(), now)]);
                match judge(&bases, &counts, seen(witness)) {
                    Judgement::Relied => {
                        bases = Bases::from([("k".to_owned(), base(now, None))]);
                        Standing::Relied(now.items, *items as i64 * each)
                    }
                    Judgement::Doubted { bases: kept, .. } => {
                        bases = kept;
                        Standing::Doubted
                    }
                }
            }
        };
        standings.push(standing);
    }
    standings
}

/// The same told from the whole history: an answer is believed if it is no large fall from the last one believed, or if
/// the run of doubted answers that agree with its own first one holds another witness than that first one.
fn by_history(events: &[(Witness, Event)]) -> Vec<Standing> {
    let far = |was: (u64, i64), is: (u64, i64)| {
        let one = |was: i64, is: i64| was > 0 && was - is > 5 && 5 * (was - is) > was;
        one(was.0 as i64, is.0 as i64) || one(was.1, is.1)
    };
    let mut told: Vec<Standing> = Vec::new();
    for (at, (witness, event)) in events.iter().enumerate() {
        let said = |event: &Event| match event {
            Event::Listed { items, each } => Some((*items, *items as i64 * each)),
            Event::Missing => Some((0, 0)),
            Event::Failed => None,
        };
        let Some(now) = said(event) else {
            told.push(Standing::Unread);
            continue;
        };
        let is_missing = matches!(event, Event::Missing);
        let believed = told.iter().rposition(|one| matches!(one, Standing::Relied(..) | Standing::Gone));
        let before = match believed.map(|at| told[at]) {
            Some(Standing::Relied(items, units)) => (items, units),
            _ => (0, 0),
        };
        let good = if is_missing { Standing::Gone } else { Standing::Relied(now.0, now.1) };
        let is_doubtful = if is_missing { before != (0, 0) } else { far(before, now) };
        if !is_doubtful {
            told.push(good);
            continue;
        }
        // the first of the doubted answers in a row that this one goes on with
        let mut first: Option<usize> = None;
        for earlier in believed.map_or(0, |at| at + 1)..at {
            let Some(then) = said(&events[earlier].1).filter(|_| told[earlier] == Standing::Doubted) else { continue };
            let goes_on = first.is_some_and(|first| {
                let begun = said(&events[first].1).unwrap();
                if matches!(events[earlier].1, Event::Missing) {
                    begun == (0, 0)
                } else {
                    !far(begun, then) && !far(then, begun)
                }
            });
            first = if goes_on { first } else { Some(earlier) };
        }
        let agrees = first.filter(|first| {
            let begun = said(&events[*first].1).unwrap();
            if is_missing { begun == (0, 0) } else { !far(begun, now) && !far(now, begun) }
        });
        let is_confirmed = agrees.is_some_and(|first| match (&events[first].0, witness) {
            (Witness::Api { day, at }, Witness::Api { day: other, at: then }) => {
                day != other && then.as_second() - at.as_second() >= 6 * 3_600
            }
            (Witness::File { name, sha256 }, Witness::File { name: other, sha256: bytes }) => {
                name != other && sha256 != bytes
            }
            _ => panic!("a history is of one source"),
        });
        told.push(if is_confirmed { good } else { Standing::Doubted });
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_histories_end_as_a_plain_account_of_them_says(events in history()) {
        prop_assert_eq!(by_guard(&events), by_history(&events));
    }

    /// The same bytes, or the same answer, for as long as one likes: nothing is doubted.
    #[test]
    fn quiet_weeks_doubt_nothing(items in 0..200_u64, days in 1..60_i64, is_file: bool) {
        let said = Event::Listed { items, each: 1 };
        let events: Vec<_> = (0..days).map(|day| (witness(is_file, day * 24, 0, 0), said.clone())).collect();
        prop_assert!(by_guard(&events).iter().all(|one| *one == Standing::Relied(items, items as i64)));
    }

    /// A fall that only the same bytes repeat stays doubted, however many weeks they are read.
    #[test]
    fn unchanged_bytes_confirm_no_fall(days in 1..60_i64) {
        let mut events = vec![(file("a", "0"), Event::Listed { items: 40, each: 1 })];
        events.extend((0..days).map(|_| (file("b", "1"), Event::Listed { items: 3, each: 1 })));
        prop_assert!(by_guard(&events)[1..].iter().all(|one| *one == Standing::Doubted));
    }
}
