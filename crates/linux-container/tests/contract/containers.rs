//! Life of a container: texts, exit status and JSON.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::program::{Program, eventually, name};

#[test]
fn list_and_inspect_have_the_shape_of_1_5_0() {
    let program = Program::shared();
    let c = program.idle(&["--label", "a.b/c=d", "--env", "K=V", "--tmpfs", "/run"]);
    let text = program.call(["list", "--format", "json"]).ok();
    assert_eq!(text.lines().count(), 1, "compact");
    assert!(!text.contains("null"));
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let one = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == c.id.as_str())
        .unwrap();
    let config = &one["configuration"];
    assert_eq!(config["id"], c.id.as_str());
    assert_eq!(config["labels"]["a.b/c"], "d");
    assert_eq!(config["initProcess"]["executable"], "sh");
    assert_eq!(config["initProcess"]["arguments"][0], "-c");
    assert_eq!(config["resources"]["cpus"], 4);
    assert_eq!(config["resources"]["memoryInBytes"], 1_u64 << 30);
    assert_eq!(config["networks"][0]["network"], "default");
    assert_eq!(config["networks"][0]["options"]["mtu"], 1280);
    assert_eq!(config["mounts"][0]["destination"], "/run");
    assert!(config["mounts"][0]["type"]["tmpfs"].is_object());
    assert_eq!(config["capAdd"], serde_json::json!([]));
    assert_eq!(config["publishedPorts"], serde_json::json!([]));
    assert_eq!(config["runtimeHandler"], "container-runtime-linux");
    assert!(config.get("maskedPaths").is_none());
    let status = &one["status"];
    assert_eq!(status["state"], "running");
    assert!(
        status["networks"][0]["ipv4Address"]
            .as_str()
            .unwrap()
            .ends_with("/24")
    );
    assert!(
        status["networks"][0]["macAddress"]
            .as_str()
            .unwrap()
            .starts_with("f2:")
    );
    let date = status["startedDate"].as_str().unwrap();
    assert!(
        date.len() == 20 && date.ends_with('Z') && !date.contains('.'),
        "{date}"
    );
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["configuration", "id", "status"]);

    let pretty = program.call(["inspect", &c.id, &c.id]).ok();
    assert!(
        pretty.starts_with("[\n  {\n    \"configuration\" : {\n"),
        "{pretty}"
    );
    assert!(pretty.contains("\"capAdd\" : [\n\n      ]"), "{pretty}");
    assert_eq!(
        pretty.matches("\"status\" : ").count(),
        1,
        "duplicates collapse"
    );
}

#[test]
fn a_start_gives_a_new_address_and_a_stop_takes_it() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let mut seen = vec![c.address()];
    for _ in 0..5 {
        assert_eq!(program.call(["stop", &c.id]).ok(), format!("{}\n", c.id));
        let stopped = c.inspect();
        assert_eq!(stopped["status"]["state"], "stopped");
        assert_eq!(stopped["status"]["networks"], serde_json::json!([]));
        assert!(stopped["status"]["startedDate"].is_string());
        assert_eq!(program.call(["start", &c.id]).ok(), format!("{}\n", c.id));
        let address = c.address();
        assert_ne!(Some(&address), seen.last());
        seen.push(address);
    }
    // Started already: the id and success.
    assert_eq!(program.call(["start", &c.id]).ok(), format!("{}\n", c.id));
    program
        .call(["start", "--attach", &c.id])
        .fails("attach is currently unsupported on already running containers");
}

#[test]
fn created_is_stopped_without_a_start_date() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    assert_eq!(
        program.call(["create", "--name", &id, &image, "true"]).ok(),
        format!("{id}\n")
    );
    let status = &program.inspect(&id)["status"];
    assert_eq!(
        *status,
        serde_json::json!({"networks": [], "state": "stopped"})
    );
    let running = program.call(["list", "--quiet"]).ok();
    assert!(!running.contains(&id));
    assert!(
        program
            .call(["list", "--all", "--quiet"])
            .ok()
            .contains(&id)
    );
    program
        .call(["logs", &id])
        .fails(&format!("failed to get logs for container {id} (cause: "));
    program
        .call(["create", "--name", &id, &image])
        .fails(&format!(
            "failed to create container (cause: \"exists: \"container already exists: {id}\"\")"
        ));
    program
        .call(["run", "--detach", "--name", &id, &image])
        .fails(&format!("container with id {id} already exists"));
    assert_eq!(program.call(["delete", &id]).ok(), format!("{id}\n"));
}

#[test]
fn texts_of_wrong_values() {
    let program = Program::shared();
    let image = program.image();
    for (flags, text) in [
        ("--name a", "container ID a is not a valid container ID"),
        ("--name a/b", "container ID a/b is not a valid container ID"),
        (
            "-m 100m",
            "minimum memory amount allowed is 200 MiB (got 104857600 bytes)",
        ),
        (
            "-v /surely-not-there:/x",
            "path '/surely-not-there' does not exist",
        ),
        (
            "--mount type=bind,source=/etc/hosts,target=/x",
            "path '/etc/hosts' is not a directory",
        ),
        (
            "--mount type=floppy,target=/x",
            "unsupported mount type floppy",
        ),
        // Apple's tool says either, as it happens.
        (
            "--mount type=floppy,source=/x,target=/x",
            "mount type floppy",
        ),
        (
            "--mount type=tmpfs,source=/x,target=/x",
            "cannot specify source for tmpfs mount",
        ),
        ("-p 80", "invalid publish value: 80"),
        ("-p 0:80", "invalid publish host port range: 0"),
        (
            "-p 2001-2002:1-3",
            "publish host and container port counts are not equal: 2001-2002:1-3",
        ),
        (
            "-p 2001:80 -p 2001:81",
            "host ports for different publish port specs may not overlap",
        ),
        ("-p 2001:80/icmp", "invalid publish protocol: icmp"),
        ("--network surely-not", "network surely-not not found"),
        (
            "--kernel /no/kernel",
            "kernel file not found at path /no/kernel",
        ),
        (
            "--virtualization",
            "nested virtualization is not supported on the platform",
        ),
        ("--label =x", "invalid label format"),
    ] {
        let line = format!("run --detach {flags} {image} true");
        program.line(&line).fails(text);
    }
    program
        .call(["run", "-l", "", &image])
        .fails("label cannot be an empty string");
    program
        .line(&format!("run --cpus x {image}"))
        .misused("The value 'x' is invalid for");
}

#[test]
fn unknown_ids_in_every_command() {
    let program = Program::shared();
    let missing = |verb: &str| {
        format!(
            "internalError: \"failed to {verb} container\" (cause: \"notFound: \"container with ID nope not found\"\")"
        )
    };
    program.line("stop nope").fails(&missing("stop"));
    program.line("kill nope").fails(&missing("kill"));
    program.line("delete nope").fails(&missing("delete"));
    program
        .line("delete --force nope")
        .fails(&missing("delete"));
    program
        .line("start nope")
        .fails("get failed: container nope not found");
    program
        .line("exec nope true")
        .fails("get failed: container nope not found");
    program
        .line("inspect zz nope")
        .fails("container not found: nope, zz");
    program
        .line("stats --no-stream nope")
        .fails("no such container: nope");
    program
        .line("stop")
        .misused("no containers specified and --all not supplied");
    program
        .line("stop -a x")
        .misused("explicitly supplied container IDs conflict with the --all flag");
}

#[test]
fn a_running_container_is_deleted_by_force_only() {
    let program = Program::shared();
    let c = program.idle(&[]);
    program.call(["delete", &c.id]).fails(&format!(
        "internalError: \"failed to delete container\" (cause: \"invalidState: \"container {} is running and can not be deleted\"\")",
        c.id
    ));
    assert_eq!(
        program.call(["delete", "-f", &c.id]).ok(),
        format!("{}\n", c.id)
    );
    assert!(!program.call(["list", "-a", "-q"]).ok().contains(&c.id));
}

#[test]
fn stop_sends_the_signal_of_the_image_and_kills_in_the_end() {
    let program = Program::shared();
    let base = program.image();
    let tag = format!("{}:1", name());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Dockerfile");
    std::fs::write(&file, format!("FROM {base}\nSTOPSIGNAL SIGRTMIN+3\n")).unwrap();
    let context = folder.path().to_str().unwrap();
    program.call(["build", "-q", "-t", &tag, context]).ok();
    let id = name();
    let script = "trap 'echo signal; exit 0' 37; while :; do sleep 1000 & wait; done";
    program
        .call(["run", "-d", "--name", &id, &tag, "sh", "-c", script])
        .ok();
    assert_eq!(
        program.inspect(&id)["configuration"]["stopSignal"],
        "SIGRTMIN+3"
    );
    program.call(["stop", &id]).ok();
    assert_eq!(program.call(["logs", &id]).ok(), "signal\n");
    program.call(["delete", &id]).ok();
    program.call(["image", "delete", &tag]).ok();

    // A shell as the first process ignores SIGTERM; one second later it is killed.
    let stubborn = program.run(&[], "trap '' TERM; while :; do sleep 1000; done");
    program.call(["stop", "-t", "1", &stubborn.id]).ok();
    assert_eq!(stubborn.inspect()["status"]["state"], "stopped");
    program.call(["stop", &stubborn.id]).ok();
}

#[test]
fn stopping_is_a_state() {
    let program = Program::shared();
    let stubborn = program.run(
        &[],
        "trap '' TERM; echo ready; while :; do sleep 1000; done",
    );
    eventually("the trap is set", || {
        program.call(["logs", &stubborn.id]).ok() == "ready\n"
    });
    let mut stop = program
        .command(["stop", "--time", "60", &stubborn.id])
        .spawn()
        .unwrap();
    eventually("it is stopping", || {
        stubborn.inspect()["status"]["state"] == "stopping"
    });
    assert_eq!(stubborn.exec("echo still there").ok(), "still there\n");
    stop.kill().unwrap();
    stop.wait().unwrap();
    // Nobody waits for its end any more.
    assert_eq!(stubborn.inspect()["status"]["state"], "running");
}

#[test]
fn a_container_that_ends_says_so_to_an_exec() {
    let program = Program::shared();
    for round in 0..20 {
        let short = program.run(&[], &format!("sleep 0.{round:02}"));
        let mut last = short.exec("true");
        // One that is under way at the end is killed with all other processes.
        while matches!(last.status, 0 | 137) {
            last = short.exec("true");
        }
        last.fails(&format!("container {} is not running", short.id));
    }
}

#[test]
fn several_ids_at_once_report_each() {
    let program = Program::shared();
    let (a, b) = (program.idle(&[]), program.idle(&[]));
    let answer = program.call(["stop", &a.id, "nope", &b.id]);
    assert_eq!(answer.status, 1);
    let mut lines: Vec<&str> = answer.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [a.id.as_str(), b.id.as_str()]);
    assert_eq!(
        answer
            .stderr
            .lines()
            .filter(|l| l.starts_with("Error: "))
            .count(),
        1
    );
}

#[test]
fn rm_removes_after_the_end() {
    let program = Program::shared();
    let c = program.idle(&["--rm"]);
    program.call(["stop", &c.id]).ok();
    eventually("the container is gone", || {
        !program.call(["list", "-a", "-q"]).ok().contains(&c.id)
    });
    let image = program.image();
    let answer = program.call([
        "run",
        "--rm",
        "--name",
        &c.id,
        &image,
        "sh",
        "-c",
        "echo out; exit 3",
    ]);
    assert_eq!((answer.status, answer.stdout.as_str()), (3, "out\n"));
    eventually("the container is gone", || {
        !program.call(["list", "-a", "-q"]).ok().contains(&c.id)
    });
}

#[test]
fn foreground_run_passes_streams_status_and_signals() {
    let program = Program::shared();
    let image = program.image();
    let answer = program.call([
        "run",
        "--rm",
        &image,
        "sh",
        "-c",
        "echo out; echo err >&2; exit 9",
    ]);
    assert_eq!(answer.status, 9);
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("out\n", "err\n")
    );
    program
        .call(["run", "--rm", &image, "no-such-program"])
        .fails("failed to find target executable no-such-program");

    let mut child = program
        .command(["run", "--rm", "-i", &image, "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"through").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), &b"through"[..])
    );

    let id = name();
    let script = "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done";
    let child = program
        .command(["run", "--rm", "--name", &id, &image, "sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the script is ready", || {
        program.call(["logs", &id]).stdout == "ready\n"
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), None);
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(7), &b"ready\ngot\n"[..])
    );
}

#[test]
fn twin_a_run_whose_output_nobody_reads_ends_and_the_process_goes_on() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let mut child = program
        .command(["run", "--name", &id, &image, "yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    drop(stdout);
    eventually("the call has ended", || child.try_wait().unwrap().is_some());
    let state = program.inspect(&id)["status"]["state"].clone();
    program.call(["delete", "--force", &id]).ok();
    let output = child.wait_with_output().unwrap();
    assert_eq!((line.as_str(), output.status.code()), ("y\n", Some(141)));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(state, "running");
    let attached = |words: &[&str]| words[0].ends_with("podman") && words.contains(&"--attach");
    assert!(program.processes(attached).is_empty());
}
