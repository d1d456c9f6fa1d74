//! Calls that are talked to line by line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use container::{BuildSpec, Container, Error, ExecSpec, Log};
use container_script::{Act, Script, Stand};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

fn node() -> ExecSpec {
    ExecSpec::new("apple-k8s-node", ["init"])
}

fn text(words: &str) -> Act {
    Act::Stdout(words.to_owned())
}

fn client(stand: &Stand) -> Container {
    Container::at(stand.program())
}

async fn gone(stand: Stand) {
    let waiting = spawn_blocking(move || stand.wait_until_gone());
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .expect("every process ends")
        .unwrap();
}

#[tokio::test]
async fn lines_go_both_ways() {
    let acts = [
        Act::ReadLine,
        text("one\r\ntw"),
        text("o\n\n"),
        Act::ReadLine,
        Act::Stderr("note\n".to_owned()),
        text("last"),
    ];
    let stand = Stand::new(&Script::new().on(&["exec", "-i", "node"], acts));
    let mut lines = client(&stand).exec_streaming("node", &node()).unwrap();
    lines.send_line("{\"cluster\":\"demo\"}").await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("one"));
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("two"));
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some(""));
    lines.send_line("second").await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("last"));
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert_eq!(lines.next_line().await.unwrap(), None);
    let exit = lines.wait().await.unwrap();
    assert!(exit.success());
    assert_eq!(exit.stderr, "note\n");
    assert_eq!(stand.lines(), ["{\"cluster\":\"demo\"}", "second"]);
    let call = &stand.calls()[0];
    assert_eq!(
        call.arguments,
        ["exec", "-i", "node", "apple-k8s-node", "init"]
    );
}

#[tokio::test]
async fn a_dropped_read_loses_nothing() {
    let acts = [text("first ha"), Act::ReadLine, text("lf\n")];
    let stand = Stand::new(&Script::new().on(&["exec"], acts));
    let mut lines = client(&stand).exec_streaming("node", &node()).unwrap();
    // The line cannot end before it is asked for: this read is dropped with a part of it.
    let short = Duration::from_millis(300);
    assert!(
        tokio::time::timeout(short, lines.next_line())
            .await
            .is_err()
    );
    lines.send_line("go on").await.unwrap();
    assert_eq!(
        lines.next_line().await.unwrap().as_deref(),
        Some("first half")
    );
}

#[tokio::test]
async fn bytes_that_are_not_text_are_replaced() {
    let stand =
        Stand::new(&Script::new().on(&["exec"], [Act::StdoutBytes(b"a\xff\0b\n".to_vec())]));
    let mut lines = client(&stand).exec_streaming("node", &node()).unwrap();
    assert_eq!(
        lines.next_line().await.unwrap().as_deref(),
        Some("a\u{fffd}\0b")
    );
}

#[tokio::test]
async fn the_status_of_the_guest_is_an_answer() {
    let acts = [
        Act::Stderr("Error: my own words\n".to_owned()),
        Act::Exit(1),
    ];
    let stand = Stand::new(&Script::new().on(&["exec"], acts));
    let lines = client(&stand).exec_streaming("node", &node()).unwrap();
    let exit = lines.wait().await.unwrap();
    assert_eq!(
        (exit.code, exit.stderr.as_str()),
        (Some(1), "Error: my own words\n")
    );
}

#[tokio::test]
async fn a_call_that_failed_itself_is_an_error() {
    let script = Script::new()
        .times(1, &["exec"], [Act::Stderr("Error: container node is not running\n".into()), Act::Exit(1)])
        .failing(&["exec"], "internalError: \"failed to exec process\" (cause: \"internalError: \"failed to find target executable apple-k8s-node\"\")");
    let stand = Stand::new(&script);
    let wait = async || {
        client(&stand)
            .exec_streaming("node", &node())
            .unwrap()
            .wait()
            .await
    };
    let error = wait().await.unwrap_err();
    assert!(
        matches!(&error, Error::NotRunning { id, .. } if id == "node"),
        "{error:?}"
    );
    let error = wait().await.unwrap_err();
    assert!(matches!(&error, Error::NoSuchProgram { program, .. } if program == "apple-k8s-node"));
}

#[tokio::test]
async fn a_program_that_ends_early_does_not_break_the_writer() {
    let stand = Stand::new(&Script::new().on(&["exec"], [text("bye\n"), Act::Exit(7)]));
    let mut lines = client(&stand).exec_streaming("node", &node()).unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("bye"));
    assert_eq!(lines.next_line().await.unwrap(), None);
    lines.send_line(&"x".repeat(1 << 20)).await.unwrap();
    assert_eq!(lines.wait().await.unwrap().code, Some(7));
}

#[tokio::test]
async fn waiting_reads_the_rest_away() {
    let stand = Stand::new(&Script::new().on(&["exec"], [Act::Flood(4 << 20), Act::Echo]));
    let lines = client(&stand).exec_streaming("node", &node()).unwrap();
    assert!(lines.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_limit_and_a_token_end_it() {
    let acts = [
        Act::Child,
        Act::Stderr("said\n".into()),
        text("started\n"),
        Act::Hang,
    ];
    let stand = Stand::new(&Script::new().on(&["exec"], acts));
    let limited = client(&stand).with_limit(Duration::from_secs(4));
    let mut lines = limited.exec_streaming("node", &node()).unwrap();
    let mut error = None;
    while error.is_none() {
        error = lines.next_line().await.err();
    }
    let Some(Error::Timeout { stderr, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(stderr, "said\n");

    let token = CancellationToken::new();
    let bound = client(&stand).cancelled_by(token.clone());
    let mut lines = bound.exec_streaming("node", &node()).unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("started"));
    token.cancel();
    let error = lines.next_line().await.unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error:?}");
    gone(stand).await;
}

#[tokio::test]
async fn killing_and_dropping_end_it_with_its_children() {
    let acts = [Act::IgnoreTerm, Act::Child, text("started\n"), Act::Hang];
    let stand = Stand::new(&Script::new().on(&["exec"], acts));
    let mut first = client(&stand).exec_streaming("node", &node()).unwrap();
    let mut second = client(&stand).exec_streaming("node", &node()).unwrap();
    first.next_line().await.unwrap();
    second.next_line().await.unwrap();
    assert_eq!(stand.alive(), 4);
    first.kill().await;
    drop(second);
    gone(stand).await;
}

#[tokio::test]
async fn logs_are_followed_until_dropped() {
    let script = Script::new().on(
        &["logs", "--boot", "node", "--follow"],
        [text("booting\n"), Act::Hang],
    );
    let stand = Stand::new(&script);
    let mut lines = client(&stand).follow_logs("node", Log::Boot, None).unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("booting"));
    drop(lines);
    gone(stand).await;
}

#[tokio::test]
async fn a_log_that_cannot_be_followed_is_an_error() {
    let script = Script::new().failing(&["logs"], "get failed: container node not found");
    let stand = Stand::new(&script);
    let mut lines = client(&stand)
        .follow_logs("node", Log::Process, Some(5))
        .unwrap();
    assert_eq!(lines.next_line().await.unwrap(), None);
    let error = lines.wait().await.unwrap_err();
    assert!(matches!(error, Error::NoSuchContainer { .. }), "{error:?}");
    assert_eq!(
        stand.calls()[0].arguments,
        ["logs", "-n", "5", "node", "--follow"]
    );
}

#[tokio::test]
async fn a_build_shows_both_streams_and_fails_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let spec = BuildSpec {
        context: folder.path().to_owned(),
        tags: vec!["demo:1".to_owned()],
        build_args: vec![("TOKEN".to_owned(), "hunter2".to_owned())],
        ..BuildSpec::default()
    };
    let script = Script::new()
        .times(
            1,
            &["build"],
            [Act::Stderr("#1 one\n#2 two".into()), text("built\n")],
        )
        .on(
            &["build"],
            [
                Act::Stderr("#1 one\nError: it broke\n".into()),
                Act::Exit(1),
            ],
        );
    let stand = Stand::new(&script);
    let mut seen = Vec::new();
    client(&stand)
        .build(&spec, |line| seen.push(line.to_owned()))
        .await
        .unwrap();
    seen.sort();
    assert_eq!(seen, ["#1 one", "#2 two", "built"]);
    let mut seen = Vec::new();
    let error = client(&stand)
        .build(&spec, |line| seen.push(line.to_owned()))
        .await
        .unwrap_err();
    assert_eq!(seen, ["#1 one", "Error: it broke"]);
    assert_eq!(error.to_string(), "it broke");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(
        stand.calls()[0]
            .arguments
            .contains(&"TOKEN=hunter2".to_owned())
    );
}
