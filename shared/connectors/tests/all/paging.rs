//! Lists that are read while they change: nothing is lost without a word, whatever the vendor's way of paging.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use truecount_billing::{AccountId, ItemId, ReadState, UsageItem};
use truecount_connectors::{
    Context, CrawlProgress, CrawlState, End, Limits, Out, Paging, RateLimit, Reader, Reading, RowError, Snapshot,
    Source, Stream,
};

use crate::{
    list::{DAY, Lists, run_source},
    server::{Asked, Reply, Vendor},
};

/// How the stand-in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    NumberToEmpty,
    NumberWithPages,
    NumberWithLinkHeader,
    OffsetWithTotal,
    OffsetWithMore,
    Cursor,
    LastId,
    NextUrl,
    LinkHeader,
    SearchWithTotal,
}

const WAYS: [Way; 10] = [
    Way::NumberToEmpty,
    Way::NumberWithPages,
    Way::NumberWithLinkHeader,
    Way::OffsetWithTotal,
    Way::OffsetWithMore,
    Way::Cursor,
    Way::LastId,
    Way::NextUrl,
    Way::LinkHeader,
    Way::SearchWithTotal,
];

#[derive(Deserialize)]
struct Row {
    id: u32,
}

fn row(row: Row, _: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    let account = AccountId::new("a").unwrap();
    out.account(&account, "A");
    out.item(&account, &UsageItem::new(ItemId::new(row.id.to_string()).unwrap(), "server"));
    Ok(())
}

fn source(base: &str, way: Way, asked_size: u32) -> Source {
    let size = Some(("size", asked_size));
    let number = |end| Paging::Number { parameter: "page", first: 1, size, end };
    let offset = |end| Paging::Offset { parameter: "skip", size, end };
    let stream = match way {
        Way::SearchWithTotal => Stream::search("things", "/things/search", serde_json::Map::new()),
        _ => Stream::get("things", "/things"),
    };
    let stream = stream.rows("/rows").id("/id").parse(row).pages(match way {
        Way::NumberToEmpty => number(End::EmptyPage),
        Way::NumberWithPages => number(End::Pages("/pages")),
        Way::NumberWithLinkHeader => number(End::LinkHeader),
        Way::OffsetWithTotal | Way::SearchWithTotal => offset(End::Rows("/total")),
        Way::OffsetWithMore => offset(End::More("/more")),
        Way::Cursor => Paging::Cursor { parameter: "cursor", at: "/cursor" },
        Way::LastId => Paging::LastId { parameter: "after", size },
        Way::NextUrl => Paging::NextUrl { at: "/next" },
        Way::LinkHeader => Paging::LinkHeader,
    });
    let mut endpoint = Lists::basic(base).endpoint;
    endpoint.pace = RateLimit { requests_per_minute: 60_000, burst: 1000, concurrency: 4 };
    Source::api::<()>("things", endpoint).stream(stream).build()
}

/// A change of the list between two requests.
#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(u32),
    Remove(usize),
}

/// The vendor's list, with the changes that come before the request of each number.
struct Things {
    rows: Vec<u32>,
    changes: Vec<(usize, Change)>,
    cap: usize,
    way: Way,
    /// Rows that were there from the first request on and still are.
    always: BTreeSet<u32>,
    ever: BTreeSet<u32>,
    requests: usize,
}

impl Things {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let number = self.requests;
        self.requests += 1;
        let due: Vec<Change> = self.changes.iter().filter(|(at, _)| *at == number).map(|(_, change)| *change).collect();
        for change in due {
            match change {
                Change::Insert(id) if !self.ever.contains(&id) => {
                    let at = self.rows.partition_point(|known| *known < id);
                    self.rows.insert(at, id);
                    self.ever.insert(id);
                }
                Change::Remove(at) if at < self.rows.len() => {
                    let gone = self.rows.remove(at);
                    self.always.remove(&gone);
                }
                Change::Insert(_) | Change::Remove(_) => {}
            }
        }
        self.page(asked)
    }

    fn page(&self, asked: &Asked) -> Reply {
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let value = |name: &str| -> Option<usize> {
            let query = asked.target.split_once('?').map_or("", |(_, query)| query);
            let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found.map(|text| text.parse().unwrap()).or_else(|| Some(body.get(name)?.as_u64()? as usize))
        };
        // The vendor gives fewer rows than it is asked for, and says nothing.
        let size = value("size").unwrap_or(self.cap).min(self.cap);
        let start = match self.way {
            Way::NumberToEmpty | Way::NumberWithPages | Way::NumberWithLinkHeader => {
                (value("page").unwrap() - 1) * size
            }
            Way::OffsetWithTotal | Way::OffsetWithMore | Way::SearchWithTotal => value("skip").unwrap(),
            // These remember where they are by the last row, as servers do that stay right.
            Way::Cursor | Way::LastId | Way::NextUrl | Way::LinkHeader => {
                let after = value("after").or(value("cursor"));
                after.map_or(0, |after| self.rows.partition_point(|id| *id as usize <= after))
            }
        };
        let rows: Vec<u32> = self.rows.iter().skip(start).take(size).copied().collect();
        let has_more = start + rows.len() < self.rows.len();
        let last = rows.last().copied().filter(|_| has_more);
        let mut answer = json!({
            "rows": rows.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
            "pages": self.rows.len().div_ceil(size),
            "total": self.rows.len(),
            "more": has_more,
            "cursor": last.map(|last| last.to_string()),
        });
        answer["next"] = last.map(|last| format!("/things?after={last}")).into();
        let reply = Reply::json(answer.to_string());
        let page = value("page").unwrap_or(1);
        match (self.way, last) {
            (Way::NumberWithLinkHeader, Some(_)) => {
                reply.with("link", format!("</things?size={size}&page={}>; rel=\"next\"", page + 1))
            }
            (Way::LinkHeader, Some(last)) => reply.with("link", format!("</things?after={last}>; rel=\"next\"")),
            (Way::NumberWithLinkHeader, None) => reply.with("link", "</things>; rel=\"first\""),
            _ => reply,
        }
    }
}

struct Outcome {
    snapshot: Snapshot,
    always: BTreeSet<u32>,
    ever: BTreeSet<u32>,
    requests: usize,
}

impl Outcome {
    fn read(&self) -> BTreeSet<u32> {
        let items = self.snapshot.accounts().flat_map(|account| account.items);
        items.map(|item| item.item_id.as_str().parse().unwrap()).collect()
    }
}

/// Reads the list as a sync does: again, where it moved. `None`: a page is the same as the page before it, as one row a
/// page can be when a row is inserted before it; the source fails with that, and is read anew another time.
async fn read_if_no_page_repeats(
    way: Way,
    rows: u32,
    (asked_size, cap): (u32, usize),
    changes: Vec<(usize, Change)>,
) -> Option<Outcome> {
    let all: Vec<u32> = (1..=rows).map(|id| id * 10).collect();
    let set: BTreeSet<u32> = all.iter().copied().collect();
    let things = Things { rows: all, changes, cap, way, always: set.clone(), ever: set, requests: 0 };
    let things = Arc::new(Mutex::new(things));
    let shared = Arc::clone(&things);
    let vendor = Vendor::start(move |asked, _| shared.lock().unwrap().answer(asked)).await;
    let source = source(&vendor.base, way, asked_size);
    let (mut state, mut pages) = (CrawlState::default(), Vec::new());
    loop {
        let run = run_source(&source, Limits::default(), state, None).await;
        if run.result.as_ref().is_err_and(|error| error.to_string().contains("repeats the page before it")) {
            return None;
        }
        assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done, "{way:?}");
        pages.extend(run.kept.pages);
        state = run.state;
        match Reader::read(&source, &state, DAY, &pages).unwrap() {
            Reading::Moved(requests) => state.read_again(requests),
            Reading::Whole(snapshot) => {
                let things = things.lock().unwrap();
                let (always, ever) = (things.always.clone(), things.ever.clone());
                return Some(Outcome { snapshot: *snapshot, always, ever, requests: things.requests });
            }
        }
    }
}

async fn read(way: Way, rows: u32, sizes: (u32, usize), changes: Vec<(usize, Change)>) -> Outcome {
    read_if_no_page_repeats(way, rows, sizes, changes).await.unwrap()
}

#[tokio::test]
async fn a_list_is_read_whole_whatever_the_size_of_its_pages() {
    for way in WAYS {
        for rows in [1, 5, 11] {
            for (asked, cap) in [(5, 5), (100, 5), (5, 100)] {
                let outcome = read(way, rows, (asked, cap), vec![]).await;
                assert_eq!(outcome.snapshot.read_state, ReadState::Complete, "{way:?} {rows} rows, {asked} of {cap}");
                assert_eq!(outcome.read().len(), rows as usize, "{way:?} {rows} rows, {asked} of {cap}");
            }
        }
    }
}

/// A total that is the same on every page is no proof that they are pages of one list.
#[tokio::test]
async fn a_row_deleted_while_another_is_added_hides_no_third() {
    let way = Way::SearchWithTotal;
    let outcome = read(way, 24, (5, 5), vec![(4, Change::Remove(0)), (4, Change::Insert(211))]).await;
    assert_eq!(outcome.snapshot.read_state, ReadState::Complete);
    assert!(outcome.read().is_superset(&outcome.always), "{:?}", outcome.read());
    assert_eq!(outcome.snapshot.receipt.streams["things"].lists_read_again, 1);
    assert_eq!(outcome.requests, 3 * 5, "until two readings are the same");
}

/// A row that is deleted behind the reader moves the first row of the next page to the page that was read.
#[tokio::test]
async fn a_row_deleted_while_the_list_is_read_hides_no_other() {
    for way in WAYS {
        let outcome = read(way, 23, (5, 5), vec![(1, Change::Remove(0))]).await;
        assert_eq!(outcome.snapshot.read_state, ReadState::Complete, "{way:?}");
        assert!(outcome.read().is_superset(&outcome.always), "{way:?}: {:?}", outcome.read());
        let again = outcome.snapshot.receipt.streams["things"].lists_read_again;
        let can_shift = !matches!(way, Way::Cursor | Way::LastId | Way::NextUrl | Way::LinkHeader);
        assert_eq!(again, u64::from(can_shift), "{way:?}");
    }
}

/// A total that promises rows which never come ends with the first empty page, three times, and is reported.
#[tokio::test]
async fn a_total_without_rows_to_it_is_not_followed_for_ever() {
    let vendor = Vendor::start(|asked, _| {
        let rows = if asked.target.contains("skip=0") { json!([{"id": 1}, {"id": 2}]) } else { json!([]) };
        Reply::json(json!({"rows": rows, "total": 1_000_000}).to_string())
    })
    .await;
    let source = source(&vendor.base, Way::OffsetWithTotal, 5);
    let (mut state, mut pages) = (CrawlState::default(), Vec::new());
    let snapshot = loop {
        let run = run_source(&source, Limits::default(), state, None).await;
        run.result.as_ref().unwrap();
        pages.extend(run.kept.pages);
        state = run.state;
        match Reader::read(&source, &state, DAY, &pages).unwrap() {
            Reading::Moved(requests) => state.read_again(requests),
            Reading::Whole(snapshot) => break snapshot,
        }
    };
    assert_eq!(snapshot.read_state.reason().unwrap().to_string(), "the vendor counts 1000000 things, 2 were read");
    assert_eq!(vendor.asked().len(), 2 * 4, "read three times again");
    assert_eq!(snapshot.receipt.streams["things"].totals.differed, 1);
    assert_eq!(snapshot.receipt.unbalanced(), None);
}

/// What is asked for, and read, of a list of five rows on pages of two, with a count before it.
async fn check_counted(
    count: impl Fn() -> Reply + Send + Sync + 'static,
    has_link: bool,
    expected: &[&str],
) -> Snapshot {
    let vendor = Vendor::start(move |asked, _| {
        if asked.path() == "/things/count" {
            return count();
        }
        let page: usize = asked.target.rsplit('=').next().unwrap().parse().unwrap();
        let rows: Vec<_> = (1..=5).skip((page - 1) * 2).take(2).map(|id| json!({"id": id})).collect();
        let reply = Reply::json(json!({"rows": rows}).to_string());
        match (has_link, page) {
            (true, 3) => reply.with("link", "</things?page=1>; rel=\"first\""),
            (true, _) => reply.with("link", format!("</things?page={}>; rel=\"next\"", page + 1)),
            (false, _) => reply,
        }
    })
    .await;
    let paging = Paging::Number { parameter: "page", first: 1, size: None, end: End::LinkHeader };
    let things = Stream::get("things", "/things").rows("/rows").id("/id").parse(row).pages(paging);
    let counts = Stream::get("thing_count", "/things/count").counts("things", "/count");
    let source = Source::api::<()>("things", Lists::basic(&vendor.base).endpoint).stream(things).stream(counts).build();
    let (mut state, mut pages) = (CrawlState::default(), Vec::new());
    let snapshot = loop {
        let run = run_source(&source, Limits::default(), state, None).await;
        assert_eq!(run.result.as_ref().unwrap(), &CrawlProgress::Done);
        pages.extend(run.kept.pages);
        state = run.state;
        match Reader::read(&source, &state, DAY, &pages).unwrap() {
            Reading::Moved(requests) => state.read_again(requests),
            Reading::Whole(snapshot) => break *snapshot,
        }
    };
    let asked: Vec<String> = vendor.asked().iter().map(|asked| asked.target.replace("/things", "")).collect();
    assert_eq!(asked, expected);
    assert_eq!(snapshot.receipt.unbalanced(), None);
    snapshot
}

/// The vendor's count stands for the empty page, and for nothing else: where it is not what was read, or refused, the
/// list goes on to its empty page. A list of several pages is read twice in any case.
#[tokio::test]
async fn a_count_that_agrees_ends_a_list() {
    const TO_THE_END: [&str; 4] = ["?page=1", "?page=2", "?page=3", "?page=4"];
    let says = |rows: u64| move || Reply::json(format!(r#"{{"count":{rows}}}"#));
    let counted_twice = ["/count", "?page=1", "?page=2", "?page=3"].repeat(2);
    let snapshot = check_counted(says(5), false, &counted_twice).await;
    assert_eq!((snapshot.read_state, snapshot.receipt.streams["things"].totals.agreed), (ReadState::Complete, 1));
    let linked = check_counted(says(5), true, &counted_twice).await;
    assert_eq!(linked.read_state, ReadState::Complete);
    let twice = [&["/count"][..], &TO_THE_END, &["/count"], &TO_THE_END].concat();
    let refused = check_counted(|| Reply::status(404), false, &twice).await;
    assert_eq!((refused.read_state, refused.receipt.streams["things"].totals.refused), (ReadState::Complete, 1));
    for count in [0, 3, 6] {
        let four_times = [&["/count"][..], &TO_THE_END].concat().repeat(4);
        let differs = check_counted(says(count), false, &four_times).await;
        let said = format!("the vendor counts {count} things, 5 were read");
        assert_eq!(differs.read_state.reason().unwrap().to_string(), said);
        assert_eq!(differs.receipt.streams["things"].totals.differed, 1);
        assert_eq!(differs.item_count(), 5);
    }
    // A list that grew behind its count is read as it was when it was counted.
    let grown = check_counted(says(4), false, &["/count", "?page=1", "?page=2"].repeat(2)).await;
    assert_eq!((grown.item_count(), grown.read_state), (4, ReadState::Complete));
}

fn change() -> impl Strategy<Value = (usize, Change)> {
    let change = prop_oneof![(1u32..400).prop_map(Change::Insert), (0usize..40).prop_map(Change::Remove)];
    (0usize..14, change)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is inserted or removed between the pages: a list that counts as complete has every row that was there
    /// all the time, and none that never was.
    #[test]
    fn a_list_that_changes_is_read_again_or_reported(
        way in 0usize..WAYS.len(),
        rows in 0u32..30,
        asked in 1u32..12,
        cap in 1usize..12,
        changes in proptest::collection::vec(change(), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(read_if_no_page_repeats(WAYS[way], rows, (asked, cap), changes));
        let Some(outcome) = found else {
            prop_assert!(asked.min(u32::try_from(cap).unwrap()) <= 8, "no more rows are inserted at once");
            return Ok(());
        };
        prop_assert!(outcome.read().is_subset(&outcome.ever));
        prop_assert_eq!(outcome.snapshot.receipt.unbalanced(), None);
        prop_assert!(outcome.requests <= 4 * 60);
        if outcome.snapshot.read_state == ReadState::Complete {
            let missing: Vec<_> = outcome.always.difference(&outcome.read()).copied().collect();
            prop_assert!(missing.is_empty(), "{:?}: {missing:?} are missing", WAYS[way]);
        }
    }
}
