//! What the next run would compare with the newest syncs, and what would keep it from comparing more.

use truecount_app::{
    Config, Environment, RunOutlook, UnseenWord, accept_command, fall_in_words, open_falls, review_of_today,
};

use super::{CheckResult, CheckStatus, chain, counted};

/// How many falls of one source are named.
const FALLS_MAX: usize = 5;

/// How many reasons are named for which a run would not reconcile.
const REASONS_MAX: usize = 3;

pub(super) async fn next_run(env: &Environment, config: &Config, results: &mut Vec<CheckResult>) {
    for source in config.settings.enabled() {
        match open_falls(env, &config.settings, &source.id).await {
            Ok(falls) => {
                let more = falls.len().saturating_sub(FALLS_MAX);
                for fall in falls.iter().take(FALLS_MAX) {
                    let message = format!("{}: not relied on until it is confirmed", fall_in_words(fall));
                    let command = accept_command(&source.id, &fall.account_id);
                    let fix = format!("if it is right: `{command}`; else repair the source and sync it again");
                    results.push(CheckResult::problem(CheckStatus::Warning, "fall", message, fix).about(&source.id));
                }
                if more > 0 {
                    let message = format!("{} fell, too", counted(more, "more account", "more accounts"));
                    let fix = format!("`truecount sources accept {}` lists them", source.id);
                    results.push(CheckResult::problem(CheckStatus::Warning, "fall", message, fix).about(&source.id));
                }
            }
            Err(error) => {
                let fix = format!("`truecount sync {}` reads it again", source.id);
                results.push(CheckResult::problem(CheckStatus::Error, "fall", chain(&error), fix).about(&source.id));
            }
        }
    }
    match Box::pin(review_of_today(env, config)).await {
        Ok(review) => {
            results.extend(review.words.iter().map(unseen));
            results.push(outlook(&review.outlook));
        }
        Err(error) => results.push(CheckResult::problem(
            CheckStatus::Error,
            "next run",
            chain(&error),
            "`truecount sync` reads the sources again",
        )),
    }
}

/// A word of the rules that its source never had: whatever it counts has no upper end.
fn unseen(word: &UnseenWord) -> CheckResult {
    let what = match (&word.attribute, &word.word) {
        (Some(attribute), Some(text)) => format!("no {} ever had {attribute} `{text}`", word.kind),
        _ => format!("there were never items of kind `{}`", word.kind),
    };
    let nearest = word.nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
    let fix = "correct the word in config/rules.toml, or write `may_be_empty = true` if there may be none";
    CheckResult::problem(CheckStatus::Warning, "next run", format!("{what}{nearest}"), fix).about(&word.source)
}

fn outlook(outlook: &RunOutlook) -> CheckResult {
    let share = outlook.share.as_ref().map(|share| format!(", {share}")).unwrap_or_default();
    let why = because(outlook).map(|why| format!(" ({why})")).unwrap_or_default();
    if outlook.compared == 0 {
        let message = format!("with the newest syncs nothing would be compared{why}");
        let fix = "settle what stands above; `truecount rules check` says what each service counts";
        return CheckResult::problem(CheckStatus::Warning, "next run", message, fix);
    }
    let compared = counted(outlook.compared, "comparison", "comparisons");
    if outlook.not_reconciled == 0 {
        return CheckResult::ok("next run", format!("{compared} with the newest syncs{share}"));
    }
    let unknown = outlook.not_reconciled;
    let message = format!("{compared} with the newest syncs{share}; {unknown} would not be reconciled{why}");
    let fix = "`truecount run` makes a draft, `truecount exceptions --kind not_reconciled` lists them";
    CheckResult::problem(CheckStatus::Warning, "next run", message, fix)
}

/// `12: map the client's account; 3: fix the sync and run again`.
fn because(outlook: &RunOutlook) -> Option<String> {
    let first = outlook.reasons.iter().take(REASONS_MAX);
    let mut parts: Vec<_> = first.map(|(reason, rows)| format!("{rows}: {reason}")).collect();
    let more = outlook.reasons.len().saturating_sub(REASONS_MAX);
    if more > 0 {
        parts.push(counted(more, "more reason", "more reasons"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
