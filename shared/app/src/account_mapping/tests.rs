//! Decisions come first, then identifiers, then names; what contradicts itself is for a person.

use jiff::Timestamp;
use truecount_billing::ReadState;
use truecount_connectors::{Category, SOURCE_KINDS};

use super::*;
use truecount_store::IgnoreReason;

fn account(id: &str, name: &str, identifiers: &[&str]) -> Account {
    let mut account = Account::new(AccountId::new(id).unwrap(), name, ReadState::Complete);
    account.facts.identifiers = identifiers.iter().map(|text| (*text).to_owned()).collect();
    account
}

fn client(id: &str, name: &str) -> Client {
    Client { id: ClientId::new(id).unwrap(), name: name.to_owned(), facts: AccountFacts::default() }
}

fn decision(account: &str, decision: MappingDecision) -> MappingRecord {
    let (source, id) = ("rmm".parse().unwrap(), account.parse().unwrap());
    MappingRecord::new(source, id, decision, "kim", "ours", Timestamp::UNIX_EPOCH)
}

/// The mapping of each account, as `confirmed c1 EqualName`, `ignored …` or `undecided c1+c2: why`.
fn found(
    accounts: &[Account],
    clients: &[Client],
    decisions: &[MappingRecord],
    settings: &MappingSettings,
) -> Vec<String> {
    let accounts: Vec<&Account> = accounts.iter().collect();
    let decisions = decisions.iter().map(|one| (one.account_id.clone(), one.clone())).collect();
    let row = |found: AccountMapping| match found.mapping {
        Mapping::Confirmed { client_id, by } => format!("confirmed {client_id} {by:?}"),
        Mapping::Ignored { reason } => format!("ignored {reason}"),
        Mapping::Split { why } => format!("{why} {:?}", found.split.unwrap().parts),
        Mapping::Undecided { proposal, why, .. } => {
            let whose: Vec<_> = proposal.iter().chain(&found.or_else).map(ToString::to_string).collect();
            format!("undecided {}: {why}", whose.join("+"))
        }
    };
    of_accounts(&accounts, clients, &decisions, settings).into_iter().map(row).collect()
}

#[test]
fn decisions_come_before_names_and_names_only_count_when_unique() {
    let accounts = [
        account("a1", "Acme Ltd", &[]),
        account("a2", "Mill & Sons", &[]),
        account("a3", "Twin", &[]),
        account("a4", "Nobody", &[]),
    ];
    let clients = [client("c1", "ACME LTD."), client("c2", "Mill & Sons"), client("c3", "Twin"), client("c4", "Twin")];
    let ignored = [decision("a2", MappingDecision::Ignored { reason: IgnoreReason::NotForResale })];
    let twin = "undecided c3+c4: the names are equal, but several clients have this name";
    let on = found(&accounts, &clients, &ignored, &MappingSettings::default());
    assert_eq!(on, ["confirmed c1 EqualName", "ignored not for resale: ours", twin, "undecided : "]);
    let off = MappingSettings { confirm_equal_names: false, ..MappingSettings::default() };
    assert_eq!(found(&accounts, &clients, &ignored, &off)[0], "undecided c1: the names are equal");
}

#[test]
fn another_legal_form_is_proposed_and_never_confirmed() {
    let rows = found(&[account("a", "Acme Inc", &[])], &[client("c", "Acme Ltd")], &[], &MappingSettings::default());
    assert_eq!(rows, ["undecided c: the names are equal but for the legal form"]);
}

#[test]
fn what_was_undone_waits_for_a_person_and_a_split_names_its_clients() {
    let accounts = [account("a1", "Acme", &["c1"]), account("a2", "Bolt", &[]), account("a3", "Shared", &[])];
    let clients = [client("c1", "Acme"), client("c2", "Bolt")];
    let parts = BTreeMap::from([("12".to_owned(), clients[0].id.clone()), ("13".to_owned(), clients[1].id.clone())]);
    let decisions = [
        decision("a1", MappingDecision::Undecided),
        decision("a2", MappingDecision::Undecided),
        decision("a3", MappingDecision::Split { by: "site".to_owned(), parts }),
    ];
    let rows = found(&accounts, &clients, &decisions, &MappingSettings::default());
    assert_eq!(rows[0], "undecided c1: the vendor holds this client's identifier");
    assert_eq!(rows[1], "undecided c2: the names are equal");
    assert!(rows[2].starts_with("split by site {\"12\""), "{}", rows[2]);
}

#[test]
fn an_identifier_counts_by_itself_unless_it_contradicts_the_name() {
    let mut clients = [client("250", "Harbour Dental"), client("251", "Mill"), client("252", "Quay")];
    clients[1].facts.identifiers.push("MillLtd".to_owned());
    let accounts = [
        account("p1", "Harbour Dental Care Group", &["250"]),
        account("p2", "Mill (Leeds)", &["millltd", "unknown"]),
        account("p3", "Quay", &["250"]),
        account("p4", "Quay Two", &["250", "251"]),
        account("p5", "Mill", &["251"]),
    ];
    let rows = found(&accounts, &clients, &[], &MappingSettings::default());
    let contradiction =
        "undecided 250+252: the vendor's identifier names `Harbour Dental` [250], the name is that of `Quay` [252]";
    let expected = [
        "confirmed 250 Identifier",
        "confirmed 251 Identifier",
        contradiction,
        "undecided : ",
        "confirmed 251 Identifier",
    ];
    assert_eq!(rows, expected);
    let off = MappingSettings { confirm_vendor_identifiers: false, ..MappingSettings::default() };
    assert_eq!(found(&accounts, &clients, &[], &off)[0], "undecided 250: the vendor holds this client's identifier");
}

#[test]
fn identifiers_that_mostly_contradict_the_names_are_somebody_elses_numbers() {
    let clients = [client("1", "Harbour"), client("2", "Mill"), client("3", "Quay")];
    let accounts = [account("p1", "Harbour", &["2"]), account("p2", "Mill", &["3"]), account("p3", "Bolt", &["1"])];
    let rows = found(&accounts, &clients, &[], &MappingSettings::default());
    assert!(rows.iter().all(|row| row.starts_with("undecided")), "{rows:?}");
}

#[test]
fn a_name_that_is_clearly_more_like_another_client_contradicts_an_identifier() {
    let clients = [
        client("250", "Harbour Dental"),
        client("251", "Quay Legal"),
        client("252", "Northfield Joinery"),
        client("253", "Beacon Veterinary"),
    ];
    let accounts = [
        account("p1", "Quay Legal LLP", &["250"]),
        account("p2", "Harbour Dental Group", &["251"]),
        account("p3", "Northfield Joinery (Holdings)", &["252"]),
        account("p4", "Beacon Vets", &[" 253 "]),
        account("p5", "Zorn", &["253"]),
    ];
    let rows = found(&accounts, &clients, &[], &MappingSettings::default());
    let expected = [
        "undecided 250+251: the vendor's identifier names `Harbour Dental` [250], the name is that of `Quay Legal` [251]",
        "undecided 251+250: the vendor's identifier names `Quay Legal` [251], the name resembles `Harbour Dental` [250]",
        "confirmed 252 Identifier",
        "confirmed 253 Identifier",
        "confirmed 253 Identifier",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn identifiers_are_joined_without_blanks_and_without_case() {
    let clients = [client("AB-1", "Harbour"), client("x", "Mill"), client("X", "Quay")];
    for (identifier, expected) in [
        ("ab-1", "confirmed AB-1 Identifier"),
        ("  Ab-1\t", "confirmed AB-1 Identifier"),
        ("AB1", "undecided : "),
        ("  ", "undecided : "),
        ("x", "undecided : "),
    ] {
        let rows = found(&[account("p", "Zorn", &[identifier])], &clients, &[], &MappingSettings::default());
        assert_eq!(rows, [expected], "{identifier:?}");
    }
}

#[test]
fn only_files_and_unknown_kinds_may_have_several_accounts_of_a_client() {
    for kind in SOURCE_KINDS {
        let expected = if kind.category == Category::File { Sites::ManyToOne } else { Sites::OneToOne };
        assert_eq!(sites(Some(kind)), expected, "{}", kind.name);
    }
    assert_eq!(sites(None), Sites::ManyToOne);
}
