//! JSON as the releases write it, read through the client.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use container::{Container, ContainerInfo, State};
use container_script::{Act, Script, Stand};

/// A running node of release 1.2.2, with `/` escaped as there.
const RUNNING: &str = r#"[{"configuration":{"capAdd":["ALL"],"capDrop":[],"creationDate":"2026-08-07T11:24:30Z",
  "dns":{"domain":"test","nameservers":[],"options":[],"searchDomains":[]},
  "id":"dev-control-plane",
  "image":{"descriptor":{"digest":"sha256:0123","mediaType":"application\/vnd.oci.image.index.v1+json","size":1609},"reference":"docker.io\/library\/x:1"},
  "initProcess":{"arguments":["\/sbin\/init"],"environment":["PATH=\/bin","container=docker"],"executable":"\/usr\/local\/bin\/entrypoint",
    "rlimits":[],"supplementalGroups":[],"terminal":false,"user":{"id":{"gid":0,"uid":0}},"workingDirectory":"\/"},
  "labels":{"apple-k8s.dev/cluster":"dev"},"maskedPaths":[],
  "mounts":[{"destination":"\/run","options":[],"source":"tmpfs","type":{"tmpfs":{}}},
    {"destination":"\/data","options":["ro"],"source":"\/Users\/me\/data","type":{"virtiofs":{}}},
    {"destination":"\/var\/lib\/x","options":[],"source":"\/v\/vol1\/volume.img","type":{"volume":{"cache":{"on":{}},"format":"ext4","name":"vol1","sync":{"fsync":{}}}}}],
  "networks":[{"network":"default","options":{"hostname":"dev-control-plane","mtu":1280}}],
  "platform":{"architecture":"arm64","os":"linux"},
  "publishedPorts":[{"containerPort":6443,"count":1,"hostAddress":"127.0.0.1","hostPort":6443,"proto":"tcp"}],"publishedSockets":[],
  "readOnly":false,"readonlyPaths":[],"resources":{"cpuOverhead":1,"cpus":4,"memoryInBytes":4294967296},
  "rosetta":false,"runtimeHandler":"container-runtime-linux","ssh":false,"stopSignal":"SIGRTMIN+3","sysctls":{},"useInit":false,"virtualization":false},
 "id":"dev-control-plane",
 "status":{"networks":[{"hostname":"dev-control-plane.test.","ipv4Address":"192.168.64.3\/24","ipv4Gateway":"192.168.64.1","ipv6Address":"fd00::3\/64","macAddress":"f2:00:00:00:00:01","mtu":1280,"network":"default","variant":"reserved"}],
  "startedDate":"2026-08-07T11:24:31Z","state":"running"}}]"#;

/// The same kind of element before 1.0: other places, other dates, other names.
const BEFORE_1_0: &str = r#"[{"status":"running","configuration":{"id":"old","image":{"reference":"docker.io\/library\/x:1","descriptor":{"digest":"sha256:1","size":1,"mediaType":"m"}},"networks":["default"],"resources":{"cpus":4,"memoryInBytes":1073741824},"labels":{},"mounts":[],"platform":{"os":"linux","architecture":"arm64"}},"networks":[{"address":"192.168.64.7\/24","gateway":"192.168.64.1","hostname":"old","network":"default"}],"startedDate":792345678.9}]"#;

async fn list(json: &str) -> Vec<ContainerInfo> {
    let stand = Stand::new(&Script::new().on(&["list"], [Act::Stdout(json.to_owned())]));
    Container::at(stand.program()).list(true).await.unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_running_container() {
    let found = list(RUNNING).await;
    // Older releases escape `/`, newer ones do not.
    assert_eq!(found, list(&RUNNING.replace("\\/", "/")).await);
    let node = &found[0];
    assert_eq!(node.id, "dev-control-plane");
    assert!(node.is_running());
    assert_eq!(node.started.unwrap().to_string(), "2026-08-07T11:24:31Z");
    assert_eq!(node.created.unwrap().to_string(), "2026-08-07T11:24:30Z");
    assert_eq!(node.image, "docker.io/library/x:1");
    assert_eq!(node.image_digest, "sha256:0123");
    assert_eq!(node.label("apple-k8s.dev/cluster"), Some("dev"));
    assert_eq!(node.label("other"), None);
    assert_eq!(node.address(), Some(address("192.168.64.3")));
    let net = &node.networks[0];
    assert_eq!(
        (net.network.as_str(), net.hostname.as_str()),
        ("default", "dev-control-plane")
    );
    assert_eq!((net.prefix, net.mtu), (Some(24), Some(1280)));
    assert_eq!(
        (net.gateway, net.ipv6),
        (Some(address("192.168.64.1")), Some(address("fd00::3")))
    );
    assert_eq!(net.mac.as_deref(), Some("f2:00:00:00:00:01"));
    assert_eq!(node.network_names, ["default"]);
    let port = &node.published[0];
    assert_eq!(
        (port.host_address.as_str(), port.host_port),
        ("127.0.0.1", 6443)
    );
    assert_eq!(
        (port.container_port, port.count, port.protocol.as_str()),
        (6443, 1, "tcp")
    );
    let kinds: Vec<_> = node
        .mounts
        .iter()
        .map(|m| (m.kind.as_str(), m.read_only))
        .collect();
    assert_eq!(
        kinds,
        [("tmpfs", false), ("virtiofs", true), ("volume", false)]
    );
    assert_eq!(node.mounts[2].volume.as_deref(), Some("vol1"));
    assert_eq!((node.cpus, node.memory), (4, 4 << 30));
    assert_eq!(node.platform.to_string(), "linux/arm64");
    assert_eq!(node.stop_signal.as_deref(), Some("SIGRTMIN+3"));
}

#[tokio::test]
async fn stopped_ones_have_no_address() {
    let stopped = RUNNING.replace("\"state\":\"running\"", "\"state\":\"stopped\"");
    let start = stopped.find("\"networks\":[{\"hostname\"").unwrap();
    let end = stopped.find("\"startedDate\"").unwrap();
    let stopped = format!("{}\"networks\":[],{}", &stopped[..start], &stopped[end..]);
    let found = list(&stopped).await;
    assert_eq!(found[0].state, State::Stopped);
    assert_eq!(found[0].address(), None);
    assert!(found[0].started.is_some());

    let never =
        r#"[{"configuration":{"id":"x"},"id":"x","status":{"networks":[],"state":"stopped"}}]"#;
    assert_eq!(list(never).await[0].started, None);
}

#[tokio::test]
async fn the_generation_before_1_0() {
    let found = list(BEFORE_1_0).await;
    let old = &found[0];
    assert_eq!((old.id.as_str(), old.state), ("old", State::Running));
    assert_eq!(old.address(), Some(address("192.168.64.7")));
    assert_eq!(old.networks[0].gateway, Some(address("192.168.64.1")));
    assert_eq!(old.network_names, ["default"]);
    // 792345678 s after 2001-01-01.
    assert_eq!(old.started.unwrap().as_second(), 978_307_200 + 792_345_678);
}

#[tokio::test]
async fn unknown_keys_states_and_dates_are_no_error() {
    let json = r#"[{"new":{},"configuration":{"id":"x","labels":null,"creationDate":"soon","networks":[{"later":1}],"mounts":[{"type":{"novel":{}}}]},"id":"x","status":{"state":"paused","exitCode":3}}]"#;
    let found = list(json).await;
    assert_eq!(found[0].state, State::Unknown);
    assert_eq!(found[0].created, None);
    assert_eq!(found[0].mounts[0].kind, "novel");
    assert_eq!(list("[]").await, []);
    assert_eq!(list("[\n\n]\n").await, []);
}

#[tokio::test]
async fn inspect_finds_its_container_in_any_order() {
    let two = r#"[{"configuration":{"id":"b"},"id":"b","status":{"state":"stopped"}},{"configuration":{"id":"aa"},"id":"aa","status":{"state":"running"}}]"#;
    let stand = Stand::new(&Script::new().on(&["inspect"], [Act::Stdout(two.into())]));
    let client = Container::at(stand.program());
    let found = client.inspect_one("aa").await.unwrap();
    assert!(found.is_running());
    assert!(client.inspect_one("missing").await.is_err());
}

#[tokio::test]
async fn images() {
    let json = r#"[{"configuration":{"creationDate":"2026-08-07T11:24:30Z","descriptor":{"digest":"sha256:12","mediaType":"m","size":1},"name":"docker.io/library/alpine:latest"},"id":"12","variants":[
      {"config":{"architecture":"arm64","config":{"Cmd":["sh"],"Env":["PATH=/bin"],"Entrypoint":null,"Labels":{"dev.apple-k8s.node-contract":"1"},"StopSignal":"SIGRTMIN+3","User":"","WorkingDir":"/"},"created":"2026-08-07T11:24:30Z","history":[],"os":"linux","rootfs":{"diff_ids":[],"type":"layers"},"variant":"v8"},"digest":"sha256:34","platform":{"architecture":"arm64","os":"linux","variant":"v8"},"size":4000000},
      {"config":{},"digest":"sha256:56","platform":{"architecture":"unknown","os":"unknown"},"size":1}]}]"#;
    let stand = Stand::new(&Script::new().on(&["image"], [Act::Stdout(json.into())]));
    let client = Container::at(stand.program());
    let image = client.image_inspect("alpine").await.unwrap();
    assert_eq!(
        client.image_list().await.unwrap(),
        std::slice::from_ref(&image)
    );
    assert_eq!(image.name, "docker.io/library/alpine:latest");
    assert_eq!(
        (image.digest.as_str(), image.variants.len()),
        ("sha256:12", 1)
    );
    let variant = image.variant("linux/arm64").unwrap();
    assert_eq!(
        (variant.digest.as_str(), variant.size),
        ("sha256:34", 4_000_000)
    );
    assert_eq!(variant.labels["dev.apple-k8s.node-contract"], "1");
    assert_eq!((variant.env.len(), variant.entrypoint.len()), (1, 0));
    assert_eq!(variant.platform.to_string(), "linux/arm64/v8");
    assert!(image.variant("linux/amd64").is_none());
}

#[tokio::test]
async fn the_other_answers() {
    let networks = r#"[{"configuration":{"creationDate":"2026-08-07T11:24:30Z","labels":{"com.apple.container.resource.role":"builtin"},"mode":"nat","name":"default","options":{},"plugin":"container-network-vmnet"},"id":"default","status":{"ipv4Gateway":"192.168.65.1","ipv4Subnet":"192.168.65.0/24","ipv6Subnet":"fd00::/64"}}]"#;
    let volumes = r#"[{"configuration":{"creationDate":"2026-08-07T11:24:30Z","driver":"local","format":"ext4","labels":{"a":"b"},"name":"v","options":{"size":"64M"},"sizeInBytes":67108864,"source":"/a/volumes/v/volume.img"},"id":"v"}]"#;
    let stats = r#"[{"cpuUsageUsec":7,"id":"x","memoryUsageBytes":5}]"#;
    let df = "{\n  \"containers\" : {\n    \"active\" : 1,\n    \"reclaimable\" : 2,\n    \"sizeInBytes\" : 3,\n    \"total\" : 4\n  },\n  \"images\" : { }\n}\n";
    let script = Script::new()
        .on(&["network", "list"], [Act::Stdout(networks.into())])
        .on(&["volume", "list"], [Act::Stdout(volumes.into())])
        .on(&["stats"], [Act::Stdout(stats.into())])
        .on(&["system", "df"], [Act::Stdout(df.into())])
        .on(&["logs"], [Act::StdoutBytes(b"a\xff\n".to_vec())])
        .on(
            &["image", "load"],
            [Act::Stdout(
                "docker.io/library/a:1\n\ndocker.io/library/b:1\n".into(),
            )],
        );
    let stand = Stand::new(&script);
    let client = Container::at(stand.program());

    let network = client.network_list().await.unwrap().remove(0);
    assert_eq!(
        (network.name.as_str(), network.mode.as_str()),
        ("default", "nat")
    );
    assert_eq!(network.subnet.as_deref(), Some("192.168.65.0/24"));
    assert_eq!(network.gateway.as_deref(), Some("192.168.65.1"));
    assert_eq!(
        network.labels["com.apple.container.resource.role"],
        "builtin"
    );

    let volume = client.volume_list().await.unwrap().remove(0);
    assert_eq!(
        (volume.name.as_str(), volume.capacity),
        ("v", Some(64 << 20))
    );
    assert_eq!(volume.source.to_str(), Some("/a/volumes/v/volume.img"));

    let sample = client.stats(&["xx"]).await.unwrap().remove(0);
    assert_eq!(
        (sample.cpu_usage_usec, sample.memory_usage_bytes),
        (Some(7), Some(5))
    );
    assert_eq!(sample.network_rx_bytes, None);

    let usage = client.system_df().await.unwrap();
    assert_eq!(
        (usage.containers.active, usage.containers.size_in_bytes),
        (1, 3)
    );
    assert_eq!(usage.volumes.total, 0);

    let log = client
        .logs("node", container::Log::Process, None)
        .await
        .unwrap();
    assert_eq!(log, "a\u{fffd}\n");

    let loaded = client.image_load("/tmp/x.tar".as_ref()).await.unwrap();
    assert_eq!(loaded, ["docker.io/library/a:1", "docker.io/library/b:1"]);
}
