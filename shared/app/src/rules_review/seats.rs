//! Services inside others, and groups: what lives inside what, and whom no service of a group takes.

use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{HOLDS, ProductCode, attribute_words};
use truecount_reconciliation::{ClientRecord, ItemFateWord, RunInputs};
use truecount_rules::{CountPart, Fit, Rules, ServiceGroup, ServiceRule};

/// A service that covers others, or grants units of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OuterServiceReview {
    /// Its code.
    pub service: ProductCode,
    /// The services that live inside it.
    pub covers: Vec<ProductCode>,
    /// Units of others that each of its units brings.
    pub grants: Vec<(ProductCode, Decimal)>,
}

/// A group of services of which the first that takes an item counts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GroupReview {
    /// Its name.
    pub group: String,
    /// Its services in their order.
    pub order: Vec<ProductCode>,
    /// Clients at which none of its services is billed.
    pub clients_without_line: u64,
    /// The items of the group at these clients.
    pub items_without_line: u64,
    /// Holders of a licence whom no service takes: they make counts wider.
    pub holders_untaken: u64,
    /// Others whom no service takes, and the group does not leave out.
    pub others_untaken: u64,
}

/// What the rules say of services inside others, where nothing is nearer.
pub(super) fn outer_services(rules: &Rules) -> Vec<OuterServiceReview> {
    let usual = rules.services().filter_map(|code| rules.usual_rule(code));
    let outer = usual.filter(|rule| !rule.covers.is_empty() || !rule.grants.is_empty());
    let review = |rule: &ServiceRule| OuterServiceReview {
        service: rule.code.clone(),
        covers: rule.covers.clone(),
        grants: rule.grants.clone(),
    };
    outer.map(review).collect()
}

/// The groups, before the clients' rows are looked at.
pub(super) fn groups(inputs: &RunInputs, rules: &Rules) -> Vec<GroupReview> {
    rules.groups().iter().map(|group| of_group(group, inputs, rules)).collect()
}

impl GroupReview {
    /// Notes the usage of the group at a client where none of its services holds.
    pub(super) fn note(&mut self, client: &ClientRecord) {
        for row in client.rows.iter().filter(|row| row.service.as_str() == self.group) {
            self.clients_without_line += 1;
            self.items_without_line += row.items.iter().filter(|item| item.fate == ItemFateWord::In).count() as u64;
        }
    }
}

fn of_group(group: &ServiceGroup, inputs: &RunInputs, rules: &Rules) -> GroupReview {
    let rules_of_order = group.order.iter().filter_map(|code| rules.usual_rule(code));
    let parts: Vec<&CountPart> = rules_of_order.filter_map(|rule| rule.group_part.as_ref()).collect();
    let mut review =
        GroupReview { group: group.name.to_string(), order: group.order.clone(), ..GroupReview::default() };
    let Some(first) = parts.first() else { return review };
    for account in &inputs.accounts {
        let source = &inputs.sources[account.source];
        if source.id != first.source {
            continue;
        }
        for item in account.items_now() {
            let is_counted = inputs.items.kind(item).is_some_and(|kind| source.kinds[kind].name == first.kind);
            let text_of = |name: &str| inputs.items.attribute(item, name);
            let may_take = |part: &&CountPart| part.takes_but_for_except(text_of) != Fit::No;
            if !is_counted || first.except.matches(text_of) == Fit::Yes || parts.iter().any(may_take) {
                continue;
            }
            let holds = text_of(HOLDS).into_iter().flat_map(|text| attribute_words(HOLDS, text));
            let place = match holds.into_iter().any(|word| !word.trim().is_empty()) {
                true => &mut review.holders_untaken,
                false => &mut review.others_untaken,
            };
            *place += 1;
        }
    }
    review
}

#[cfg(test)]
mod tests {
    use super::super::RulesReview;
    use crate::test_environment::{Content, SETTINGS, TODAY, TestEnvironment, at_sites, billed, config};

    const RULES: &str = "[services]\nMNG-SRV = { where = { site = \"leeds\" }, covers = [\"EDR\"], grants = { NAS = 2 } }\n\
                         EDR = { count = \"rmm.server\" }\nNAS = { count = \"rmm.nas\" }\n\
                         [groups.machines]\nonce_per = \"rmm.server\"\norder = [\"MNG-SRV\"]\n";

    #[tokio::test]
    async fn groups_say_who_is_billed_nowhere_and_whom_nobody_takes() {
        let mut test = TestEnvironment::new();
        test.config = config(SETTINGS, RULES);
        test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2), billed_for_none("c2", "Larch Law")]).await;
        let accounts = [
            at_sites("a1", "Harbour Dental", &["leeds", "leeds"]),
            at_sites("a2", "Quince", &["york", "york", "york"]),
            at_sites("a3", "Larch Law", &["leeds", "leeds", "leeds", "leeds"]),
        ];
        test.commit("rmm", TODAY, &accounts).await;
        let found = RulesReview::load(&test.env, &test.config).await.unwrap();
        let [group] = found.groups.as_slice() else { panic!("{found:?}") };
        assert_eq!((group.group.as_str(), group.order.len()), ("machines", 1));
        assert_eq!((group.holders_untaken, group.others_untaken), (0, 3));
        assert_eq!((group.clients_without_line, group.items_without_line), (1, 4));
        let [outer] = found.outer.as_slice() else { panic!("{found:?}") };
        assert_eq!((outer.covers.len(), outer.grants.len()), (1, 1));
    }

    /// A client that is billed for another product.
    fn billed_for_none(client: &str, name: &str) -> Content {
        let mut content = billed(client, name, 2);
        for line in &mut content.lines {
            line.product_code = "HOSTING".parse().unwrap();
        }
        content
    }
}
