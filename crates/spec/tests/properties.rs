//! Whatever is read, reading ends without a panic; whatever is written is read back the same.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use spec::{
    Cluster, Cni, KubeProxyMode, Memory, Mount, Networking, Node, PortMapping, Protocol, Role,
    Taint, TaintEffect,
};

#[path = "../fuzz/target.rs"]
mod target;

const FULL: &str = include_str!("../examples/full.yaml");
const KIND: &str = include_str!("../examples/kind.yaml");

/// A file with a part cut out or replaced.
fn mangle(text: &str, start: usize, length: usize, insert: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let start = start % (chars.len() + 1);
    let end = (start + length).min(chars.len());
    chars[..start]
        .iter()
        .copied()
        .chain(insert.chars())
        .chain(chars[end..].iter().copied())
        .collect()
}

fn label() -> impl Strategy<Value = (String, String)> {
    (
        "([a-z]{1,5}\\.[a-z]{2}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?",
        "([A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?)?",
    )
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(
        label().prop_map(|label| label.0),
        label().prop_map(|label| label.1),
        0..4,
    )
    .prop_map(|labels| {
        labels
            .into_iter()
            .filter(|(key, _)| !key.contains("k8s.io"))
            .collect()
    })
}

fn taints() -> impl Strategy<Value = Option<Vec<Taint>>> {
    let effects = [
        TaintEffect::NoSchedule,
        TaintEffect::PreferNoSchedule,
        TaintEffect::NoExecute,
    ];
    option::of(label().prop_map(move |(key, value)| {
        effects
            .into_iter()
            .map(|effect| Taint {
                key: key.clone(),
                value: value.clone(),
                effect,
            })
            .collect()
    }))
}

fn mounts() -> impl Strategy<Value = Vec<Mount>> {
    let mount = ("(/[^:/\\pC~]{1,8}){1,3}", any::<bool>());
    vec(mount, 0..3).prop_map(|mounts| {
        let mount = |(index, (path, read_only)): (usize, (String, bool))| Mount {
            host_path: std::path::absolute(path).unwrap_or_default(),
            container_path: format!("/mnt/{index}"),
            read_only,
        };
        mounts.into_iter().enumerate().map(mount).collect()
    })
}

fn kubeadm_patches() -> impl Strategy<Value = Vec<String>> {
    let text = prop_oneof![
        Just("kind: KubeletConfiguration\nmaxPods: 5\n".to_owned()),
        Just("kind: KubeletConfiguration\n\n\n".to_owned()),
        Just("  kind: KubeProxyConfiguration\n  # : comment".to_owned()),
        "[a-z]{1,6}".prop_map(|word| format!(
            "kind: ClusterConfiguration\nclusterName: \"{word}\\n\"\n---\nkind: InitConfiguration"
        )),
    ];
    vec(text, 0..3)
}

fn node(role: Role, entry: u16) -> impl Strategy<Value = Node> {
    let size = (option::of(1_u32..64), option::of((2_u64 << 30)..(64 << 30)));
    let ports = vec(
        (1_u16..=65535, any::<bool>(), any::<bool>(), any::<bool>()),
        0..3,
    );
    let image = option::of("[a-z]{1,8}(/[a-z0-9]{1,5})?(:[A-Za-z0-9_.-]{0,3}[A-Za-z0-9])?");
    (
        size,
        ports,
        image,
        labels(),
        taints(),
        mounts(),
        kubeadm_patches(),
    )
        .prop_map(
            move |(size, ports, image, labels, taints, extra_mounts, kubeadm_config_patches)| {
                let mapping = |(index, (container_port, open, anywhere, udp))| PortMapping {
                    container_port,
                    host_port: if open { 0 } else { 2000 + entry * 100 + index },
                    listen_address: IpAddr::V4(if anywhere {
                        Ipv4Addr::UNSPECIFIED
                    } else {
                        Ipv4Addr::LOCALHOST
                    }),
                    protocol: if udp { Protocol::Udp } else { Protocol::Tcp },
                };
                Node {
                    replicas: 1,
                    image: image.filter(|image| !image.contains(":-") && !image.contains(":.")),
                    cpus: size.0,
                    memory: size.1.map(Memory::from_bytes),
                    labels,
                    taints,
                    extra_mounts,
                    extra_port_mappings: (0_u16..).zip(ports).map(mapping).collect(),
                    kubeadm_config_patches,
                    ..Node::new(role)
                }
            },
        )
}

fn networking() -> impl Strategy<Value = Networking> {
    let subnets = (0_u8..200, 12_u8..=16, 16_u8..=23, 16_u8..=26);
    let mode = prop_oneof![
        Just(KubeProxyMode::Nftables),
        Just(KubeProxyMode::Iptables),
        Just(KubeProxyMode::None),
    ];
    let rest = (option::of(1024_u16..2000), any::<bool>(), mode);
    (subnets, rest).prop_map(
        |((second, service, pod, node), (port, none, kube_proxy_mode))| {
            let net = |a, b, length| ipnet(Ipv4Addr::new(a, b, 0, 0), length);
            Networking {
                pod_subnet: net(10, second, pod),
                service_subnet: net(172, 16, service),
                node_subnet: net(192, 168, node),
                api_server_address: Ipv4Addr::LOCALHOST,
                api_server_port: port,
                cni: if none { Cni::None } else { Cni::Flannel },
                kube_proxy_mode,
            }
        },
    )
}

fn ipnet(address: Ipv4Addr, length: u8) -> ipnet::Ipv4Net {
    ipnet::Ipv4Net::new(address, length)
        .unwrap_or_default()
        .trunc()
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let nodes = (
        node(Role::ControlPlane, 0),
        vec(node(Role::Worker, 1), 0..2),
    );
    let version = option::of((20_u64..50, 0_u64..20, any::<bool>()));
    let containerd = vec(
        prop_oneof![
            Just("[debug]\nlevel = \"x\"\n".to_owned()),
            Just("a = '''\n\n b'''".to_owned())
        ],
        0..3,
    );
    (
        "[a-z]([-a-z0-9]{0,20}[a-z0-9])?",
        nodes,
        networking(),
        version,
        kubeadm_patches(),
        containerd,
    )
        .prop_map(
            |(name, (plane, workers), networking, version, kubeadm, containerd)| Cluster {
                name,
                kubernetes_version: version.and_then(|(minor, patch, early)| {
                    format!("v1.{minor}.{patch}{}", if early { "-rc.1" } else { "" })
                        .parse()
                        .ok()
                }),
                nodes: std::iter::once(plane)
                    .chain(workers.into_iter().take(1))
                    .collect(),
                networking,
                kubeadm_config_patches: kubeadm,
                containerd_config_patches: containerd,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        target::parse(&bytes);
    }

    #[test]
    fn any_text(text in "[ -~\n\t\u{85}\u{2028}äß😀\"'&*!%@`{}\\[\\]|>#?:,-]{0,200}") {
        target::parse(text.as_bytes());
    }

    #[test]
    fn mangled_files(start in 0_usize..4000, length in 0_usize..40, insert in "[ -~\n\t]{0,12}", kind: bool) {
        target::parse(mangle(if kind { KIND } else { FULL }, start, length, &insert).as_bytes());
    }

    #[test]
    fn shuffled_lines(seed in vec((0_usize..200, 0_usize..200), 1..20)) {
        let mut lines: Vec<&str> = FULL.lines().collect();
        let count = lines.len();
        for (a, b) in seed {
            lines.swap(a % count, b % count);
        }
        target::parse(lines.join("\n").as_bytes());
    }

    #[test]
    fn writing_and_reading_is_the_identity(cluster in cluster()) {
        prop_assert!(cluster.check().is_ok(), "{}", cluster.check().err().map(|e| e.to_string()).unwrap_or_default());
        let text = cluster.to_yaml();
        let again = Cluster::parse(&text, "saved", Path::new("/nowhere")).map(|parsed| parsed.cluster);
        prop_assert_eq!(again, Ok(cluster), "{}", text);
    }
}
