//! The documented examples: they parse, they pass the JSON Schema, and the schema is fresh.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use spec::{Cluster, Memory, Role};

type Outcome = Result<(), Box<dyn Error>>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn examples() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut examples = Vec::new();
    for entry in fs::read_dir(folder("examples"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        examples.push((path, text));
    }
    assert!(examples.len() >= 4);
    Ok(examples)
}

#[test]
fn every_example_is_a_cluster() -> Outcome {
    for (path, text) in examples()? {
        let parsed = Cluster::parse(&text, &path.display().to_string(), &folder("examples"))?;
        assert_eq!(parsed.warnings, [], "{}", path.display());
    }
    Ok(())
}

#[test]
fn every_example_of_our_own_passes_the_schema() -> Outcome {
    let schema = jsonschema::validator_for(&spec::json_schema())?;
    for (path, text) in examples()? {
        if path.ends_with("kind.yaml") {
            continue;
        }
        let value: Value = serde_saphyr::from_str(&text)?;
        let errors: Vec<_> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        // What we write ourselves passes as well.
        let cluster = Cluster::parse(&text, "example", &folder("examples"))?.cluster;
        assert!(schema.is_valid(&serde_saphyr::from_str(&cluster.to_yaml())?));
    }
    Ok(())
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() -> Outcome {
    let schema = jsonschema::validator_for(&spec::json_schema())?;
    let good = fs::read_to_string(folder("examples/full.yaml"))?;
    for (from, to) in [
        ("kind: Cluster", "kind: Node"),
        ("v1alpha1", "v1alpha2"),
        ("role: worker", "role: master"),
        ("replicas: 2", "replicas: two"),
        ("replicas: 2", "replicas: 0"),
        ("memory: 3Gi", "memory: 3GB"),
        ("hostPort: 8080", "hostPort: 1"),
        ("hostPort: 8080", "hostPort: 65536"),
        ("protocol: UDP", "protocol: SCTP"),
        ("effect: NoSchedule", "effect: Never"),
        ("containerPath: /code", "containerPath: code"),
        ("cni: flannel", "cni: calico"),
        ("kubeProxyMode: nftables", "kubeProxyMode: ipvs"),
        ("v1.37.1\n\n  nodes", "v1.37\n\n  nodes"),
        ("networking:", "network:"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(
            !schema.is_valid(&serde_saphyr::from_str(&bad)?),
            "schema: {to}"
        );
        assert!(
            Cluster::parse(&bad, "bad", Path::new("/")).is_err(),
            "parser: {to}"
        );
    }
    Ok(())
}

/// `UPDATE_SCHEMA=1 cargo test -p spec` writes it anew.
#[test]
fn the_committed_schema_is_fresh() -> Outcome {
    let path = folder("schema/cluster.v1alpha1.json");
    let fresh = serde_json::to_string_pretty(&spec::json_schema())? + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &fresh)?;
    }
    let committed = fs::read_to_string(&path)?;
    assert!(committed == fresh, "run UPDATE_SCHEMA=1 cargo test -p spec");
    Ok(())
}

#[test]
fn every_field_of_the_schema_is_described() {
    fn walk(path: &str, schema: &Value, missing: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                if property.get("description").is_none() {
                    missing.push(format!("{path}.{name}"));
                }
            }
        }
        if let Some(children) = schema.as_object() {
            for (name, child) in children {
                walk(&format!("{path}/{name}"), child, missing);
            }
        }
    }
    let mut missing = Vec::new();
    walk("", &spec::json_schema(), &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_plan_s_cluster() -> Outcome {
    let text = fs::read_to_string(folder("examples/plan.yaml"))?;
    let cluster = Cluster::parse(&text, "plan.yaml", Path::new("/Users/user"))?.cluster;
    let machines = cluster.machines();
    let names: Vec<_> = machines
        .iter()
        .map(|machine| machine.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "dev-cluster-control-plane",
            "dev-cluster-worker",
            "dev-cluster-worker2"
        ]
    );
    let control_plane = &machines[0];
    assert_eq!(
        control_plane.image.as_deref(),
        Some("apple-k8s-node:v1.37.1")
    );
    assert_eq!(
        control_plane.extra_mounts[0].host_path,
        Path::new("/Users/user/code")
    );
    assert_eq!(control_plane.extra_mounts[0].container_path, "/code");
    assert!(
        machines[1..]
            .iter()
            .all(|machine| machine.role == Role::Worker)
    );
    Ok(())
}

#[test]
fn the_full_cluster() -> Outcome {
    let text = fs::read_to_string(folder("examples/full.yaml"))?;
    let cluster = Cluster::parse(&text, "full.yaml", Path::new("/srv"))?.cluster;
    let machines = cluster.machines();
    let plain: Vec<_> = machines
        .iter()
        .map(|machine| (machine.name.as_str(), machine.memory.map(Memory::mebibytes)))
        .collect();
    assert_eq!(
        plain,
        [
            ("shop-control-plane", Some(3072)),
            ("shop-worker", Some(2048)),
            ("shop-worker2", Some(2048)),
            ("shop-worker3", Some(1431)),
        ]
    );
    assert_eq!(machines[3].entry, 2);
    assert_eq!(machines[3].kubeadm_config_patches.len(), 2);
    assert_eq!(machines[3].extra_mounts[0].host_path, Path::new("/srv"));
    assert_eq!(cluster.networking, spec::Networking::default());
    Ok(())
}
