//! What a user sees when something is wrong: exit status, message, way out, JSON; and that
//! nothing was changed.
#![allow(clippy::expect_used)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use common::{Answer, Bench, creatable, done, fresh, healthy, joinable, two_nodes};
use container_script::{Act, Script};
use engine::ErrorCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

/// The answer in text and JSON has the code, its exit status and a way out.
fn fails(bench: &Bench, line: &str, code: ErrorCode) -> Answer {
    let text = bench.run(line);
    assert_eq!(
        text.status,
        i32::from(code.exit_status()),
        "{line}: {text:?}"
    );
    assert_eq!(text.out, "", "{line}: an error is no result");
    assert!(text.err.contains("Error: "), "{line}: {}", text.err);
    let json = bench.run(&format!("{line} --output json"));
    assert_eq!(json.status, text.status, "{line}: {json:?}");
    assert_eq!(json.err, "", "{line}: JSON goes to standard output alone");
    let error = json.last("error");
    assert_eq!(error["code"], json!(code), "{line}");
    let message = error["message"].as_str().expect("a message");
    assert!(
        text.err.contains(message),
        "{line}: {message:?} is not in {}",
        text.err
    );
    if let Some(hint) = error["hint"].as_str() {
        assert!(
            text.err.contains(&format!("Hint: {hint}")),
            "{line}: {}",
            text.err
        );
    }
    assert!(
        !bench.kubeconfig().exists(),
        "{line}: a kubeconfig was made"
    );
    text
}

#[test]
fn a_runtime_that_can_not_be_used_has_a_way_out_for_every_command() {
    let runtimes = [
        (
            Script::services_down("1.5.0"),
            ErrorCode::RuntimeStopped,
            "container system start",
        ),
        (
            Script::release("0.12.0"),
            ErrorCode::RuntimeTooOld,
            "0.12.0",
        ),
        (Script::release("1.2.0"), ErrorCode::RuntimeRefused, "1.2.0"),
    ];
    for (script, code, word) in runtimes {
        let bench = Bench::new(&script);
        for line in [
            "create cluster dev",
            "delete cluster dev",
            "start cluster dev",
            "stop cluster dev",
            "get clusters",
            "get nodes",
            "get images",
            "status",
            "load image web:1",
            "build node-image",
            "export logs there",
        ] {
            let answer = fails(&bench, line, code);
            assert!(
                answer.err.contains("Hint: ") && answer.err.contains(word),
                "{}",
                answer.err
            );
        }
        assert_eq!(bench.remembered(), [] as [std::path::PathBuf; 0]);
    }
}

#[test]
fn a_missing_runtime_names_where_it_was_looked_for() {
    let bench = Bench::new(&healthy());
    let answer = fails(
        &bench,
        "get clusters --container /nowhere/container",
        ErrorCode::RuntimeMissing,
    );
    assert!(answer.err.contains("/nowhere/container"), "{}", answer.err);
    let answer = bench.run("version --container /nowhere/container");
    assert_eq!(answer.status, 0, "version tells what it can: {answer:?}");
    assert!(answer.out.contains("container not found"), "{}", answer.out);
}

#[test]
fn a_hanging_runtime_is_given_up() {
    let bench = Bench::new(&Script::hanging());
    let answer = bench.run("get clusters -o json");
    assert_eq!(
        answer.status,
        i32::from(ErrorCode::RuntimeHung.exit_status()),
        "{answer:?}"
    );
    assert_eq!(answer.last("error")["code"], "RuntimeHung");
    bench.stand.wait_until_gone();
}

#[test]
fn every_error_of_a_file_is_shown_with_its_place() {
    let bench = Bench::new(&creatable());
    let yaml = "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: dev\n\
                spec:\n  nodes:\n  - role: control-plan\n    flavour: mint\n    cpus: lots\n";
    fs::write(bench.path("bad.yaml"), yaml).expect("a file");
    let answer = fails(
        &bench,
        "create cluster --config bad.yaml",
        ErrorCode::ConfigInvalid,
    );
    assert!(
        answer.err.contains("Error: 3 errors in bad.yaml\n"),
        "{}",
        answer.err
    );
    for place in ["bad.yaml:7:11: ", "bad.yaml:8:5: ", "bad.yaml:9:11: "] {
        assert!(
            answer.err.contains(place),
            "{place} is not in {}",
            answer.err
        );
    }
    assert!(answer.err.contains("flavour") && answer.err.contains("control-plane"));
    assert_eq!(
        bench.stand.calls(),
        [],
        "nothing is asked before the file is right"
    );
}

#[test]
fn a_file_that_is_no_cluster_yaml_is_refused() {
    let bench = Bench::new(&creatable());
    fs::write(bench.path("binary.yaml"), [0xff, 0xfe, 0x00]).expect("a file");
    fs::write(bench.path("large.yaml"), vec![b'#'; 5 << 20]).expect("a file");
    for (file, word) in [
        ("missing.yaml", "No such file"),
        (".", "directory"),
        ("binary.yaml", "binary.yaml"),
        ("large.yaml", "larger than"),
        ("-", "standard input"),
    ] {
        let line = format!("create cluster --config {file}");
        let answer = fails(&bench, &line, ErrorCode::ConfigInvalid);
        assert!(answer.err.contains(word), "{file}: {}", answer.err);
    }
}

#[test]
fn a_wrong_command_line_is_status_2_in_both_forms() {
    let bench = Bench::new(&healthy());
    let text = bench.run("create cluster dev --colour");
    assert_eq!((text.status, text.out.as_str()), (2, ""), "{text:?}");
    assert!(text.err.contains("--colour"), "{}", text.err);
    let json = bench.run("create cluster dev --colour -o json");
    assert_eq!((json.status, json.err.as_str()), (2, ""), "{json:?}");
    let error = json.last("error");
    assert_eq!(error["code"], "Usage");
    assert_eq!(error["message"], "unexpected argument '--colour' found");
    assert_eq!(
        bench.run("").status,
        2,
        "a bare call shows the help, as an error"
    );
}

#[test]
fn unknown_clusters_and_nodes_are_named() {
    let script = healthy().on(&["list"], [two_nodes("running")]);
    let bench = Bench::new(&script);
    bench.remember("dev");
    for line in [
        "status prod",
        "get nodes prod",
        "stop cluster prod",
        "load image web:1 -n prod",
    ] {
        let answer = fails(&bench, line, ErrorCode::ClusterNotFound);
        assert!(
            answer.err.contains("\"prod\"") && answer.err.contains("dev"),
            "{}",
            answer.err
        );
    }
    let answer = fails(
        &bench,
        "load image web:1 --name dev --nodes dev-x",
        ErrorCode::Usage,
    );
    assert!(answer.err.contains("dev-x"), "{}", answer.err);
}

#[test]
fn an_archive_that_is_not_there_is_said_to_be_missing() {
    let bench = Bench::new(&healthy().on(&["list"], [two_nodes("running")]));
    bench.remember("dev");
    let line = "load image-archive /not/there.tar --name dev";
    let answer = fails(&bench, line, ErrorCode::ImageMissing);
    assert!(
        answer.err.contains("there is no file /not/there.tar"),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("Hint: "), "{}", answer.err);
}

#[test]
fn one_cluster_that_can_not_be_deleted_does_not_save_the_others() {
    let script = healthy()
        .on(&["list"], [two_nodes("running")])
        .failing(&["delete"], "no space left on device");
    let bench = Bench::new(&script);
    bench.remember("dev");
    bench.remember("gone");
    let answer = bench.run("delete clusters dev gone");
    assert_ne!(answer.status, 0, "{answer:?}");
    assert!(
        answer.err.contains("1 of 2 clusters could not be deleted"),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("  dev: "), "{}", answer.err);
    assert!(
        !bench.path("home/clusters/gone").exists(),
        "the other one was not deleted"
    );
}

#[test]
fn a_failed_creation_says_why_and_where_the_logs_are() {
    let failed = json!({"event": "error", "code": "kubeadm", "message": "etcd did not start",
        "detail": "its address is taken"});
    let script = fresh()
        .on(
            &["exec", "init"],
            [
                Act::ReadLine,
                Act::Stdout(format!("{failed}\n")),
                Act::Exit(1),
            ],
        )
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang])
        .on(&["exec"], [Act::Stdout("a log\n".into())]);
    let bench = Bench::new(&script);
    let answer = bench.run("create cluster dev --workers 1");
    assert_eq!(
        answer.status,
        i32::from(ErrorCode::NodeFailed.exit_status()),
        "{answer:?}"
    );
    assert!(answer.err.contains("etcd did not start"), "{}", answer.err);
    assert!(
        answer.err.contains("\n  its address is taken\n"),
        "{}",
        answer.err
    );
    let logs = answer
        .err
        .lines()
        .find_map(|line| line.strip_prefix("Logs: "));
    let logs = std::path::Path::new(logs.expect("a folder with logs"));
    assert!(
        logs.join("dev-worker/serial.log").exists(),
        "{}",
        logs.display()
    );
}

/// A creation that waits for its control plane for ever, as a running program.
fn waiting(bench: &Bench, line: &str) -> std::process::Child {
    let child = bench
        .command(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    bench.stand.wait_for_mark();
    child
}

fn signal(child: &std::process::Child, signal: Signal) {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("an id");
    kill_process(pid, signal).expect("the signal is sent");
}

fn endless() -> Script {
    fresh()
        .on(&["exec", "init"], [Act::ReadLine, Act::Mark, Act::Hang])
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang])
}

#[test]
fn a_signal_cancels_and_cleans_up() {
    for kind in [Signal::INT, Signal::TERM, Signal::HUP] {
        let bench = Bench::new(&endless());
        let child = waiting(&bench, "create cluster dev --workers 1");
        signal(&child, kind);
        let answer = Answer::of(child.wait_with_output().expect("ends"));
        assert_eq!(answer.status, 130, "{kind:?}: {answer:?}");
        assert!(
            answer.err.ends_with("Cancelled\n"),
            "{kind:?}: {}",
            answer.err
        );
        let deleted = bench
            .stand
            .calls()
            .into_iter()
            .any(|call| call.arguments[0] == "delete");
        assert!(deleted, "{kind:?}: nodes are left");
        assert_eq!(bench.remembered(), [] as [std::path::PathBuf; 0]);
        bench.stand.wait_until_gone();
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let mut script = fresh();
    script.rules.retain(|rule| rule.words != ["delete"]);
    let script = script
        .on(&["delete"], [Act::Mark, Act::Wait(60_000)])
        .on(&["exec", "init"], [Act::ReadLine, Act::Mark, Act::Hang])
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang]);
    let bench = Bench::new(&script);
    let mut child = waiting(&bench, "create cluster dev --workers 1");
    signal(&child, Signal::INT);
    bench.stand.wait_for_mark();
    signal(&child, Signal::INT);
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    // What it no longer waited for goes on without it.
    for call in bench.stand.calls() {
        if call.arguments[0] == "delete" {
            let deleting = i32::try_from(call.process).ok().and_then(Pid::from_raw);
            kill_process(deleting.expect("an id"), Signal::KILL).expect("it still works");
        }
    }
    bench.stand.wait_until_gone();
}

#[test]
fn a_question_ends_with_the_first_signal() {
    let bench = Bench::new(&Script::healthy("1.5.0").on(&["list"], [Act::Mark, Act::Hang]));
    let child = waiting(&bench, "get clusters");
    signal(&child, Signal::INT);
    let answer = Answer::of(child.wait_with_output().expect("ends"));
    assert_eq!((answer.status, answer.err.as_str()), (130, "Cancelled\n"));
    bench.stand.wait_until_gone();
}

#[test]
fn a_reader_that_went_away_is_no_panic_and_stops_nothing() {
    let bench = Bench::new(&creatable());
    let mut child = bench
        .command("create cluster dev --workers 1 --wait 0 -o json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    reader.read_line(&mut String::new()).expect("a line");
    drop(reader);
    let mut err = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut err)
        .expect("text");
    assert!(child.wait().expect("ends").success(), "{err}");
    assert_eq!(err, "");
    assert!(
        bench.path("home/clusters/dev/cluster.yaml").exists(),
        "the creation stopped"
    );
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let bench = Bench::new(&healthy().on(&["list"], [two_nodes("running")]));
    let output = bench
        .command("get clusters")
        .stdout(full)
        .output()
        .expect("runs");
    assert_eq!(
        output.status.code(),
        Some(i32::from(ErrorCode::NoSpace.exit_status()))
    );
}

#[test]
fn workers_that_join_are_not_lost_when_the_control_plane_ends_first() {
    let script = fresh()
        .on(
            &["exec", "init"],
            [Act::ReadLine, joinable(), common::admin()],
        )
        .on(
            &["exec", "join"],
            [Act::ReadLine, Act::ReadLine, Act::Wait(300), done()],
        );
    let bench = Bench::new(&script);
    let answer = bench.run("create cluster dev --workers 1 --wait 0 -o json");
    assert_eq!(answer.status, 0, "{answer:?}");
}

#[test]
fn a_name_from_the_environment_is_checked() {
    let bench = Bench::new(&healthy().on(&["list"], [two_nodes("running")]));
    bench.remember("dev");
    for name in ["../clusters/dev", "Dev", "dev/.."] {
        let mut command = bench.command("delete cluster");
        let output = command
            .env("APPLE_K8S_CLUSTER_NAME", name)
            .output()
            .expect("runs");
        let answer = Answer::of(output);
        assert_eq!(answer.status, 2, "{name}: {answer:?}");
        assert!(
            answer.err.contains("APPLE_K8S_CLUSTER_NAME"),
            "{name}: {}",
            answer.err
        );
    }
    assert!(bench.path("home/clusters/dev/cluster.yaml").exists());
    assert_eq!(bench.stand.calls(), []);
}

#[test]
fn an_acceptance_reports_and_ends_with_the_status_of_its_first_failure() {
    let bench = Bench::new(&Script::services_down("1.5.0"));
    let line = "doctor --mac-acceptance";
    let text = bench.run(line);
    let status = i32::from(ErrorCode::RuntimeStopped.exit_status());
    assert_eq!(text.status, status, "{text:?}");
    assert!(text.out.contains("✗  2 Apple's container"), "{text:?}");
    assert!(
        text.out.contains("not tried: check 2 comes first"),
        "{text:?}"
    );
    assert!(text.err.contains("Error: check 2 failed: "), "{text:?}");
    let json = bench.run(&format!("{line} --output json"));
    assert_eq!((json.status, json.err.as_str()), (status, ""), "{json:?}");
    let lines = json.json();
    let report = lines.iter().find(|line| line["type"] == "result");
    let report = report.expect("a report");
    assert_eq!(
        report["checks"][1]["error"]["code"],
        json!("RuntimeStopped")
    );
    assert_eq!(json.last("error")["code"], json!("RuntimeStopped"));
    assert!(bench.remembered().is_empty() && !bench.kubeconfig().exists());
    for other in ["--fix", "--kubeconfig x"] {
        let refused = bench.run(&format!("{line} {other}"));
        assert_eq!(refused.status, 2, "{refused:?}");
    }
}
