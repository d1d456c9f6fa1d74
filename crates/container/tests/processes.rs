//! How calls run and end: streams, limits, process groups.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Cursor;
use std::time::{Duration, Instant};

use container::{Container, Error, ExecSpec};
use container_script::{Act, Script, Stand};
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// Long enough never to pass by chance, short enough to fail in reasonable time.
const PATIENCE: Duration = Duration::from_mins(1);

fn client(stand: &Stand) -> Container {
    Container::at(stand.program())
}

fn text(words: &str) -> Act {
    Act::Stdout(words.to_owned())
}

fn program() -> ExecSpec {
    ExecSpec::new("cat", ["-u"])
}

/// Waits until every process of the stand is gone; gives the stand back.
async fn gone(stand: Stand) -> Stand {
    let waiting = spawn_blocking(move || {
        stand.wait_until_gone();
        stand
    });
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("every process ends")
        .unwrap()
}

async fn marked(stand: Stand) -> Stand {
    spawn_blocking(move || {
        stand.wait_for_mark();
        stand
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_call_gets_its_own_group_a_clean_environment_and_no_input() {
    let stand = Stand::new(&Script::new().on(&["list"], [Act::Echo, text("[]")]));
    assert_eq!(client(&stand).list(true).await.unwrap(), []);
    let call = &stand.calls()[0];
    assert_eq!(call.arguments, ["list", "--format", "json", "--all"]);
    assert_eq!(call.group, call.process);
    // Cargo sets many variables for its tests; none of them is the program's business.
    let strange = |name: &&String| {
        let known = ["HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "TZ", "PATH"];
        let prefixes = ["CONTAINER_", "XDG_", "LC_"];
        !known.contains(&name.as_str()) && !prefixes.iter().any(|p| name.starts_with(p))
    };
    assert_eq!(call.environment.iter().find(strange), None);
}

#[tokio::test]
async fn a_variable_can_be_added() {
    let stand = Stand::new(&Script::new().on(&["list"], [text("[]")]));
    let client = client(&stand).with_env("PLAYED_VERSION", "1.0.0");
    client.list(false).await.unwrap();
    assert!(
        stand.calls()[0]
            .environment
            .contains(&"PLAYED_VERSION".to_owned())
    );
}

#[tokio::test]
async fn both_streams_are_drained_at_once() {
    const MANY: usize = 8 << 20;
    let stand = Stand::new(&Script::new().on(&["exec"], [Act::Flood(MANY)]));
    let output = client(&stand).exec("node", &program()).await.unwrap();
    assert_eq!(output.stdout.len(), MANY);
    assert!(!output.stdout_cut);
    // Only the end of standard error is kept.
    assert!(output.stderr.len() < 1 << 20 && output.stderr.ends_with("x\n"));
}

#[tokio::test]
async fn any_bytes_go_through_exec_and_back() {
    let stand = Stand::new(&Script::new().on(&["exec", "-i"], [Act::Echo]));
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let output = client(&stand)
        .exec_with_input("node", &program(), &mut Cursor::new(&bytes))
        .await
        .unwrap();
    assert!(output.stdout == bytes);
}

#[tokio::test]
async fn output_can_be_written_as_it_comes() {
    let stand = Stand::new(&Script::new().on(&["exec"], [text("a\n"), text("b\n")]));
    let mut written = Vec::new();
    let output = client(&stand)
        .exec_with_output("node", &program(), &mut written)
        .await
        .unwrap();
    assert!(output.success());
    assert_eq!(written, b"a\nb\n");
}

/// The program has ended long before what it wrote is taken.
#[tokio::test]
async fn who_takes_output_slowly_gets_all_of_it() {
    let words = "x".repeat(60_000);
    let stand = Stand::new(&Script::new().on(&["exec"], [text(&words)]));
    let (mut to, mut from) = tokio::io::duplex(1024);
    let taken = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let mut taken = String::new();
        from.read_to_string(&mut taken).await.map(|_| taken)
    };
    let given = async move {
        let client = client(&stand);
        client.exec_with_output("node", &program(), &mut to).await
    };
    let (given, taken) = tokio::join!(given, taken);
    assert!(given.unwrap().success());
    assert_eq!(taken.unwrap(), words);
}

#[tokio::test]
async fn input_that_is_not_read_is_no_error() {
    let stand = Stand::new(&Script::new().on(&["exec"], [Act::Exit(3)]));
    let bytes = vec![0; 4 << 20];
    let output = client(&stand)
        .exec_with_input("node", &program(), &mut Cursor::new(&bytes))
        .await
        .unwrap();
    assert_eq!(output.code, Some(3));
}

#[tokio::test]
async fn a_limit_ends_the_program_and_its_children() {
    let said = Act::Stderr("half way\n".to_owned());
    let stand = Stand::new(&Script::new().on(&["list"], [Act::Child, said, Act::Hang]));
    let limit = Duration::from_secs(4);
    let error = client(&stand)
        .with_limit(limit)
        .list(true)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::Timeout {
            call: "container list --format json --all".to_owned(),
            after: limit,
            stderr: "half way\n".to_owned(),
        }
    );
    assert_eq!(error.original(), Some("half way\n"));
    gone(stand).await;
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed() {
    let acts = [Act::IgnoreTerm, Act::Child, Act::Mark, Act::Hang];
    let stand = Stand::new(&Script::new().on(&["list"], acts));
    let client = client(&stand);
    let token = CancellationToken::new();
    let call = tokio::spawn({
        let client = client.cancelled_by(token.clone());
        async move { client.list(true).await }
    });
    let stand = marked(stand).await;
    assert_eq!(stand.alive(), 2);
    token.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error:?}");
    gone(stand).await;
}

#[tokio::test]
async fn cancelling_leaves_time_to_end_in_order() {
    let acts = [Act::IgnoreTerm, Act::Mark, Act::UntilTerm, Act::Mark];
    let stand = Stand::new(&Script::new().on(&["stop"], acts));
    let token = CancellationToken::new();
    let call = tokio::spawn({
        let client = client(&stand).cancelled_by(token.clone());
        async move { client.stop(&["node"], Duration::from_secs(30)).await }
    });
    let stand = marked(stand).await;
    token.cancel();
    assert!(matches!(call.await.unwrap(), Err(Error::Cancelled { .. })));
    // The second mark comes from after the signal.
    gone(marked(stand).await).await;
}

#[tokio::test]
async fn after_cancelling_nothing_is_started() {
    let stand = Stand::new(&Script::new().on(&[], [text("[]")]));
    let token = CancellationToken::new();
    token.cancel();
    let client = client(&stand).cancelled_by(token);
    assert!(matches!(
        client.list(true).await,
        Err(Error::Cancelled { .. })
    ));
    assert!(matches!(
        client.exec_streaming("node", &program()),
        Err(Error::Cancelled { .. })
    ));
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn dropping_a_call_ends_the_program_and_its_children() {
    let acts = [Act::IgnoreTerm, Act::Child, Act::Mark, Act::Hang];
    let stand = Stand::new(&Script::new().on(&["list"], acts));
    let call = tokio::spawn({
        let client = client(&stand);
        async move { client.list(true).await }
    });
    let stand = marked(stand).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gone(stand).await;
}

#[test]
fn the_end_of_the_runtime_ends_what_runs() {
    let acts = [Act::IgnoreTerm, Act::Child, Act::Mark, Act::Hang];
    let stand = Stand::new(&Script::new().on(&["list"], acts));
    let client = client(&stand);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(async move { client.list(true).await });
    stand.wait_for_mark();
    drop(runtime);
    stand.wait_until_gone();
}

#[tokio::test]
async fn a_child_that_keeps_the_streams_open_delays_nobody_and_may_stay() {
    let stand = Stand::new(&Script::new().on(&["list"], [text("[]"), Act::Child]));
    let started = Instant::now();
    client(&stand).list(true).await.unwrap();
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(stand.alive(), 1);
    let group = rustix::process::Pid::from_raw(stand.calls()[0].group.cast_signed()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    gone(stand).await;
}

#[tokio::test]
async fn a_killed_program_is_a_failure_without_a_status() {
    let words = Act::Stderr("Error: boo\n".to_owned());
    let stand = Stand::new(&Script::new().on(&["list"], [words, Act::Die]));
    let error = client(&stand).list(true).await.unwrap_err();
    assert_eq!(error.failure().unwrap().status, None);
    assert_eq!(error.to_string(), "boo");
}

#[tokio::test]
async fn too_long_an_answer_is_refused() {
    let stand = Stand::new(&Script::new().on(&["list"], [Act::Flood(65 << 20)]));
    let error = client(&stand).list(true).await.unwrap_err();
    assert!(matches!(error, Error::Garbage { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_program_and_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("container");
    let missing = Container::at(&path).list(true).await.unwrap_err();
    assert_eq!(
        missing,
        Error::NotFound {
            looked_at: vec![path.clone()]
        }
    );
    std::fs::write(&path, "no program").unwrap();
    let bad = Container::at(&path).list(true).await.unwrap_err();
    assert!(matches!(bad, Error::NotExecutable { .. }), "{bad:?}");
}
