//! What a run says of mappings that are proposed: what each row would be if all of them were confirmed. Whoever confirms
//! them finds just that, and no figure of the run hangs on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rust_decimal::Decimal;
use truecount_reconciliation::{
    AccountBelonging, ClientRecord, IfConfirmed, PortfolioRecord, ProposalEffect, ProposedMapping, RowKind, RowRecord,
    RunInputs, RunOutcome, RunReconciler, Scope, ScopeWords,
};

use super::World;
use super::inputs::ReadyWorld;
use super::record_tests::{RMM, account, client, row, servers, world};

const RULES: &str = "[services]\nSRV = { count = \"rmm.server\" }\n";

/// A line of as many servers at 95 each.
fn line(servers: u32) -> String {
    format!("{{ id = \"L\", product = \"SRV\", quantity = {servers}, price = 95 }}")
}

/// What is foretold of the servers of client 1.
fn foretold(case: &str, rules: &str) -> Option<IfConfirmed> {
    let (clients, _) = world(case, rules).records().unwrap();
    row(&clients, "1", "SRV").if_confirmed.as_deref().cloned()
}

/// `agrees 3 (A) others 1`: what the row says then, what counts or from where to where, on which accounts that hangs.
fn told(foretold: Option<IfConfirmed>) -> String {
    let Some(then) = foretold else { return "the same".to_owned() };
    let number = |number: Option<Decimal>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let units = match then.counted {
        Some(counted) => counted.to_string(),
        None => format!("{}..{}", number(then.at_least), number(then.at_most)),
    };
    let difference = then.variance.filter(|variance| !variance.is_zero()).map(|variance| format!(" by {variance}"));
    let worth = then.monthly_impact.map(|amount| format!(" worth {amount}")).unwrap_or_default();
    let accounts: Vec<&str> = then.accounts.iter().map(|one| one.account.account_id.as_str()).collect();
    let remains = then.remains.map(|remains| format!(" {}", remains.code())).unwrap_or_default();
    let others = if then.others > 0 { format!(" others {}", then.others) } else { String::new() };
    let difference = difference.unwrap_or_default();
    format!("{} {units}{difference}{worth} ({}){others}{remains}", then.kind.as_str(), accounts.join(" "))
}

#[test]
fn a_row_says_what_it_would_be_if_the_proposals_are_confirmed() {
    let may_be = |id: &str, number: u32| account(id, "may_be = [\"1\"]", &servers(id, number));
    let failed = "client = \"1\"\nread = \"failed\"";
    let shared = "split = { by = \"site\", parts = { York = \"1\" } }";
    let at = |site: &str| {
        format!(
            "{{ id = \"{site}\", kind = \"server\", last_seen = 2026-11-25, attributes = {{ site = \"{site}\" }} }},"
        )
    };
    for (what, accounts, billed, expected) in [
        ("it is right", may_be("A", 3), 3, "agrees 3 (A)"),
        ("more is used", may_be("A", 5), 3, "underbilled 5 by 2 worth 190 (A)"),
        ("less is used", may_be("A", 2), 3, "overbilled 2 by -1 worth -95 (A)"),
        ("two for one client", may_be("A", 3) + &may_be("B", 2), 5, "agrees 5 (A B)"),
        (
            "one that is the client's for sure",
            account("OWN", "client = \"1\"", &servers("OWN", 2)) + &may_be("A", 1),
            3,
            "agrees 3 (A)",
        ),
        (
            "another account of the client failed",
            may_be("A", 3) + &account("F", failed, ""),
            3,
            "not_reconciled 3..? (A) account_failed",
        ),
        (
            "another that may be its resembles it, and is proposed for another client",
            account("OWN", "client = \"1\"", &servers("OWN", 1))
                + &may_be("A", 2)
                + &account("B", "may_be = [\"2\", \"1\"]", &servers("B", 9)),
            3,
            "agrees 3 (A) others 1",
        ),
        (
            "nothing is proposed for what nobody resembles",
            account("A", "may_be = [\"1\"]", &servers("A", 2)) + &account("Z", "may_be = []", &servers("Z", 9)),
            2,
            "agrees 2 (A)",
        ),
        (
            "a split of which one item is nobody's yet",
            account("S", shared, &(at("York") + &at("Leeds"))) + &may_be("A", 1),
            2,
            "not_reconciled 2..3 (A) item_not_split",
        ),
        (
            "the account holds nothing of it",
            account("A", "may_be = [\"1\"]", "") + &account("F", failed, ""),
            3,
            "the same",
        ),
        ("it is decided", account("A", "client = \"1\"", &servers("A", 5)), 3, "the same"),
    ] {
        let case = RMM.to_owned() + &accounts + &client("1", &line(billed)) + &client("2", "");
        assert_eq!(told(foretold(&case, RULES)), expected, "{what}");
    }
}

#[test]
fn accounts_are_named_that_other_services_hang_on_alone() {
    let tenant = "[[sources]]\nid = \"m365\"\nlike = \"tenant\"\n";
    let person = "{ id = \"P\", kind = \"user\", attributes = { sign_in = \"allowed\" } }";
    let of_tenant = account("T", "may_be = [\"1\"]", person).replace("source = \"rmm\"", "source = \"m365\"");
    let lines = line(2) + ", { id = \"U\", product = \"SEAT\", quantity = 1, price = 20 }";
    let case = RMM.to_owned()
        + tenant
        + &account("A", "may_be = [\"1\"]", &servers("A", 2))
        + &of_tenant
        + &client("1", &lines);
    let (clients, _) = world(&case, &format!("{RULES}SEAT = {{ count = \"m365.user\" }}\n")).records().unwrap();
    let of = |service: &str| told(row(&clients, "1", service).if_confirmed.as_deref().cloned());
    assert_eq!((of("SRV").as_str(), of("SEAT").as_str()), ("agrees 2 (A)", "agrees 1 (T)"));
}

fn effects(ready: &ReadyWorld, proposals: Vec<ProposedMapping>, scope: Option<&Scope>) -> Vec<ProposalEffect> {
    let reconciler = RunReconciler::new(&ready.inputs, &ready.rules, ready.context).with_scope(scope);
    reconciler.with_proposals(proposals).outcome().if_confirmed.into_values().collect()
}

#[test]
fn a_proposal_says_how_many_rows_it_settles_and_what_they_come_to() {
    let rules = format!("{RULES}WKS = {{ count = \"rmm.workstation\", price = 20 }}\n");
    let machines = servers("S", 5) + "{ id = \"W\", kind = \"workstation\", times = 4, last_seen = 2026-11-25 },";
    let case = RMM.to_owned()
        + &account("A", "may_be = [\"1\"]", &machines)
        + &account("B", "may_be = [\"2\"]", "")
        + &client("1", &line(3))
        + &client("2", "");
    let world = world(&case, &rules);
    let ready = world.ready().unwrap();
    let [of_a, of_b] = effects(&ready, world.proposals(&ready.inputs), None).try_into().unwrap();
    assert_eq!(of_a.settled, BTreeMap::from([(RowKind::Underbilled, 1)]));
    assert_eq!(of_a.new, BTreeMap::from([(RowKind::UnbilledUsage, 1)]), "nothing is told of workstations now");
    let amounts: Vec<_> = of_a.amounts.values().map(|amounts| amounts.to_add).collect();
    assert_eq!((amounts, of_a.open, of_a.together_with), (vec![Decimal::from(2 * 95 + 4 * 20)], 0, 0));
    assert!(of_b.is_nothing(), "{of_b:?}");

    let scope = |client: &str| Scope::from(ScopeWords { clients: vec![client.to_owned()], ..ScopeWords::default() });
    let unread = RMM.to_owned() + "read = \"failed\"\n" + case.strip_prefix(RMM).unwrap();
    let rules = format!("currency = \"USD\"\n{rules}");
    let unread = World::from_toml("unread", &format!("count_day = 2026-11-26\n{unread}"), rules).unwrap();
    let ready_unread = unread.ready().unwrap();
    let of_unread = effects(&ready_unread, unread.proposals(&ready_unread.inputs), None);
    assert!(of_unread.is_empty(), "of a source that was not read nobody knows: {of_unread:?}");

    let of_others = effects(&ready, world.proposals(&ready.inputs), Some(&scope("2")));
    assert_eq!(of_others, [ProposalEffect::default()], "what is outside of the scope is not looked at");
}

#[test]
fn a_proposal_outside_of_the_scope_takes_part_and_is_not_named() {
    let case = RMM.to_owned()
        + &account("OWN", "client = \"1\"", &servers("OWN", 1))
        + &account("A", "may_be = [\"1\"]", &servers("A", 2))
        + &account("B", "may_be = [\"2\", \"1\"]", &servers("B", 4))
        + &client("1", &line(3))
        + &client("2", &line(4));
    let world = world(&case, RULES);
    let ready = world.ready().unwrap();
    let scope = Scope::from(ScopeWords { clients: vec!["1".to_owned()], ..ScopeWords::default() });
    let reconciler = RunReconciler::new(&ready.inputs, &ready.rules, ready.context).with_scope(Some(&scope));
    let reconciler = reconciler.with_proposals(world.proposals(&ready.inputs));
    let record = reconciler.client_record(0, &reconciler.outcome());
    assert_eq!(told(row(&[record], "1", "SRV").if_confirmed.as_deref().cloned()), "agrees 3 (A) others 1");
}

#[test]
fn what_cannot_be_confirmed_takes_no_part() {
    let case = RMM.to_owned()
        + &account("A", "client = \"1\"", &servers("A", 3))
        + &account("B", "may_be = [\"1\"]", &servers("B", 1))
        + &client("1", &line(3))
        + &client("2", "");
    let ready = world(&case, RULES).ready().unwrap();
    let proposed = |account, client| vec![ProposedMapping { account, client, score: None }];
    for (what, proposals) in [
        ("a decided account", proposed(0, 1)),
        ("a client that it cannot be of", proposed(1, 1)),
        ("no such account", proposed(9, 0)),
        ("nothing", Vec::new()),
    ] {
        assert!(effects(&ready, proposals, None).is_empty(), "{what}");
    }
    assert_eq!(effects(&ready, proposed(1, 0), None).len(), 1);
}

/// Every small world, and those that were drawn.
fn worlds() -> Vec<World> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let cases = fixtures.join("cases").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut worlds: Vec<World> =
        cases.filter(|path| path.is_dir()).map(|folder| World::read_folder(&folder).unwrap()).collect();
    for name in ["drawn_worlds.jsonl", "rare_worlds.jsonl"] {
        let text = std::fs::read_to_string(fixtures.join(name)).unwrap();
        for line in text.lines() {
            let drawn: BTreeMap<String, &serde_json::value::RawValue> = serde_json::from_str(line).unwrap();
            worlds.push(World::from_json(name, drawn["world"].get()).unwrap());
        }
    }
    worlds
}

/// What is proposed first, and for each account that may be others' what could be proposed instead.
fn ways(world: &World, inputs: &RunInputs) -> Vec<Vec<ProposedMapping>> {
    let last = inputs.accounts.iter().enumerate().filter_map(|(account, of)| match &of.belongs {
        AccountBelonging::Undecided { may_be } => {
            Some(ProposedMapping { account, client: *may_be.last()?, score: None })
        }
        _ => None,
    });
    let last: Vec<ProposedMapping> = last.collect();
    let one = last.iter().take(1).copied().collect();
    vec![world.proposals(inputs), last, one]
}

/// The records of all clients, and what the run adds up.
fn compared(
    ready: &ReadyWorld,
    inputs: &RunInputs,
    proposals: Vec<ProposedMapping>,
) -> (Vec<ClientRecord>, PortfolioRecord, RunOutcome) {
    let reconciler = RunReconciler::new(inputs, &ready.rules, ready.context).with_proposals(proposals);
    let outcome = reconciler.outcome();
    let clients = (0..inputs.clients.len()).map(|client| reconciler.client_record(client, &outcome)).collect();
    (clients, reconciler.portfolio_record(&outcome), outcome)
}

#[test]
fn no_figure_of_a_run_hangs_on_what_is_proposed() {
    let (mut foretold, mut effects) = (0, 0);
    for world in worlds() {
        let Ok(ready) = world.ready() else { continue };
        let (plain, sums, outcome) = compared(&ready, &ready.inputs, Vec::new());
        for proposals in ways(&world, &ready.inputs) {
            let (mut clients, with_sums, mut with_outcome) = compared(&ready, &ready.inputs, proposals);
            for row in clients.iter_mut().flat_map(|client| &mut client.rows) {
                foretold += usize::from(row.if_confirmed.take().is_some());
            }
            effects += std::mem::take(&mut with_outcome.if_confirmed).len();
            assert_eq!((&clients, &with_sums, &with_outcome), (&plain, &sums, &outcome), "{}", world.name);
        }
    }
    assert!(foretold > 100 && effects > 100, "{foretold} rows of {effects} accounts");
}

/// What a row says to whoever reads it, in the words of its record.
type Said = (RowKind, Option<(Decimal, Option<Decimal>)>, [Option<Decimal>; 4]);

fn said(row: &RowRecord) -> Said {
    let ends = row.at_least.filter(|_| row.kind == RowKind::NotReconciled).map(|least| (least, row.at_most));
    (row.kind, ends, [row.counted, row.should_bill, row.variance, row.monthly_impact])
}

fn said_then(then: &IfConfirmed) -> Said {
    let ends = then.at_least.filter(|_| then.kind == RowKind::NotReconciled).map(|least| (least, then.at_most));
    (then.kind, ends, [then.counted, then.should_bill, then.variance, then.monthly_impact])
}

/// The rows of a run by client, service and section: those of the clients, and of those that another has taken over.
fn by_part<'r>(
    clients: &'r [ClientRecord],
    portfolio: Option<&'r PortfolioRecord>,
) -> BTreeMap<(String, String, Option<String>), Vec<&'r RowRecord>> {
    let mut found: BTreeMap<_, Vec<&RowRecord>> = BTreeMap::new();
    let own = clients.iter().flat_map(|client| client.rows.iter().map(|row| (client.client_id.to_string(), row)));
    let moved = portfolio.into_iter().flat_map(|portfolio| &portfolio.moved).flat_map(|moved| {
        let of = |(used, billed): &'r (RowRecord, RowRecord)| {
            [(moved.from_id.to_string(), used), (moved.to_id.to_string(), billed)]
        };
        moved.services.iter().flat_map(of)
    });
    for (client, row) in own.chain(moved) {
        found.entry((client, row.service.to_string(), row.section.clone())).or_default().push(row);
    }
    found
}

#[test]
fn who_confirms_what_is_proposed_finds_what_was_foretold() {
    let (mut foretold, mut alike, mut new) = (0, 0, 0);
    for world in worlds() {
        let Ok(ready) = world.ready() else { continue };
        for proposals in ways(&world, &ready.inputs) {
            let (clients, portfolio, outcome) = compared(&ready, &ready.inputs, proposals.clone());
            let mut confirmed = ready.inputs.clone();
            for one in &proposals {
                confirmed.accounts[one.account].belongs = AccountBelonging::Client(one.client);
            }
            let (after, sums, _) = compared(&ready, &confirmed, Vec::new());
            let after = by_part(&after, Some(&sums));
            let before = by_part(&clients, None);
            let looked_at: BTreeSet<String> =
                proposals.iter().map(|one| ready.inputs.clients[one.client].id.to_string()).collect();
            for (part, rows) in before.iter().filter(|(part, _)| looked_at.contains(&part.0)) {
                let found: Vec<Said> = after.get(part).into_iter().flatten().map(|row| said(row)).collect();
                for row in rows {
                    let is_open = row.kind == RowKind::NotReconciled || row.at_least != row.at_most;
                    match &row.if_confirmed {
                        Some(then) => {
                            assert!(is_open, "{}: {row:?}", world.name);
                            assert!(found.contains(&said_then(then)), "{}: {then:?}, not {found:?}", world.name);
                            foretold += 1;
                        }
                        None if is_open => {
                            assert!(found.contains(&said(row)), "{}: {row:?}, not {found:?}", world.name);
                            alike += 1;
                        }
                        None => {}
                    }
                }
            }
            let all = by_part(&clients, Some(&portfolio));
            let has_come = |(part, rows): (&_, &Vec<&RowRecord>)| rows.len() > all.get(part).map_or(0, Vec::len);
            let told = outcome.if_confirmed.values().filter(|effect| !effect.new.is_empty()).count();
            assert!(told == 0 || after.iter().any(has_come), "{}: {told}", world.name);
            new += told;
        }
    }
    assert!(foretold > 50 && alike > 10 && new > 10, "{foretold} rows foretold, {alike} alike, {new} new");
}
