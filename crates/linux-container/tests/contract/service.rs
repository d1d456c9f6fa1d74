//! The service: started, stopped, and what the other commands say then.

use std::process::Command;

use crate::program::{IDLE, Program};

#[test]
fn twin_stopped_service_fails_with_the_two_lines() {
    let program = Program::twin();
    for args in [
        &["inspect", "x"][..],
        &["start", "x"],
        &["image", "list"],
        &["network", "list"],
    ] {
        let answer = program.call(args);
        assert_eq!(answer.status, 1);
        assert_eq!(
            answer.stderr,
            "Error: interrupted: \"XPC connection error: Connection invalid\"\n\
             Ensure container system service has been started with `container system start`.\n"
        );
    }
    let list = program.call(["list"]);
    assert!(
        list.stderr.starts_with(
            "Error: internalError: \"failed to list containers\" (cause: \"interrupted: \"XPC connection error: Connection invalid\"\")\n"
        ),
        "{list:?}"
    );
}

#[test]
fn twin_status_of_a_stopped_service() {
    let program = Program::twin();
    let status = program.call(["system", "status", "--format", "json"]);
    assert_eq!(
        (status.status, status.stdout.as_str()),
        (1, "{\"status\":\"unregistered\"}\n")
    );
    let table = program.call(["system", "status"]);
    assert_eq!(
        table.stdout,
        "apiserver is not running and not registered with launchd\n"
    );
    let version = program
        .call(["system", "version", "--format", "json"])
        .json();
    assert_eq!(version.as_array().unwrap().len(), 1);
    program.call(["system", "stop"]).ok();
}

#[test]
fn status_and_version_of_a_running_service() {
    let program = Program::shared();
    let status = program
        .call(["system", "status", "--format", "json"])
        .json();
    assert_eq!(status["status"], "running");
    assert!(
        status["paths"]["appRoot"].as_str().unwrap().ends_with('/'),
        "{status}"
    );
    let versions = program
        .call(["system", "version", "--format", "json"])
        .json();
    assert_eq!(versions[0]["appName"], "container");
    assert_eq!(versions[1]["appName"], "container-apiserver");
    assert_eq!(versions[0]["version"], versions[1]["version"]);
}

#[test]
fn twin_start_asks_for_a_kernel_and_cannot_run_without() {
    let program = Program::twin();
    let answer = program.call(["system", "start"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer
            .stderr
            .contains("Install the recommended default kernel from ["),
        "{answer:?}"
    );
    assert!(
        answer
            .stderr
            .ends_with("Error: failed to read user input\n"),
        "{answer:?}"
    );
    program
        .call(["system", "start", "--disable-kernel-install"])
        .ok();
    let image = program.image();
    program
        .call(["run", "--detach", "--name", "none", &image, "true"])
        .fails("default kernel not configured for architecture");
    // `run` takes back what it created.
    assert_eq!(program.call(["list", "--all", "--quiet"]).ok(), "");
    program
        .call(["system", "kernel", "set", "--recommended", "--force"])
        .ok();
    program
        .call(["run", "--detach", "--name", "none", &image, "true"])
        .ok();
}

#[test]
fn twin_stop_leaves_no_process_interface_rule_mount_or_group() {
    let program = Program::started();
    let id = "left-over";
    let image = program.image();
    program
        .call([
            "run",
            "-d",
            "--name",
            id,
            "-p",
            "127.0.0.1:28081:80",
            &image,
            "sh",
            "-c",
            IDLE,
        ])
        .ok();
    program.call(["network", "create", "extra"]).ok();
    program.call(["system", "stop"]).ok();
    let root = program.root().to_str().unwrap().to_owned();
    let key = program.key();
    for (what, output) in [
        (
            "interfaces",
            Command::new("ip").args(["-br", "link"]).output().unwrap(),
        ),
        (
            "rules",
            Command::new("nft")
                .args(["list", "tables"])
                .output()
                .unwrap(),
        ),
    ] {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains(&format!("ac{key}")), "{what}: {text}");
        assert!(
            !text.contains(&format!("container_{key}")),
            "{what}: {text}"
        );
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&root), "{mounts}");
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains(&root), "{line}");
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let publisher = line.contains("--publish-for");
        assert!(
            !(publisher && String::from_utf8_lossy(&environment).contains(&root)),
            "{line}"
        );
    }
    let group = format!("apple-container-{key}");
    let groups = std::fs::read_dir("/sys/fs/cgroup").unwrap().flatten();
    assert!(
        !groups
            .map(|g| g.path().join(&group))
            .any(|path| path.exists())
    );
    assert!(!std::path::Path::new(&format!("/run/apple-container/{key}")).exists());
    // The container itself is still there, stopped.
    program.start();
    let list = program.call(["list", "--all", "--format", "json"]).json();
    assert_eq!(
        (&list[0]["id"], &list[0]["status"]["state"]),
        (&id.into(), &"stopped".into())
    );
}

#[test]
fn twin_a_restart_of_the_host_stops_all_and_loses_nothing() {
    let program = Program::started();
    let image = program.image();
    let run = [
        "run",
        "-d",
        "--name",
        "survivor",
        "-p",
        "127.0.0.1:28083:80",
        &image,
    ];
    program.call(run.into_iter().chain(["sh", "-c", IDLE])).ok();
    program
        .call(["exec", "survivor", "sh", "-c", "echo kept >/kept"])
        .ok();
    program
        .call([
            "run", "-d", "--rm", "--name", "brief", &image, "sh", "-c", IDLE,
        ])
        .ok();
    // The nearest thing to a power cut: every process of it dies at once, and the boot id differs.
    let key = program.key();
    let run = std::path::PathBuf::from(format!("/run/apple-container/{key}"));
    kill_all(program.root().to_str().unwrap());
    let marker = run.join("service.json");
    let text = std::fs::read_to_string(&marker).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    std::fs::write(&marker, text.replace(boot.trim(), "another-boot")).unwrap();

    assert_eq!(program.call(["list"]).status, 1);
    let down = program.call(["system", "status", "--format", "json"]);
    assert_eq!(down.stdout, "{\"status\":\"unregistered\"}\n");
    program.start();
    let list = program.call(["list", "--all", "--format", "json"]).json();
    assert_eq!(
        list.as_array().unwrap().len(),
        1,
        "the one with --rm is gone: {list}"
    );
    assert_eq!(list[0]["status"]["state"], "stopped");
    program.call(["start", "survivor"]).ok();
    assert_eq!(
        program.call(["exec", "survivor", "cat", "/kept"]).ok(),
        "kept\n"
    );
}

/// Kills monitors, first processes and publishers of an app root.
fn kill_all(root: &str) {
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| {
            let bytes = std::fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let line = read("cmdline");
        let monitor = line.starts_with("/usr/bin/conmon") && line.contains(root);
        let publisher = line.contains("--publish-for") && read("environ").contains(root);
        let own_root = format!("upperdir={root}/");
        let table = read("mountinfo");
        let mut roots = table
            .lines()
            .filter(|line| line.split(' ').nth(4) == Some("/"));
        let inside = roots.any(|line| line.contains(&own_root));
        let pid: Option<i32> = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw)
            && (monitor || publisher || inside)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

#[test]
fn twin_containers_may_be_let_out_and_the_host_gets_its_setting_back() {
    let forwarding = || std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    let before = forwarding();
    let program = Program::twin();
    let config = program.root().join("config.toml");
    std::fs::write(config, "[linux]\noutside = true\n").unwrap();
    program.start();
    let key = program.key();
    let table = || {
        let name = format!("container_{key}");
        let output = Command::new("nft")
            .args(["list", "table", "inet", &name])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(table().contains("masquerade"), "{}", table());
    assert_eq!(forwarding(), "1\n");
    // What a machine of its own has for itself; also given back, when no service runs any more.
    for (limit, least) in [("instances", 8192), ("watches", 524_288)] {
        let file = format!("/proc/sys/fs/inotify/max_user_{limit}");
        let value = std::fs::read_to_string(file).unwrap();
        assert!(
            value.trim().parse::<u64>().unwrap() >= least,
            "{limit}: {value}"
        );
    }
    program
        .call(["network", "create", "--internal", "closed"])
        .ok();
    assert_eq!(
        table().matches("masquerade").count(),
        1,
        "not for a host-only network"
    );
    let mode = program.call(["network", "inspect", "closed"]).json();
    assert_eq!(mode[0]["configuration"]["mode"], "hostOnly");
    program.call(["system", "stop"]).ok();
    assert_eq!(table(), "");
    assert_eq!(forwarding(), before);
}
