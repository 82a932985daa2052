//! Which rules hold for one client today, and where in the file each of their keys stands.
//!
//! Deliberately absent: what is counted. Only the PSA's newest sync is read, for the clients and their agreements.

use jiff::civil::Date;
use truecount_billing::{ProductCode, Side};
use truecount_reconciliation::BilledClient;
use truecount_rules::{
    ClientBinding, ClientPart, ClientRules, NamedClient, ResolvedService, RulePlace, Rules, RulesScope,
};

use crate::comparison::{Comparison, ComparisonInputs, newest_syncs};
use crate::{AppError, Config, Environment};

/// The rules beside the PSA's clients.
pub struct RulesInForce<'c> {
    rules: &'c Rules,
    day: Date,
    binding: ClientBinding,
    /// The PSA's clients, by its newest sync.
    pub clients: Vec<BilledClient>,
}

/// What holds for one service.
pub struct ServiceInForce<'r> {
    /// The service's code.
    pub code: &'r ProductCode,
    /// The client's agreement that is compared apart, as the rules write it; `None`: all, or the rest.
    pub agreement: Option<&'r str>,
    /// How many lines of it stand.
    pub lines: usize,
    /// The rule.
    pub resolved: ResolvedService,
    /// The places that say something of it, the nearest last, with their keys.
    pub places: Vec<(RulePlace<'r>, Vec<&'static str>)>,
}

impl<'c> RulesInForce<'c> {
    /// Reads the PSA's newest sync.
    ///
    /// # Errors
    /// [`AppError`] if it cannot be read.
    pub async fn load(env: &Environment, config: &'c Config) -> Result<Self, AppError> {
        let day = config.settings.today(env);
        let agreed = config.settings.enabled().filter(|source| source.side() == Side::Agreed);
        let newest = newest_syncs(env, agreed, day).await?;
        let inputs = ComparisonInputs::of_syncs(env, config, &newest, day);
        let clients = Comparison::read(&inputs).await?.inputs.clients;
        let named = clients.iter().map(|client| NamedClient {
            id: &client.id,
            identifier: client.identifier.as_deref(),
            name: &client.name,
        });
        Ok(Self { rules: &config.rules, day, binding: config.rules.bind(named), clients })
    }

    /// What the rules say of a client besides its services; `None`: they do not name it.
    #[must_use]
    pub fn client_rules(&self, client: &BilledClient) -> Option<&'c ClientRules> {
        self.binding.number_of(&client.id).map(|number| self.rules.client(number))
    }

    /// Each service in the order of the file; one with agreements that are compared apart once for each, and once for
    /// the rest.
    #[must_use]
    pub fn services_of(&self, client: &BilledClient) -> Vec<ServiceInForce<'c>> {
        self.rules.services().flat_map(|code| self.service(client, code)).collect()
    }

    fn service(&self, client: &BilledClient, code: &'c ProductCode) -> Vec<ServiceInForce<'c>> {
        let number = self.binding.number_of(&client.id);
        let live = client.agreements.iter().filter(|one| one.agreement.to.is_none_or(|to| to >= self.day));
        let (mut client_types, mut line_types, mut lines) = (Vec::new(), Vec::new(), 0);
        for agreement in live {
            let of_type = agreement.agreement.agreement_type.as_deref();
            let is_of = |product: &ProductCode| self.rules.service_of_product(product) == Some(code);
            let of_service = agreement.lines.iter().filter(|line| is_of(&line.product)).count();
            lines += of_service;
            client_types.extend(of_type);
            line_types.extend(of_type.filter(|_| of_service > 0));
        }
        let sections = number.map(|number| self.rules.sections_of(number, code, self.day)).unwrap_or_default();
        let rest: Vec<(usize, Date)> = sections.iter().map(|section| (*section, self.day)).collect();
        let rest = if rest.is_empty() { ClientPart::Whole } else { ClientPart::Rest(&rest) };
        let parts = sections.iter().map(|section| ClientPart::Section(*section)).chain([rest]);
        let in_force = parts.filter_map(|part| {
            let (line_types, client_types) = (line_types.as_slice(), client_types.as_slice());
            let scope = RulesScope { client: number, part, line_types, client_types, day: self.day };
            let agreement = match part {
                ClientPart::Section(at) => {
                    self.client_rules(client)?.sections().get(at).map(|section| section.written())
                }
                ClientPart::Whole | ClientPart::Rest(_) => None,
            };
            let resolved = self.rules.service_for(code, &scope)?;
            Some(ServiceInForce { code, agreement, lines, resolved, places: self.rules.places_of(code, &scope) })
        });
        in_force.collect()
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::test_environment::{SETTINGS, TODAY, TestEnvironment, billed, config};

    #[tokio::test]
    async fn the_nearest_place_holds_and_each_place_is_named_with_its_keys() {
        let mut test = TestEnvironment::new();
        let rules = "[services]\nMNG-SRV = { count = \"rmm.server\", included = 1 }\nOTHER = { flat = true }\n\
            [agreement_types.\"Managed\"]\nMNG-SRV = { included = 2, minimum = 3 }\n\
            [clients.\"Harbour Dental\"]\nMNG-SRV = { included = 4, until = 2026-12-31 }\n\
            OTHER = { note = \"over\", until = 2026-01-31 }\n";
        test.config = config(SETTINGS, rules);
        let mut harbour = billed("c1", "Harbour Dental", 2);
        harbour.lines[0].agreement.agreement_type = Some("managed".to_owned());
        test.commit("psa", TODAY, &[harbour, billed("c2", "Quiet Quay", 1)]).await;
        let in_force = RulesInForce::load(&test.env, &test.config).await.unwrap();
        let of = |at: usize| in_force.services_of(&in_force.clients[at]);

        let harbour = &of(0)[0];
        assert_eq!((harbour.resolved.rule.included, harbour.resolved.rule.minimum), (4.into(), Some(3.into())));
        assert_eq!(
            harbour.places,
            [
                (RulePlace::Service, vec!["count", "included"]),
                (RulePlace::AgreementType { name: "Managed", line: 4 }, vec!["included", "minimum"]),
                (RulePlace::Client { written: "Harbour Dental", line: 6 }, vec!["included"]),
            ]
        );
        assert_eq!(of(0)[1].places, [(RulePlace::Service, vec!["flat"])], "what is over says nothing");
        let quay = &of(1)[0];
        assert_eq!((quay.resolved.rule.included, quay.places.len(), quay.lines), (Decimal::ONE, 1, 1));
    }

    #[tokio::test]
    async fn an_agreement_that_is_compared_apart_is_one_of_its_own() {
        let mut test = TestEnvironment::new();
        let rules = "[services]\nMNG-SRV = { count = \"rmm.server\" }\n\
            [clients.c1.agreements.\"Managed services\"]\nMNG-SRV = { where = { site = \"leeds\" }, minimum = 2 }\n";
        test.config = config(SETTINGS, rules);
        test.commit("psa", TODAY, &[billed("c1", "Harbour Dental", 2)]).await;
        let in_force = RulesInForce::load(&test.env, &test.config).await.unwrap();
        let services = in_force.services_of(&in_force.clients[0]);
        let found = services.iter().map(|one| (one.agreement, one.resolved.rule.minimum, one.places.len()));
        assert_eq!(found.collect::<Vec<_>>(), [(Some("Managed services"), Some(2.into()), 2), (None, None, 1)]);
    }
}
