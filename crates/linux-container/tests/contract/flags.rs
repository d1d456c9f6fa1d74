//! Flags of `run` and `create` beyond those of lists, networks and mounts.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use crate::program::{Program, eventually, name};

#[test]
fn process_flags() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "# comment\n\nFILE=1\nBOTH=file\n").unwrap();
    let cid = tempfile::tempdir().unwrap();
    let cid = cid.path().join("cid");
    let script =
        "id -u; id -g; pwd; env | grep -E '^(FILE|BOTH|FROM_IMAGE|HERE)=' | sort; ulimit -n";
    let answer = program
        .command([
            "run",
            "--rm",
            "--name",
            &id,
            "--cidfile",
            cid.to_str().unwrap(),
            "-u",
            "33:44",
            "-w",
            "/tmp",
            "--env-file",
            file.path().to_str().unwrap(),
            "-e",
            "BOTH=flag",
            "-e",
            "HERE",
            "-e",
            "UNSET_HERE",
            "--ulimit",
            "nofile=100:200",
            "--entrypoint",
            "/bin/sh",
            &image,
            "-c",
            script,
        ])
        .env("HERE", "inherited")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let from_image = if Program::foreign() {
        ""
    } else {
        "FROM_IMAGE=yes\n"
    };
    assert_eq!(
        text,
        format!("33\n44\n/tmp\nBOTH=flag\nFILE=1\n{from_image}HERE=inherited\n100\n")
    );
    assert_eq!(std::fs::read_to_string(cid).unwrap(), id);
}

#[test]
fn init_reaps_orphans_and_hands_signals_on() {
    let program = Program::shared();
    let c = program.run(&["--init"], "exec sleep 1000");
    assert_eq!(c.inspect()["configuration"]["useInit"], true);
    let zombies = "grep -l '^State:.Z' /proc/[0-9]*/status";
    c.exec("(sleep 0.2 &); exit 0").ok();
    c.exec("sleep 0.4").ok();
    eventually("the orphan is reaped", || c.exec(zombies).stdout.is_empty());
    // As the first process it would ignore what it has no handler for.
    let start = Instant::now();
    program.call(["stop", "-t", "30", &c.id]).ok();
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn without_init_the_process_is_the_first() {
    let program = Program::shared();
    let c = program.run(&[], "exec sleep 1000");
    assert_eq!(c.inspect()["configuration"]["useInit"], false);
    assert_eq!(c.exec("cat /proc/1/comm").ok(), "sleep\n");
}

#[test]
fn no_dns_leaves_the_resolver_alone() {
    let program = Program::shared();
    let with = program.idle(&["--dns", "192.0.2.53", "--dns-search", "example.test"]);
    let resolver = with.exec("cat /etc/resolv.conf").ok();
    assert!(resolver.contains("nameserver 192.0.2.53"), "{resolver}");
    assert!(resolver.contains("search example.test"), "{resolver}");
    let without = program.idle(&["--no-dns"]);
    assert!(without.inspect()["configuration"].get("dns").is_none());
    assert_ne!(without.exec("grep nameserver /etc/resolv.conf").status, 0);
}

#[test]
fn ssh_gives_the_agents_socket() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("agent");
    let _listening = UnixListener::bind(&agent).unwrap();
    let script = "test -S $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK";
    let output = program
        .command([
            "run", "--rm", "--ssh", "--name", &id, &image, "sh", "-c", script,
        ])
        .env("SSH_AUTH_SOCK", &agent)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "/var/host-services/ssh-auth.sock\n",
        "{output:?}"
    );
}

#[test]
fn remove_is_another_word_for_rm() {
    let program = Program::shared();
    let image = program.image();
    for flag in ["--rm", "--remove"] {
        let id = name();
        let answer = program.call(["run", flag, "--name", &id, &image, "echo", "out"]);
        assert_eq!(answer.ok(), "out\n");
        eventually("the container is gone", || {
            !program.call(["list", "-a", "-q"]).ok().contains(&id)
        });
    }
}

#[test]
fn one_runtime_is_known() {
    let program = Program::shared();
    let image = program.image();
    program
        .call([
            "run",
            "--rm",
            "--runtime",
            "container-runtime-linux",
            &image,
            "true",
        ])
        .ok();
    program
        .call(["run", "--rm", "--runtime", "surely-not", &image, "true"])
        .fails("unable to locate runtime plugin surely-not");
}

#[test]
fn hostnames_are_given_once() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let full = format!("{id}.test.");
    program
        .call([
            "create",
            "--name",
            &id,
            "--dns-domain",
            "test",
            &image,
            "true",
        ])
        .ok();
    let hostname = &program.inspect(&id)["configuration"]["networks"][0]["options"]["hostname"];
    assert_eq!(hostname, full.as_str());
    let second = program.call(["create", "--name", &full, &image, "true"]);
    program.call(["delete", &id]).ok();
    second.fails(&format!("hostname(s) already exist: [\"{full}\"]"));
    program
        .call(["create", "--name", &full, &image, "true"])
        .ok();
    program.call(["delete", &full]).ok();
}

#[test]
fn values_that_mean_nothing_are_refused() {
    let program = Program::shared();
    let image = program.image();
    for count in ["x", "0", "1.5"] {
        let flag = ["--max-concurrent-downloads", count];
        let text =
            format!("The value '{count}' is invalid for '--max-concurrent-downloads <count>'");
        for command in [&["run", "--rm"][..], &["create"], &["image", "pull"]] {
            let call = [command, &flag, &[image.as_str()]].concat();
            program.call(call).misused(&text);
        }
    }
    let flag = ["--max-concurrent-downloads", "2"];
    program
        .call([&["run", "--rm"], &flag[..], &[image.as_str(), "true"]].concat())
        .ok();
}

#[test]
fn twin_name_servers_are_addresses_and_volumes_read_only_or_not() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    for (flag, value, text) in [
        ("--dns", "notip", "invalid nameserver notip"),
        ("-v", "/etc:/x:foo", "unknown option 'foo'"),
    ] {
        program
            .call(["run", "--name", &id, flag, value, &image, "true"])
            .fails(text);
    }
    let all = program.call(["list", "--all", "--quiet"]).ok();
    assert!(!all.contains(&id), "{all}");
}
