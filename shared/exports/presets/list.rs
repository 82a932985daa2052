//! The presets, by name: a file each beside this one.

/// Name and text of each.
pub(super) const FILES: &[(&str, &str)] = &[
    ("autotask-contract-service-units", include_str!("autotask-contract-service-units.toml")),
    ("autotask-contract-services", include_str!("autotask-contract-services.toml")),
    ("cipp-licences", include_str!("cipp-licences.toml")),
    ("connectwise-additions", include_str!("connectwise-additions.toml")),
    ("halopsa-recurring-lines", include_str!("halopsa-recurring-lines.toml")),
    ("microsoft-365-licences", include_str!("microsoft-365-licences.toml")),
    ("microsoft-365-users", include_str!("microsoft-365-users.toml")),
    ("ninjaone-devices", include_str!("ninjaone-devices.toml")),
    ("partner-center-reconciliation", include_str!("partner-center-reconciliation.toml")),
    ("pax8-subscriptions", include_str!("pax8-subscriptions.toml")),
];
