//! Logs as they grow, and how they end.

use std::time::{Duration, Instant};

use engine::{Engine, LogEvent, LogRange, LogSource, LogStream};
use futures::StreamExt;
use system_tests::Cluster;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::Seen;

const FOLLOW: LogRange = LogRange {
    tail: Some(100),
    follow: true,
};

/// Writes what it is told, bytes that are no text and a line that is far too long, and dies.
const TALKER: &str = r#"{apiVersion: v1, kind: Pod, metadata: {name: teller}, spec: {terminationGracePeriodSeconds: 0,
  restartPolicy: Never, containers: [{name: main, image: 'system-test:1', imagePullPolicy: Never, command: [sh, -c,
  'echo first; while ! [ -e /go ]; do sleep 0.1; done; printf "a\377b\n"; x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$x$x; done; echo $x; echo last; exit 137']}]}}"#;

/// The next event; a log that says nothing for ten seconds has failed.
#[track_caller]
fn next(runtime: &Runtime, log: &mut LogStream) -> Option<LogEvent> {
    let event = runtime.block_on(async { timeout(Duration::from_secs(10), log.next()).await });
    let event = event.expect("something within 10 s");
    event.map(|event| event.expect("no error"))
}

#[track_caller]
fn line(runtime: &Runtime, log: &mut LogStream) -> engine::LogLine {
    match next(runtime, log) {
        Some(LogEvent::Line(line)) => line,
        other => panic!("a line was due: {other:?}"),
    }
}

pub(crate) fn of_a_pod(seen: &Seen, engine: &Engine, cluster: &Cluster<'_>) {
    let runtime = &seen.runtime;
    cluster.apply(TALKER);
    cluster.wait("condition=Ready", "pod/teller");
    let source = LogSource::Pod {
        cluster: cluster.name().into(),
        namespace: "default".into(),
        pod: "teller".into(),
        container: None,
        previous: false,
    };
    let mut log = runtime
        .block_on(engine.logs(&source, FOLLOW))
        .expect("opened");
    let first = line(runtime, &mut log);
    assert_eq!(first.text, "first");
    assert!(first.at.is_some());
    cluster.sh("teller", "touch /go");
    let touched = Instant::now();
    assert_eq!(line(runtime, &mut log).text, "a\u{fffd}b");
    assert!(
        touched.elapsed() < Duration::from_secs(2),
        "{:?}",
        touched.elapsed()
    );
    let cut = line(runtime, &mut log).text;
    assert!(cut.starts_with("0123456789abcdef"), "{cut:.80}");
    assert!(cut.len() < 17 << 10, "{} bytes", cut.len());
    // The container runtime itself splits lines of more than 16 KiB.
    let last = loop {
        let line = line(runtime, &mut log).text;
        if !line.contains("0123456789abcdef") {
            break line;
        }
    };
    assert_eq!(last, "last");
    match next(runtime, &mut log) {
        Some(LogEvent::Ended(how)) => {
            assert!(how.starts_with("Container ended with 137 at "), "{how}");
        }
        other => panic!("its end was due: {other:?}"),
    }
    assert_eq!(next(runtime, &mut log), None);

    let missing = LogSource::Pod {
        cluster: cluster.name().into(),
        namespace: "default".into(),
        pod: "nobody".into(),
        container: None,
        previous: false,
    };
    let refused = runtime.block_on(engine.logs(&missing, FOLLOW)).err();
    let refused = refused.expect("there is no such pod");
    assert!(refused.message.contains("default/nobody"), "{refused:?}");
    cluster
        .kubectl(["delete", "--wait=false", "pod/teller"])
        .ok();
}

pub(crate) fn of_a_node(seen: &Seen, engine: &Engine, cluster: &Cluster<'_>) {
    let runtime = &seen.runtime;
    let node = cluster.worker(1);
    let source = LogSource::Node {
        cluster: cluster.name().into(),
        node: node.clone(),
    };
    let mut log = runtime
        .block_on(engine.logs(&source, FOLLOW))
        .expect("opened");
    assert!(line(runtime, &mut log).at.is_some());
    cluster
        .in_node(&node, ["systemd-cat", "echo", "a word for the journal"])
        .ok();
    let found = loop {
        let line = line(runtime, &mut log);
        if line.text.contains("a word for the journal") {
            break line;
        }
    };
    assert!(found.at.is_some());
    drop(log);
    // The program in the node ends with it.
    let ended = Instant::now();
    let running = || {
        cluster
            .in_node(&node, ["pgrep", "journalctl"])
            .run()
            .success()
    };
    while running() {
        assert!(
            ended.elapsed() < Duration::from_secs(5),
            "journalctl runs on"
        );
    }
    let range = LogRange {
        tail: Some(3),
        follow: false,
    };
    let lines = runtime.block_on(async {
        let log = engine.logs(&source, range).await.expect("opened");
        log.collect::<Vec<_>>().await
    });
    assert_eq!(lines.len(), 3, "{lines:?}");
}
