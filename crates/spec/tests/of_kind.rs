//! kind's files. The cases are those of kind's own tables of validation and loading; the verdicts
//! are ours where we support less (IPv6, several control planes), or check more.

use std::path::Path;

use spec::{Cluster, Cni, ErrorList, KubeProxyMode, Parsed, Protocol, Role};

fn parse(body: &str) -> Result<Parsed, ErrorList> {
    let text = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{body}");
    Cluster::parse(text, "kind.yaml", Path::new("/base"))
}

/// The fields with errors, in the order of the text.
fn faults(body: &str) -> Vec<String> {
    match parse(body) {
        Ok(_) => Vec::new(),
        Err(list) => list.errors.into_iter().map(|error| error.path).collect(),
    }
}

#[test]
fn clusters() {
    let no_faults: &[&str] = &[];
    for (name, body, expected) in [
        ("defaulted", "", no_faults),
        (
            "several workers",
            "nodes: [{role: control-plane}, {role: worker}, {role: worker}]",
            &[],
        ),
        (
            "IPv6",
            "networking: {ipFamily: ipv6}",
            &["networking.ipFamily"],
        ),
        (
            "bogus pod subnet",
            "networking: {podSubnet: aa}",
            &["networking.podSubnet"],
        ),
        (
            "bogus service subnet",
            "networking: {serviceSubnet: aa}",
            &["networking.serviceSubnet"],
        ),
        (
            "bogus API server port",
            "networking: {apiServerPort: 9999999}",
            &["networking.apiServerPort"],
        ),
        (
            "bogus proxy mode",
            "networking: {kubeProxyMode: notiptables}",
            &["networking.kubeProxyMode"],
        ),
        (
            "bogus family",
            "networking: {ipFamily: ds}",
            &["networking.ipFamily"],
        ),
        (
            "two pod subnets",
            "networking: {podSubnet: '192.168.0.0/24,2.2.2.0/24'}",
            &["networking.podSubnet"],
        ),
        (
            "dual stack",
            "networking: {ipFamily: dual, podSubnet: '192.168.0.0/24,fd00:1::/25', serviceSubnet: '192.168.0.0/24,fd00:1::/25'}",
            &[
                "networking.ipFamily",
                "networking.podSubnet",
                "networking.serviceSubnet",
            ],
        ),
        (
            "IPv4 family, IPv6 subnets",
            "networking: {podSubnet: 'fd00:1::/25', serviceSubnet: 'fd00:1::/25'}",
            &["networking.podSubnet", "networking.serviceSubnet"],
        ),
        (
            "empty pod subnet",
            "networking: {podSubnet: ''}",
            &["networking.podSubnet"],
        ),
        (
            "empty service subnet",
            "networking: {serviceSubnet: ''}",
            &["networking.serviceSubnet"],
        ),
        ("no nodes are the default", "nodes: []", &[]),
        ("workers only", "nodes: [{role: worker}]", &["nodes"]),
        (
            "bogus node",
            "nodes: [{role: bogus}, {}]",
            &["nodes[0].role"],
        ),
        (
            "two control planes",
            "nodes: [{role: control-plane}, {role: control-plane}]",
            &["nodes[1].role"],
        ),
    ] {
        assert_eq!(faults(body), expected, "{name}");
    }
}

#[test]
fn nodes() {
    let no_faults: &[&str] = &[];
    for (name, node, expected) in [
        (
            "a control plane",
            "{role: control-plane, image: myimage:latest}",
            no_faults,
        ),
        ("no role is a control plane", "{image: myimage:latest}", &[]),
        ("empty image", "{image: ''}", &["nodes[0].image"]),
        ("empty role", "{role: ''}", &["nodes[0].role"]),
        ("unknown role", "{role: ssss}", &["nodes[0].role"]),
        (
            "container port out of range",
            "{extraPortMappings: [{containerPort: 999999999, hostPort: 8080}]}",
            &["nodes[0].extraPortMappings[0].containerPort"],
        ),
        (
            "host port out of range",
            "{extraPortMappings: [{containerPort: 8080, hostPort: 999999999}]}",
            &["nodes[0].extraPortMappings[0].hostPort"],
        ),
        (
            "ports chosen by kind",
            "{extraPortMappings: [{containerPort: 80}, {containerPort: 443, hostPort: 0}]}",
            &[],
        ),
        (
            "ports chosen by kind's back end",
            "{extraPortMappings: [{containerPort: 80, hostPort: -1}]}",
            &[],
        ),
        (
            "negative port",
            "{extraPortMappings: [{containerPort: 80, hostPort: -2}]}",
            &["nodes[0].extraPortMappings[0].hostPort"],
        ),
    ] {
        assert_eq!(faults(&format!("nodes: [{node}]")), expected, "{name}");
    }
}

#[test]
fn port_mappings() {
    let no_clash: Option<usize> = None;
    for (name, mappings, clash) in [
        (
            "different ports and protocols",
            &[
                ("127.0.0.1", 8000, "UDP"),
                ("127.0.0.1", 8000, "TCP"),
                ("0.0.0.0", 3000, "UDP"),
                ("0.0.0.0", 5000, "TCP"),
            ][..],
            no_clash,
        ),
        (
            "the same in IPv6",
            &[
                ("::1", 8000, "UDP"),
                ("::1", 8000, "TCP"),
                ("1e3d:6e85:424d:a011:a72e:9780:5f6f:a6fc", 3000, "UDP"),
            ],
            None,
        ),
        (
            "twice",
            &[
                ("127.0.0.1", 8000, "TCP"),
                ("127.0.0.1", 8000, "UDP"),
                ("127.0.0.1", 8000, "TCP"),
            ],
            Some(2),
        ),
        (
            "twice in IPv6",
            &[
                ("::1", 8000, "TCP"),
                ("::1", 8000, "UDP"),
                ("::1", 8000, "TCP"),
            ],
            Some(2),
        ),
        (
            "both wildcards",
            &[("0.0.0.0", 8000, "UDP"), ("::", 8000, "UDP")],
            Some(1),
        ),
        (
            "wildcard behind an address",
            &[("127.0.0.1", 8000, "TCP"), ("0.0.0.0", 8000, "TCP")],
            Some(1),
        ),
        (
            "wildcard behind an IPv6 address",
            &[("::1", 8000, "TCP"), ("::", 8000, "TCP")],
            Some(1),
        ),
        (
            "address behind the wildcard",
            &[("0.0.0.0", 8000, "TCP"), ("127.0.0.1", 8000, "TCP")],
            Some(1),
        ),
        (
            "IPv6 address behind the wildcard",
            &[("::", 8000, "TCP"), ("::1", 8000, "TCP")],
            Some(1),
        ),
        (
            "two addresses of one container",
            &[("127.0.0.1", 8000, "TCP"), ("::1", 8000, "TCP")],
            Some(1),
        ),
    ] {
        let list: Vec<_> = mappings
            .iter()
            .map(|(address, port, protocol)| {
                format!("{{containerPort: 80, listenAddress: '{address}', hostPort: {port}, protocol: {protocol}}}")
            })
            .collect();
        let expected: Vec<_> = clash
            .iter()
            .map(|index| format!("nodes[0].extraPortMappings[{index}].hostPort"))
            .collect();
        let body = format!("nodes: [{{extraPortMappings: [{}]}}]", list.join(", "));
        assert_eq!(faults(&body), expected, "{name}");
    }
}

#[test]
fn features_and_api_versions_reach_every_component() -> Result<(), ErrorList> {
    let parsed = parse(
        "featureGates: {InPlacePodVerticalScaling: false, AllAlpha: true}
runtimeConfig: {api/alpha: \"true\", api/beta: \"false\"}
kubeadmConfigPatches: ['kind: ClusterConfiguration']
",
    )?;
    let gates = "InPlacePodVerticalScaling=false,AllAlpha=true";
    let mut patches = parsed.cluster.kubeadm_config_patches.clone();
    assert_eq!(patches.pop().as_deref(), Some("kind: ClusterConfiguration"));
    let patches: Vec<serde_json::Value> = patches
        .iter()
        .map(|patch| serde_json::from_str(patch).expect("JSON"))
        .collect();
    let of = |kind: &'static str| patches.iter().filter(move |patch| patch["kind"] == kind);
    let features = of("ClusterConfiguration").next().expect("a patch");
    for component in ["apiServer", "controllerManager", "scheduler"] {
        let argument = &features[component]["extraArgs"][0];
        assert_eq!(argument["name"], "feature-gates", "{component}");
        assert_eq!(argument["value"], gates, "{component}");
    }
    for kind in ["KubeletConfiguration", "KubeProxyConfiguration"] {
        let patch = of(kind).next().expect(kind);
        assert_eq!(patch["featureGates"]["AllAlpha"], true, "{kind}");
        assert_eq!(patch["featureGates"]["InPlacePodVerticalScaling"], false);
    }
    let runtime = of("ClusterConfiguration").nth(1).expect("another");
    let argument = &runtime["apiServer"]["extraArgs"][0];
    assert_eq!(argument["name"], "runtime-config");
    assert_eq!(argument["value"], "api/alpha=true,api/beta=false");
    let again = parsed.cluster.to_yaml();
    assert_eq!(
        Cluster::parse(&again, "again", Path::new("/base"))?.cluster,
        parsed.cluster
    );

    assert_eq!(
        faults("featureGates: {'A=true,B': true}"),
        ["featureGates[\"A=true,B\"]"]
    );
    Ok(())
}

#[test]
fn what_maps_is_mapped() -> Result<(), ErrorList> {
    let parsed = parse(
        "name: other
networking:
  ipFamily: ipv4
  apiServerPort: 6443
  apiServerAddress: 127.0.0.1
  podSubnet: 10.10.0.0/16
  serviceSubnet: 10.20.0.0/16
  disableDefaultCNI: true
  kubeProxyMode: iptables
featureGates: {}
runtimeConfig: {}
kubeadmConfigPatchesJSON6902: []
kubeadmConfigPatches:
- |
  kind: KubeletConfiguration
  maxPods: 5
containerdConfigPatches:
- '[debug]'
nodes:
- role: control-plane
  image: kindest/node:v1.37.0
  labels: {a: b}
  kubeadmConfigPatches:
  - 'kind: InitConfiguration'
  extraMounts:
  - {hostPath: data/x, containerPath: /x, readOnly: true, selinuxRelabel: false, propagation: None}
  extraPortMappings:
  - {containerPort: 80, hostPort: 8080, protocol: UDP}
- role: worker
",
    )?;
    let warnings: Vec<_> = parsed
        .warnings
        .iter()
        .map(|warning| warning.path.as_str())
        .collect();
    assert_eq!(warnings, ["nodes[0].extraPortMappings[0].listenAddress"]);
    let cluster = parsed.cluster;
    assert_eq!(cluster.name, "other");
    let networking = &cluster.networking;
    assert_eq!(networking.api_server_port, Some(6443));
    assert_eq!(networking.pod_subnet.to_string(), "10.10.0.0/16");
    assert_eq!(networking.service_subnet.to_string(), "10.20.0.0/16");
    assert_eq!(networking.cni, Cni::None);
    assert_eq!(networking.kube_proxy_mode.as_str(), "iptables");
    assert_eq!(cluster.containerd_config_patches, ["[debug]"]);
    let machines = cluster.machines();
    let node = &machines[0];
    assert_eq!(node.name, "other-control-plane");
    assert_eq!(node.image.as_deref(), Some("kindest/node:v1.37.0"));
    assert_eq!(node.labels["a"], "b");
    assert_eq!(
        node.kubeadm_config_patches,
        [
            "kind: KubeletConfiguration\nmaxPods: 5\n",
            "kind: InitConfiguration"
        ]
    );
    assert_eq!(node.extra_mounts[0].host_path, Path::new("/base/data/x"));
    assert!(node.extra_mounts[0].read_only);
    assert_eq!(node.port_mappings[0].protocol, Protocol::Udp);
    // kind's default listens everywhere.
    assert!(node.port_mappings[0].listen_address.is_unspecified());
    assert_eq!(machines[1].role, Role::Worker);
    Ok(())
}

/// In every way to say so, and in our own format too; but not for replicas, which would need one each.
#[test]
fn a_port_may_be_left_to_us() -> Result<(), ErrorList> {
    let mut cluster = parse(
        "name: open
nodes:
- role: worker
  extraPortMappings: [{containerPort: 1}, {containerPort: 2, hostPort: 2000}]
- role: control-plane
  extraPortMappings: [{containerPort: 3, hostPort: 0}, {containerPort: 4, hostPort: -1}]
",
    )?
    .cluster;
    let own = Cluster::parse(cluster.to_yaml(), "own", Path::new("/base"))?;
    assert_eq!(own.cluster, cluster);
    let open: Vec<_> = cluster
        .open_ports()
        .into_iter()
        .map(|(node, mapping)| (node, mapping.container_port))
        .collect();
    let (worker, control_plane) = ("open-worker".to_owned(), "open-control-plane".to_owned());
    let expected = [(worker, 1), (control_plane.clone(), 3), (control_plane, 4)];
    assert_eq!(open, expected);

    cluster.nodes[0].replicas = 2;
    let refused = Cluster::parse(cluster.to_yaml(), "own", Path::new("/base"));
    let paths: Vec<_> = refused
        .expect_err("two of a kind")
        .errors
        .into_iter()
        .map(|error| error.path)
        .collect();
    // The port that is named can't be had twice either.
    let path = |at| format!("spec.nodes[0].extraPortMappings[{at}].hostPort");
    assert_eq!(paths, [path(0), path(1)]);
    Ok(())
}

#[test]
fn without_kube_proxy_something_else_programs_services() -> Result<(), ErrorList> {
    let cluster = parse("networking: {kubeProxyMode: none}")?.cluster;
    assert_eq!(cluster.networking.kube_proxy_mode, KubeProxyMode::None);
    Ok(())
}

#[test]
fn an_empty_file_of_kind_is_one_node_named_kind() -> Result<(), ErrorList> {
    let machines = parse("")?.cluster.machines();
    let names: Vec<_> = machines
        .iter()
        .map(|machine| machine.name.as_str())
        .collect();
    assert_eq!(names, ["kind-control-plane"]);
    Ok(())
}

#[test]
fn our_own_fields_are_not_kind_s() {
    assert_eq!(
        faults("nodes: [{replicas: 1, cpus: 2}]"),
        ["nodes[0].replicas", "nodes[0].cpus"]
    );
    assert_eq!(faults("networking: {cni: none}"), ["networking.cni"]);
    assert_eq!(faults("spec: {}"), ["spec"]);
}

#[test]
fn a_cluster_of_kind_is_saved_in_our_own_form() -> Result<(), ErrorList> {
    let cluster =
        parse("networking: {disableDefaultCNI: true}\nnodes: [{}, {role: worker}]")?.cluster;
    let again = Cluster::parse(cluster.to_yaml(), "saved", Path::new("/"))?.cluster;
    assert_eq!(again, cluster);
    Ok(())
}
