//! What Microsoft's part numbers are called where they are sold: `O365_BUSINESS_PREMIUM` is Business *Standard*.
//!
//! Only the ones that managed service providers meet; any other keeps its part number as its name.

/// The product that a part number stands for; `None`: it is not in the table.
pub(super) fn product_name(part_number: &str) -> Option<&'static str> {
    PRODUCTS.iter().find(|(part, _)| part.eq_ignore_ascii_case(part_number)).map(|(_, name)| *name)
}

/// Part number and product.
#[rustfmt::skip]
pub(super) const PRODUCTS: &[(&str, &str)] = &[
    // Bundles for small businesses.
    ("O365_BUSINESS_ESSENTIALS", "Microsoft 365 Business Basic"),
    ("SMB_BUSINESS_ESSENTIALS", "Microsoft 365 Business Basic"),
    ("O365_BUSINESS_PREMIUM", "Microsoft 365 Business Standard"),
    ("SMB_BUSINESS_PREMIUM", "Microsoft 365 Business Standard"),
    ("SPB", "Microsoft 365 Business Premium"),
    ("O365_BUSINESS", "Microsoft 365 Apps for business"),
    ("SMB_BUSINESS", "Microsoft 365 Apps for business"),
    // Bundles for enterprises, front-line workers, schools.
    ("OFFICESUBSCRIPTION", "Microsoft 365 Apps for enterprise"),
    ("STANDARDPACK", "Office 365 E1"),
    ("STANDARDWOFFPACK", "Office 365 E2"),
    ("ENTERPRISEPACK", "Office 365 E3"),
    ("ENTERPRISEWITHSCAL", "Office 365 E4"),
    ("ENTERPRISEPREMIUM", "Office 365 E5"),
    ("ENTERPRISEPREMIUM_NOPSTNCONF", "Office 365 E5 without Audio Conferencing"),
    ("DESKLESSPACK", "Office 365 F3"),
    ("SPE_E3", "Microsoft 365 E3"),
    ("SPE_E5", "Microsoft 365 E5"),
    ("SPE_F1", "Microsoft 365 F3"),
    ("M365_F1", "Microsoft 365 F1"),
    ("M365_F1_COMM", "Microsoft 365 F1"),
    ("SPE_F5_SEC", "Microsoft 365 F5 Security Add-on"),
    ("SPE_F5_COMP", "Microsoft 365 F5 Compliance Add-on"),
    ("SPE_F5_SECCOMP", "Microsoft 365 F5 Security + Compliance Add-on"),
    ("IDENTITY_THREAT_PROTECTION", "Microsoft 365 E5 Security"),
    ("INFORMATION_PROTECTION_COMPLIANCE", "Microsoft 365 E5 Compliance"),
    ("STANDARDWOFFPACK_FACULTY", "Office 365 A1 for faculty"),
    ("STANDARDWOFFPACK_STUDENT", "Office 365 A1 for students"),
    ("M365EDU_A3_FACULTY", "Microsoft 365 A3 for faculty"),
    ("M365EDU_A3_STUDENT", "Microsoft 365 A3 for students"),
    ("M365EDU_A5_FACULTY", "Microsoft 365 A5 for faculty"),
    ("M365EDU_A5_STUDENT", "Microsoft 365 A5 for students"),
    // Mail.
    ("EXCHANGESTANDARD", "Exchange Online (Plan 1)"),
    ("EXCHANGEENTERPRISE", "Exchange Online (Plan 2)"),
    ("EXCHANGEDESKLESS", "Exchange Online Kiosk"),
    ("EXCHANGEESSENTIALS", "Exchange Online Essentials"),
    ("EXCHANGE_S_ESSENTIALS", "Exchange Online Essentials"),
    ("EXCHANGETELCO", "Exchange Online POP"),
    ("EXCHANGEARCHIVE", "Exchange Online Archiving for Exchange Server"),
    ("EXCHANGEARCHIVE_ADDON", "Exchange Online Archiving for Exchange Online"),
    ("EOP_ENTERPRISE", "Exchange Online Protection"),
    // Security, identity, devices.
    ("ATP_ENTERPRISE", "Microsoft Defender for Office 365 (Plan 1)"),
    ("THREAT_INTELLIGENCE", "Microsoft Defender for Office 365 (Plan 2)"),
    ("ATA", "Microsoft Defender for Identity"),
    ("ADALLOM_STANDALONE", "Microsoft Defender for Cloud Apps"),
    ("DEFENDER_ENDPOINT_P1", "Microsoft Defender for Endpoint P1"),
    ("WIN_DEF_ATP", "Microsoft Defender for Endpoint P2"),
    ("MDATP_Server", "Microsoft Defender for Endpoint Server"),
    ("MDE_SMB", "Microsoft Defender for Business"),
    ("AAD_BASIC", "Microsoft Entra Basic"),
    ("AAD_PREMIUM", "Microsoft Entra ID P1"),
    ("AAD_PREMIUM_P2", "Microsoft Entra ID P2"),
    ("EMS", "Enterprise Mobility + Security E3"),
    ("EMSPREMIUM", "Enterprise Mobility + Security E5"),
    ("INTUNE_A", "Microsoft Intune Plan 1"),
    ("INTUNE_A_D", "Microsoft Intune Device"),
    ("INTUNE_SMB", "Microsoft Intune SMB"),
    ("RIGHTSMANAGEMENT", "Azure Information Protection Plan 1"),
    ("RIGHTSMANAGEMENT_ADHOC", "Rights Management Adhoc"),
    // Files.
    ("SHAREPOINTSTANDARD", "SharePoint Online (Plan 1)"),
    ("SHAREPOINTENTERPRISE", "SharePoint Online (Plan 2)"),
    ("SHAREPOINTSTORAGE", "Office 365 Extra File Storage"),
    ("WACONEDRIVESTANDARD", "OneDrive for Business (Plan 1)"),
    ("WACONEDRIVEENTERPRISE", "OneDrive for Business (Plan 2)"),
    // Teams and telephony.
    ("TEAMS_EXPLORATORY", "Microsoft Teams Exploratory"),
    ("TEAMS_FREE", "Microsoft Teams (Free)"),
    ("TEAMS_ESSENTIALS_AAD", "Microsoft Teams Essentials"),
    ("Microsoft_Teams_Premium", "Microsoft Teams Premium"),
    ("MEETING_ROOM", "Microsoft Teams Rooms Standard"),
    ("Microsoft_Teams_Rooms_Basic", "Microsoft Teams Rooms Basic"),
    ("Microsoft_Teams_Rooms_Pro", "Microsoft Teams Rooms Pro"),
    ("MCOCAP", "Microsoft Teams Shared Devices"),
    ("MCOEV", "Microsoft Teams Phone Standard"),
    ("PHONESYSTEM_VIRTUALUSER", "Microsoft Teams Phone Resource Account"),
    ("MCOTEAMS_ESSENTIALS", "Teams Phone with Calling Plan"),
    ("MCOMEETADV", "Microsoft 365 Audio Conferencing"),
    ("MCOPSTN1", "Domestic Calling Plan"),
    ("MCOPSTN2", "Domestic and International Calling Plan"),
    ("MCOPSTN5", "Domestic Calling Plan (120 minutes)"),
    ("MCOPSTNC", "Communications Credits"),
    ("MCOSTANDARD", "Skype for Business Online (Plan 2)"),
    // Copilot, Power Platform, Project, Visio.
    ("Microsoft_365_Copilot", "Microsoft 365 Copilot"),
    ("POWER_BI_STANDARD", "Microsoft Fabric (Free)"),
    ("POWER_BI_PRO", "Power BI Pro"),
    ("PBI_PREMIUM_PER_USER", "Power BI Premium Per User"),
    ("FLOW_FREE", "Power Automate Free"),
    ("FLOW_PER_USER", "Power Automate per user plan"),
    ("POWERAPPS_VIRAL", "Power Apps Plan 2 Trial"),
    ("POWERAPPS_DEV", "Power Apps for Developer"),
    ("POWERAPPS_PER_USER", "Power Apps Premium"),
    ("PROJECTESSENTIALS", "Project Online Essentials"),
    ("PROJECT_P1", "Project Plan 1"),
    ("PROJECTPROFESSIONAL", "Project Plan 3"),
    ("PROJECTPREMIUM", "Project Plan 5"),
    ("VISIOONLINE_PLAN1", "Visio Plan 1"),
    ("VISIOCLIENT", "Visio Plan 2"),
    ("STREAM", "Microsoft Stream Trial"),
    ("VIVA", "Microsoft Viva Suite"),
    // Windows and Dynamics 365.
    ("WINDOWS_STORE", "Windows Store for Business"),
    ("WIN10_PRO_ENT_SUB", "Windows Enterprise E3"),
    ("WIN10_VDA_E3", "Windows Enterprise E3"),
    ("WIN10_VDA_E5", "Windows Enterprise E5"),
    ("CPC_B_2C_4RAM_64GB", "Windows 365 Business 2 vCPU, 4 GB, 64 GB"),
    ("CPC_B_2C_8RAM_128GB", "Windows 365 Business 2 vCPU, 8 GB, 128 GB"),
    ("DYN365_BUSCENTRAL_ESSENTIAL", "Dynamics 365 Business Central Essentials"),
    ("DYN365_BUSCENTRAL_PREMIUM", "Dynamics 365 Business Central Premium"),
    ("DYN365_BUSCENTRAL_TEAM_MEMBER", "Dynamics 365 Business Central Team Members"),
    ("DYN365_ENTERPRISE_SALES", "Dynamics 365 Sales Enterprise"),
    ("DYN365_ENTERPRISE_TEAM_MEMBERS", "Dynamics 365 Team Members"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_part_number_is_one_product() {
        let parts: HashSet<String> = PRODUCTS.iter().map(|(part, _)| part.to_ascii_lowercase()).collect();
        assert_eq!(parts.len(), PRODUCTS.len());
        for (part, name) in PRODUCTS {
            assert!(part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{part}");
            assert_eq!(name.trim(), *name);
        }
    }

    #[test]
    fn names_that_mislead_are_told_apart() {
        for (part, name) in [
            ("O365_BUSINESS_PREMIUM", "Microsoft 365 Business Standard"),
            ("spb", "Microsoft 365 Business Premium"),
            ("SPE_F1", "Microsoft 365 F3"),
            ("M365_F1", "Microsoft 365 F1"),
        ] {
            assert_eq!(product_name(part), Some(name));
        }
        assert_eq!(product_name("SAMPLE_KIOSK"), None);
    }
}
