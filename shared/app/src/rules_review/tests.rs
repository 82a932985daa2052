//! The rules of a small MSP beside its syncs: what they count, and what they miss.

use truecount_billing::UsageItem;

use super::*;
use crate::test_environment::{Content, SETTINGS, TODAY, TestEnvironment, at_sites, billed, config, used};

/// A client that is billed for so many of another product.
fn billed_for(client: &str, name: &str, product: &str, agreement_type: &str) -> Content {
    let mut content = billed(client, name, 2);
    for line in &mut content.lines {
        line.product_code = product.parse().unwrap();
        line.agreement.agreement_type = Some(agreement_type.to_owned());
    }
    content
}

/// An account with one item of a kind.
fn one_of_kind(account: &str, name: &str, kind: &str) -> Content {
    let item = UsageItem::new(format!("{account}-x").parse().unwrap(), kind);
    Content { items: vec![item], ..used(account, name, 0) }
}

/// An account with servers that are licensed by these products of the vendor.
fn with_skus(account: &str, name: &str, skus: &[&str]) -> Content {
    let mut content = used(account, name, u32::try_from(skus.len()).unwrap());
    for (item, sku) in content.items.iter_mut().zip(skus) {
        item.sku = Some((*sku).to_owned());
    }
    content
}

async fn review(test: &TestEnvironment) -> RulesReview {
    RulesReview::load(&test.env, &test.config).await.unwrap()
}

#[tokio::test]
async fn each_service_has_its_items_clients_and_revenue() {
    let test = TestEnvironment::synced().await;
    let found = review(&test).await;
    let [service] = found.services.as_slice() else { panic!("{found:?}") };
    assert_eq!((service.items, service.clients_billed, service.clients_agree), (3, 2, 0));
    let revenue: Vec<_> = service.revenue.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect();
    assert_eq!(revenue, ["GBP 136.50"], "3 at 45.50");
    assert!(found.is_clean(), "{found:?}");
    assert_eq!(found.synced_on.values().flatten().map(ToString::to_string).collect::<Vec<_>>(), [TODAY, TODAY]);
}

#[tokio::test]
async fn what_agrees_is_counted_and_a_service_without_anything_stands() {
    let mut test = TestEnvironment::new();
    let rules = "[services]\nUNUSED = { count = \"rmm.nas\" }\nMNG-SRV = { count = \"rmm.server\" }\n";
    test.config = config(SETTINGS, rules);
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    test.commit("rmm", TODAY, &[used("a1", "Harbour Dental", 2)]).await;
    let found = review(&test).await;
    let services = found.services.iter().map(|one| (one.service.as_str(), one.items, one.clients_agree));
    assert_eq!(services.collect::<Vec<_>>(), [("UNUSED", 0, 0), ("MNG-SRV", 2, 1)]);
}

#[tokio::test]
async fn products_kinds_and_skus_that_no_service_speaks_of_are_listed() {
    let mut test = TestEnvironment::new();
    test.config = config(SETTINGS, "[services]\nMNG-SRV = { count = \"rmm.server\", where = { sku = \"PRO*\" } }\n");
    let clients = [
        billed_for("c1", "Harbour Dental", "HOSTING", "Managed"),
        billed("c2", "Quiet Quay", 1),
        billed_for("c3", "Mill", "HOSTING", "Managed"),
    ];
    test.commit("psa", TODAY, &clients).await;
    let accounts =
        [with_skus("a1", "Harbour Dental", &["PRO-1", "LITE", "LITE"]), one_of_kind("a2", "Quiet Quay", "switch")];
    test.commit("rmm", TODAY, &accounts).await;
    let found = review(&test).await;
    let products = found.products.iter().map(|one| (one.product.as_str(), one.clients, one.revenue.len()));
    assert_eq!(products.collect::<Vec<_>>(), [("HOSTING", 2, 1)]);
    let uncounted = found.uncounted.iter().map(|one| (one.kind.as_str(), one.sku.as_deref(), one.items));
    assert_eq!(uncounted.collect::<Vec<_>>(), [("server", Some("LITE"), 2), ("switch", None, 1)]);
    assert!(!found.is_clean());
}

#[tokio::test]
async fn words_types_and_clients_that_nobody_has_are_named_with_the_nearest() {
    let mut test = TestEnvironment::new();
    let rules = "[services]\nMNG-SRV = { count = \"rmm.server\", where = { site = \"leds\" } }\n\
        [agreement_types.\"Manged\"]\nMNG-SRV = { included = 1 }\n\
        [clients.\"Harbor Dental\"]\nMNG-SRV = { included = 1 }\n";
    test.config = config(SETTINGS, rules);
    test.commit("psa", TODAY, &[billed_for("c1", "Harbour Dental", "MNG-SRV", "Managed")]).await;
    test.commit("rmm", TODAY, &[at_sites("a1", "Harbour Dental", &["leeds", "york"])]).await;
    let found = review(&test).await;
    let words = found.words.iter().map(|one| (one.word.as_deref(), one.nearest.as_deref()));
    assert_eq!(words.collect::<Vec<_>>(), [(Some("leds"), Some("leeds"))]);
    let types = found.agreement_types.iter().map(|one| (one.name.as_str(), one.line, one.nearest.as_deref()));
    assert_eq!(types.collect::<Vec<_>>(), [("Manged", 3, Some("Managed"))]);
    assert!(found.clients[0].message.contains("Harbour Dental"), "{:?}", found.clients);
}

#[tokio::test]
async fn a_part_of_a_products_name_is_told_with_the_whole_name() {
    let mut test = TestEnvironment::new();
    let settings = format!(
        "{SETTINGS}\n[[sources]]\nid = \"cloud\"\nconnector = \"microsoft-graph\"\n\
         partner_tenant = \"7a1c0c1e-6f0e-4a0b-9d3e-0c5b1f2d3e4f\"\n"
    );
    let rules = "[services]\nSEATS = { count = \"cloud.licence\", where = { sku = \"Business Premium\" } }\n";
    test.config = config(&settings, rules);
    test.commit("psa", TODAY, &[billed_for("c1", "Harbour Dental", "SEATS", "Managed")]).await;
    let mut licence = one_of_kind("a1", "Harbour Dental", "licence");
    licence.items[0].sku = Some("SPB".to_owned());
    test.commit("cloud", TODAY, &[licence]).await;
    let found = review(&test).await;
    let words = found.words.iter().map(|one| (one.word.as_deref(), one.nearest.as_deref()));
    assert_eq!(words.collect::<Vec<_>>(), [(Some("Business Premium"), Some("Microsoft 365 Business Premium"))]);
}

#[tokio::test]
async fn nothing_is_said_of_a_source_that_was_never_read() {
    let mut test = TestEnvironment::new();
    test.config = config(SETTINGS, "[services]\nMNG-SRV = { count = \"rmm.server\", where = { site = \"leds\" } }\n");
    test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
    let found = review(&test).await;
    assert_eq!((found.words.len(), found.services[0].items, found.services[0].clients_billed), (0, 0, 1));
    assert_eq!(found.synced_on.values().filter(|day| day.is_none()).count(), 1);
}
