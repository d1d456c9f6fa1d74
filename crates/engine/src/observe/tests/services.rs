use super::*;
use crate::observe::rows::{Health, ServiceRow};

fn service(name: &str, spec: &Value) -> Value {
    let mut all = json!({"type": "ClusterIP", "clusterIP": "10.96.4.17", "selector": {"app": name},
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]});
    merge(&mut all, spec);
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-s-{name}"),
        "creationTimestamp": LONG_AGO}, "spec": all})
}

/// The endpoints of a service: addresses, whether ready, and their pods.
fn slice(service: &str, port: u16, endpoints: &[(&str, bool, &str)]) -> Value {
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|(address, ready, pod)| {
            json!({"addresses": [address], "conditions": {"ready": ready},
                   "targetRef": {"kind": "Pod", "uid": pod}})
        })
        .collect();
    json!({"metadata": {"name": format!("{service}-x"), "namespace": "shop", "uid": format!("uid-e-{service}"),
        "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4", "ports": [{"port": port, "protocol": "TCP", "name": ""}], "endpoints": endpoints})
}

fn row(service: Value, slices: &[Value], pods: &[Value]) -> ServiceRow {
    let mut world = world();
    world.services = kind(&[service]);
    world.slices = kind(slices);
    world.pods = kind(pods);
    view(&world).services.remove(0)
}

fn reachable(row: &ServiceRow) -> Option<&str> {
    row.ports[0].reachable.as_deref()
}

#[test]
fn a_service_with_backends_is_well_and_inside_only() {
    let ends = slice(
        "web",
        8080,
        &[
            ("10.244.1.7", true, "uid-a"),
            ("10.244.1.8", true, "uid-b"),
            ("10.244.1.9", false, "uid-c"),
        ],
    );
    let row = row(service("web", &json!({})), &[ends], &[]);
    assert_eq!(
        (row.kind.as_str(), row.health, row.backends),
        ("ClusterIP", Health::Healthy, Some(2))
    );
    assert_eq!(row.cluster_address.as_deref(), Some("10.96.4.17"));
    assert_eq!((row.ports[0].port, reachable(&row)), (80, None));
}

#[test]
fn a_node_port_on_a_published_port_is_reached_through_it() {
    let ports = |port: u16, protocol: &str| {
        json!({"type": "NodePort", "ports": [
        {"port": 80, "protocol": protocol, "nodePort": port}]})
    };
    let ends = [slice("web", 8080, &[("10.244.1.7", true, "uid-a")])];
    let one = row(service("web", &ports(30080, "TCP")), &ends, &[]);
    assert_eq!(
        (one.ports[0].node_port, reachable(&one)),
        (Some(30080), Some("127.0.0.1:8080"))
    );
    let ranged = row(service("web", &ports(31003, "UDP")), &ends, &[]);
    assert_eq!(reachable(&ranged), Some("127.0.0.1:9003"));
    for (port, protocol) in [(31003, "TCP"), (30081, "TCP"), (31010, "UDP")] {
        let other = row(service("web", &ports(port, protocol)), &ends, &[]);
        assert_eq!(reachable(&other), None, "{port} {protocol}");
    }
}

#[test]
fn a_host_port_of_a_backend_is_reached_on_its_own_node_only() {
    let ingress = |node: &str| {
        let mut it = pod("ingress", &json!({}));
        it["spec"]["nodeName"] = json!(node);
        it["spec"]["containers"][0]["ports"] =
            json!([{"containerPort": 8443, "hostPort": 443, "protocol": "TCP"}]);
        it
    };
    let ends = [slice("web", 8443, &[("10.244.0.7", true, "uid-ingress")])];
    let here = row(
        service("web", &json!({})),
        &ends,
        &[ingress("dev-control-plane")],
    );
    assert_eq!(reachable(&here), Some("127.0.0.1:8443"));
    let elsewhere = row(service("web", &json!({})), &ends, &[ingress("dev-worker")]);
    assert_eq!(reachable(&elsewhere), None);
}

#[test]
fn the_api_itself_is_reached_through_its_node() {
    let mut api = service("kubernetes", &json!({}));
    api["metadata"]["namespace"] = json!("default");
    api["spec"]
        .as_object_mut()
        .expect("a spec")
        .remove("selector");
    let mut ends = slice("kubernetes", 6443, &[("172.30.0.2", true, "")]);
    ends["metadata"]["namespace"] = json!("default");
    let row = row(api, &[ends], &[]);
    assert_eq!(reachable(&row), Some("127.0.0.1:16443"));
    assert!(row.system);
    assert_eq!(row.health, Health::Healthy);
}

#[test]
fn without_ready_backends_it_does_as_its_pods_do() {
    let waits = |pods: &[Value]| row(service("web", &json!({})), &[slice("web", 8080, &[])], pods);
    let alone = waits(&[pod("other", &json!({}))]);
    assert_eq!((alone.health, alone.backends), (Health::Degraded, Some(0)));
    let end = json!({"exitCode": 1, "finishedAt": NOW});
    assert_eq!(
        waits(&[unready("web", "Running", &crashing(&end))]).health,
        Health::Degraded
    );
    let creating = json!({"waiting": {"reason": "ContainerCreating"}});
    let coming = unready(
        "web",
        "Pending",
        &container(&creating, &json!({}), 0, false),
    );
    assert_eq!(waits(&[coming]).health, Health::Busy);
}

#[test]
fn kinds_without_an_address_or_backends_are_told() {
    let headless = row(service("db", &json!({"clusterIP": "None"})), &[], &[]);
    assert_eq!(
        (headless.kind.as_str(), headless.cluster_address),
        ("Headless", None)
    );
    let mut outside = service(
        "out",
        &json!({"type": "ExternalName", "externalName": "example.com", "ports": []}),
    );
    let spec = outside["spec"].as_object_mut().expect("a spec");
    spec.remove("selector");
    spec.remove("clusterIP");
    let outside = row(outside, &[], &[]);
    assert_eq!(
        (outside.kind.as_str(), outside.health, outside.backends),
        ("ExternalName", Health::Healthy, None)
    );
}
