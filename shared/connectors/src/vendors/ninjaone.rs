//! NinjaOne: organizations, and the devices in them.
//!
//! A device's `site` is the id of its location. Not read: the locations' names, software, backup usage, queries with cursors.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use truecount_billing::{AccountId, Identities, ItemId, ItemState, LeftOutReason, Quantity, Side, Unit, UsageItem};

use super::{host, own, pace, refuse, url};
use crate::{
    auth::{Auth, TokenAuth, TokenStyle},
    connector::{Connector, Endpoint, Page, PageError, Request, SettingsError},
    pace::RateLimit,
    paging::next_after,
    reading::SnapshotBuilder,
    source_kind::{Cardinality, Category, Proof, SourceKind},
    values::{VendorId, account_id, bad_field, epoch_seconds, orphaned, parse, wrong},
};

const NAME: &str = "ninjaone";
const PAGE_SIZE: usize = 1000;
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
    proof: Proof::Documented,
    secret: SECRET,
    options: OPTIONS,
    left_out: &[LeftOutReason::Pending],
    make,
};

const SECRET: &[&str] = &["client_id", "client_secret"];

const OPTIONS: &str = r#"base_url = "https://eu.ninjarmm.com"  # the host that you sign in to: app, us2, eu, oc or ca
# token_url = "https://eu.ninjarmm.com/ws/oauth/token"  # where it is elsewhere
# oauth_scope = "monitoring"  # reads only
# requests_per_minute = 120
# concurrency = 1
"#;

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

/// A NinjaOne tenant.
struct NinjaOne {
    endpoint: Endpoint,
}

fn make(options: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    let mut options = options.clone();
    let pace = pace(NAME, &mut options, RateLimit { requests_per_minute: 120, burst: 20, concurrency: 1 })?;
    let options: Options = own(NAME, options)?;
    let base = host(NAME, "base_url", &options.base_url)?;
    let token = match &options.token_url {
        Some(text) => url(NAME, "token_url", text)?,
        None => base.join("/ws/oauth/token").map_err(|_| refuse(NAME, "`base_url` is not a base"))?,
    };
    let auth = Auth {
        token: Some(TokenAuth {
            path: token.path().to_owned(),
            base: token,
            style: TokenStyle::Form,
            client_id: "{client_id}".into(),
            client_secret: "{client_secret}".into(),
            fields: vec![("scope", options.oauth_scope)],
        }),
        ..Auth::default()
    };
    Ok(Box::new(NinjaOne {
        endpoint: Endpoint { base, auth, headers: vec![], pace, redacted_fields: REDACTED_FIELDS },
    }))
}

#[derive(Deserialize)]
struct Organization {
    id: i64,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device<'a> {
    id: i64,
    organization_id: Option<VendorId>,
    location_id: Option<VendorId>,
    system_name: Option<String>,
    display_name: Option<String>,
    node_class: Option<String>,
    approval_status: Option<String>,
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    last_contact: Option<&'a RawValue>,
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

#[derive(Deserialize)]
struct OnlyId {
    id: i64,
}

impl Connector for NinjaOne {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        Some(&self.endpoint)
    }

    fn start(&self) -> Vec<Request> {
        vec![Request::new("organizations", list("organizations", None)).with("")]
    }

    /// Organizations to their end, then devices to theirs: an empty page, as NinjaOne counts nothing and names no
    /// largest page. `context` is the id that the page was asked to go on after.
    fn follow(&self, page: &Page) -> Result<Vec<Request>, PageError> {
        let step = page.ask.step.as_ref();
        let ids: Vec<i64> = parse::<Vec<OnlyId>>(page)?.into_iter().map(|row| row.id).collect();
        let after = page.ask.context.as_deref().unwrap_or_default().parse().ok();
        Ok(match (next_after(step, &ids, after)?, step) {
            (Some(last), "organizations") => vec![page.ask.next(list(step, Some(last))).with(last.to_string())],
            (Some(last), _) => vec![page.ask.next(list("devices-detailed", Some(last))).with(last.to_string())],
            (None, "organizations") => vec![page.ask.then("devices", list("devices-detailed", None)).with("")],
            (None, _) => vec![],
        })
    }

    fn read(&self, page: &Page, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
        match page.ask.step.as_ref() {
            "organizations" => {
                for organization in parse::<Vec<Organization>>(page)? {
                    let id = account_id(page, &VendorId(organization.id.to_string()))?;
                    let name = organization.name.unwrap_or_else(|| id.to_string());
                    reading.account(&id, &name);
                }
                Ok(())
            }
            "devices" => {
                parse::<Vec<Device<'_>>>(page)?.into_iter().try_for_each(|device| read_device(page, device, reading))
            }
            _ => Err(wrong(page, "belongs to no step that this connector knows")),
        }
    }
}

fn list(what: &str, after: Option<i64>) -> String {
    match after {
        Some(after) => format!("/v2/{what}?pageSize={PAGE_SIZE}&after={after}"),
        None => format!("/v2/{what}?pageSize={PAGE_SIZE}"),
    }
}

fn read_device(page: &Page, device: Device<'_>, reading: &mut SnapshotBuilder) -> Result<(), PageError> {
    let Some(organization) = &device.organization_id else {
        reading.source_partial(orphaned("device", device.id.to_string(), "organizationId"));
        return Ok(());
    };
    let account: AccountId = account_id(page, organization)?;
    let item_id =
        ItemId::new(device.id.to_string()).map_err(|error| wrong(page, format!("names a device wrongly: {error}")))?;
    let last_seen = match epoch_seconds(device.last_contact) {
        Ok(moment) => moment,
        Err(why) => {
            reading.partial(&account, bad_field("device", device.id.to_string(), format!("`lastContact` {why}")));
            None
        }
    };
    let kind = kind(device.node_class.as_deref(), reading);
    // Nothing is counted by it: one that cannot be read is one that is not known.
    let first_seen = epoch_seconds(device.created).unwrap_or_default();
    let state = match device.approval_status.as_deref() {
        Some("APPROVED") => ItemState::Counts,
        Some("PENDING") => ItemState::LeftOut(LeftOutReason::Pending),
        other => reading.unknown_state("approvalStatus", other),
    };
    let identities = identities(&device);
    let item = UsageItem {
        name: device.display_name.or(device.system_name),
        state,
        quantity: Some(Quantity { amount: Decimal::ONE, unit: Unit::Device }),
        identities,
        attributes: device.location_id.into_iter().map(|place| ("site".to_owned(), place.0)).collect(),
        first_seen,
        last_seen,
        ..UsageItem::new(item_id, kind)
    };
    reading.item(&account, &item);
    Ok(())
}

/// What a device is known by: the serial number that its board or firmware gives it, its network addresses and name.
fn identities(device: &Device<'_>) -> Identities {
    let system = device.system.as_ref();
    let serial = system.and_then(|system| system.bios_serial_number.as_ref().or(system.serial_number.as_ref()));
    let text = |text: &&String| !text.trim().is_empty();
    let host_name = device.dns_name.as_ref().filter(text).or(device.netbios_name.as_ref().filter(text));
    Identities {
        serial: serial.filter(text).cloned(),
        mac_addresses: device.mac_addresses.iter().flatten().take(MAC_ADDRESSES_MAX).cloned().collect(),
        host_name: host_name.or(device.system_name.as_ref().filter(text)).cloned(),
        ..Identities::default()
    }
}

/// What a device is sold as. Virtual machine hosts and guests, network and cloud targets run no agent of their own.
fn kind(node_class: Option<&str>, reading: &mut SnapshotBuilder) -> &'static str {
    match node_class {
        Some("WINDOWS_SERVER" | "LINUX_SERVER" | "MAC_SERVER") => "server",
        Some("WINDOWS_WORKSTATION" | "LINUX_WORKSTATION" | "MAC") => "workstation",
        Some("ANDROID" | "APPLE_IOS" | "APPLE_IPADOS") => "mobile",
        Some(
            "VMWARE_VM_HOST"
            | "VMWARE_VM_GUEST"
            | "HYPERV_VMM_HOST"
            | "HYPERV_VMM_GUEST"
            | "CLOUD_MONITOR_TARGET"
            | "NMS_SWITCH"
            | "NMS_ROUTER"
            | "NMS_FIREWALL"
            | "NMS_PRIVATE_NETWORK_GATEWAY"
            | "NMS_PRINTER"
            | "NMS_SCANNER"
            | "NMS_DIAL_MANAGER"
            | "NMS_WAP"
            | "NMS_IPSLA"
            | "NMS_COMPUTER"
            | "NMS_VM_HOST"
            | "NMS_APPLIANCE"
            | "NMS_OTHER"
            | "NMS_SERVER"
            | "NMS_PHONE"
            | "NMS_VIRTUAL_MACHINE"
            | "NMS_NETWORK_MANAGEMENT_AGENT"
            | "UNMANAGED_DEVICE"
            | "MANAGED_DEVICE",
        ) => "other_device",
        other => {
            reading.unknown("nodeClass", other.unwrap_or("(missing)"));
            "unknown"
        }
    }
}
