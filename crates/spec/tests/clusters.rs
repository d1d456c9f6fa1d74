//! What good files mean, what is doubtful about them, and clusters that come from no file.

use std::error::Error;
use std::fs;
use std::path::Path;

use spec::{Cluster, ErrorList, Memory, Node, Parsed, Role};

type Outcome = Result<(), Box<dyn Error>>;

fn parse(spec: &str) -> Result<Parsed, ErrorList> {
    let spec = spec.replace('\n', "\n  ");
    let head =
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: demo\nspec:\n  ";
    Cluster::parse(format!("{head}{spec}\n"), "demo.yaml", Path::new("/base"))
}

fn warnings(spec: &str) -> Result<Vec<String>, ErrorList> {
    let line = |place: Option<spec::Place>| place.map_or(0, |place| place.line);
    let warnings = parse(spec)?.warnings;
    Ok(warnings
        .iter()
        .map(|warning| format!("{} {}", line(warning.place), warning.path))
        .collect())
}

#[test]
fn machines_are_named_and_numbered_by_role() -> Outcome {
    let cluster = parse(
        "nodes:
- {role: worker, cpus: 1}
- {role: control-plane}
- {role: worker, replicas: 2, cpus: 3}
- {role: worker, cpus: 4}",
    )?
    .cluster;
    let machines = cluster.machines();
    let found: Vec<_> = machines
        .iter()
        .map(|machine| (machine.name.as_str(), machine.entry, machine.cpus))
        .collect();
    assert_eq!(
        found,
        [
            ("demo-control-plane", 1, None),
            ("demo-worker", 0, Some(1)),
            ("demo-worker2", 2, Some(3)),
            ("demo-worker3", 2, Some(3)),
            ("demo-worker4", 3, Some(4)),
        ]
    );
    Ok(())
}

#[test]
fn simple_clusters() -> Outcome {
    let names = |cluster: &Cluster| -> Vec<String> {
        cluster
            .machines()
            .into_iter()
            .map(|machine| machine.name)
            .collect()
    };
    assert_eq!(names(&Cluster::simple("a", 0)?), ["a-control-plane"]);
    assert_eq!(
        names(&Cluster::simple("a", 2)?),
        ["a-control-plane", "a-worker", "a-worker2"]
    );
    assert_eq!(Cluster::simple("a", 2)?.check()?, []);
    assert!(Cluster::simple("A", 0).is_err());
    assert_eq!(
        names(&Cluster::simple("a", 0)?.renamed("b")?),
        ["b-control-plane"]
    );
    assert!(Cluster::simple("a", 0)?.renamed("-b").is_err());
    Ok(())
}

#[test]
fn too_many_workers_are_refused_however_they_are_asked_for() -> Outcome {
    let errors = Cluster::simple("a", 300)?.check().expect_err("300 workers");
    assert!(errors.to_string().contains("301 nodes"), "{errors}");
    Ok(())
}

#[test]
fn names_of_clusters() {
    let longest = "a".repeat(spec::LONGEST_CLUSTER_NAME);
    for good in ["a", "demo", "dev-cluster", "1", "9-lives", &longest] {
        assert!(spec::validate_name(good).is_ok(), "{good}");
        assert!(format!("{good}-control-plane").len() <= 63);
    }
    let too_long = "a".repeat(spec::LONGEST_CLUSTER_NAME + 1);
    for bad in [
        "", "A", "a_b", "a.b", "-a", "a-", "ä", "a b", "a/b", "..", &too_long,
    ] {
        assert!(spec::validate_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_cluster_without_a_file_is_checked_by_the_same_rules() -> Outcome {
    let mut cluster = Cluster::simple("a", 0)?;
    let small = Node {
        memory: Some(Memory::from_bytes(1)),
        replicas: 0,
        cpus: Some(0),
        ..Node::new(Role::Worker)
    };
    cluster.nodes.push(small);
    cluster.networking.node_subnet = "10.96.0.0/24".parse()?;
    let paths: Vec<_> = cluster
        .check()
        .expect_err("many faults")
        .errors
        .into_iter()
        .map(|error| error.path)
        .collect();
    assert_eq!(
        paths,
        [
            "spec.nodes[1].replicas",
            "spec.nodes[1].cpus",
            "spec.nodes[1].memory",
            "spec.networking.nodeSubnet"
        ]
    );
    Ok(())
}

#[test]
fn versions_of_kubernetes() -> Outcome {
    for (given, meant) in [
        ("v1.37.1", "v1.37.1"),
        ("1.36.3", "v1.36.3"),
        ("v1.38.0-rc.1", "v1.38.0-rc.1"),
    ] {
        let parsed = parse(&format!(
            "kubernetesVersion: {given}\nnodes: [{{role: control-plane}}]"
        ))?;
        let version = parsed
            .cluster
            .kubernetes_version
            .map(|version| version.to_string());
        assert_eq!(version.as_deref(), Some(meant));
    }
    for bad in [
        "1.37",
        "v1",
        "latest",
        "v2.0.0",
        "v1.37.1.2",
        "vv1.37.1",
        "v1.37.1+x",
        "1",
        "[]",
    ] {
        let text = format!("kubernetesVersion: {bad}\nnodes: [{{role: control-plane}}]");
        assert!(parse(&text).is_err(), "{bad}");
    }
    Ok(())
}

#[test]
fn amounts_of_memory() {
    for (text, bytes, shown) in [
        ("4Gi", 4 << 30, "4Gi"),
        ("4096Mi", 4 << 30, "4Gi"),
        ("1536Mi", 1536 << 20, "1536Mi"),
        ("1.5Gi", 1536 << 20, "1536Mi"),
        ("4G", 4_000_000_000, "3906250Ki"),
        ("2147483648", 2 << 30, "2Gi"),
        ("1e9", 1_000_000_000, "1000000000"),
        ("0.5Ti", 512 << 30, "512Gi"),
        ("1k", 1000, "1000"),
        ("0", 0, "0"),
    ] {
        let memory: Result<Memory, _> = text.parse();
        assert_eq!(
            memory.as_ref().map(|memory| memory.bytes()),
            Ok(bytes),
            "{text}"
        );
        assert_eq!(
            memory.map(|memory| memory.to_string()),
            Ok(shown.to_owned()),
            "{text}"
        );
    }
    for bad in [
        "",
        "Gi",
        "4g",
        "4GB",
        "4 Gi",
        "-4Gi",
        "+4Gi",
        ".",
        "1.2.3Gi",
        "4Gi ",
        "1e99",
        "9e18G",
        "99999999999999999999",
    ] {
        assert!(bad.parse::<Memory>().is_err(), "{bad}");
    }
    assert_eq!("4G".parse::<Memory>().map(Memory::mebibytes), Ok(3815));
}

#[test]
fn absent_and_empty_taints_differ() -> Outcome {
    let taints = |text: &str| -> Result<_, ErrorList> {
        Ok(parse(&format!("nodes: [{{role: control-plane{text}}}]"))?
            .cluster
            .machines()[0]
            .taints
            .clone())
    };
    assert_eq!(taints("")?, None);
    assert_eq!(taints(", taints: []")?, Some(vec![]));
    assert_eq!(
        taints(", taints: [{key: a, effect: NoExecute}]")?.map(|taints| taints.len()),
        Some(1)
    );
    Ok(())
}

#[test]
fn anchors_and_merges() -> Outcome {
    let cluster = parse(
        "nodes:
- &plane
  role: control-plane
  labels: &labels {disk: ssd}
- <<: *plane
  role: worker
  labels: {<<: [*labels, {zone: a, disk: none}], tier: back}",
    )?
    .cluster;
    let labels = &cluster.nodes[1].labels;
    assert_eq!(cluster.nodes[1].role, Role::Worker);
    let found: Vec<_> = labels
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(found, [("disk", "ssd"), ("tier", "back"), ("zone", "a")]);
    Ok(())
}

#[test]
fn null_is_absent() -> Outcome {
    let cluster =
        parse("nodes:\n- role: control-plane\n  image:\n  labels: ~\n  cpus: null\nnetworking:")?
            .cluster;
    assert_eq!(cluster, Cluster::simple("demo", 0)?);
    Ok(())
}

#[test]
fn line_ends_byte_order_marks_and_paths() -> Outcome {
    let text = "\u{feff}apiVersion: apple-k8s.dev/v1alpha1\r\nkind: Cluster\r\nmetadata: {name: demo}\r\nspec:\r\n  nodes:\r\n  - role: control-plane\r\n    bogus: 1\r\n";
    let errors = Cluster::parse(text, "crlf.yaml", Path::new("/")).expect_err("a bogus field");
    assert!(
        errors
            .to_string()
            .starts_with("crlf.yaml:7:5: spec.nodes[0].bogus"),
        "{errors}"
    );
    let mounts = |host_path: &str| -> Result<_, ErrorList> {
        let mount = format!("{{hostPath: {host_path}, containerPath: /x}}");
        let parsed = parse(&format!(
            "nodes: [{{role: control-plane, extraMounts: [{mount}]}}]"
        ))?;
        Ok(parsed.cluster.nodes[0].extra_mounts[0].host_path.clone())
    };
    assert_eq!(mounts("/a/b")?, Path::new("/a/b"));
    assert_eq!(mounts("code")?, Path::new("/base/code"));
    assert_eq!(mounts("./code/.")?, Path::new("/base/code"));
    assert_eq!(mounts("./$x")?, Path::new("/base/$x"));
    // Where ".." leads is the file system's to say: a folder may be a link.
    assert_eq!(mounts("../code")?, Path::new("/base/../code"));
    Ok(())
}

#[test]
fn doubtful_things_are_warnings() -> Outcome {
    let plane = "nodes:\n- role: control-plane";
    assert_eq!(warnings(plane)?, [""; 0]);
    let port = "\n  extraPortMappings: [{containerPort: 80, hostPort: 80}]";
    assert_eq!(
        warnings(&format!("{plane}{port}"))?,
        ["8 spec.nodes[0].extraPortMappings[0].hostPort"]
    );
    let networking = "\nnetworking:\n  apiServerAddress: 0.0.0.0\n  podSubnet: 8.8.0.0/16";
    assert_eq!(
        warnings(&format!("{plane}{networking}"))?,
        [
            "9 spec.networking.apiServerAddress",
            "10 spec.networking.podSubnet"
        ]
    );
    let patch = "\n  kubeadmConfigPatches:\n  - |\n    # comment\n    kind: JoinConfiguration";
    assert_eq!(
        warnings(&format!("{plane}{patch}"))?,
        ["11 spec.nodes[0].kubeadmConfigPatches[0]"]
    );
    Ok(())
}

#[test]
fn patches_of_several_documents_and_of_the_nodes_versions_are_fine() -> Outcome {
    let parsed = parse(
        "nodes:
- role: control-plane
kubeadmConfigPatches:
- |
  apiVersion: kubeadm.k8s.io/v1beta4
  kind: ClusterConfiguration
  apiServer:
    extraArgs:
    - {name: v, value: '4'}
  ---
  apiVersion: kubelet.config.k8s.io/v1beta1
  kind: KubeletConfiguration
containerdConfigPatches:
- |
  version = 3
  [plugins.'io.containerd.grpc.v1.cri']
  stream_server_port = '0'",
    )?;
    assert_eq!(parsed.warnings, []);
    Ok(())
}

#[test]
fn missing_host_folders_are_shown_at_their_place() -> Outcome {
    let folder = std::env::temp_dir().join(format!("spec-host-paths-{}", std::process::id()));
    fs::create_dir_all(folder.join("there"))?;
    let text = "apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata: {name: demo}
spec:
  nodes:
  - role: control-plane
    extraMounts:
    - {hostPath: there, containerPath: /there}
    - {hostPath: missing, containerPath: /missing}
";
    let parsed = Cluster::parse(text, "demo.yaml", &folder)?;
    let errors = parsed.check_host_paths().expect_err("one is missing");
    fs::create_dir_all(folder.join("missing"))?;
    let complete = parsed.check_host_paths();
    fs::remove_dir_all(&folder)?;
    complete?;
    let [error] = &errors.errors[..] else {
        panic!("{errors}")
    };
    assert_eq!(error.path, "spec.nodes[0].extraMounts[1].hostPath");
    assert_eq!(
        error.place.map(|place| (place.line, place.column)),
        Some((9, 18))
    );
    assert!(error.message.contains("does not exist"), "{error}");
    Ok(())
}

#[test]
fn errors_found_later_are_shown_at_their_place() -> Outcome {
    let parsed = parse("nodes: [{role: control-plane}]\nnetworking:\n  apiServerPort: 6443")?;
    let error = parsed.error(
        "spec.networking.apiServerPort",
        "port 6443 is taken",
        Some("choose another"),
    );
    assert_eq!(
        error.to_string(),
        "demo.yaml:8:20: spec.networking.apiServerPort: port 6443 is taken
  8 |     apiServerPort: 6443
    |                    ^^^^ choose another"
    );
    // A field that was not written is shown where it would be.
    let error = parsed.error("spec.nodes[0].image", "no such image", None);
    assert!(
        error
            .to_string()
            .starts_with("demo.yaml:6:11: spec.nodes[0].image: no such"),
        "{error}"
    );
    Ok(())
}

#[test]
fn of_very_many_errors_the_first_are_shown() {
    let fields: Vec<_> = (0..5000).map(|number| format!("x{number}: 1")).collect();
    let errors = parse(&fields.join("\n"))
        .expect_err("unknown fields")
        .errors;
    assert_eq!(errors.len(), 101);
    assert_eq!(
        errors.last().map(|error| error.message.as_str()),
        Some("there are more errors: correct these first")
    );
}

#[cfg(unix)]
#[test]
fn a_folder_whose_name_is_no_text_is_refused() -> Outcome {
    use std::os::unix::ffi::OsStrExt;
    let folder = Path::new(std::ffi::OsStr::from_bytes(b"/base\xff"));
    let text = "apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata: {name: demo}
spec: {nodes: [{role: control-plane, extraMounts: [{hostPath: x, containerPath: /x}]}]}
";
    let errors = Cluster::parse(text, "x", folder).expect_err("no text");
    assert!(errors.to_string().contains("not UTF-8"), "{errors}");
    assert!(Cluster::parse(text.replace(": x,", ": /x,"), "x", folder).is_ok());
    let mut cluster = Cluster::simple("demo", 0)?;
    let mount = spec::Mount {
        host_path: folder.into(),
        container_path: "/x".into(),
        read_only: false,
    };
    cluster.nodes[0].extra_mounts.push(mount);
    assert!(cluster.check().is_err());
    assert!(cluster.to_yaml().contains("/base"));
    Ok(())
}
