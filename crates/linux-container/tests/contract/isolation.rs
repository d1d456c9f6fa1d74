//! What a container is given, and what it can reach.

use crate::program::{NODE, Program, eventually};

const DEFAULT_CAPABILITIES: &str = "CapEff:\t00000000a80425fb";

#[test]
fn defaults_are_those_of_apple() {
    let program = Program::shared();
    let c = program.idle(&[]);
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW
    // SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP
    assert_eq!(
        c.exec("grep CapEff /proc/self/status").ok().trim(),
        DEFAULT_CAPABILITIES
    );
    assert_eq!(c.exec("cat /sys/class/net/eth0/mtu").ok(), "1280\n");
    assert_eq!(c.exec("hostname").ok(), format!("{}\n", c.id));
    let address = c.address();
    assert_eq!(
        c.exec("cat /etc/hosts").ok(),
        format!("127.0.0.1 localhost\n{address} {}\n", c.id)
    );
    let gateway = c.inspect()["status"]["networks"][0]["ipv4Gateway"].clone();
    let resolver = format!("nameserver {}\n", gateway.as_str().unwrap());
    assert_eq!(c.exec("cat /etc/resolv.conf").ok(), resolver);
    assert_eq!(
        c.exec("df -k /dev/shm | tail -1 | awk '{print $2}'").ok(),
        "65536\n"
    );
    assert_ne!(
        c.exec("echo 1 >/proc/sys/net/ipv4/ip_forward").status,
        0,
        "read-only from 1.2.0"
    );
    assert_eq!(
        c.exec("wc -c </proc/keys").ok().trim(),
        "0",
        "masked from 1.2.0"
    );
}

#[test]
fn network_files_are_written_again_at_each_start() {
    let program = Program::shared();
    let c = program.idle(&[
        "--dns",
        "192.0.2.53",
        "--dns-search",
        "a.test",
        "--dns-option",
        "ndots:2",
    ]);
    let resolver = "nameserver 192.0.2.53\nsearch a.test\noptions ndots:2\n";
    assert_eq!(c.exec("cat /etc/resolv.conf").ok(), resolver);
    c.exec("rm /etc/resolv.conf; echo broken >/etc/hosts; echo kept >/kept")
        .ok();
    program.call(["stop", &c.id]).ok();
    program.call(["start", &c.id]).ok();
    assert_eq!(c.exec("cat /etc/resolv.conf").ok(), resolver);
    assert!(c.exec("cat /etc/hosts").ok().contains(&c.address()));
    assert_eq!(c.exec("cat /kept").ok(), "kept\n", "the root disk survives");
}

#[test]
fn all_capabilities_and_no_protected_path_make_a_node() {
    let program = Program::shared();
    let c = program.idle(
        &[
            &NODE[..],
            &[
                "--tmpfs",
                "/run",
                "--env",
                "container=docker",
                "--cpus",
                "4",
                "--memory",
                "1g",
            ],
        ]
        .concat(),
    );
    let config = &c.inspect()["configuration"];
    assert_eq!(config["capAdd"], serde_json::json!(["ALL"]));
    assert_eq!(config["maskedPaths"], serde_json::json!([]));
    assert_eq!(config["readonlyPaths"], serde_json::json!([]));
    assert_eq!(
        config["mounts"].as_array().unwrap().len(),
        1,
        "only what was asked for"
    );
    let effective = c.exec("grep CapEff /proc/self/status").ok();
    assert_ne!(effective.trim(), DEFAULT_CAPABILITIES);
    c.exec(
        "echo 1 >/proc/sys/net/ipv4/ip_forward && mkdir -p /run/x && mount -t tmpfs none /run/x \
         && test -c /dev/fuse && test -c /dev/net/tun && test -c /dev/kmsg \
         && ip link add name br9 type bridge",
    )
    .ok();
    assert_eq!(c.exec("echo $container").ok(), "docker\n");
    // A writable tree of control groups of its own.
    c.exec("d=$(find /sys/fs/cgroup -maxdepth 1 -name pids); mkdir ${d:-/sys/fs/cgroup}/own")
        .ok();
}

#[test]
fn twin_node_has_a_folder_on_a_real_file_system_for_its_life() {
    let program = Program::started();
    let c = program.idle(&NODE);
    let kind = "stat -f -c %T /var/lib/container-disk; stat -f -c %T /";
    let kinds = c.exec(kind).ok();
    let kinds: Vec<&str> = kinds.lines().collect();
    assert_ne!(kinds[0], kinds[1]);
    c.exec("mkdir -p /var/lib/container-disk/u /var/lib/container-disk/w /mnt \
            && mount -t overlay o -o lowerdir=/bin,upperdir=/var/lib/container-disk/u,workdir=/var/lib/container-disk/w /mnt")
        .ok();
    program.call(["stop", &c.id]).ok();
    program.call(["start", &c.id]).ok();
    c.exec("test -d /var/lib/container-disk/u").ok();
    let folder = program.root().join("containers").join(&c.id);
    assert!(folder.join("disk/u").exists());
    program.call(["delete", "--force", &c.id]).ok();
    assert!(!folder.exists());
    let plain = program.idle(&[]);
    assert_ne!(plain.exec("test -e /var/lib/container-disk").status, 0);
}

#[test]
fn chosen_capabilities_and_paths() {
    let program = Program::shared();
    let c = program.idle(&[
        "--cap-drop",
        "ALL",
        "--cap-add",
        "net_admin",
        "--masked-path",
        "/etc/passwd",
        "--read-only",
        "--shm-size",
        "8m",
        "--tmpfs",
        "/scratch",
    ]);
    assert_eq!(
        c.exec("grep CapEff /proc/self/status").ok().trim(),
        "CapEff:\t0000000000001000"
    );
    assert_eq!(c.exec("wc -c </etc/passwd").ok().trim(), "0");
    assert_ne!(c.exec("echo x >/x").status, 0);
    c.exec("echo x >/scratch/x").ok();
    assert_eq!(
        c.exec("df -k /dev/shm | tail -1 | awk '{print $2}'").ok(),
        "8192\n"
    );
    assert_ne!(program.line("run --cap-add cap_nonsense x").status, 0);
}

#[test]
fn containers_and_host_reach_each_other() {
    let program = Program::shared();
    let server = program.run(
        &[],
        "mkdir /w; echo page >/w/index.html; httpd -f -p 80 -h /w",
    );
    let client = program.idle(&[]);
    let address = server.address();
    eventually("the server answers", || {
        client.get(&address).stdout == "page\n"
    });
    let stream = std::net::TcpStream::connect((server.address(), 80));
    assert!(stream.is_ok(), "the host reaches a container: {stream:?}");
    // Nothing tells one container the name of another.
    assert!(!client.exec("cat /etc/hosts").ok().contains(&server.id));
}

#[test]
fn twin_nothing_leaves_the_host_and_the_refusal_is_quick() {
    let program = Program::shared();
    let c = program.idle(&NODE);
    // A documentation address: nobody is there, but a packet for it would leave the host.
    let start = std::time::Instant::now();
    let answer = c.get("198.51.100.7");
    assert_ne!(answer.status, 0);
    assert!(start.elapsed().as_secs() < 5, "{answer:?}");
    // Nor what is meant for a Service of Kubernetes before it is programmed.
    assert_ne!(c.get("10.96.0.1").status, 0);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn no_network_at_all() {
    let program = Program::shared();
    let c = program.idle(&["--network", "none"]);
    assert_eq!(c.exec("ls /sys/class/net").ok(), "lo\n");
    assert_eq!(c.inspect()["status"]["networks"], serde_json::json!([]));
}

#[test]
fn hostname_ends_at_the_first_dot() {
    let program = Program::shared();
    let (id, image) = (format!("{}.a.b", crate::program::name()), program.image());
    program
        .call([
            "run",
            "-d",
            "--name",
            &id,
            &image,
            "sh",
            "-c",
            crate::program::IDLE,
        ])
        .ok();
    let answer = program.call(["exec", &id, "hostname"]).ok();
    program.call(["delete", "-f", &id]).ok();
    assert_eq!(answer.trim(), id.split('.').next().unwrap());
}
