//! What Microsoft gives away, or gives to nobody: products that usually no service counts.
//!
//! Names as in Microsoft's list "Product names and service plan identifiers for licensing"
//! (<https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference>).

use crate::vocabulary::{SkuLeftOut, SkuReason};

/// Those that managed service providers meet.
#[rustfmt::skip]
pub(super) const SKUS: &[SkuLeftOut] = &[
    sku("FLOW_FREE", "Microsoft Power Automate Free", SkuReason::Free),
    sku("POWER_BI_STANDARD", "Microsoft Fabric (Free)", SkuReason::Free),
    sku("POWER_BI_STANDARD_FACULTY", "Microsoft Fabric (Free) for faculty", SkuReason::Free),
    sku("POWER_BI_STANDARD_STUDENT", "Microsoft Fabric (Free) for student", SkuReason::Free),
    sku("POWERAPPS_DEV", "Microsoft Power Apps for Developer", SkuReason::Free),
    sku("TEAMS_FREE", "Microsoft Teams (Free)", SkuReason::Free),
    sku("SMB_APPS", "Business Apps (free)", SkuReason::Free),
    sku("WINDOWS_STORE", "Windows Store for Business", SkuReason::Free),
    sku("PHONESYSTEM_VIRTUALUSER", "Microsoft Teams Phone Resource Account", SkuReason::Free),
    sku("TEAMS_EXPLORATORY", "Microsoft Teams Exploratory", SkuReason::Trial),
    sku("Microsoft_Teams_Exploratory_Dept", "Microsoft Teams Exploratory Dept", SkuReason::Trial),
    sku("TEAMS_COMMERCIAL_TRIAL", "Microsoft Teams Commercial Cloud", SkuReason::Trial),
    sku("MS_TEAMS_IW", "Microsoft Teams Trial", SkuReason::Trial),
    sku("FORMS_PRO", "Dynamics 365 Customer Voice Trial", SkuReason::Trial),
    sku("DYN365_RETAIL_TRIAL", "Dynamics 365 Commerce Trial", SkuReason::Trial),
    sku("DYN365_AI_SERVICE_INSIGHTS", "Dynamics 365 Customer Service Insights Trial", SkuReason::Trial),
    sku("D365_SALES_PRO_IW", "Dynamics 365 For Sales Professional Trial", SkuReason::Trial),
    sku("AX7_USER_TRIAL", "Microsoft Dynamics AX7 User Trial", SkuReason::Trial),
    sku("POWERAPPS_VIRAL", "Microsoft Power Apps Plan 2 Trial", SkuReason::Viral),
    sku("CCIBOTS_PRIVPREV_VIRAL", "Microsoft Copilot Studio Viral Trial", SkuReason::Viral),
    sku("DYN365_CUSTOMER_INSIGHTS_VIRAL", "Dynamics 365 Customer Insights vTrial", SkuReason::Viral),
    sku("Dynamics_365_Customer_Service_Enterprise_viral_trial", "Dynamics 365 Customer Service Enterprise Viral Trial", SkuReason::Viral),
    sku("Dynamics_365_Field_Service_Enterprise_viral_trial", "Dynamics 365 Field Service Viral Trial", SkuReason::Viral),
    sku("Dynamics_365_Sales_Premium_Viral_Trial", "Dynamics 365 Sales Premium Viral Trial", SkuReason::Viral),
    sku("Dynamics_365_Guides_vTrial", "Dynamics 365 Guides vTrial", SkuReason::Viral),
    sku("Microsoft_Cloud_for_Sustainability_vTrial", "Microsoft Cloud for Sustainability vTrial", SkuReason::Viral),
    sku("Power_Pages_vTrial_for_Makers", "Power Pages vTrial for Makers", SkuReason::Viral),
    sku("RIGHTSMANAGEMENT_ADHOC", "Rights Management Adhoc", SkuReason::Viral),
    sku("MCOPSTNC", "Communications Credits", SkuReason::NotAssignable),
];

const fn sku(part_number: &'static str, name: &'static str, why: SkuReason) -> SkuLeftOut {
    SkuLeftOut { part_number, name, why }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sources::microsoft_graph::sku_names::product_name;

    #[test]
    fn each_is_one_product_that_is_not_sold_under_another_name() {
        let parts: HashSet<String> = SKUS.iter().map(|sku| sku.part_number.to_ascii_lowercase()).collect();
        assert_eq!(parts.len(), SKUS.len());
        for sku in SKUS {
            assert!(sku.part_number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{sku:?}");
            let known = product_name(sku.part_number).unwrap_or(sku.name);
            assert!(sku.name.ends_with(known), "{} is {known}", sku.name);
        }
        for sold in ["SPB", "ENTERPRISEPACK", "POWER_BI_PRO", "FLOW_PER_USER", "MCOEV"] {
            assert!(SKUS.iter().all(|sku| sku.part_number != sold), "{sold}");
        }
    }
}
