//! Every function is killed before and after every request that it makes; what the month leaves behind in the end is
//! what an undisturbed month leaves behind, and one mail.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use truecount_sandbox::{Sample, SampleSize, Vendors};

use crate::between::{Moment, Seen, Trap};
use crate::digest::Digest;
use crate::month::{self, Step, UNDISTURBED, settle};
use crate::stack::{Saved, Stack, TableKind};
use crate::{is_asked_for, say};

/// Time of the invocation that is killed. Short: what it held stays held until this is over.
const DISTURBED: Duration = Duration::from_secs(10);

/// Trials under way at once in each lane. Most of a trial is waiting for a dead worker's lease.
const AT_ONCE: usize = 12;

/// Lanes: threads with vendors and trials of their own.
const LANES: usize = 2;

/// Points of the whole sample month that are tried.
const SAMPLED: usize = 100;

/// A step with the state before it.
struct Scene {
    step: Step,
    before: Saved,
    requests: Vec<Seen>,
}

/// One kill.
#[derive(Debug, Clone, Copy)]
struct Point {
    scene: usize,
    at: usize,
    moment: Moment,
}

/// The undisturbed month, and every step's scene.
struct Play {
    sample: Arc<Sample>,
    expected: Digest,
    scenes: Vec<Scene>,
}

/// Every other request, by turns before it and after it; `TRUECOUNT_E2E=full`: before and after each.
#[test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
fn killed_at_every_request_of_a_small_month() {
    let play = block_on(Play::rehearse(Sample::small(6, "2026-06".parse().unwrap())));
    let mut points = play.points();
    assert!(points.len() >= 400, "only {} points", points.len());
    if !is_asked_for("full") {
        points.retain(|point| point.at % 4 == if matches!(point.moment, Moment::After) { 0 } else { 2 });
    }
    play.run(&points);
}

/// Agreements enough for several page batches, so that a sync goes on from the middle.
#[test]
#[ignore = "needs the built functions and the emulator, and TRUECOUNT_E2E=full: .ci/e2e"]
fn killed_at_every_write_of_a_sync_of_several_packs() {
    if !is_asked_for("full") {
        say("left out: TRUECOUNT_E2E=full runs it");
        return;
    }
    let play = block_on(Play::rehearse(Sample::large(450, 4_500, "2026-06".parse().unwrap())));
    let is_kept = |point: &Point| {
        let scene = &play.scenes[point.scene];
        let target = &scene.requests[point.at - 1].target;
        scene.step == Step::sync("connectwise") && ["archive", "table"].contains(&target.as_str())
    };
    let points: Vec<Point> = play.points().into_iter().filter(is_kept).collect();
    let packs =
        play.scenes.iter().flat_map(|scene| &scene.requests).filter(|seen| seen.what.contains("/raw/connectwise/"));
    let packs = packs.filter(|seen| seen.what.starts_with("PUT ")).count();
    assert!(packs >= 3, "only {packs} packs");
    play.run(&points);
}

#[test]
#[ignore = "needs the built functions and the emulator, and TRUECOUNT_E2E=full: .ci/e2e"]
fn killed_at_sampled_requests_of_the_sample_month() {
    if !is_asked_for("full") {
        say("left out: TRUECOUNT_E2E=full runs it");
        return;
    }
    let play = block_on(Play::rehearse(Sample::new(SampleSize::default(), 1, "2026-06".parse().unwrap())));
    let points = play.points();
    // Every so many-th of all, which takes from each step in proportion.
    let sampled: Vec<Point> = (0..SAMPLED).map(|n| points[n * points.len() / SAMPLED]).collect();
    play.run(&sampled);
}

impl Play {
    /// Runs the month once undisturbed, keeping the state before each step.
    async fn rehearse(sample: Sample) -> Self {
        let sample = Arc::new(sample);
        let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
        let stack = Stack::open(&sample, &vendors, TableKind::Embedded).await;
        month::close(&stack).await;
        let expected = stack.digest().await;
        assert_eq!((expected.first_mails, expected.labelled_mails), (1, 0));
        let sources = month::sources(&stack).await;
        let report = Step::report(&stack);
        let syncs = sources.iter().map(|source| Step::sync(source));
        let mut scenes = Vec::new();
        for step in syncs.clone().chain([Step::reconcile(), report]) {
            let earlier: Vec<Step> = match step.function {
                "sync" => syncs.clone().filter(|other| *other != step).collect(),
                "reconcile" => syncs.clone().collect(),
                _ => syncs.clone().chain([Step::reconcile()]).collect(),
            };
            scenes.push(Scene::set(&sample, &vendors, step, &earlier).await);
        }
        Self { sample, expected, scenes }
    }

    fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for (scene, set) in self.scenes.iter().enumerate() {
            for at in 1..=set.requests.len() {
                points.extend([Moment::Before, Moment::After].map(|moment| Point { scene, at, moment }));
            }
        }
        points
    }

    /// Tries all points, and fails with a list of all that went wrong.
    fn run(&self, points: &[Point]) {
        let begun = Instant::now();
        let next = AtomicUsize::new(0);
        let trials: Vec<(Point, Result<Trial, String>)> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(|| block_on(self.lane(points, &next)))).collect();
            lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
        });
        for (at, scene) in self.scenes.iter().enumerate() {
            let of_scene = trials.iter().filter(|(point, _)| point.scene == at);
            let good = of_scene.clone().filter(|(_, trial)| trial.is_ok()).count();
            let targets = scene.requests.iter().fold(BTreeMap::new(), |mut counts, seen| {
                *counts.entry(seen.target.as_str()).or_insert(0) += 1;
                counts
            });
            let (name, all) = (scene.step.name(), of_scene.count());
            say(&format!("{name}: {good} of {all} kills survived ({} requests: {targets:?})", scene.requests.len()));
        }
        let sum = |of: fn(&Trial) -> bool| trials.iter().filter(|(_, trial)| trial.as_ref().is_ok_and(of)).count();
        let (sprung, busy) = (sum(|trial| trial.was_killed), sum(|trial| trial.labelled == 1 && trial.first == 1));
        let only = sum(|trial| trial.first == 0);
        say(&format!(
            "{} kills, {sprung} struck; {busy} with a labelled repeat beside the first mail, {only} with a labelled one alone; {:.0?}",
            trials.len(),
            begun.elapsed()
        ));
        let failed: Vec<_> = trials.iter().filter_map(|(point, trial)| Some((point, trial.as_ref().err()?))).collect();
        for (point, why) in &failed {
            say(&format!("FAILED {}: {why}", self.named(point)));
        }
        assert!(failed.is_empty(), "{} of {} kills were not survived", failed.len(), trials.len());
        assert!(sprung * 100 >= trials.len() * 97, "only {sprung} of {} kills struck", trials.len());
    }

    async fn lane(&self, points: &[Point], next: &AtomicUsize) -> Vec<(Point, Result<Trial, String>)> {
        let vendors = &Vendors::start(Arc::clone(&self.sample)).await.unwrap();
        let rest = std::iter::from_fn(|| points.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        let trials = rest.map(|point| async move {
            let trial = AssertUnwindSafe(self.trial(vendors, point)).catch_unwind().await;
            (point, trial.unwrap_or_else(|_| Err("a panic, shown above".to_owned())))
        });
        futures::stream::iter(trials).buffer_unordered(AT_ONCE).collect().await
    }

    /// Kills at a point, then lets the month come to its end.
    async fn trial(&self, vendors: &Vendors, point: Point) -> Result<Trial, String> {
        let scene = &self.scenes[point.scene];
        let stack = Stack::open(&self.sample, vendors, TableKind::Saved(&scene.before)).await;
        let function = stack.start(scene.step.function).await;
        let process = function.process();
        let spring = Box::new(move || process.kill());
        stack.between.set(Some(Trap { at: point.at, moment: point.moment, spring }));
        settle(&stack, &scene.step, Some(function), DISTURBED).await;
        let was_killed = stack.between.has_sprung();
        stack.between.set(None);
        let reconcile = (scene.step.function == "sync").then(Step::reconcile);
        let report = (scene.step.function != "report").then(|| Step::report(&stack));
        for step in reconcile.into_iter().chain(report) {
            settle(&stack, &step, None, UNDISTURBED).await;
        }
        let found = stack.digest().await;
        let trial = Trial { was_killed, first: found.first_mails, labelled: found.labelled_mails };
        let may_repeat = was_killed && scene.is_in_window(point);
        let is_one_mail = trial.first + trial.labelled == 1 || (may_repeat && trial.first == 1 && trial.labelled == 1);
        if found.lines != self.expected.lines {
            return Err(format!("it left something else behind:\n{}", self.expected.difference(&found)));
        }
        if is_one_mail { Ok(trial) } else { Err(format!("{} mails and {} labelled", trial.first, trial.labelled)) }
    }

    fn named(&self, point: &Point) -> String {
        let scene = &self.scenes[point.scene];
        let seen = &scene.requests[point.at - 1];
        let moment = if point.moment == Moment::Before { "before" } else { "after" };
        format!("{} killed {moment} request {} ({} {})", scene.step.name(), point.at, seen.target, seen.what)
    }
}

/// What came of one kill.
struct Trial {
    was_killed: bool,
    first: usize,
    labelled: usize,
}

impl Scene {
    /// The state before a step, and what the step requests when undisturbed.
    async fn set(sample: &Arc<Sample>, vendors: &Vendors, step: Step, earlier: &[Step]) -> Self {
        let stack = Stack::open(sample, vendors, TableKind::Embedded).await;
        for step in earlier {
            settle(&stack, step, None, UNDISTURBED).await;
        }
        let before = stack.save().await;
        let stack = Stack::open(sample, vendors, TableKind::Saved(&before)).await;
        settle(&stack, &step, None, UNDISTURBED).await;
        let requests = stack.between.seen();
        Self { step, before, requests }
    }

    /// Whether a kill falls between a mail's being accepted and the note of it.
    fn is_in_window(&self, point: Point) -> bool {
        let Some(mail) = self.requests.iter().position(|seen| seen.target == "mail") else { return false };
        let note = mail + 1;
        match point.moment {
            Moment::After => point.at == mail + 1,
            Moment::Before => point.at == note + 1,
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
