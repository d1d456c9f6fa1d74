//! Older releases, which the Linux program can play.

use crate::program::{IDLE, Program};

#[test]
fn twin_plays_1_2_2_with_flat_status_and_escaped_slashes() {
    let program = Program::playing("1.2.2");
    assert!(program.line("--version").ok().contains("version 1.2.2 "));
    let down = program.line("system status --format json");
    assert_eq!(down.status, 1);
    assert!(
        down.stdout.contains("\"apiServerVersion\":\"\"")
            && down.stdout.contains("\"status\":\"unregistered\"")
    );
    program.start();
    let text = program.line("system status --format json").ok();
    assert!(text.contains("\\/"), "{text}");
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status["status"], "running");
    assert!(
        status["apiServerVersion"]
            .as_str()
            .unwrap()
            .starts_with("container-apiserver version 1.2.2 (")
    );
    let version = program.line("system version --format json").json();
    assert!(
        version[1]["version"]
            .as_str()
            .unwrap()
            .starts_with("container-apiserver version 1.2.2")
    );
    let answer = program.line("clean x");
    assert_eq!(answer.status, 64);
}

#[test]
fn twin_plays_1_2_0_without_the_path_flags_but_with_the_paths() {
    let program = Program::playing("1.2.0");
    program
        .line("run --masked-path NONE x")
        .misused("Unknown option '--masked-path'");
    let help = program.line("run --help").ok();
    assert!(!help.contains("--masked-path") && help.contains("--kernel-arg"));
    program.start();
    let c = program.idle(&["--cap-add", "ALL"]);
    assert_ne!(c.exec("echo 1 >/proc/sys/net/ipv4/ip_forward").status, 0);
}

#[test]
fn twin_plays_1_0_0_with_nothing_protected() {
    let program = Program::playing("1.0.0");
    program
        .line("run --kernel-arg x y")
        .misused("Unknown option '--kernel-arg'");
    program.start();
    let c = program.idle(&["--cap-add", "ALL"]);
    c.exec("echo 1 >/proc/sys/net/ipv4/ip_forward").ok();
    program
        .call(["export", "-o", "/dev/null", &c.id])
        .fails("is not stopped");
}

#[test]
fn twin_shows_a_stale_service() {
    let program = Program::playing("1.2.1");
    program.start();
    let newer = program
        .command(["system", "version", "--format", "json"])
        .env("CONTAINER_PLAY_VERSION", "1.5.0")
        .output()
        .unwrap();
    let version: serde_json::Value = serde_json::from_slice(&newer.stdout).unwrap();
    assert_eq!(version[0]["version"], "1.5.0");
    assert!(version[1]["version"].as_str().unwrap().contains("1.2.1"));
}

#[test]
fn twin_takes_the_version_from_its_settings_and_refuses_nonsense() {
    let program = Program::twin();
    let config = program.root().join("config.toml");
    std::fs::write(
        &config,
        "[linux]\nversion = \"1.3.0\"\n[container]\ncpus = 2\nmemory = \"512mb\"\n",
    )
    .unwrap();
    assert!(program.line("--version").ok().contains("version 1.3.0 "));
    program.start();
    let c = program.run(&[], IDLE);
    let resources = &c.inspect()["configuration"]["resources"];
    assert_eq!(
        (&resources["cpus"], &resources["memoryInBytes"]),
        (&2.into(), &(512_u64 << 20).into())
    );
    drop(c);
    program.line("system stop").ok();
    std::fs::write(&config, "[linux]\nversion = \"0.9\"\n").unwrap();
    program.line("--version").fails("cannot play version '0.9'");
}
