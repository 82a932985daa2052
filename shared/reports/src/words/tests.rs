//! Every code in words, one list for each group of codes.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use truecount_billing::{AccountId, AgreementId, ClientId, Currency, LeftOutReason, LineId, ProductCode, SourceId};
use truecount_reconciliation::{
    AccountRecord, AddAndReduce, AtStake, ClientName, CountedItem, CountedOn, DoubtRecord, IfConfirmed, ItemsMoved,
    LedgerReason, LeftAloneReason, LineField, LineRecord, LinesReadWord, LongNumber, NamedItem, OuterService,
    ProposalEffect, ProposedAccount, RowFault, RowKind, RowRecord, SightingRecord, WentItem, WideningRecord,
};

use super::ledger::left_out;
use super::*;

const KINDS: [RowKind; 14] = [
    RowKind::Agrees,
    RowKind::LeftAlone,
    RowKind::Underbilled,
    RowKind::UnbilledUsage,
    RowKind::Overbilled,
    RowKind::BilledWithoutUsage,
    RowKind::EndedAgreementInUse,
    RowKind::AgreementEnding,
    RowKind::NotReconciled,
    RowKind::UncountedLine,
    RowKind::Flat,
    RowKind::Ignored,
    RowKind::Listed,
    RowKind::Internal,
];

/// What an MSP's clerk does not say.
const NOT_OUR_WORDS: [&str; 12] = [
    "mend",
    " told",
    "whose it is",
    "hangs on",
    "by itself",
    "too few",
    "too little",
    "reading",
    "widening",
    "ledger",
    "estate",
    "taker",
];

fn source() -> SourceId {
    SourceId::new("ninjaone").unwrap()
}

fn account() -> AccountRecord {
    let account_id = AccountId::new("A-17").unwrap();
    AccountRecord { source: source(), account_id, account_name: "Alder Dental".into(), in_file: false }
}

fn item() -> NamedItem {
    NamedItem { item_id: "17".into(), name: Some("SRV-01".into()), in_file: false }
}

fn doubts() -> Vec<DoubtRecord> {
    let (account, day) = (account(), date(2026, 11, 24));
    vec![
        DoubtRecord::ListPrice,
        DoubtRecord::PriceOfEndedLine,
        DoubtRecord::CataloguePrice,
        DoubtRecord::UsualPrice,
        DoubtRecord::NoAccount { source: source() },
        DoubtRecord::AccountGone { account: account.clone(), since: day },
        DoubtRecord::UndecidedCouldFill { source: source(), accounts: 1 },
        DoubtRecord::UndecidedCouldFill { source: source(), accounts: 3 },
        DoubtRecord::FirstMonthWithoutAny { source: source(), kind: "nas".into() },
        DoubtRecord::OlderReading { source: source(), synced_on: day, failed_on: date(2026, 11, 26) },
        DoubtRecord::NotSinceClosing { source: source(), synced_on: day, closing: "2026-10".parse().unwrap() },
        DoubtRecord::EarlierReading { account: AccountRecord { in_file: true, ..account.clone() }, as_of: day },
        DoubtRecord::EarlierReading { account, as_of: day },
        DoubtRecord::GapFilled { source: source(), days: vec![day] },
        DoubtRecord::GapFilled { source: source(), days: vec![date(2026, 11, 3), date(2026, 11, 4), day] },
        DoubtRecord::FactMissing { items: 2 },
        DoubtRecord::SeenElsewhere { item: item(), at: vec![sighting(Some(day))] },
        DoubtRecord::AgreementEnded,
        DoubtRecord::OneTimeBilled,
        DoubtRecord::AgreementTypesDiffer,
        DoubtRecord::NotSoldAndBilled,
        DoubtRecord::NotSoldReviewDue { why: String::new(), review: day },
        DoubtRecord::NotSoldReviewDue { why: "bought elsewhere".into(), review: day },
        DoubtRecord::SeveralPrices,
        DoubtRecord::IncludedTwice,
        DoubtRecord::ProductSuperseded { lines: vec![LineId::new("771").unwrap()] },
        DoubtRecord::CreditsAmongLines { lines: vec![LineId::new("771").unwrap(), LineId::new("772").unwrap()] },
    ]
}

fn sighting(last_seen: Option<Date>) -> SightingRecord {
    let client = ClientName { client_id: ClientId::new("252").unwrap(), client_name: "Birch Engineering".into() };
    SightingRecord { account: account(), clients: vec![client], last_seen }
}

fn widenings() -> Vec<WideningRecord> {
    let (kind, attribute, word) = ("server".to_owned(), "site".to_owned(), "Bosten".to_owned());
    vec![
        WideningRecord::SourceNotRead { source: source() },
        WideningRecord::SourceTooOld { source: source(), synced_on: date(2026, 11, 2) },
        WideningRecord::NoAccountByGrant { source: source() },
        WideningRecord::NoAccountInFile { source: source() },
        WideningRecord::AccountFailed { account: account() },
        WideningRecord::AccountFailed { account: AccountRecord { in_file: true, ..account() } },
        WideningRecord::AccountPartial { account: account() },
        WideningRecord::AccountDoubtful { account: account() },
        WideningRecord::AccountFell { account: account() },
        WideningRecord::AccountGone { account: account() },
        WideningRecord::AccountUndecided { account: account() },
        WideningRecord::AnyUndecided { source: source(), accounts: 1 },
        WideningRecord::AnyUndecided { source: source(), accounts: 12 },
        WideningRecord::ItemNotSplit { item: item() },
        WideningRecord::ItemUnknown { item: item(), word: Some("parked".into()) },
        WideningRecord::ItemUnknown { item: NamedItem { in_file: true, ..item() }, word: Some("parked".into()) },
        WideningRecord::ItemUnknown { item: NamedItem { name: None, ..item() }, word: None },
        WideningRecord::SeenElsewhere { item: item(), at: vec![sighting(None)] },
        WideningRecord::SeenElsewhere {
            item: item(),
            at: vec![
                sighting(Some(date(2026, 11, 25))),
                SightingRecord { clients: Vec::new(), ..sighting(Some(date(2026, 11, 25))) },
            ],
        },
        WideningRecord::Replaced { item: item(), by: item(), stale_on: Some(date(2026, 12, 18)) },
        WideningRecord::Replaced { item: item(), by: item(), stale_on: None },
        WideningRecord::BoughtTwice { sku: "spb".into(), sources: vec![source(), source()] },
        WideningRecord::HolderUntaken { item: item() },
        WideningRecord::CoverNotSure { service: ProductCode::new("SEAT").unwrap() },
        WideningRecord::GrantNotSure { service: ProductCode::new("SEAT").unwrap() },
        WideningRecord::DaysUnread { account: account(), from: date(2026, 11, 1), to: date(2026, 11, 20) },
        WideningRecord::ChangedUnread { account: account(), from: date(2026, 11, 12), to: date(2026, 11, 12) },
        WideningRecord::QuantityUnsaid { item: item() },
        WideningRecord::QuantityUnsaid { item: NamedItem { in_file: true, ..item() } },
        WideningRecord::QuantityNegative { item: item(), said: Decimal::from(-5) },
        WideningRecord::QuantityNegative { item: NamedItem { in_file: true, ..item() }, said: Decimal::from(-5) },
        WideningRecord::WordNeverSeen { source: source(), kind: kind.clone(), attribute: None, word: None },
        WideningRecord::WordNeverSeen {
            source: source(),
            kind: kind.clone(),
            attribute: Some(attribute.clone()),
            word: Some(word.clone()),
        },
        WideningRecord::UnwantedNeverSeen { source: source(), kind, attribute, word },
    ]
}

fn ledger_reasons() -> Vec<LedgerReason> {
    let of_all = [
        LedgerReason::Usual,
        LedgerReason::Product,
        LedgerReason::Stale,
        LedgerReason::Duplicate,
        LedgerReason::Group,
        LedgerReason::Untaken,
        LedgerReason::Same,
        LedgerReason::Smaller,
        LedgerReason::Replaced,
        LedgerReason::BoughtTwice,
        LedgerReason::Moved,
        LedgerReason::Unknown,
        LedgerReason::Elsewhere,
        LedgerReason::Split,
        LedgerReason::Fell,
        LedgerReason::Gone,
        LedgerReason::Undecided,
        LedgerReason::Covered,
        LedgerReason::Factor,
        LedgerReason::Unit,
        LedgerReason::Granted,
        LedgerReason::Included,
        LedgerReason::Minimum,
        LedgerReason::Commitment,
        LedgerReason::Pack,
        LedgerReason::RoundUp,
        LedgerReason::OneTime,
    ];
    LeftOutReason::ALL.into_iter().map(LedgerReason::State).chain(of_all).collect()
}

/// Code, then its words as a terminal of 80 columns shows them.
fn shown(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut out = String::new();
    for (code, text) in rows {
        out.push_str(&format!("{code}\n    {}\n", wrapped(&text, 80, 4)));
    }
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        let is_code = !line.starts_with(' ');
        let small = line.to_lowercase();
        assert!(is_code || !NOT_OUR_WORDS.iter().any(|word| small.contains(word)), "{line}");
    }
    out
}

#[test]
fn kinds_of_rows() {
    insta::assert_snapshot!(shown(KINDS.map(|one| (one.as_str(), kind(one).to_owned()))));
}

#[test]
fn reasons_of_units_that_are_not_billed() {
    let words = ledger_reasons().into_iter().map(|reason| (reason.as_str(), left_out(reason, Some(30))));
    insta::assert_snapshot!(shown(words));
    assert_eq!(left_out(LedgerReason::Stale, None), "not seen for too long");
}

#[test]
fn units_inside_other_services_name_them() {
    let service = |code: &str| ProductCode::new(code).unwrap();
    let covers = |code| OuterService::Covers { service: service(code), is_sure: true };
    let grants = OuterService::Grants { service: service("DEVICE"), at_least: Decimal::ONE, at_most: None };
    let takes = |code| OuterService::Takes { service: service(code), is_sure: true };
    let outer = vec![takes("FIRST"), takes("SECOND"), covers("SEAT"), grants, covers("FULL")];
    let row = RowRecord { outer, stale_days: Some(30), ..RowRecord::empty(RowKind::Agrees, service("M365-BP")) };
    assert_eq!(left_out_of(&row, LedgerReason::Covered), "inside `SEAT` and `FULL`");
    assert_eq!(left_out_of(&row, LedgerReason::Granted), "brought by `DEVICE`");
    assert_eq!(left_out_of(&row, LedgerReason::Group), "counted in `FIRST` or `SECOND`");
    assert_eq!(left_out_of(&row, LedgerReason::Stale), "not seen for over 30 days");
    assert_eq!(left_out_of(&row, LedgerReason::Commitment), "to reach what is committed");
    let row = RowRecord { committed_until: Some(date(2027, 8, 31)), ..row };
    assert_eq!(left_out_of(&row, LedgerReason::Commitment), "to reach what is committed until 31 August 2027");
}

#[test]
fn doubts_with_what_settles_them() {
    insta::assert_snapshot!(shown(doubts().iter().map(|one| (one.code(), doubt(one).to_string()))));
}

#[test]
fn widenings_with_what_settles_them() {
    insta::assert_snapshot!(shown(widenings().iter().map(|one| (one.code(), widening(one).to_string()))));
}

#[test]
fn faults_and_what_was_not_read() {
    let faults = [("too_many_digits", RowFault::TooManyDigits), ("broken_ledger", RowFault::BrokenLedger)];
    let mut one = RowRecord::empty(RowKind::NotReconciled, ProductCode::new("MNG-SRV").unwrap());
    one.longest_number = Some(LongNumber::Line {
        line_id: LineId::new("L-7").unwrap(),
        agreement_id: AgreementId::new("A-7").unwrap(),
        field: LineField::UnitPrice,
        value: "12345678901234567890.5".parse().unwrap(),
    });
    let of_line = ("too_many_digits", row::fault(RowFault::TooManyDigits, &one).to_string());
    one.longest_number = Some(LongNumber::Item { item: item(), value: "7777777777777777777777".parse().unwrap() });
    let of_item = ("too_many_digits", row::fault(RowFault::TooManyDigits, &one).to_string());
    one.longest_number = None;
    let faults = faults.map(|(code, fault)| (code, row::fault(fault, &one).to_string()));
    let faults = faults.into_iter().chain([of_line, of_item]);
    let lines = [("failed", LinesReadWord::Failed), ("partial", LinesReadWord::Partial), ("fell", LinesReadWord::Fell)];
    let lines = lines.map(|(code, read)| (code, unread_client(read).to_string()));
    insta::assert_snapshot!(shown(faults.chain(lines)));
}

#[test]
fn steps_and_owners_of_widenings() {
    let mut out = String::new();
    for widening in widenings() {
        let mut row = RowRecord::empty(RowKind::NotReconciled, ProductCode::new("MNG-SRV").unwrap());
        (row.at_least, row.widenings) = (Some(rust_decimal::Decimal::ONE), vec![widening]);
        let read = LinesReadWord::Complete;
        let (step, owner) = (step(read, &row).unwrap(), owner(read, &row).unwrap());
        out.push_str(&format!("{}: {} ({})\n", row.widenings[0].code(), step.label(), owner.as_str()));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_sentence_of_a_row_has_the_numbers_and_what_was_left_out() {
    let number = rust_decimal::Decimal::from;
    let home = Currency::new("USD").unwrap();
    let mut one = RowRecord::empty(RowKind::Underbilled, ProductCode::new("MNG-SRV").unwrap());
    one.explained = [(LedgerReason::Stale, number(-2)), (LedgerReason::Duplicate, number(-1))].into();
    one.stale_days = Some(30);
    (one.billed, one.counted, one.should_bill) = (number(20), Some(number(23)), Some(number(23)));
    (one.at_least, one.at_most, one.variance) = (Some(number(23)), Some(number(23)), Some(number(3)));
    (one.currency, one.unit_price, one.monthly_impact) = (Some(home), Some(number(95)), Some(number(285)));
    assert_eq!(
        row(LinesReadWord::Complete, &one, home),
        "23 counted, 20 billed: underbilled by 3; not counted: 2 not seen for over 30 days, 1 duplicate; \
         USD 95.00 each a month"
    );
    one.at_most = None;
    one.widenings = vec![WideningRecord::AccountFailed { account: account() }];
    assert_eq!(
        row(LinesReadWord::Complete, &one, home),
        "23 counted, 20 billed: underbilled by at least 3; there may be more: account `Alder Dental` in ninjaone was \
         not read; not counted: 2 not seen for over 30 days, 1 duplicate; USD 95.00 each a month"
    );
    let open = RowRecord {
        kind: RowKind::NotReconciled,
        counted: None,
        should_bill: None,
        variance: None,
        at_least: Some(number(6)),
        at_most: Some(number(10)),
        billed: number(8),
        stake_up: Some(AtStake::Known(number(190))),
        stake_down: Some(AtStake::Unknown),
        explained: [].into(),
        ..one
    };
    assert_eq!(
        row(LinesReadWord::Complete, &open, home),
        "from 6 to 10 should be billed, 8 billed; account `Alder Dental` in ninjaone was not read; at stake a month: \
         USD 190.00 up, an unknown amount down; to settle it (sync admin): give access to the account and run again"
    );
}

/// What a row says then: so many count and should be billed, and are so many more than is billed.
fn then(kind: RowKind, counted: i64, variance: i64, impact: Option<i64>) -> IfConfirmed {
    let units = Some(Decimal::from(counted));
    IfConfirmed {
        accounts: vec![ProposedAccount { account: account(), score: Some(Decimal::new(957, 3)) }],
        others: 0,
        kind,
        at_least: units,
        at_most: units,
        counted: units,
        should_bill: units,
        variance: Some(variance.into()),
        currency: Some(Currency::new("GBP").unwrap()),
        monthly_impact: impact.map(Decimal::from),
        is_estimated: false,
        remains: None,
    }
}

#[test]
fn a_row_says_what_it_would_be_if_the_proposals_are_confirmed() {
    let told = |then: IfConfirmed| {
        let mut row = RowRecord::empty(RowKind::NotReconciled, ProductCode::new("MNG-SRV").unwrap());
        (row.billed, row.if_confirmed) = (Decimal::from(20), Some(Box::new(then)));
        if_confirmed(&row).unwrap()
    };
    for (then, expected) in [
        (then(RowKind::Agrees, 20, 0, None), "20 counted, agrees"),
        (then(RowKind::Underbilled, 23, 3, Some(45)), "23 counted, 3 underbilled, +GBP 45.00 a month"),
        (then(RowKind::Overbilled, 17, -3, Some(-45)), "17 counted, 3 overbilled, -GBP 45.00 a month"),
        (then(RowKind::BilledWithoutUsage, 0, -20, None), "none counted, 20 billed, not used, no known value"),
        (then(RowKind::UnbilledUsage, 23, 23, Some(345)), "23 counted, not on the agreement, +GBP 345.00 a month"),
        (then(RowKind::LeftAlone, 21, 1, None), "21 counted, 1 more than billed, left alone"),
        (then(RowKind::LeftAlone, 19, -1, None), "19 counted, 1 less than billed, left alone"),
        (
            IfConfirmed { counted: None, variance: None, ..then(RowKind::LeftAlone, 0, 0, None) },
            "the difference is left alone",
        ),
        (then(RowKind::EndedAgreementInUse, 7, 7, None), "7 counted, agreement ended, still in use"),
        (then(RowKind::AgreementEnding, 7, 7, None), "7 counted, 7 in use on lines that end"),
        (
            IfConfirmed { at_most: None, is_estimated: true, ..then(RowKind::Underbilled, 23, 3, Some(45)) },
            "23 counted, at least 3 underbilled, +GBP 45.00 a month (estimated)",
        ),
        (
            IfConfirmed {
                at_most: None,
                counted: None,
                variance: None,
                remains: Some(WideningRecord::AccountFailed { account: account() }),
                ..then(RowKind::NotReconciled, 17, 0, None)
            },
            "still not known, at least 17 should be billed, no upper limit is known; account `Alder Dental` in ninjaone \
             was not read",
        ),
    ] {
        assert_eq!(told(then), format!("if `Alder Dental` in ninjaone (95 %) is confirmed: {expected}"));
    }
    let mut of_several = then(RowKind::Agrees, 20, 0, None);
    of_several.accounts.push(ProposedAccount { account: account(), score: None });
    let two = "if `Alder Dental` in ninjaone (95 %) and `Alder Dental` in ninjaone are confirmed: 20 counted, agrees";
    assert_eq!(told(of_several.clone()), two);
    of_several.accounts.extend(of_several.accounts.clone());
    of_several.others = 1;
    assert!(told(of_several.clone()).contains(" in ninjaone, 2 more accounts and 1 account for another client are "));
    (of_several.accounts, of_several.others) = (Vec::new(), 2);
    assert_eq!(told(of_several), "if 2 accounts for other clients are confirmed: 20 counted, agrees");
    let plain = RowRecord::empty(RowKind::NotReconciled, ProductCode::new("MNG-SRV").unwrap());
    assert_eq!(if_confirmed(&plain), None);
}

#[test]
fn a_proposal_says_what_becomes_of_the_rows_of_its_client() {
    let amounts = |add: i64, reduce: i64| {
        let mut amounts = AddAndReduce::of_change(add.into(), false);
        amounts.take(&AddAndReduce::of_change(Decimal::from(-reduce), false));
        [(Currency::new("GBP").unwrap(), amounts)].into()
    };
    let all = ProposalEffect {
        together_with: 1,
        settled: [(RowKind::Agrees, 2), (RowKind::Underbilled, 1)].into(),
        open: 1,
        new: [(RowKind::UnbilledUsage, 2)].into(),
        amounts: amounts(45, 12),
        unpriced: 1,
    };
    for (effect, expected) in [
        (ProposalEffect::default(), "changes no comparison"),
        (
            ProposalEffect { settled: [(RowKind::Agrees, 1)].into(), ..ProposalEffect::default() },
            "settles 1 comparison (agrees)",
        ),
        (
            ProposalEffect { settled: [(RowKind::Agrees, 3)].into(), ..ProposalEffect::default() },
            "settles 3 comparisons (all agree)",
        ),
        (
            ProposalEffect {
                new: [(RowKind::UnbilledUsage, 1), (RowKind::Listed, 2)].into(),
                ..ProposalEffect::default()
            },
            "shows 3 new comparisons (1 used but not on the agreement, 2 used and only listed)",
        ),
        (ProposalEffect { open: 2, ..ProposalEffect::default() }, "2 comparisons stay not reconciled"),
        (
            all,
            "settles 3 comparisons (2 agree, 1 underbilled); shows 2 new comparisons (both used but not on the \
             agreement); GBP 45.00 to add and GBP 12.00 to reduce a month; 1 change without a known value; \
             1 comparison stays not reconciled; together with 1 other proposal for the client",
        ),
    ] {
        assert_eq!(proposal_effect(&effect), expected);
    }
    for kind in RowKind::ALL {
        let told = proposal_effect(&ProposalEffect { new: [(kind, 1)].into(), ..ProposalEffect::default() });
        assert!(!told.contains(','), "commas are between kinds: {told}");
    }
}

#[test]
fn items_that_are_open_for_one_reason_are_counted() {
    let parked = |id: &str| WideningRecord::ItemUnknown {
        item: NamedItem { item_id: id.into(), name: None, in_file: true },
        word: Some("parked".into()),
    };
    let open = WideningRecord::ItemUnknown { item: item(), word: None };
    let said = |widenings: &[WideningRecord]| causes(widenings).into_iter().map(|one| one.what).collect::<Vec<_>>();
    assert_eq!(
        said(&[
            parked("1"),
            open.clone(),
            parked("2"),
            WideningRecord::SourceNotRead { source: source() },
            parked("3")
        ]),
        [
            "nobody has explained the status `parked` of 3 items",
            "it is not known whether `SRV-01` counts",
            "ninjaone was not read"
        ]
    );
    assert_eq!(said(&[open.clone(), open]), ["it is not known whether 2 items count"]);
    assert_eq!(said(&[parked("1")]), ["nobody has explained the status `parked` of `1`"]);
}

#[test]
fn a_command_is_quoted_for_a_shell() {
    for (word, expected) in [("A-17", "A-17"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$(x)", "'$(x)'")]
    {
        assert_eq!(quoted(word), expected, "{word}");
    }
}

#[test]
fn what_is_left_alone_says_why_and_what_is_due_later_when() {
    let number = rust_decimal::Decimal::from;
    let home = Currency::new("USD").unwrap();
    let mut one = RowRecord::empty(RowKind::LeftAlone, ProductCode::new("MNG-SRV").unwrap());
    (one.billed, one.counted, one.should_bill, one.variance) =
        (number(5), Some(number(7)), Some(number(7)), Some(number(2)));
    (one.at_least, one.at_most) = (Some(number(7)), Some(number(7)));
    let not_sold = |why: &str, review| LeftAloneReason::NotSold { why: why.into(), review };
    for (why, expected) in [
        (LeftAloneReason::Tolerance { units: number(2) }, "within the rule's tolerance of 2"),
        (
            LeftAloneReason::Replaced { units: number(1), until: Some(date(2026, 12, 18)) },
            "1 was probably replaced, which is looked at again on 18 December 2026",
        ),
        (LeftAloneReason::Replaced { units: number(2), until: None }, "2 were probably replaced"),
        (LeftAloneReason::TypedFrom { day: date(2026, 12, 1) }, "a line that begins on 1 December 2026 covers it"),
        (not_sold("", None), "not sold to the client"),
        (
            not_sold("own team", Some(date(2027, 1, 31))),
            "not sold to the client (`own team`), to be looked at again on 31 January 2027",
        ),
    ] {
        one.left_alone_because = Some(why);
        let expected = format!("7 counted, 5 billed: underbilled by 2, left alone: {expected}");
        assert_eq!(row(LinesReadWord::Complete, &one, home), expected);
    }
    (one.kind, one.left_alone_because, one.due) = (RowKind::Underbilled, None, Some(date(2027, 3, 1)));
    (one.currency, one.unit_price, one.monthly_impact) = (Some(home), Some(number(95)), Some(number(190)));
    let text = row(LinesReadWord::Complete, &one, home);
    assert_eq!(text, "7 counted, 5 billed: underbilled by 2; USD 95.00 each a month, due on 1 March 2027");
}

#[test]
fn text_is_broken_at_words() {
    assert_eq!(wrapped("one two three", 7, 0), "one two\nthree");
    assert_eq!(wrapped("one two three", 9, 2), "one two\n  three");
    assert_eq!(wrapped("a-word-that-is-too-long b", 5, 1), "a-word-that-is-too-long\n b");
    assert_eq!(wrapped("", 5, 1), "");
    assert_eq!(wrapped("so: `a b c`, then `d`", 12, 2), "so:\n  `a b c`,\n  then `d`");
    assert_eq!(wrapped("an `open end of it", 8, 0), "an `open\nend of\nit");
    assert_eq!(wrapped("a `quote too long for a line`", 12, 0), "a `quote too\nlong for a\nline`");
}

#[test]
fn a_change_is_told_to_the_client_in_a_sentence_or_two() {
    let units = |units: i64| Some(Decimal::from(units));
    let line = LineRecord {
        line_id: LineId::new("L1").unwrap(),
        agreement_id: AgreementId::new("A1").unwrap(),
        agreement_name: "Managed services".to_owned(),
        product_code: ProductCode::new("WKS").unwrap(),
        product_name: Some("Managed workstation".to_owned()),
        quantity: 12.into(),
        unit_price: None,
        cycle_months: Some(1),
        prorates: None,
        currency: Currency::new("GBP").unwrap(),
        from: None,
        to: None,
    };
    let row = RowRecord {
        counted: units(13),
        billed: 12.into(),
        should_bill: units(13),
        variance: units(1),
        next_invoice_date: Some(date(2026, 7, 1)),
        sources: vec![CountedOn { source: source(), day: date(2026, 6, 30) }],
        lines: vec![line],
        ..RowRecord::empty(RowKind::Underbilled, ProductCode::new("WKS").unwrap())
    };
    let later = RowRecord { due: Some(date(2026, 8, 1)), counted: units(15), ..row.clone() };
    let fewer = RowRecord {
        kind: RowKind::Overbilled,
        counted: units(9),
        should_bill: units(9),
        variance: units(-3),
        items_moved: Some(ItemsMoved {
            since: date(2026, 5, 31),
            came: Vec::new(),
            went: vec![WentItem {
                item: CountedItem {
                    source: source(),
                    account_id: AccountId::new("a").unwrap(),
                    item_id: "7".to_owned(),
                    name: Some("WS-07".to_owned()),
                },
                is_listed: false,
                reason: None,
                day: None,
            }],
        }),
        ..row.clone()
    };
    let nowhere = RowRecord {
        kind: RowKind::UnbilledUsage,
        counted: None,
        billed: Decimal::ZERO,
        lines: Vec::new(),
        sources: Vec::new(),
        next_invoice_date: None,
        ..row.clone()
    };
    for (row, told) in [
        (
            &row,
            "On 30 June 2026 we counted 13 × Managed workstation; \"Managed services\" bills 12. From the invoice of \
             1 July 2026 on it is 13.",
        ),
        (
            &later,
            "On 30 June 2026 we counted 15 × Managed workstation, of which 13 are to be billed; \"Managed services\" \
             bills 12. From the invoice of 1 August 2026 on it is 13.",
        ),
        (
            &fewer,
            "On 30 June 2026 we counted 9 × Managed workstation; \"Managed services\" bills 12. From the invoice of \
             1 July 2026 on it is 9. No longer counted: WS-07 (no longer listed).",
        ),
        (&nowhere, "We counted at least 13 × WKS; 0 are billed. From the next invoice on it is 13."),
        (&RowRecord { kind: RowKind::Agrees, ..row.clone() }, ""),
    ] {
        assert_eq!(for_client(row), told);
    }
}
