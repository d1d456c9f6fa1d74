//! Networks and volumes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::args::Args;
use crate::client::Container;
use crate::error::Result;
use crate::json::or_default;
use crate::run_spec::check_id;

const LOOK: Duration = Duration::from_secs(30);
const CHANGE: Duration = Duration::from_mins(1);

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkInfo {
    /// Name.
    pub name: String,
    /// IPv4 range such as `192.168.64.0/24`. It may change when the services start again.
    pub subnet: Option<String>,
    /// Address of the host in it.
    pub gateway: Option<String>,
    /// `nat` or `hostOnly`.
    pub mode: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawNetwork {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    configuration: RawNetworkConfiguration,
    #[serde(default, deserialize_with = "or_default")]
    status: RawNetworkStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNetworkConfiguration {
    #[serde(default, deserialize_with = "or_default")]
    mode: String,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    ipv4_subnet: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNetworkStatus {
    ipv4_subnet: Option<String>,
    ipv4_gateway: Option<String>,
}

impl<'de> Deserialize<'de> for NetworkInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawNetwork::deserialize(from)?;
        Ok(Self {
            name: raw.id,
            subnet: raw.status.ipv4_subnet.or(raw.configuration.ipv4_subnet),
            gateway: raw.status.ipv4_gateway,
            mode: raw.configuration.mode,
            labels: raw.configuration.labels,
        })
    }
}

/// A volume: an ext4 file system with `lost+found` at its root, for one running container at a
/// time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VolumeInfo {
    /// Name.
    pub name: String,
    /// Capacity in bytes, not use.
    pub capacity: Option<u64>,
    /// Its file on the host.
    pub source: PathBuf,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawVolume {
    id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    configuration: RawVolumeConfiguration,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawVolumeConfiguration {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    size_in_bytes: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    source: PathBuf,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for VolumeInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawVolume::deserialize(from)?;
        Ok(Self {
            name: raw.id.unwrap_or(raw.configuration.name),
            capacity: raw.configuration.size_in_bytes,
            source: raw.configuration.source,
            labels: raw.configuration.labels,
        })
    }
}

impl Container {
    /// All networks.
    pub async fn network_list(&self) -> Result<Vec<NetworkInfo>> {
        let args = Args::new(&["network", "list", "--format", "json"]);
        self.call_json(&args, LOOK).await
    }

    /// All volumes.
    pub async fn volume_list(&self) -> Result<Vec<VolumeInfo>> {
        let args = Args::new(&["volume", "list", "--format", "json"]);
        self.call_json(&args, LOOK).await
    }

    /// Creates a volume with labels.
    ///
    /// # Errors
    /// [`crate::Error::AlreadyExists`].
    pub async fn volume_create(&self, name: &str, labels: &[(&str, &str)]) -> Result<()> {
        check_id(name)?;
        let mut args = Args::new(&["volume", "create"]);
        for (key, value) in labels {
            args.option("--label", format!("{key}={value}"));
        }
        args.push(name);
        self.call(&args, CHANGE).await.map(drop)
    }

    /// Deletes volumes with what is in them.
    ///
    /// # Errors
    /// [`crate::Error::NoSuchVolume`].
    pub async fn volume_delete(&self, names: &[impl AsRef<str>]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let mut args = Args::new(&["volume", "delete"]);
        for name in names {
            check_id(name.as_ref())?;
            args.push(name.as_ref());
        }
        self.call(&args, CHANGE).await.map(drop)
    }
}
