//! Flags, help and usage errors: nothing here needs a started service.

use crate::program::Program;

fn program() -> Program {
    Program::twin()
}

#[test]
fn version_line_can_be_parsed() {
    let line = program().call(["--version"]).ok();
    assert!(line.starts_with("container CLI version "), "{line}");
    let version = line.split(' ').nth(3).unwrap();
    assert_eq!(
        version
            .split('.')
            .filter(|p| p.parse::<u32>().is_ok())
            .count(),
        3,
        "{line}"
    );
}

#[test]
fn flags_of_other_tools_are_refused() {
    for flag in [
        "--privileged",
        "--restart",
        "--hostname",
        "--add-host",
        "--ip",
        "--device",
        "--security-opt",
        "--stop-signal",
        "--sysctl",
        "--cgroupns",
        "--pid",
        "--userns",
        "--health-cmd",
        "--pull",
        "--storage-opt",
    ] {
        for command in ["run", "create"] {
            let answer = program().call([command, flag, "x", "image"]);
            assert_eq!(answer.stdout, "");
            answer.misused(&format!("Unknown option '{flag}'"));
        }
    }
    program()
        .call(["list", "--filter", "x"])
        .misused("Unknown option '--filter'");
}

#[test]
fn missing_arguments_and_values_are_usage_errors() {
    program()
        .call(["run"])
        .misused("Missing expected argument '<image>'");
    program()
        .call(["exec", "x"])
        .misused("Missing expected argument '<arguments> ...'");
    program()
        .call(["run", "--cpus"])
        .misused("Missing value for");
    program()
        .call(["inspect"])
        .misused("Missing expected argument '<container-ids> ...'");
}

#[test]
fn help_names_the_flags_that_clients_probe_for() {
    let help = program().call(["run", "--help"]).ok();
    for flag in [
        "--cap-add",
        "--cap-drop",
        "--masked-path",
        "--read-only-path",
        "--kernel-arg",
        "--publish",
        "--platform",
        "--cidfile",
        "--tmpfs",
        "--shm-size",
        "--virtualization",
    ] {
        assert!(help.contains(flag), "{flag} in {help}");
    }
    assert!(!help.contains("--privileged"));
    let top = program().call(["--help"]).ok();
    for command in [
        "run", "exec", "logs", "image", "network", "volume", "system", "build",
    ] {
        assert!(top.contains(&format!("  {command}")), "{command} in {top}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = program()
        .command(["run", "--help"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{stderr}");
}
