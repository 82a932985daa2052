//! What takes part in a comparison, on which side, and what comes out beside the clients.

use rust_decimal::Decimal;
use truecount_billing::{ReadReason, ReadState, Side};
use truecount_reconciliation::{ActionOutcome, AgreementFinding, ClientRecord, RowKind, SourceReading};
use truecount_store::{NoneDecision, NoneRecord, NoneScope, Run};

use super::*;
use crate::AgreementsReview;
use crate::jobs::reconcile::{ReconcileAnswer, RunKind, reconcile};
use crate::stored_outcome::outcome_of;
use crate::test_environment::{
    Content, RULES, SETTINGS, TODAY, TestEnvironment, billed, config, confirmed, month, soon, used,
};

/// The invoices of the PSA's clients, as a source beside the agreements.
const INVOICES: &str = r#"
[[sources]]
id = "invoices"
connector = "connectwise"
base_url = "https://psa.example"
company = "lantern"
side = "invoiced"
"#;

/// What a draft of the month has stored.
#[derive(Default)]
struct Stored {
    clients: Vec<ClientRecord>,
    actions: Vec<ActionOutcome>,
    agreement_findings: Vec<AgreementFinding>,
    sources: Vec<SourceReading>,
    setup: Vec<SetupFinding>,
    suggestions: Vec<MappingSuggestion>,
}

async fn stored(test: &TestEnvironment) -> Stored {
    let answer = reconcile(&test.env, &test.config, Some(month()), &RunKind::Draft, soon()).await.unwrap();
    let ReconcileAnswer::Reconciled { run_id, .. } = answer else { panic!("{answer:?}") };
    let run = Run::load(&test.env.store, month(), &run_id).await.unwrap().unwrap();
    let outcome = outcome_of(&test.env, &run).await.unwrap();
    let mut stored = Stored::default();
    for (at, line) in outcome.lines().enumerate() {
        match line.unwrap() {
            OutcomeLine::Portfolio(_) => assert_eq!(at, 0, "the portfolio is the first line"),
            OutcomeLine::Source(one) => stored.sources.push(*one),
            OutcomeLine::Setup(one) => stored.setup.push(one),
            OutcomeLine::Suggestion(one) => stored.suggestions.push(one),
            OutcomeLine::Client(one) => stored.clients.push(*one),
            OutcomeLine::Action(one) => stored.actions.push(*one),
            OutcomeLine::AgreementFinding(one) => stored.agreement_findings.push(*one),
        }
    }
    stored
}

/// `c1 underbilled 2 3`: client, kind, billed, should bill (or the two ends).
fn rows(stored: &Stored) -> Vec<String> {
    let number = |number: Option<Decimal>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let row = |client: &ClientRecord| {
        let id = client.client_id.clone();
        client.rows.clone().into_iter().map(move |row| {
            let ends = || format!("{}..{}", number(row.at_least), number(row.at_most));
            let should_bill = row.should_bill.map_or_else(ends, |units| units.to_string());
            format!("{id} {} {} {should_bill}", row.kind.as_str(), row.billed)
        })
    };
    stored.clients.iter().flat_map(row).collect()
}

/// Two servers are agreed, and two stand on an invoice; three are used.
async fn with_invoices() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    test.config = config(&format!("{SETTINGS}{INVOICES}"), RULES);
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 3)]).await;
    test.commit("invoices", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Gone Ltd", 9)]).await;
    test
}

#[tokio::test]
async fn what_was_invoiced_is_never_added_to_what_is_agreed() {
    let test = with_invoices().await;
    assert_eq!(rows(&stored(&test).await), ["c1 underbilled 2 3"], "only the agreements say who the clients are");
    let found = test.workspace().await;
    let clients: Vec<_> = found.clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(clients, ["Harbour Dental"]);
    assert!(found.sources.iter().all(|source| source.id.as_str() == "rmm"), "an invoice's client needs no mapping");
}

#[tokio::test]
async fn invoices_stand_among_the_sources_all_the_same() {
    let test = with_invoices().await;
    let sources = stored(&test).await.sources;
    let names: Vec<_> = sources.iter().map(|one| one.source.as_str()).collect();
    assert_eq!(names, ["invoices", "psa", "rmm"]);
    let invoices = &sources[0];
    assert_eq!((invoices.side, &invoices.state), (Side::Invoiced, &ReadState::Complete));
    assert_eq!((invoices.accounts, invoices.accounts_incomplete), (2, 0));

    let mut unread = billed("c2", "Gone Ltd", 9);
    unread.account.read_state = ReadState::Partial(ReadReason::NotInRun);
    test.commit("invoices", TODAY, &[billed("c1", "Harbour Dental", 2), unread]).await;
    let again = stored(&test).await;
    assert_eq!(again.sources[0].accounts_incomplete, 1, "what was not read of them is said");
    assert_eq!(rows(&again), ["c1 underbilled 2 3"], "and leaves the comparison alone");
}

#[tokio::test]
async fn a_psa_of_invoices_alone_has_no_clients_to_compare() {
    let mut test = with_invoices().await;
    let agreed = "id = \"psa\"\nconnector = \"file\"\nside = \"agreed\"";
    let settings = format!("{SETTINGS}{INVOICES}").replace(agreed, &format!("{agreed}\nenabled = false"));
    test.config = config(&settings, RULES);
    let found = test.workspace().await;
    assert_eq!((found.clients.len(), found.billed_for.iter().count()), (0, 0));
}

#[tokio::test]
async fn undecided_accounts_are_suggested_with_whom_they_resemble() {
    let test = TestEnvironment::new();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)]).await;
    let accounts = [used("a1", "Harbour Dental Practice", 3), used("a2", "Zorn", 4), used("a3", "Quiet Quay", 0)];
    test.commit("rmm", TODAY, &accounts).await;
    let suggestions = stored(&test).await.suggestions;
    let shown: Vec<_> = suggestions
        .iter()
        .map(|one| format!("{} {} {:?}", one.account_id, one.items, one.client_name.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(shown, ["a1 3 \"Harbour Dental\"", "a2 4 \"-\""], "an equal name is no question");
    assert!(suggestions.iter().all(|one| !one.reason.is_empty()));
}

#[tokio::test]
async fn what_agreements_give_away_is_found_with_and_without_usage() {
    let test = TestEnvironment::new();
    let mut below_cost = billed("c1", "Harbour Dental", 2);
    below_cost.lines[0].unit_cost = Some(Decimal::from(50));
    test.commit("psa", TODAY, &[below_cost, billed("c2", "Quiet Quay", 1)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 2)]).await;
    let found = stored(&test).await.agreement_findings;
    let told: Vec<_> = found.iter().map(|one| (one.client_id.as_str(), one.finding.code())).collect();
    assert_eq!(told, [("c1", "price_below_cost")]);
    assert_eq!(found[0].monthly.map(|monthly| monthly.amount), Some(Decimal::from(9)), "4.50 of each of two");
    let alone = AgreementsReview::load(&test.env, &test.config).await.unwrap();
    assert_eq!((alone.findings.as_slice(), alone.clients, alone.is_complete()), (found.as_slice(), 2, true));
}

#[tokio::test]
async fn agreements_that_were_never_synced_are_not_said_to_be_right() {
    let mut test = TestEnvironment::new();
    let alone = AgreementsReview::load(&test.env, &test.config).await.unwrap();
    assert_eq!((alone.findings.len(), alone.is_complete()), (0, false));
    let agreed = "id = \"psa\"\nconnector = \"file\"\nside = \"agreed\"";
    test.config = config(&SETTINGS.replace(agreed, &format!("{agreed}\nenabled = false")), RULES);
    let error = AgreementsReview::load(&test.env, &test.config).await.unwrap_err();
    assert!(error.to_string().contains("no enabled source gives agreements"), "{error}");
}

async fn decide_none(test: &TestEnvironment, scope: NoneScope, synced_on: &str) {
    let record = NoneRecord {
        source: "rmm".parse().unwrap(),
        scope,
        decision: NoneDecision::None,
        from: None,
        actor: "kim".to_owned(),
        note: "no agents there".to_owned(),
        evidence: Vec::new(),
        synced_on: Some(synced_on.parse().unwrap()),
        decided_at: test.env.clock.now(),
        number: 0,
    };
    record.append_after(&test.env.store, 0).await.unwrap();
}

/// Its items were seen today: of one that was never seen nobody knows whether it counts.
fn seen_today(mut content: Content) -> Content {
    content.items.iter_mut().for_each(|item| item.last_seen = Some("2026-06-30T08:00:00Z".parse().unwrap()));
    content
}

/// The RMM's list is all that there is.
fn with_owned_list() -> TestEnvironment {
    let mut test = TestEnvironment::new();
    let (before, rmm) = SETTINGS.split_once("id = \"rmm\"").unwrap();
    let rmm = rmm.replace("connector = \"file\"\nside = \"used\"", "connector = \"ninjaone\"");
    test.config = config(&format!("{before}id = \"rmm\"{rmm}"), RULES);
    test
}

#[tokio::test]
async fn a_client_that_has_nothing_by_decision_is_not_billed_for_a_new_account_that_may_be_its() {
    let test = with_owned_list();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)]).await;
    let known =
        |entry: &mut truecount_store::SnapshotAccount| entry.history.since = Some("2026-05-01".parse().unwrap());
    let new = |entry: &mut truecount_store::SnapshotAccount| entry.history.since = Some("2026-06-20".parse().unwrap());
    let of_harbour = |servers, change| Content { change, ..seen_today(used("a1", "Harbour Dental Practice", servers)) };
    test.commit("rmm", TODAY, &[of_harbour(2, known), seen_today(used("a2", "Quiet Quay", 1))]).await;
    test.decide("a2", confirmed("c2"), None).await;
    assert_eq!(rows(&stored(&test).await)[0], "c1 not_reconciled 2 0..2", "nobody has decided whose a1 is");

    decide_none(&test, NoneScope::Client { client_id: "c1".parse().unwrap() }, "2026-06-10").await;
    assert_eq!(rows(&stored(&test).await)[0], "c1 billed_without_usage 2 0", "a1 was known when it was decided");

    test.commit("rmm", TODAY, &[of_harbour(3, new), seen_today(used("a2", "Quiet Quay", 1))]).await;
    assert_eq!(rows(&stored(&test).await)[0], "c1 not_reconciled 2 0..3", "a new account opens the decision again");
}

#[tokio::test]
async fn who_confirms_a_proposal_finds_what_the_run_before_has_foretold() {
    let test = with_owned_list();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)]).await;
    let accounts = [used("a1", "Harbour Dental Practice", 3), used("a2", "Quiet Quay", 1), used("a3", "Zorn", 2)];
    test.commit("rmm", TODAY, &accounts.map(seen_today)).await;
    let before = stored(&test).await;
    let row = &before.clients[0].rows[0];
    let then = row.if_confirmed.as_deref().unwrap();
    assert_eq!((row.kind, then.kind), (RowKind::NotReconciled, RowKind::Underbilled));
    let accounts: Vec<_> = then.accounts.iter().map(|one| (one.account.account_id.as_str(), one.score)).collect();
    assert_eq!(accounts, [("a1", before.suggestions[0].score)]);
    let settled = |at: usize| before.suggestions[at].if_confirmed.as_ref().map(|effect| effect.settled.clone());
    assert_eq!((settled(0), settled(1)), (Some([(RowKind::Underbilled, 1)].into()), None), "nobody resembles a3");
    assert!(before.clients[1].rows[0].if_confirmed.is_none(), "an equal name is no question");

    test.decide("a1", confirmed("c1"), None).await;
    let after = stored(&test).await;
    let found = &after.clients[0].rows[0];
    let figures = (found.kind, found.counted, found.should_bill, found.variance, found.monthly_impact);
    assert_eq!(figures, (then.kind, then.counted, then.should_bill, then.variance, then.monthly_impact));
    assert!(found.if_confirmed.is_none());
}

#[tokio::test]
async fn those_that_are_left_have_nothing_and_who_has_an_account_is_none_of_them() {
    let test = with_owned_list();
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed("c2", "Quiet Quay", 1)]).await;
    let accounts = [seen_today(used("a1", "Zorn", 2)), seen_today(used("a2", "Quiet Quay", 1))];
    test.commit("rmm", TODAY, &accounts).await;
    test.decide("a2", confirmed("c2"), None).await;
    assert_eq!(rows(&stored(&test).await), ["c1 not_reconciled 2 0..2", "c2 agrees 1 1"], "a1 may be anybody's");
    decide_none(&test, NoneScope::Rest, TODAY).await;
    assert_eq!(rows(&stored(&test).await), ["c1 billed_without_usage 2 0", "c2 agrees 1 1"]);
}

#[tokio::test]
async fn rules_for_a_client_that_the_psa_does_not_have_are_named() {
    let mut test = TestEnvironment::synced().await;
    test.config = config(SETTINGS, &format!("{RULES}[clients.\"Harbor Dental\"]\nMNG-SRV = {{ minimum = 5 }}\n"));
    let setup = stored(&test).await.setup;
    let found = setup.iter().find(|one| one.code == "rules_without_client").unwrap();
    assert!(found.message.contains("did you mean `Harbour Dental`?"), "{}", found.message);
    assert_eq!(found.subject, "config/rules.toml line 4");
    assert!(rows(&stored(&test).await).iter().any(|row| row.contains(RowKind::Underbilled.as_str())));
}
