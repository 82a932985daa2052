//! NinjaOne as it answers: bare arrays, `after` is the last id of the page before, seconds with fractions.

use super::{Call, Reply, Twist, Vendor, secret, token_text};
use crate::{
    catalogue::NINJAONE,
    dataset::Device,
    json::{Object, array},
    world::World,
};

const PAGE_SIZE: u64 = 1_000;
const FIRST_ORGANIZATION: u64 = 2;
const FIRST_DEVICE: u64 = 1_001;

pub(crate) struct NinjaOne {
    pub(crate) world: World,
}

impl Vendor for NinjaOne {
    fn is_token_call(&self, path: &str) -> bool {
        path == "/ws/oauth/token" || path == "/oauth/token"
    }

    fn token(&self, call: &Call, number: u64) -> Reply {
        let scope = call.form("scope").unwrap_or_default();
        let good = call.form("grant_type").as_deref() == Some("client_credentials")
            && call.form("client_id") == Some(secret(NINJAONE, "client_id"))
            && call.form("client_secret") == Some(secret(NINJAONE, "client_secret"))
            && scope.split(' ').any(|word| word == "monitoring");
        if !good {
            return Reply::status(
                401,
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#.to_owned(),
            );
        }
        let body = Object::new()
            .text("access_token", &token_text(NINJAONE, "-", number))
            .raw("expires_in", 3_600)
            .text("scope", &scope)
            .text("token_type", "Bearer");
        Reply::json(body.end())
    }

    fn admits(&self, call: &Call) -> Option<String> {
        call.bearer(NINJAONE)
    }

    fn answer(&self, call: &Call, _scope: &str) -> Reply {
        let size = call.number("pageSize", PAGE_SIZE, PAGE_SIZE).max(1);
        match call.path.as_str() {
            "/v2/organizations" => {
                let first = start(call, FIRST_ORGANIZATION);
                let rows = (first..first.saturating_add(size)).map_while(|n| self.world.organization(n)).map(|one| {
                    Object::new()
                        .text("name", &one.name)
                        .text("nodeApprovalMode", "AUTOMATIC")
                        .raw("tags", "[]")
                        .raw("fields", "{}")
                        .raw("id", one.id)
                        .end()
                });
                Reply::json(array(rows))
            }
            "/v2/devices-detailed" | "/v2/devices" => self.devices(call, size),
            _ => Reply::status(404, r#"{"resultCode":"NOT_FOUND","errorMessage":"no such resource"}"#.to_owned()),
        }
    }

    fn refusal(&self) -> Reply {
        Reply::status(401, r#"{"resultCode":"UNAUTHORIZED","errorMessage":"invalid token"}"#.to_owned())
    }
}

impl NinjaOne {
    fn devices(&self, call: &Call, size: u64) -> Reply {
        let first = start(call, FIRST_DEVICE);
        match &call.twist {
            Twist::EmptyList => Reply::json("[]".to_owned()),
            Twist::ForeignNextLink(url) => Reply::redirect(&format!("{url}{}", call.path)),
            // A page that is always full and always the first one.
            Twist::RepeatedPage => {
                let rows: Vec<_> = (0..size).map_while(|n| self.world.device(n)).map(|one| device(&one)).collect();
                Reply::json(array(rows.iter().cycle().take(usize::try_from(size).unwrap_or(0)).cloned()))
            }
            Twist::None => {
                let rows = (first..first.saturating_add(size)).map_while(|n| self.world.device(n));
                Reply::json(array(rows.map(|one| device(&one))))
            }
        }
    }
}

/// The number of the row after `after`; ids have no holes.
fn start(call: &Call, first_id: u64) -> u64 {
    match call.param("after").and_then(|text| text.parse::<u64>().ok()) {
        Some(after) => (after + 1).saturating_sub(first_id),
        None => 0,
    }
}

fn device(device: &Device) -> String {
    let seconds = device.last_contact.as_second();
    Object::new()
        .raw("id", device.id)
        .text("uid", &format!("00000000-0000-4000-8000-{:012x}", device.id))
        .raw("organizationId", device.organization_id)
        .raw("locationId", device.organization_id)
        .text("nodeClass", device.class)
        .raw("nodeRoleId", 11)
        .text("approvalStatus", device.approval)
        .raw("offline", device.id.is_multiple_of(3))
        .text("displayName", &device.name)
        .text("systemName", &device.name)
        .text("dnsName", &host_name(&device.name))
        .text("netbiosName", &device.name)
        .raw("system", system(device))
        .raw("created", format_args!("{}.0", seconds - 40_000_000))
        .raw("lastContact", format_args!("{seconds}.{:03}", device.thousandths))
        .raw("lastUpdate", format_args!("{seconds}.{:03}", device.thousandths))
        .raw("userData", "{}")
        .raw("ipAddresses", r#"["192.0.2.7"]"#)
        .raw("macAddresses", format_args!(r#"["{}"]"#, mac_address(device.machine)))
        .text("lastLoggedInUser", "tc-canary-user")
        .text("publicIP", "tc-canary-ip")
        .text("aFieldOfTheNextVersion", "unknown")
        .end()
}

/// The part of a device's answer that its board and firmware tell.
fn system(device: &Device) -> String {
    let serial = serial_number(device.machine);
    Object::new()
        .text("name", &device.name)
        .text("manufacturer", "Example Computers")
        .text("model", "Model 1")
        .text("biosSerialNumber", &serial)
        .text("serialNumber", &serial)
        .end()
}

/// What the board of a machine says.
pub(crate) fn serial_number(machine: u64) -> String {
    format!("SN-{machine:08}")
}

/// The name of a machine in its network.
pub(crate) fn host_name(name: &str) -> String {
    format!("{}.client.example", name.to_lowercase())
}

/// An address of the range for documentation, different for each device.
pub(crate) fn mac_address(id: u64) -> String {
    let [.., a, b, c] = id.to_be_bytes();
    format!("00:00:5E:{a:02X}:{b:02X}:{c:02X}")
}
