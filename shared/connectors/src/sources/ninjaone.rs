//! NinjaOne: organizations, and the devices in them.
//!
//! A device's `site` is the id of its location. Not read: the locations' names, software, backup usage, queries with cursors.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{AccountList, Identities, ItemState, LeftOutReason, Quantity, Side, Unit, UsageItem};

use super::{UNKNOWN_KIND, host, paced, refuse, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    endpoint::Endpoint,
    error::{RowError, SettingsError},
    out::{Context, Out},
    pace::RateLimit,
    paging::Paging,
    rights::{Right, Rights},
    source::Source,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    stream::Stream,
    values::{VendorId, epoch_seconds, filled},
    vocabulary::{Attribute, IdentityField, ItemKind, Meaning, Vocabulary, WordList},
};

const NAME: &str = "ninjaone";
const PAGE_SIZE: u32 = 1000;
/// Network addresses kept of one device.
const MAC_ADDRESSES_MAX: usize = 16;

/// Organizations and devices of NinjaOne.
pub(crate) const KIND: SourceKind = SourceKind {
    name: NAME,
    title: "NinjaOne",
    gives: "organizations and devices",
    sides: &[Side::Used],
    side_option: None,
    category: Category::Rmm,
    cardinality: Cardinality::OneAccountPerClient,
    list: AccountList::Owned,
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    key: KEY,
    rights: RIGHTS,
    vocabulary: Vocabulary { items: ITEMS, words: &[APPROVAL, CLASSES], sku_names: &[], skus_left_out: &[] },
    traps: &[
        "a computer that is set up anew appears a second time until the old agent is removed; serial numbers tell",
        "devices that wait for approval are not counted",
    ],
    build,
};

const SECRET: &[&str] = &["client_id", "client_secret"];

const OPTIONS: &str = r#"base_url = "https://eu.ninjarmm.com"  # the host that you sign in to: app, us2, eu, oc or ca
# token_url = "https://eu.ninjarmm.com/ws/oauth/token"  # where it is elsewhere
# oauth_scope = "monitoring"  # reads only
# requests_per_minute = 120
# concurrency = 1
"#;

const KEY: &str = "\
1. Administration > Apps > API > Client app IDs > Add.
2. Application platform: API Services (machine-to-machine).
3. Scopes: Monitoring only. Management and Control would let the key change
   things.
4. Allowed grant types: Client credentials.
5. Save, and copy the client id and the client secret, which is shown once.
";

/// `monitoring` lets a key read, and nothing else.
const RIGHTS: Rights = Rights {
    needed: &[Right { name: "monitoring", streams: &["organizations", "devices"], within: &[] }],
    harmless: &[],
    option: Some("oauth_scope"),
};

const DEVICE: &[IdentityField] = &[IdentityField::Serial, IdentityField::MacAddress, IdentityField::HostName];

const SITE: &[Attribute] =
    &[Attribute::new("site", "the id of the device's location"), NODE_CLASS];

const NODE_CLASS: Attribute = Attribute::new("class", "NinjaOne's node class, such as NMS_SWITCH");

const ITEMS: &[ItemKind] = &[
    device_kind("server", "servers with an agent"),
    device_kind("workstation", "workstations with an agent"),
    device_kind("mobile", "phones and tablets"),
    device_kind("other_device", "network devices, virtual machines and targets without an agent of their own"),
];

/// After so many days without contact a device is most likely no longer in use.
const STALE_DAYS: u32 = 30;

const fn device_kind(name: &'static str, title: &'static str) -> ItemKind {
    let stale_days = Some(STALE_DAYS);
    ItemKind { identities: DEVICE, same_by: DEVICE, stale_days, ..ItemKind::new(name, title, Unit::Device, SITE) }
}

const APPROVAL: WordList = WordList {
    field: "approvalStatus",
    words: &[("APPROVED", Meaning::Counts), ("PENDING", Meaning::LeftOut(LeftOutReason::Pending))],
};

const OTHER: Meaning = Meaning::Kind("other_device");

/// What a device is sold as. Virtual machine hosts and guests, network and cloud targets run no agent of their own.
const CLASSES: WordList = WordList {
    field: "nodeClass",
    words: &[
        ("WINDOWS_SERVER", Meaning::Kind("server")),
        ("LINUX_SERVER", Meaning::Kind("server")),
        ("MAC_SERVER", Meaning::Kind("server")),
        ("WINDOWS_WORKSTATION", Meaning::Kind("workstation")),
        ("LINUX_WORKSTATION", Meaning::Kind("workstation")),
        ("MAC", Meaning::Kind("workstation")),
        ("ANDROID", Meaning::Kind("mobile")),
        ("APPLE_IOS", Meaning::Kind("mobile")),
        ("APPLE_IPADOS", Meaning::Kind("mobile")),
        ("VMWARE_VM_HOST", OTHER),
        ("VMWARE_VM_GUEST", OTHER),
        ("HYPERV_VMM_HOST", OTHER),
        ("HYPERV_VMM_GUEST", OTHER),
        ("CLOUD_MONITOR_TARGET", OTHER),
        ("NMS_SWITCH", OTHER),
        ("NMS_ROUTER", OTHER),
        ("NMS_FIREWALL", OTHER),
        ("NMS_PRIVATE_NETWORK_GATEWAY", OTHER),
        ("NMS_PRINTER", OTHER),
        ("NMS_SCANNER", OTHER),
        ("NMS_DIAL_MANAGER", OTHER),
        ("NMS_WAP", OTHER),
        ("NMS_IPSLA", OTHER),
        ("NMS_COMPUTER", OTHER),
        ("NMS_VM_HOST", OTHER),
        ("NMS_APPLIANCE", OTHER),
        ("NMS_OTHER", OTHER),
        ("NMS_SERVER", OTHER),
        ("NMS_PHONE", OTHER),
        ("NMS_VIRTUAL_MACHINE", OTHER),
        ("NMS_NETWORK_MANAGEMENT_AGENT", OTHER),
        ("UNMANAGED_DEVICE", OTHER),
        ("MANAGED_DEVICE", OTHER),
    ],
};

/// Fields that billing does not need.
const REDACTED_FIELDS: &[&str] = &[
    "userData",
    "fields",
    "notes",
    "ipAddresses",
    "publicIP",
    "assignedOwnerUid",
    "tags",
    "description",
    "maintenance",
    "lastLoggedInUser",
    "os",
    "memory",
    "processors",
    "volumes",
    "references",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    base_url: String,
    token_url: Option<String>,
    #[serde(default = "default_scope")]
    oauth_scope: String,
}

fn default_scope() -> String {
    "monitoring".into()
}

fn build(options: &toml::Table) -> Result<Source, SettingsError> {
    let usual = RateLimit { requests_per_minute: 120, burst: 20, concurrency: 1 };
    let (pace, options) = paced::<Options>(NAME, options, usual)?;
    let base = host(NAME, "base_url", &options.base_url)?;
    let token = match &options.token_url {
        Some(text) => url(NAME, "token_url", text)?,
        None => base.join("/ws/oauth/token").map_err(|_| refuse(NAME, "`base_url` is not a base"))?,
    };
    let token = TokenAuth::client_credentials(token, TokenStyle::Form, vec![("scope", options.oauth_scope)]);
    let auth = Auth { token: Some(token), ..Auth::default() };
    // An empty page ends a list: NinjaOne counts nothing and names no largest page.
    let pages = Paging::LastId { parameter: "after", size: Some(("pageSize", PAGE_SIZE)) };
    let organizations = Stream::get("organizations", "/v2/organizations").pages(pages).id("/id").lists_accounts();
    let devices = Stream::get("devices", "/v2/devices-detailed").pages(pages).id("/id").account("/organizationId");
    let endpoint = Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS };
    Ok(Source::api::<()>(NAME, endpoint)
        .stream(organizations.parse(organization))
        .stream(devices.after(&["organizations"]).parse(device))
        .build())
}

#[derive(Deserialize)]
struct Organization {
    id: VendorId,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    id: VendorId,
    organization_id: Option<VendorId>,
    location_id: Option<VendorId>,
    system_name: Option<String>,
    display_name: Option<String>,
    node_class: Option<String>,
    approval_status: Option<String>,
    created: Option<Box<RawValue>>,
    last_contact: Option<Box<RawValue>>,
    dns_name: Option<String>,
    netbios_name: Option<String>,
    mac_addresses: Option<Vec<String>>,
    system: Option<System>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct System {
    serial_number: Option<String>,
    bios_serial_number: Option<String>,
}

fn organization(row: Organization, at: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    let id = row.id.account(at)?;
    out.account(&id, row.name.as_deref());
    Ok(())
}

fn device(row: Device, at: &Context<'_>, _: &(), out: &mut Out<'_>) -> Result<(), RowError> {
    let Some(organization) = &row.organization_id else {
        return Err(RowError::orphaned("device", &row.id.0, "organizationId"));
    };
    let account = organization.account(at)?;
    let last_seen = match epoch_seconds(row.last_contact.as_deref()) {
        Ok(moment) => moment,
        Err(why) => {
            let error = RowError::field("device", Some(&row.id.0), format!("`lastContact` {why}"));
            out.partial(&account, error.reason);
            None
        }
    };
    // Nothing is counted by it: one that cannot be read is one that is not known.
    let first_seen = epoch_seconds(row.created.as_deref()).unwrap_or_default();
    let approval = out.state(&APPROVAL, row.approval_status.as_deref());
    let (kind, state) = match out.kind(&CLASSES, row.node_class.as_deref()) {
        Ok(kind) => (kind, approval),
        // Whatever it is, it does not count before it is approved.
        Err(_) if matches!(approval, ItemState::LeftOut(_)) => (UNKNOWN_KIND, approval),
        Err(unknown) => (UNKNOWN_KIND, unknown),
    };
    let site = row.location_id.as_ref().map(|place| ("site".to_owned(), place.0.clone()));
    let class = row.node_class.as_ref().map(|class| ("class".to_owned(), class.trim().to_owned()));
    let item = UsageItem {
        state,
        quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Device }),
        attributes: site.into_iter().chain(class).collect(),
        first_seen,
        last_seen,
        identities: identities(&row),
        name: filled(row.display_name).or(filled(row.system_name)),
        ..UsageItem::new(row.id.item(at)?, kind)
    };
    out.item(&account, &item);
    Ok(())
}

/// What a device is known by: the serial number that its board or firmware gives it, its network addresses and name.
fn identities(device: &Device) -> Identities {
    let system = device.system.as_ref();
    let serial = system.and_then(|system| {
        filled(system.bios_serial_number.clone()).or_else(|| filled(system.serial_number.clone()))
    });
    let host_name = filled(device.dns_name.clone()).or_else(|| filled(device.netbios_name.clone()));
    Identities {
        serial,
        mac_addresses: device.mac_addresses.iter().flatten().take(MAC_ADDRESSES_MAX).cloned().collect(),
        host_name: host_name.or_else(|| filled(device.system_name.clone())),
        ..Identities::default()
    }
}
