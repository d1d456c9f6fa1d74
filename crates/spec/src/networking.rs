//! `spec.networking`.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::Serialize;

/// Addresses and network programs of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, default)]
pub struct Networking {
    /// Addresses of the pods: an IPv4 subnet from /8 to /24, every node gets a /24 of it.
    #[schemars(with = "String")]
    pub pod_subnet: Ipv4Net,
    /// Addresses of Services: an IPv4 subnet from /12 to /27.
    #[schemars(with = "String")]
    pub service_subnet: Ipv4Net,
    /// Stable addresses of the nodes, known inside the cluster alone: an IPv4 subnet from /16
    /// to /28. Several clusters may use the same.
    #[schemars(with = "String")]
    pub node_subnet: Ipv4Net,
    /// Address of this machine on which the API server answers. An address other than a
    /// loopback one lets other machines reach it.
    pub api_server_address: Ipv4Addr,
    /// Port of this machine on which the API server answers. Absent or 0: a free one is chosen
    /// when the cluster is created, and stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_server_port: Option<u16>,
    /// Network between pods.
    pub cni: Cni,
    /// How kube-proxy programs Services.
    pub kube_proxy_mode: KubeProxyMode,
}

impl Default for Networking {
    fn default() -> Self {
        Self {
            pod_subnet: subnet([10, 244, 0, 0], 16),
            service_subnet: subnet([10, 96, 0, 0], 12),
            node_subnet: subnet([172, 30, 0, 0], 24),
            api_server_address: Ipv4Addr::LOCALHOST,
            api_server_port: None,
            cni: Cni::default(),
            kube_proxy_mode: KubeProxyMode::default(),
        }
    }
}

const fn subnet(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// Network between pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cni {
    /// flannel, routing over the node network.
    #[default]
    Flannel,
    /// Nothing: you install one, and until then no node becomes ready.
    None,
}

impl Cni {
    pub(crate) const ALL: [Self; 2] = [Self::Flannel, Self::None];

    /// The value in the YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flannel => "flannel",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Cni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How kube-proxy programs Services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KubeProxyMode {
    /// With nftables.
    #[default]
    Nftables,
    /// With iptables.
    Iptables,
    /// There is no kube-proxy: you install what replaces it, and until then no Service answers,
    /// nor DNS.
    None,
}

impl KubeProxyMode {
    pub(crate) const ALL: [Self; 3] = [Self::Nftables, Self::Iptables, Self::None];

    /// The value in the YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nftables => "nftables",
            Self::Iptables => "iptables",
            Self::None => "none",
        }
    }
}

impl fmt::Display for KubeProxyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
