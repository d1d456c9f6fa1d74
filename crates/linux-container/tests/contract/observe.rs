//! Logs, usage, copies and lists.

use crate::program::{Program, eventually};

#[test]
fn logs_are_merged_counted_followed_and_emptied_at_each_start() {
    let program = Program::shared();
    let c = program.run(
        &[],
        "echo one; sleep 0.3; echo two >&2; sleep 0.3; printf three; sleep 1; echo; echo four",
    );
    let follow = program
        .command(["logs", "--follow", &c.id])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&follow.stdout),
        "one\ntwo\nthree\nfour\n"
    );
    assert_eq!(
        program.call(["logs", "-n", "2", &c.id]).ok(),
        "three\nfour\n"
    );
    assert!(!program.call(["logs", "--boot", &c.id]).ok().is_empty());
    program.call(["start", &c.id]).ok();
    eventually("the second run wrote", || {
        program.call(["logs", &c.id]).ok() == "one\ntwo\nthree\nfour\n"
    });
}

#[test]
fn followed_logs_have_each_line_once() {
    let program = Program::shared();
    let script = "i=0; while [ $i -lt 60000 ]; do echo $i; i=$((i + 1)); done";
    let c = program.run(&[], script);
    let expected: Vec<String> = (0..60_000).map(|n| n.to_string()).collect();
    let expected = expected.join("\n") + "\n";
    let followers: Vec<_> = (0..6)
        .map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let mut command = program.command(["logs", "--follow", &c.id]);
            command
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for follower in followers {
        let output = follower.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let odd = text.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert!(
            text == expected,
            "first difference: {odd:?}, {} bytes",
            text.len()
        );
    }
}

#[test]
fn logs_that_are_no_text_are_an_error() {
    let program = Program::shared();
    let c = program.run(&[], "printf 'a\\377b\\n'; sleep 1000");
    eventually("the script wrote", || {
        program
            .call(["logs", &c.id])
            .stderr
            .contains("failed to convert container logs to utf8")
    });
}

#[test]
fn stats_copy_and_export() {
    let program = Program::shared();
    let c = program.idle(&["-m", "256m"]);
    let stats = program.call(["stats", "--format", "json", &c.id]).json();
    assert_eq!(stats[0]["id"], c.id.as_str());
    assert_eq!(stats[0]["memoryLimitBytes"], 256_u64 << 20);
    assert!(stats[0]["numProcesses"].as_u64().unwrap() >= 1);

    let folder = tempfile::tempdir().unwrap();
    let (here, back) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&here, b"\0binary\xff").unwrap();
    let inside = format!("{}:/copied", c.id);
    program.call(["copy", here.to_str().unwrap(), &inside]).ok();
    program.call(["cp", &inside, back.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read(&back).unwrap(), b"\0binary\xff");
    let relative = format!("{}:relative", c.id);
    program
        .call(["copy", &relative, "/tmp/x"])
        .fails(&format!("invalid path given: {relative}"));
    program
        .line("copy /surely-not a:/x")
        .fails("source path does not exist: /surely-not");
    program
        .line("copy a:/x b:/x")
        .fails("copying between containers is not supported");
    program
        .line("copy a b")
        .fails("one of source or destination must be a container reference (container_id:path)");

    let tar = folder.path().join("root.tar");
    program
        .call(["export", "-o", tar.to_str().unwrap(), &c.id])
        .ok();
    let list = std::process::Command::new("tar")
        .arg("tf")
        .arg(&tar)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&list.stdout)
            .lines()
            .any(|l| l.ends_with("copied"))
    );
    program.call(["stop", &c.id]).ok();
    program
        .call(["copy", &inside, "/tmp/x"])
        .fails(&format!("container {} is not running", c.id));
}

#[test]
fn formats_of_lists() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let table = program.call(["list"]).ok();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        [
            "ID", "IMAGE", "OS", "ARCH", "STATE", "IP", "CPUS", "MEMORY", "STARTED"
        ]
    );
    let row = table.lines().find(|line| line.starts_with(&c.id)).unwrap();
    assert!(row.contains("1024 MB") && row.contains("/24"), "{row}");
    assert!(
        program
            .line("list --format yaml")
            .ok()
            .starts_with("- configuration:\n")
    );
    assert!(
        program
            .line("list --format toml")
            .ok()
            .starts_with("[[items]]\n")
    );
    program
        .line("list --format xml")
        .misused("The value 'xml' is invalid for '--format <format>'");
}
