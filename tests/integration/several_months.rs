//! Several months of the sample, closed one after the other: each exception is told as new, open, changed, closed or
//! reopened where the answer sheets of the months say so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use truecount_app::{
    BaselineRequest, Config, MailPolicy, ReconcileAnswer, ReportAnswer, RunKind, SyncAnswer, accept_baseline,
};
use truecount_billing::{AccountId, BillingMonth, ClientId, SourceId};
use truecount_platform::FixedClock;
use truecount_sandbox::{Sample, Vendors, compare, states};
use truecount_store::{IgnoreReason, MappingDecision, MappingRecord};
use truecount_support::write_file;

use crate::backend::{TestBackend, rows, soon};

/// The last of these clients is billed for its phones, and later no longer; what it is billed too much grows.
const CLIENTS: usize = 14;

/// The months that are closed, counted back from the last: an exception needs four to be found, gone and back, and in the
/// third a file is late.
const MONTHS_BACK: [u32; 4] = [4, 3, 2, 1];

type Row = BTreeMap<String, String>;

/// The same data directory a month later.
async fn move_on(backend: &mut TestBackend, sample: &Sample, vendors: &Vendors) {
    let folder = backend.folder.path();
    write_file(folder, "config/settings.toml", sample.settings_toml(&vendors.endpoints()));
    write_file(folder, "config/rules.toml", sample.rules_toml());
    backend.drop_files_of(sample);
    backend.config = Config::load(&backend.env).await.unwrap();
}

/// What the sample's people have decided about accounts, once.
async fn decide(backend: &TestBackend, sample: &Sample) {
    let store = &backend.env.store;
    for decided in sample.decisions() {
        let (source, account): (SourceId, AccountId) =
            (decided.source.parse().unwrap(), decided.account_id.parse().unwrap());
        if !MappingRecord::list(store, &source, &account).await.unwrap().is_empty() {
            continue;
        }
        let mapping = match &decided.client_id {
            Some(client) => MappingDecision::Confirmed { client_id: client.parse::<ClientId>().unwrap() },
            None => MappingDecision::Ignored { reason: IgnoreReason::Internal },
        };
        let record = MappingRecord::new(source, account, mapping, &*decided.who, &*decided.why, sample.now());
        record.append(store).await.unwrap();
    }
}

/// Closes the sample's month: its run, with the rows of `exceptions.csv` and of `closed.csv`.
async fn close(backend: &TestBackend, sample: &Sample) -> (String, Vec<Row>, Vec<Row>) {
    for source in sample.sources() {
        let answer = backend.sync(source).await;
        assert!(matches!(answer, SyncAnswer::Committed { .. }), "{} {answer:?}", sample.month());
    }
    let (env, config, month) = (&backend.env, &backend.config, sample.month());
    let wanted = RunKind::Closing { replace: None, early: false, incomplete: false };
    let answer = truecount_app::reconcile(env, config, Some(month), &wanted, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let answer = truecount_app::report(env, config, month, Some(&run_id), MailPolicy::Usual, soon()).await.unwrap();
    assert!(matches!(answer, ReportAnswer::Reported { .. }), "{answer:?}");
    let place = backend.folder.path().join(format!("archive/reports/{month}/{run_id}"));
    let sheet = |name: &str| rows(&std::fs::read_to_string(place.join(name)).unwrap());
    let (exceptions, closed) = (sheet("exceptions.csv"), sheet("closed.csv"));
    (run_id, exceptions, closed)
}

#[tokio::test]
async fn each_exception_is_in_the_state_that_the_answer_sheets_tell() {
    let last: BillingMonth = "2026-06".parse().unwrap();
    let mut kept: Option<TestBackend> = None;
    let (mut sheets, mut seen) = (Vec::new(), BTreeSet::new());
    for back in MONTHS_BACK {
        let sample = Arc::new(Sample::small_before(CLIENTS, last, back));
        let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
        let backend = match &mut kept {
            Some(backend) => {
                move_on(backend, &sample, &vendors).await;
                backend
            }
            none => none.insert(TestBackend::of_sample(&sample, &vendors).await),
        };
        backend.env.clock = Arc::new(FixedClock(sample.now()));
        decide(backend, &sample).await;
        let (run_id, exceptions, closed) = close(backend, &sample).await;
        vendors.stop().await;

        let (month, sheet) = (sample.month(), sample.answer_sheet());
        let found = compare(&sheet, &exceptions);
        assert!(found.is_whole(), "{month}: {found:#?}");
        let is_first = sheets.is_empty();
        // Nothing but new ones: what the months before tell is needed.
        let without_memory = states(std::slice::from_ref(&sheet)).compare(&exceptions, &closed);
        assert_eq!(without_memory.different.is_empty(), is_first, "{month}");
        sheets.push(sheet);
        let planted = states(&sheets);
        let tally = planted.compare(&exceptions, &closed);
        assert!(tally.equal > 0 && tally.different.is_empty(), "{month}: {tally:#?}");
        seen.extend(planted.counts().into_keys());
        if is_first {
            let (actor, note) = ("dana".to_owned(), "looked through".to_owned());
            let request = BaselineRequest { run_id: Some(run_id), actor, note };
            accept_baseline(&backend.env, &backend.config, &request).await.unwrap();
        }
    }
    assert_eq!(seen, ["changed", "closed", "new", "open", "reopened"].into());
}
