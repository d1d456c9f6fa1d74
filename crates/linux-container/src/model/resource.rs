//! Networks, volumes, disk use and the service itself.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// A network as `network list` and `network inspect` show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Network {
    pub(crate) configuration: NetworkConfiguration,
    pub(crate) id: String,
    pub(crate) status: NetworkStatus,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkConfiguration {
    pub(crate) creation_date: String,
    /// Only when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ipv4_subnet: Option<Ipv4Net>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) mode: NetworkMode,
    pub(crate) name: String,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) plugin: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NetworkMode {
    Nat,
    HostOnly,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkStatus {
    pub(crate) ipv4_gateway: std::net::Ipv4Addr,
    pub(crate) ipv4_subnet: Ipv4Net,
}

/// A volume as `volume list` and `volume inspect` show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Volume {
    pub(crate) configuration: VolumeConfiguration,
    pub(crate) id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VolumeConfiguration {
    pub(crate) creation_date: String,
    pub(crate) driver: String,
    pub(crate) format: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) name: String,
    pub(crate) options: BTreeMap<String, String>,
    /// Capacity, not use.
    pub(crate) size_in_bytes: u64,
    pub(crate) source: String,
}

/// One line of `system df`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiskUse {
    pub(crate) active: u64,
    pub(crate) reclaimable: u64,
    pub(crate) size_in_bytes: u64,
    pub(crate) total: u64,
}

/// `system df`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct DiskUsage {
    pub(crate) containers: DiskUse,
    pub(crate) images: DiskUse,
    pub(crate) volumes: DiskUse,
}
