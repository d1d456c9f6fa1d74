//! Networks, volumes, mounts and disk use.

use crate::program::{Program, name};

#[test]
fn networks() {
    let program = Program::shared();
    let all = program.line("network list --format json").json();
    let builtin = all
        .as_array()
        .unwrap()
        .iter()
        .find(|n| n["id"] == "default")
        .unwrap();
    assert_eq!(
        builtin["configuration"]["labels"]["com.apple.container.resource.role"],
        "builtin"
    );
    assert_eq!(builtin["configuration"]["mode"], "nat");
    let subnet = builtin["status"]["ipv4Subnet"].as_str().unwrap();
    let net = name();
    program
        .call(["network", "create", "--subnet", subnet, &net])
        .fails(&format!(
            "IPv4 subnet {subnet} overlaps an existing network with subnet {subnet}"
        ));
    assert_eq!(
        program
            .call(["network", "create", "--label", "a=b", &net])
            .ok(),
        format!("{net}\n")
    );
    program
        .call(["network", "create", &net])
        .fails(&format!("network {net} already exists"));
    let c = program.idle(&[
        "--network",
        &format!("{net},mac=f2:00:00:00:00:42,mtu=1400"),
    ]);
    assert_eq!(
        c.exec("cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu")
            .ok(),
        "f2:00:00:00:00:42\n1400\n"
    );
    let answer = program.call(["network", "delete", &net]);
    let log = format!(
        "cannot delete subnet {net} with referring containers: {}",
        c.id
    );
    assert!(answer.stderr.contains(&log), "{answer:?}");
    answer.fails(&format!(
        "delete failed for one or more networks: [\"{net}\"]"
    ));
    drop(c);
    assert_eq!(
        program.call(["network", "delete", &net]).ok(),
        format!("{net}\n")
    );
    program
        .call(["network", "inspect", &net])
        .fails(&format!("network not found: {net}"));
    program
        .line("network delete default")
        .fails("cannot delete a builtin network: default");
    program
        .line("network create Bad_")
        .fails("invalid network name");
}

#[test]
fn twin_one_call_at_a_time_works_on_a_network() {
    let program = Program::started();
    let locks = format!("/run/apple-container/{}/locks", program.key());
    let occupy = || {
        let file = std::fs::File::create(format!("{locks}/busy.network")).unwrap();
        file.try_lock().unwrap();
        file
    };
    let held = occupy();
    program
        .line("network create busy")
        .fails("network busy has a pending operation");
    drop(held);
    program.line("network create busy").ok();
    let held = occupy();
    let answer = program.line("network delete busy");
    assert!(
        answer
            .stderr
            .contains("network busy has a pending operation"),
        "{answer:?}"
    );
    answer.fails("failed to delete one or more networks: [\"busy\"]");
    drop(held);
    program.line("network delete busy").ok();
    assert!(!std::path::Path::new(&format!("{locks}/busy.network")).exists());
}

#[test]
fn containers_of_two_networks_do_not_meet() {
    let program = Program::shared();
    let net = name();
    program.call(["network", "create", &net]).ok();
    let server = program.run(
        &["--network", &net],
        "mkdir /w; echo page >/w/index.html; httpd -f -p 80 -h /w",
    );
    let inside = program.idle(&["--network", &net]);
    let outside = program.idle(&[]);
    let address = server.address();
    crate::program::eventually("the server answers", || {
        inside.get(&address).stdout == "page\n"
    });
    assert_ne!(outside.get(&address).status, 0);
    drop((server, inside));
    program.call(["network", "delete", &net]).ok();
}

#[test]
fn volumes() {
    let program = Program::shared();
    let volume = name();
    assert_eq!(
        program
            .call(["volume", "create", "-s", "64M", "--label", "a=b", &volume])
            .ok(),
        format!("{volume}\n")
    );
    program
        .call(["volume", "create", &volume])
        .fails(&format!("volume '{volume}' already exists"));
    let inspect = program.call(["volume", "inspect", &volume]).json();
    let config = &inspect[0]["configuration"];
    assert_eq!(
        (&config["sizeInBytes"], &config["options"]["size"]),
        (&(64_u64 << 20).into(), &"64M".into())
    );
    assert_eq!(
        (&config["format"], &config["driver"]),
        (&"ext4".into(), &"local".into())
    );
    let mount = format!("{volume}:/data");
    let c = program.idle(&["-v", &mount]);
    c.exec("test -d /data/lost+found && echo kept >/data/file")
        .ok();
    let kind = &c.inspect()["configuration"]["mounts"][0]["type"]["volume"];
    assert_eq!(kind["name"], volume.as_str());
    let in_use = format!(
        "volume '{volume}' is currently in use and cannot be accessed by another container, or deleted"
    );
    let (other, image) = (name(), program.image());
    program
        .call(["run", "-d", "--name", &other, "-v", &mount, &image, "true"])
        .fails(&in_use);
    program.call(["volume", "delete", &volume]).fails(&in_use);
    drop(c);
    let c = program.idle(&[
        "--mount",
        &format!("type=volume,source={volume},target=/data,readonly"),
    ]);
    assert_eq!(c.exec("cat /data/file").ok(), "kept\n");
    assert_ne!(c.exec("echo x >/data/file").status, 0);
    drop(c);
    program.call(["volume", "delete", &volume]).ok();
    program
        .call(["volume", "inspect", &volume])
        .fails(&format!("volume not found: {volume}"));

    // An unknown one is made, with a warning.
    let answer = program.call(["run", "--rm", "-v", &mount, &image, "true"]);
    let warning = format!("named volume was automatically created: [\"volume\": {volume}]");
    assert!(answer.stderr.contains(&warning), "{answer:?}");
    program.call(["volume", "delete", &volume]).ok();
}

#[test]
fn host_folders_and_files() {
    let program = Program::shared();
    let folder = tempfile::tempdir().unwrap();
    let (dir, file) = (folder.path().join("dir"), folder.path().join("file"));
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(&file, "single\n").unwrap();
    let mounts = [
        format!("{}:/dir", dir.display()),
        format!("{}:/file:ro", file.display()),
    ];
    let c = program.idle(&[
        "-v",
        &mounts[0],
        "-v",
        &mounts[1],
        "--mount",
        "type=tmpfs,target=/t,size=1m",
    ]);
    c.exec("echo out >/dir/new").ok();
    assert_eq!(std::fs::read_to_string(dir.join("new")).unwrap(), "out\n");
    assert_eq!(c.exec("cat /file").ok(), "single\n");
    assert_ne!(c.exec("echo x >/file").status, 0);
    assert_eq!(
        c.exec("df -k /t | tail -1 | awk '{print $2}'").ok(),
        "1024\n"
    );
    program.call(["stop", &c.id]).ok();
    std::fs::remove_dir_all(&dir).unwrap();
    program.call(["start", &c.id]).fails(&format!(
        "mount source path '{}' does not exist",
        dir.display()
    ));
}

#[test]
fn disk_use_is_pretty_json() {
    let program = Program::shared();
    let _image = program.image();
    let text = program.line("system df --format json").ok();
    assert!(
        text.starts_with("{\n  \"containers\" : {\n    \"active\" : "),
        "{text}"
    );
    let usage: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(usage["images"]["sizeInBytes"].as_u64().unwrap() > 0);
    let table = program.line("system df").ok();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]);
}

#[test]
fn twin_prunes() {
    let program = Program::started();
    let image = program.image();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("Dockerfile"),
        format!("FROM {image}\nRUN echo x >/x\n"),
    )
    .unwrap();
    program
        .call([
            "build",
            "-q",
            "-t",
            "gone:1",
            folder.path().to_str().unwrap(),
        ])
        .ok();
    program.call(["image", "tag", "gone:1", "kept:1"]).ok();
    for command in ["network", "volume"] {
        program.call([command, "create", "unused"]).ok();
        program.call([command, "create", "used"]).ok();
    }
    let flags = [
        "create",
        "--name",
        "user",
        "--network",
        "used",
        "-v",
        "used:/x",
        "kept:1",
        "true",
    ];
    program.call(flags).ok();
    assert_eq!(program.line("network prune").ok(), "unused\n");
    let answer = program.line("volume prune");
    assert!(answer.stderr.contains("Reclaimed "), "{answer:?}");
    assert_eq!(answer.ok(), "unused\n");
    let pruned = program.line("image prune --all").ok();
    assert!(
        pruned.contains(&format!("untagged docker.io/library/{image}\n")),
        "{pruned}"
    );
    assert!(!pruned.contains("kept:1"), "{pruned}");
    let answer = program.line("prune");
    assert!(answer.stderr.contains("Reclaimed "), "{answer:?}");
    assert_eq!(answer.ok(), "user\n");
    assert_eq!(program.line("list -a -q").ok(), "");
    let pruned = program.line("image prune -a").ok();
    assert!(pruned.contains("deleted sha256:"), "{pruned}");
    assert_eq!(program.line("image list --format json").ok(), "[]\n");
    assert_eq!(program.line("network list -q").ok(), "default\nused\n");
}

#[test]
fn empty_lists() {
    let program = Program::shared();
    if Program::foreign() {
        return;
    }
    assert_eq!(program.line("registry list --format json").ok(), "[]\n");
    assert_eq!(program.line("registry list -q").ok(), "");
    assert!(
        program
            .line("system property list")
            .ok()
            .contains("[container]\ncpus = 4\n")
    );
    let properties = program.line("system property list --format json").json();
    assert_eq!(properties["registry"]["domain"], "docker.io");
    assert!(
        program
            .line("system logs --last 1h")
            .ok()
            .contains("container-apiserver: started")
    );
    program
        .line("system logs --last 5x")
        .misused("The value '5x' is invalid for");
}
