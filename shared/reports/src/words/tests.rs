//! Every code in words, one list for each group of codes.

use jiff::civil::date;
use rust_decimal::Decimal;
use truecount_billing::{AccountId, Currency, LeftOutReason, LineId, ProductCode, SourceId};
use truecount_reconciliation::{
    AccountRecord, AtStake, DoubtRecord, LedgerReason, LinesReadWord, NamedItem, RowFault, RowKind, RowRecord,
    WideningRecord,
};

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
    AccountRecord { source: source(), account_id, account_name: "Alder Dental".into() }
}

fn item() -> NamedItem {
    NamedItem { item_id: "17".into(), name: Some("SRV-01".into()) }
}

fn doubts() -> Vec<DoubtRecord> {
    let (account, day) = (account(), date(2026, 11, 24));
    vec![
        DoubtRecord::ListPrice,
        DoubtRecord::NoAccount { source: source() },
        DoubtRecord::AccountGone { account: account.clone(), since: day },
        DoubtRecord::UndecidedCouldFill { source: source(), accounts: 1 },
        DoubtRecord::UndecidedCouldFill { source: source(), accounts: 3 },
        DoubtRecord::FirstMonthWithoutAny { source: source(), kind: "nas".into() },
        DoubtRecord::OlderReading { source: source(), synced_on: day, failed_on: date(2026, 11, 26) },
        DoubtRecord::EarlierReading { account, as_of: day },
        DoubtRecord::FactMissing { items: 2 },
        DoubtRecord::AgreementEnded,
        DoubtRecord::OneTimeBilled,
        DoubtRecord::AgreementTypesDiffer,
        DoubtRecord::NotSoldAndBilled,
        DoubtRecord::SeveralPrices,
        DoubtRecord::IncludedTwice,
        DoubtRecord::CreditsAmongLines { lines: vec![LineId::new("771").unwrap(), LineId::new("772").unwrap()] },
    ]
}

fn widenings() -> Vec<WideningRecord> {
    let (kind, attribute, word) = ("server".to_owned(), "site".to_owned(), "Bosten".to_owned());
    vec![
        WideningRecord::SourceNotRead { source: source() },
        WideningRecord::SourceTooOld { source: source(), synced_on: date(2026, 11, 2) },
        WideningRecord::NoAccountByGrant { source: source() },
        WideningRecord::AccountFailed { account: account() },
        WideningRecord::AccountPartial { account: account() },
        WideningRecord::AccountDoubtful { account: account() },
        WideningRecord::AccountFell { account: account() },
        WideningRecord::AccountGone { account: account() },
        WideningRecord::AccountUndecided { account: account() },
        WideningRecord::AnyUndecided { source: source(), accounts: 1 },
        WideningRecord::AnyUndecided { source: source(), accounts: 12 },
        WideningRecord::ItemNotSplit { item: item() },
        WideningRecord::ItemUnknown { item: item(), word: Some("parked".into()) },
        WideningRecord::ItemUnknown { item: NamedItem { name: None, ..item() }, word: None },
        WideningRecord::QuantityUnsaid { item: item() },
        WideningRecord::QuantityNegative { item: item(), said: Decimal::from(-5) },
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
        LedgerReason::Stale,
        LedgerReason::Duplicate,
        LedgerReason::Unknown,
        LedgerReason::Split,
        LedgerReason::Fell,
        LedgerReason::Gone,
        LedgerReason::Undecided,
        LedgerReason::Included,
        LedgerReason::Minimum,
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
    let faults = faults.map(|(code, fault)| (code, row::fault(fault).to_string()));
    let lines = [("failed", LinesReadWord::Failed), ("partial", LinesReadWord::Partial), ("fell", LinesReadWord::Fell)];
    let lines = lines.map(|(code, read)| (code, unread_client(read).to_string()));
    insta::assert_snapshot!(shown(faults.into_iter().chain(lines)));
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

#[test]
fn text_is_broken_at_words() {
    assert_eq!(wrapped("one two three", 7, 0), "one two\nthree");
    assert_eq!(wrapped("one two three", 9, 2), "one two\n  three");
    assert_eq!(wrapped("a-word-that-is-too-long b", 5, 1), "a-word-that-is-too-long\n b");
    assert_eq!(wrapped("", 5, 1), "");
}
