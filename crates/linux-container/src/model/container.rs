//! Containers: configuration, state and the element of `list` and `inspect`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything `create` fixed.
#[expect(clippy::struct_excessive_bools, reason = "the shape is Apple's")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    pub(crate) cap_add: Vec<String>,
    pub(crate) cap_drop: Vec<String>,
    pub(crate) creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dns: Option<Dns>,
    pub(crate) id: String,
    pub(crate) image: ImageDescription,
    pub(crate) init_process: InitProcess,
    pub(crate) labels: BTreeMap<String, String>,
    /// Absent: the defaults of the release; empty: cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) masked_paths: Option<Vec<String>>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) networks: Vec<NetworkUse>,
    pub(crate) platform: Platform,
    pub(crate) published_ports: Vec<PublishedPort>,
    pub(crate) published_sockets: Vec<PublishedSocket>,
    pub(crate) read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) readonly_paths: Option<Vec<String>>,
    pub(crate) resources: Resources,
    pub(crate) rosetta: bool,
    pub(crate) runtime_handler: String,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shm_size: Option<u64>,
    pub(crate) ssh: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_signal: Option<String>,
    pub(crate) sysctls: BTreeMap<String, String>,
    pub(crate) use_init: bool,
    pub(crate) virtualization: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dns {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
    pub(crate) nameservers: Vec<String>,
    pub(crate) options: Vec<String>,
    pub(crate) search_domains: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImageDescription {
    pub(crate) descriptor: Descriptor,
    pub(crate) reference: String,
}

/// An OCI content descriptor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    /// Bytes.
    pub(crate) size: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitProcess {
    /// First word of the command line.
    pub(crate) executable: String,
    /// The rest of it.
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<String>,
    pub(crate) rlimits: Vec<Rlimit>,
    pub(crate) supplemental_groups: Vec<u32>,
    pub(crate) terminal: bool,
    pub(crate) user: User,
    pub(crate) working_directory: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rlimit {
    /// As in `RLIMIT_NOFILE`.
    pub(crate) limit: String,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum User {
    Id {
        gid: u32,
        uid: u32,
    },
    #[serde(rename_all = "camelCase")]
    Raw {
        user_string: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) destination: String,
    pub(crate) options: Vec<String>,
    pub(crate) source: String,
    #[serde(rename = "type")]
    pub(crate) kind: MountKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MountKind {
    Tmpfs {},
    Virtiofs {},
    Volume {
        cache: CacheMode,
        format: String,
        name: String,
        sync: SyncMode,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CacheMode {
    On {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SyncMode {
    Fsync {},
}

/// A network as asked for at `create`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NetworkUse {
    pub(crate) network: String,
    pub(crate) options: NetworkOptions,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkOptions {
    pub(crate) hostname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mac_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtu: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    pub(crate) architecture: String,
    pub(crate) os: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variant: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedPort {
    pub(crate) container_port: u16,
    pub(crate) count: u16,
    pub(crate) host_address: std::net::IpAddr,
    pub(crate) host_port: u16,
    pub(crate) proto: Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedSocket {
    pub(crate) container_path: String,
    pub(crate) host_path: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resources {
    pub(crate) cpu_overhead: u32,
    pub(crate) cpus: u32,
    pub(crate) memory_in_bytes: u64,
}

/// A container as `list` and `inspect` show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) configuration: Configuration,
    pub(crate) id: String,
    pub(crate) status: Status,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Empty when stopped: an address lives as long as a run.
    pub(crate) networks: Vec<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_date: Option<String>,
    pub(crate) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Running,
    Stopping,
    Stopped,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

/// An interface of a running container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    pub(crate) hostname: String,
    pub(crate) ipv4_address: ipnet::Ipv4Net,
    pub(crate) ipv4_gateway: std::net::Ipv4Addr,
    pub(crate) mac_address: String,
    pub(crate) mtu: u32,
    pub(crate) network: String,
    pub(crate) variant: String,
}

/// One sample of `stats`; `cpu_usage_usec` is cumulative.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_read_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_write_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_usage_usec: Option<u64>,
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_limit_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_usage_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_rx_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_tx_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) num_processes: Option<u64>,
}
