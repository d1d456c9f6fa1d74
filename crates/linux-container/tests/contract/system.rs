//! `system …` and `builder …`: settings, logs, the kernel, and what is said when nothing answers.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::program::{Answer, Program, eventually};

/// What a child writes, line by line as it comes.
pub(crate) fn lines(child: &mut Child) -> Receiver<String> {
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in stdout.lines() {
            // Without a receiver the stream is dropped, and so nobody reads it any more.
            if tell.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    told
}

/// `system logs --follow`, and what it writes.
pub(crate) fn followed(program: &Program) -> (Child, Receiver<String>) {
    let mut child = program
        .command(["system", "logs", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = lines(&mut child);
    (child, told)
}

#[test]
fn twin_system_logs_are_followed_until_nobody_reads_them() {
    const SOON: Duration = Duration::from_secs(20);
    let program = Program::started();
    let (mut child, told) = followed(&program);
    assert!(told.recv_timeout(SOON).unwrap().contains(": started"));
    program.call(["system", "stop"]).ok();
    assert!(told.recv_timeout(SOON).unwrap().ends_with(": stopped"));
    program.start();
    assert!(told.recv_timeout(SOON).unwrap().contains(": started"));
    drop(told);
    // One more line, which the thread above reads in vain.
    program.call(["system", "stop"]).ok();
    eventually("it has ended", || child.try_wait().unwrap().is_some());
    assert!(child.wait().unwrap().success());
}

#[test]
fn twin_settings_of_a_user_are_taken_over_at_each_start() {
    let program = Program::twin();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/container");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.toml");
    let call = |line: &str| {
        let mut command = program.command(line.split(' '));
        Answer::of(&command.env("HOME", home.path()).output().unwrap())
    };
    let start = || call("system start --enable-kernel-install");
    let cpus = || call("system property list --format json").json()["container"]["cpus"].clone();
    std::fs::write(&file, "[container]\ncpus = 2\nmemory = \"2gb\"\n").unwrap();
    // What an app root says itself stays, and wins.
    let own = "[linux]\nversion = \"1.3.0\"\n[container]\nmemory = \"512mb\"\n";
    std::fs::write(program.root().join("config.toml"), own).unwrap();

    start().ok();
    assert_eq!(cpus(), 2, "at the very first start");
    let properties = call("system property list --format json").json();
    assert_eq!(properties["container"]["memory"], "512mb");
    std::fs::write(&file, "[container]\ncpus = 3\n").unwrap();
    start().ok();
    assert_eq!(cpus(), 2, "the services have to be started anew");
    call("system stop").ok();
    start().ok();
    assert_eq!(cpus(), 3);
    assert!(call("--version").ok().contains("version 1.3.0 "));

    // What cannot be read is said, and changes nothing.
    call("system stop").ok();
    std::fs::write(&file, "[container]\ncpus = many\n").unwrap();
    start().fails(&format!("invalid configuration {}", file.display()));
    assert_eq!(call("system status").status, 1);
    std::fs::remove_file(&file).unwrap();
    start().ok();
    assert_eq!(cpus(), 4);
    let kept = std::fs::read_to_string(program.root().join("config.toml")).unwrap();
    assert_eq!(kept, own);
}

#[test]
fn twin_services_that_do_not_answer_in_time() {
    let program = Program::twin();
    let folder = tempfile::tempdir().unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let start = |script: &str| {
        let podman = folder.path().join("podman");
        std::fs::write(&podman, script).unwrap();
        std::fs::set_permissions(&podman, PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = program.command(["system", "start", "--timeout", "0.5"]);
        Answer::of(&command.env("PATH", &path).output().unwrap())
    };
    start("#!/bin/sh\nsleep 1000\n").fails(
        "failed to get a response from apiserver: timeout: \"XPC timeout for request to com.apple.container.apiserver/ping\"",
    );
    // It was killed with its parent, whom alone the program could wait for.
    eventually("what hung is gone", || {
        program.processes(|words| words[0] == "sleep").is_empty()
    });
    start("#!/bin/sh\necho 'Error: broken' >&2; exit 125\n")
        .fails("failed to get a response from apiserver: internalError: \"broken\"");
    assert_eq!(program.line("system status").status, 1);
    program
        .line("system start --timeout soon")
        .misused("The value 'soon' is invalid for '--timeout <timeout>'");
    program.start();
}

#[test]
fn twin_plugins_need_the_services() {
    let program = Program::twin();
    let down = program.line("nosuch --flag");
    assert_eq!((down.status, down.stdout.as_str()), (64, ""));
    assert_eq!(
        down.stderr,
        "Error: Plugins are unavailable. Start the container system services and retry:\n\n    container system start\n"
    );
}

#[test]
fn an_unknown_command_is_a_missing_plugin() {
    let program = Program::shared();
    let up = program.line("nosuch --flag");
    assert_eq!((up.status, up.stdout.as_str()), (64, ""));
    assert!(
        up.stderr
            .starts_with("Error: Plugin 'container-nosuch' not found."),
        "{up:?}"
    );
}

#[test]
fn twin_a_kernel_is_set() {
    let program = Program::started();
    let kernels = program.root().join("kernels");
    let link = || {
        let mut links = std::fs::read_dir(&kernels).unwrap().flatten();
        let link = links.find(|e| {
            e.file_name()
                .to_string_lossy()
                .starts_with("default.kernel-")
        });
        std::fs::read_link(link.unwrap().path()).unwrap()
    };
    let host = link();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("Image");
    std::fs::write(&own, "a kernel").unwrap();
    let set = |flags: &[&str]| program.call([&["system", "kernel", "set"], flags].concat());
    let own = own.to_str().unwrap();
    set(&["--binary", own]).ok();
    assert_eq!(link(), kernels.join("Image"));
    assert_eq!(std::fs::read_to_string(link()).unwrap(), "a kernel");
    std::fs::write(own, "another").unwrap();
    set(&["--binary", own]).fails("already exists");
    assert_eq!(std::fs::read_to_string(link()).unwrap(), "a kernel");
    set(&["--binary", own, "--force"]).ok();
    assert_eq!(std::fs::read_to_string(link()).unwrap(), "another");
    set(&["--binary", "/no/kernel"]).fails("kernel file not found at path /no/kernel");
    set(&["--tar", own]).fails("use --recommended or --binary");
    set(&[]).fails("missing argument '--binary'");
    assert_eq!(link(), kernels.join("Image"));
    // It beats what else is said.
    set(&["--recommended", "--binary", "/no/kernel"]).fails("already exists");
    assert_eq!(link(), kernels.join("Image"));
    set(&["--recommended", "--force", "--binary", "/no/kernel"]).ok();
    assert_eq!(link(), host);
}

#[test]
fn twin_the_builder_is_remembered() {
    let program = Program::started();
    let builder = || program.line("builder status --format json").json();
    assert_eq!(builder(), serde_json::json!([]));
    assert_eq!(
        program.line("builder status").ok(),
        "builder is not running\n"
    );
    assert_eq!(program.line("builder status -q").ok(), "");
    assert_eq!(
        program.line("builder stop").ok(),
        "builder is not running\n"
    );

    assert_eq!(program.line("builder start -c 3 -m 4g").ok(), "");
    let one = builder()[0].clone();
    assert_eq!(
        (&one["id"], &one["status"]["state"]),
        (&"buildkit".into(), &"running".into())
    );
    let resources = &one["configuration"]["resources"];
    assert_eq!(
        (&resources["cpus"], &resources["memoryInBytes"]),
        (&3.into(), &(4_u64 << 30).into())
    );
    // A build takes the one that is there.
    program.image();
    assert_eq!(builder()[0], one);
    let table = program.line("builder status").ok();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["ID", "IMAGE", "STATE", "IP", "CPUS", "MEMORY"]);
    assert_eq!(
        rows[1],
        ["buildkit", "podman", "running", "3", "4096", "MB"]
    );
    assert_eq!(program.line("builder status -q").ok(), "buildkit\n");

    program
        .line("builder delete")
        .fails("BuildKit container is not stopped, use --force to override");
    program.line("builder stop").ok();
    assert_eq!(builder()[0]["status"]["state"], "stopped");
    program.line("builder start -c 3 -m 4g").ok();
    program.call(["system", "stop"]).ok();
    program.start();
    assert_eq!(builder()[0]["status"]["state"], "stopped");
    program.line("builder start").ok();
    assert_eq!(builder()[0]["configuration"]["resources"]["cpus"], 2);
    program.line("builder delete --force").ok();
    assert_eq!(builder(), serde_json::json!([]));
    program.line("builder delete").ok();
    assert!(!Path::new(&program.root().join("builder.json")).exists());

    // One that builds without a builder has one afterwards.
    let context = crate::program::busybox();
    program
        .call([
            "build",
            "-q",
            "-t",
            "b:1",
            "-c",
            "1",
            context.path().to_str().unwrap(),
        ])
        .ok();
    assert_eq!(builder()[0]["configuration"]["resources"]["cpus"], 1);
    assert!(program.line("list -a -q").ok().is_empty());
}
