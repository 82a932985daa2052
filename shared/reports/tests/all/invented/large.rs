//! A month of so many exceptions that a page must choose, and one whose names are as hostile as names can be.

use truecount_billing::{AccountId, ClientId, ProductCode, SourceId};
use truecount_reconciliation::{ItemFateWord, ItemRecord, LedgerReason, RowKind, RowRecord};

use super::{Sample, decimal, month};

/// Names that break what does not expect them.
pub(crate) const HOSTILE: [&str; 14] = [
    "</script><script>document.title='broken'</script>",
    "<!--<script>",
    "<img src=https://evil.example/x.png onerror=document.title='broken'>",
    "\"><svg onload=document.title='broken'>",
    "\u{2028}\u{2029} lines that are none",
    "invoice\u{202e}fdp.exe",
    "مجموعة الخليج للتأمين والخدمات الطبية",
    "בית חולים כללי (צפון)",
    "株式会社日本総合情報処理技術研究所",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "👩‍👩‍👧 Ltd 🏴",
    "javascript:document.title='broken'",
    "{{ constructor }} ${7*7} `code` __proto__",
    "__proto__",
];

/// A name of 200 characters without a blank.
pub(crate) fn long_name() -> String {
    "Llanfairpwllgwyngyll".repeat(10)
}

/// So many clients with the exceptions of a usual month, each with items.
pub(crate) fn many(clients: usize, items: usize) -> Sample {
    let mut sample = month();
    let is_wanted = |row: &&RowRecord| row.kind.changes_a_bill() || row.kind == RowKind::NotReconciled;
    let differing: Vec<RowRecord> =
        sample.clients.iter().flat_map(|client| &client.rows).filter(is_wanted).cloned().collect();
    let template = sample.clients[0].clone();
    sample.clients = (0..clients)
        .map(|at| {
            let mut client = template.clone();
            client.client_id = ClientId::new(format!("C-{at}")).unwrap();
            client.client_name = format!("{} {at}", ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"][at % 6]);
            client.rows = differing.iter().enumerate().map(|(of, row)| own(row, at, of, items)).collect();
            client
        })
        .collect();
    sample.added_up()
}

/// A row of its own: with its service, and its items.
fn own(row: &RowRecord, client: usize, of: usize, items: usize) -> RowRecord {
    let mut row = row.clone();
    row.service = ProductCode::new(format!("{}-{of}", row.service)).unwrap();
    row.items = (0..items).map(|at| item(&format!("PC-{client}-{of}-{at:04}"), at % 7 == 6)).collect();
    row
}

pub(crate) fn item(name: &str, is_stale: bool) -> ItemRecord {
    ItemRecord {
        source: SourceId::new("ninjaone").unwrap(),
        account_id: AccountId::new("acc-1").unwrap(),
        item_id: format!("id of {name}"),
        name: Some(name.to_owned()),
        kind: Some("workstation".to_owned()),
        units: Some(decimal("1")),
        first_seen: None,
        fate: if is_stale { ItemFateWord::Out } else { ItemFateWord::In },
        reason: is_stale.then_some(LedgerReason::Stale),
        is_unassigned: false,
    }
}

/// A usual month whose clients, agreements, products and items have the hostile names, and the long one.
pub(crate) fn hostile() -> Sample {
    let mut sample = month();
    let names: Vec<String> = HOSTILE.iter().map(ToString::to_string).chain([long_name()]).collect();
    for (at, client) in sample.clients.iter_mut().enumerate() {
        let name = |more: usize| names[(at + more) % names.len()].clone();
        client.client_name = name(0);
        for row in &mut client.rows {
            row.items = (0..3).map(|more| item(&name(more), more == 2)).collect();
            for line in &mut row.lines {
                (line.agreement_name, line.product_name) = (name(1), Some(name(2)));
            }
        }
    }
    for (at, suggestion) in sample.suggestions.iter_mut().enumerate() {
        (suggestion.account_name, suggestion.client_name) = (names[at].clone(), Some(names[at + 6].clone()));
    }
    sample.portfolio.unmapped.iter_mut().for_each(|account| account.account_name.clone_from(&names[0]));
    sample
}
