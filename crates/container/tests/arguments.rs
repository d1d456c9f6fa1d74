//! The command lines that are sent.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use container::{Container, Error, Mount, MountSource, Protocol, Publish, RunSpec};
use container_script::{Act, Script, Stand};

fn stand() -> Stand {
    let script = Script::release("1.5.0")
        .on(&["stats"], [Act::Stdout("[]".into())])
        .on(&[], [Act::LastWord]);
    Stand::new(&script)
}

/// The arguments of the last call.
fn last(stand: &Stand) -> String {
    stand.calls().pop().unwrap().arguments.join(" ")
}

#[tokio::test]
async fn a_node_as_the_contract_has_it() {
    let stand = stand();
    let spec = RunSpec {
        platform: Some("linux/arm64".to_owned()),
        cpus: Some(4),
        memory: Some(4 << 30),
        cap_add: vec!["ALL".to_owned()],
        unmasked: true,
        ..RunSpec::new("demo-control-plane", "apple-k8s-node:v1.37.1")
    }
    .tmpfs("/tmp")
    .tmpfs("/run")
    .env("container", "docker")
    .label("apple-k8s.dev/cluster", "demo")
    .mount("/Users/me/data", "/data", true)
    .publish(IpAddr::V4(Ipv4Addr::LOCALHOST), 50443, 6443);
    Container::at(stand.program()).run(&spec).await.unwrap();
    assert_eq!(
        last(&stand),
        "run --detach --progress none --name demo-control-plane --platform linux/arm64 \
         --cap-add ALL --masked-path NONE --read-only-path NONE --cpus 4 --memory 4096m \
         --tmpfs /tmp --tmpfs /run --env container=docker --label apple-k8s.dev/cluster=demo \
         -v /Users/me/data:/data:ro --publish 127.0.0.1:50443:6443/tcp apple-k8s-node:v1.37.1"
    );
}

#[tokio::test]
async fn everything_else_of_a_container() {
    let stand = stand();
    let spec = RunSpec {
        command: vec!["sh".to_owned(), "-c".to_owned(), "--rm".to_owned()],
        memory: Some((200 << 20) + 1),
        mounts: vec![Mount {
            source: MountSource::Volume("vol1".to_owned()),
            target: "/v".to_owned(),
            read_only: false,
        }],
        publish: vec![Publish {
            host_address: Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            host_port: 5353,
            container_port: 53,
            protocol: Protocol::Udp,
        }],
        networks: vec!["none".to_owned()],
        dns: vec![IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1))],
        entrypoint: Some("/bin/x".to_owned()),
        user: Some("0:0".to_owned()),
        workdir: Some("/w".to_owned()),
        kernel: Some("/k/Image".into()),
        remove: true,
        shm_size: Some(64 << 20),
        ..RunSpec::new("node", "image")
    };
    Container::at(stand.program()).create(&spec).await.unwrap();
    assert_eq!(
        last(&stand),
        "create --name node --memory 201m --shm-size 64m -v vol1:/v --publish [::1]:5353:53/udp \
         --network none --dns 1.1.1.1 --entrypoint /bin/x --user 0:0 --workdir /w \
         --kernel /k/Image --rm image sh -c --rm"
    );
}

#[tokio::test]
async fn a_host_path_with_a_colon() {
    let stand = stand();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a:b");
    std::fs::create_dir(&source).unwrap();
    let client = Container::at(stand.program());
    let spec = RunSpec::new("node", "image").mount(&source, "/data", true);
    client.run(&spec).await.unwrap();
    let expected = format!(
        "--mount type=bind,source={},target=/data,readonly",
        source.display()
    );
    assert!(last(&stand).contains(&expected), "{}", last(&stand));

    let file = folder.path().join("a:file");
    std::fs::write(&file, "").unwrap();
    for impossible in [file, folder.path().join("a:b,c")] {
        let spec = RunSpec::new("node", "image").mount(impossible, "/data", true);
        let error = client.run(&spec).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn too_little_memory_is_refused_before_the_call() {
    let stand = stand();
    let spec = RunSpec {
        memory: Some((200 << 20) - 1),
        ..RunSpec::new("node", "image")
    };
    let error = Container::at(stand.program()).run(&spec).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
}

#[tokio::test]
async fn the_other_calls() {
    let stand = stand();
    let client = Container::at(stand.program());
    let file = Path::new("/tmp/x.tar");

    client.start("node").await.unwrap();
    assert_eq!(last(&stand), "start node");
    client
        .stop(&["a1", "b1"], Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(last(&stand), "stop -t 30 a1 b1");
    client.kill(&["a1"]).await.unwrap();
    assert_eq!(last(&stand), "kill a1");
    client.delete(&["a1"], true).await.unwrap();
    assert_eq!(last(&stand), "delete --force a1");
    client.copy_in(file, "node", "/x").await.unwrap();
    assert_eq!(last(&stand), "copy /tmp/x.tar node:/x");
    client.copy_out("node", "/x", file).await.unwrap();
    assert_eq!(last(&stand), "copy node:/x /tmp/x.tar");
    client.stats(&["a1"]).await.unwrap();
    assert_eq!(last(&stand), "stats --no-stream --format json a1");
    client.image_pull("x:1", "linux/arm64").await.unwrap();
    assert_eq!(
        last(&stand),
        "image pull --progress none --platform linux/arm64 x:1"
    );
    client
        .image_save(&["x:1"], "linux/arm64", file)
        .await
        .unwrap();
    assert_eq!(
        last(&stand),
        "image save --platform linux/arm64 -o /tmp/x.tar x:1"
    );
    client.image_tag("x:1", "y:1").await.unwrap();
    assert_eq!(last(&stand), "image tag x:1 y:1");
    client.image_delete(&["x:1"], true).await.unwrap();
    assert_eq!(last(&stand), "image delete --force x:1");
    client.volume_create("vol", &[("a", "b")]).await.unwrap();
    assert_eq!(last(&stand), "volume create --label a=b vol");
    client.volume_delete(&["vol"]).await.unwrap();
    assert_eq!(last(&stand), "volume delete vol");
    client.system_start().await.unwrap();
    assert_eq!(last(&stand), "system start --enable-kernel-install");
    client.system_logs(Duration::from_mins(5)).await.unwrap();
    assert_eq!(last(&stand), "system logs --last 5m");
    client.system_logs(Duration::from_secs(61)).await.unwrap();
    assert_eq!(last(&stand), "system logs --last 2m");
    client.system_logs(Duration::ZERO).await.unwrap();
    assert_eq!(last(&stand), "system logs --last 1m");
}

#[tokio::test]
async fn the_builder() {
    let script = Script::release("1.5.0")
        .on(&["builder", "status"], [Act::Stdout("[]".into())])
        .on(&[], [Act::LastWord]);
    let stand = Stand::new(&script);
    let container = Container::at(stand.program());
    assert_eq!(container.builder().await.unwrap(), None);
    assert_eq!(last(&stand), "builder status --format json");
    container.builder_start(4, 8192).await.unwrap();
    assert_eq!(last(&stand), "builder start --cpus 4 --memory 8192MB");
    container.builder_stop().await.unwrap();
    assert_eq!(last(&stand), "builder stop");
    container.builder_delete().await.unwrap();
    assert_eq!(last(&stand), "builder delete --force");
}
