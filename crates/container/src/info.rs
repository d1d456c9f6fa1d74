//! What `container` tells about containers: both JSON generations, read tolerantly.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::json::or_default;

/// One container, from `list` or `inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerInfo {
    /// Name, which is the id and the guest's host name too.
    pub id: String,
    /// Whether it runs.
    pub state: State,
    /// When it was last started; `None` when it never was.
    pub started: Option<Timestamp>,
    /// When it was created; releases before 1.0 do not tell.
    pub created: Option<Timestamp>,
    /// The image as it was asked for, normalised, such as `docker.io/library/x:1`.
    pub image: String,
    /// Digest of the image's descriptor.
    pub image_digest: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Network attachments; empty unless it runs.
    pub networks: Vec<Attachment>,
    /// Networks it is created for, also when it is stopped.
    pub network_names: Vec<String>,
    /// Published ports.
    pub published: Vec<PublishedPort>,
    /// Mounts.
    pub mounts: Vec<MountInfo>,
    /// CPUs given to it.
    pub cpus: u32,
    /// Memory limit in bytes.
    pub memory: u64,
    /// Platform of the guest.
    pub platform: Platform,
    /// Signal that `stop` sends, when the image or the caller chose one.
    pub stop_signal: Option<String>,
}

impl ContainerInfo {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Its IPv4 address on the first network; only while it runs, and another one after each start.
    pub fn address(&self) -> Option<IpAddr> {
        self.networks.first()?.ipv4
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

/// State of a container. There is no exit status anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its first process was started and has not ended.
    Running,
    /// Stopped, or created and never started.
    Stopped,
    /// On its way down.
    Stopping,
    /// Anything else the program says.
    Unknown,
}

impl State {
    fn read(word: &str) -> Self {
        match word {
            "running" => Self::Running,
            "stopped" => Self::Stopped,
            "stopping" => Self::Stopping,
            _ => Self::Unknown,
        }
    }
}

/// A running container's place on a network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// The network's name.
    pub network: String,
    /// Host name there, without a domain.
    pub hostname: String,
    /// Address.
    pub ipv4: Option<IpAddr>,
    /// Length of the network's prefix.
    pub prefix: Option<u8>,
    /// Address of the network's gateway, which is the host.
    pub gateway: Option<IpAddr>,
    /// IPv6 address.
    pub ipv6: Option<IpAddr>,
    /// Hardware address.
    pub mac: Option<String>,
    /// MTU in bytes.
    pub mtu: Option<u32>,
}

/// A port of the host that leads into the container.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PublishedPort {
    /// Address of the host that listens.
    #[serde(default, deserialize_with = "or_default")]
    pub host_address: String,
    /// First port of the host.
    pub host_port: u16,
    /// First port inside.
    pub container_port: u16,
    /// Number of ports in the range.
    #[serde(default = "one")]
    pub count: u16,
    /// `tcp` or `udp`.
    #[serde(default, rename = "proto", deserialize_with = "or_default")]
    pub protocol: String,
}

fn one() -> u16 {
    1
}

/// A mount of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountInfo {
    /// Path on the host, path of a volume's image, or empty.
    pub source: String,
    /// Path inside.
    pub destination: String,
    /// `tmpfs`, `virtiofs`, `volume`, `block`.
    pub kind: String,
    /// Name of the volume.
    pub volume: Option<String>,
    /// Whether it is read-only.
    pub read_only: bool,
}

/// Operating system and architecture in OCI's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// `linux`.
    #[serde(default, deserialize_with = "or_default")]
    pub os: String,
    /// `arm64`, `amd64`, or `unknown` for attestations.
    #[serde(default, deserialize_with = "or_default")]
    pub architecture: String,
    /// Such as `v8`.
    #[serde(default, deserialize_with = "or_default")]
    pub variant: Option<String>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// A date: ISO from 1.0.0, seconds since 2001-01-01 before.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Date {
    Iso(Timestamp),
    Cocoa(f64),
}

impl Date {
    fn timestamp(self) -> Option<Timestamp> {
        const EPOCH_2001: i64 = 978_307_200;
        match self {
            Self::Iso(at) => Some(at),
            #[allow(clippy::cast_possible_truncation)] // whole seconds are enough; casts saturate
            Self::Cocoa(seconds) => {
                Timestamp::from_second(EPOCH_2001.saturating_add(seconds as i64)).ok()
            }
        }
    }
}

/// A date that may be absent or in a form nobody has seen: then it is unknown, not an error.
fn lenient_date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Date(Date),
        Else(serde::de::IgnoredAny),
    }
    Ok(match Any::deserialize(from)? {
        Any::Date(date) => date.timestamp(),
        Any::Else(_) => None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer {
    id: Option<String>,
    configuration: RawConfiguration,
    status: RawStatus,
    networks: Option<Vec<RawAttachment>>,
    #[serde(default, deserialize_with = "lenient_date")]
    started_date: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawStatus {
    Word(String),
    Object(RawStatusObject),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatusObject {
    #[serde(default, deserialize_with = "or_default")]
    state: String,
    networks: Option<Vec<RawAttachment>>,
    #[serde(default, deserialize_with = "lenient_date")]
    started_date: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawConfiguration {
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient_date")]
    creation_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    image: RawImage,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    mounts: Vec<RawMount>,
    #[serde(default, deserialize_with = "or_default")]
    networks: Vec<RawNetwork>,
    #[serde(default, deserialize_with = "or_default")]
    published_ports: Vec<PublishedPort>,
    #[serde(default, deserialize_with = "or_default")]
    resources: RawResources,
    #[serde(default, deserialize_with = "or_default")]
    platform: Platform,
    stop_signal: Option<String>,
}

#[derive(Default, Deserialize)]
struct RawImage {
    #[serde(default, deserialize_with = "or_default")]
    reference: String,
    #[serde(default, deserialize_with = "or_default")]
    descriptor: RawDescriptor,
}

#[derive(Default, Deserialize)]
struct RawDescriptor {
    #[serde(default, deserialize_with = "or_default")]
    digest: String,
}

#[derive(Deserialize)]
struct RawMount {
    #[serde(default, deserialize_with = "or_default")]
    source: String,
    #[serde(default, deserialize_with = "or_default")]
    destination: String,
    #[serde(default, deserialize_with = "or_default")]
    options: Vec<String>,
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    kind: BTreeMap<String, RawMountKind>,
}

#[derive(Default, Deserialize)]
struct RawMountKind {
    name: Option<String>,
}

/// A network of a configuration: an object, or only its name before 1.0.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawNetwork {
    Name(String),
    Object { network: String },
    Else(serde::de::IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResources {
    #[serde(default, deserialize_with = "or_default")]
    cpus: u32,
    #[serde(default, deserialize_with = "or_default")]
    memory_in_bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAttachment {
    #[serde(default, deserialize_with = "or_default")]
    network: String,
    #[serde(default, deserialize_with = "or_default")]
    hostname: String,
    #[serde(alias = "address")]
    ipv4_address: Option<String>,
    #[serde(alias = "gateway")]
    ipv4_gateway: Option<String>,
    ipv6_address: Option<String>,
    mac_address: Option<String>,
    mtu: Option<u32>,
}

/// Address and prefix of `192.168.64.3/24`.
fn address(text: Option<&str>) -> (Option<IpAddr>, Option<u8>) {
    let Some(text) = text else {
        return (None, None);
    };
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, prefix.parse().ok()),
        None => (text, None),
    };
    (address.parse().ok(), prefix)
}

impl From<RawAttachment> for Attachment {
    fn from(raw: RawAttachment) -> Self {
        let (ipv4, prefix) = address(raw.ipv4_address.as_deref());
        let hostname = raw.hostname.split('.').next().unwrap_or_default();
        Self {
            network: raw.network,
            hostname: hostname.to_owned(),
            ipv4,
            prefix,
            gateway: address(raw.ipv4_gateway.as_deref()).0,
            ipv6: address(raw.ipv6_address.as_deref()).0,
            mac: raw.mac_address,
            mtu: raw.mtu,
        }
    }
}

impl From<RawMount> for MountInfo {
    fn from(raw: RawMount) -> Self {
        let (kind, volume) = match raw.kind.into_iter().next() {
            Some((kind, detail)) => (kind, detail.name),
            None => (String::new(), None),
        };
        Self {
            source: raw.source,
            destination: raw.destination,
            kind,
            volume,
            read_only: raw.options.iter().any(|option| option == "ro"),
        }
    }
}

impl<'de> Deserialize<'de> for ContainerInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawContainer::deserialize(from)?;
        let configuration = raw.configuration;
        let (state, networks, started) = match raw.status {
            RawStatus::Word(word) => (word, None, None),
            RawStatus::Object(status) => (status.state, status.networks, status.started_date),
        };
        Ok(Self {
            id: raw
                .id
                .or(configuration.id)
                .ok_or_else(|| serde::de::Error::missing_field("id"))?,
            state: State::read(&state),
            started: started.or(raw.started_date),
            created: configuration.creation_date,
            image: configuration.image.reference,
            image_digest: configuration.image.descriptor.digest,
            labels: configuration.labels,
            networks: networks
                .or(raw.networks)
                .unwrap_or_default()
                .into_iter()
                .map(Attachment::from)
                .collect(),
            network_names: configuration
                .networks
                .into_iter()
                .filter_map(|network| match network {
                    RawNetwork::Name(name) | RawNetwork::Object { network: name } => Some(name),
                    RawNetwork::Else(_) => None,
                })
                .collect(),
            published: configuration.published_ports,
            mounts: configuration
                .mounts
                .into_iter()
                .map(MountInfo::from)
                .collect(),
            cpus: configuration.resources.cpus,
            memory: configuration.resources.memory_in_bytes,
            platform: configuration.platform,
            stop_signal: configuration.stop_signal,
        })
    }
}
