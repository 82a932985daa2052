//! The three functions as processes against three kinds of backends: what they leave behind is what the command line
//! leaves behind in its folder.

use std::sync::Arc;
use std::time::Instant;

use truecount_sandbox::{Sample, SampleSize, Vendors};

use crate::backend::Folder;
use crate::digest::Digest;
use crate::stack::{Stack, TableKind};
use crate::{month, say};

impl Stack {
    /// What the month left behind.
    pub(crate) async fn digest(&self) -> Digest {
        let refused = self.refused();
        assert!(refused.is_empty(), "a role does not allow what its function asks for: {refused:?}");
        let mails = self.mailbox.messages();
        Digest::of(&self.store(), &*self.archive, &mails, self.sample.month(), &self.sample.sources()).await
    }
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn a_small_month_is_the_same_everywhere() {
    let sample = Arc::new(Sample::small(6, "2026-06".parse().unwrap()));
    is_the_same_everywhere(&sample).await;
}

#[tokio::test]
#[ignore = "needs the built functions and the emulator: .ci/e2e"]
async fn the_sample_month_is_the_same_everywhere() {
    let sample = Arc::new(Sample::new(SampleSize::default(), 1, "2026-06".parse().unwrap()));
    is_the_same_everywhere(&sample).await;
}

async fn is_the_same_everywhere(sample: &Arc<Sample>) {
    // Each with vendors of its own: some of their scenario come once only.
    let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
    let folder = Folder::new(sample, &vendors.endpoints()).await;
    let begun = Instant::now();
    let code = folder.close().await;
    let expected = folder.digest().await;
    say(&format!(
        "command line, folder: {expected:?}, {} lines, exit {code}, {:.1?}",
        expected.lines.len(),
        begun.elapsed()
    ));
    assert!(code == 1 || code == 2, "there is something to report");
    assert_eq!((expected.first_mails, expected.labelled_mails), (1, 0));
    for (name, kind) in [
        ("emulator's DynamoDB, S3, SSM", TableKind::Emulator),
        ("embedded DynamoDB, emulator's S3, SSM", TableKind::Embedded),
    ] {
        let vendors = Vendors::start(Arc::clone(sample)).await.unwrap();
        let stack = Stack::open(sample, &vendors, kind).await;
        let begun = Instant::now();
        month::close(&stack).await;
        let found = stack.digest().await;
        let requests = stack.between.seen();
        let to = |target: &str| requests.iter().filter(|seen| seen.target == target).count();
        say(&format!(
            "functions, {name}: {found:?}, {:.1?}, {} requests ({} table, {} archive, {} secrets, {} mail)",
            begun.elapsed(),
            requests.len(),
            to("table"),
            to("archive"),
            to("secrets"),
            to("mail"),
        ));
        assert_eq!(found, expected, "{name}\n{}\n{}", expected.difference(&found), stack.logs());
        assert_eq!(vendors.writes_refused(), 0);
        assert!(!stack.logs().contains("tc-canary"), "a secret is in the logs");
    }
}
