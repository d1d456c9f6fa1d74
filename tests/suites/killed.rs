//! Operations that do not end by themselves: killed without warning, or by Ctrl-C.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::time::{Duration, Instant};

use rustix::process::Signal;
use system_tests::{Call, Checks, Cluster, Random, Traces, User};

/// What one worker adds: nodes in different states when the kill comes.
const OPTIONS: [&str; 2] = ["--workers", "1"];

/// How many operations are killed.
fn wanted() -> usize {
    std::env::var("APPLE_K8S_TEST_KILLS").map_or(20, |text| text.parse().expect("a number"))
}

/// Shows: killed at random points twenty times, during create and delete; afterwards `create` or
/// `delete` always succeeds and nothing is left over. And Ctrl-C, which cleans up by itself.
#[test]
fn killed_at_any_point() {
    let user = User::new();
    let cluster = Cluster::reserve(&user, "killed");
    let before = Traces::names(&user);
    let mut checks = Checks::new();
    checks.check("Ctrl-C during create cleans up", || interrupted(&cluster));
    checks.check("a stop that was cut short, and a start at once", || {
        stopped_halfway(&cluster);
    });
    checks.check("killed twenty times", || {
        let mut random = Random::new();
        let began = Instant::now();
        cluster.create(OPTIONS).ok();
        let mut times = Times {
            create: began.elapsed(),
            delete: Duration::from_secs(2),
        };
        let mut exists = true;
        let mut kills = 0;
        while kills < wanted() {
            let killed;
            (killed, exists) = kill_once(&cluster, exists, kills, &mut random, &mut times);
            kills += usize::from(killed);
        }
        cluster.delete().ok();
    });
    checks.check("users at once, of whom some are killed", crowd);
    checks.check("nothing is left over", || {
        user.assert_no_files();
        assert_eq!(user.kubeconfig_text(), None);
        Traces::assert_none(&user, cluster.name());
        let left: Vec<String> = Traces::names(&user).difference(&before).cloned().collect();
        assert!(
            left.iter().all(|name| !name.contains(cluster.name())),
            "{left:?}"
        );
    });
    checks.finish();
}

/// How long operations take when nobody kills them.
struct Times {
    create: Duration,
    delete: Duration,
}

/// Kills a create, or a delete where there is a cluster, at a random moment, and recovers by a
/// random one of the two. Returns whether it was killed, and whether there is a cluster now.
fn kill_once(
    cluster: &Cluster<'_>,
    exists: bool,
    kills: usize,
    random: &mut Random,
    times: &mut Times,
) -> (bool, bool) {
    let (what, call, usual) = if exists {
        ("delete", cluster.delete(), times.delete)
    } else {
        ("create", cluster.create(OPTIONS), times.create)
    };
    let moment = random.shorter_than(usual);
    // Creating takes long; one recovery in four is enough to see it work.
    let by_create = random.below(4) == 0;
    let running = call.start();
    let ended = running.ends_within(moment);
    running.signal(Signal::KILL);
    let killed = running.end(Duration::from_secs(5));
    let how = if ended { "ended before" } else { "killed" };
    eprintln!(
        "  {kills} so far: {what} {how} after {:.2} s, then {}",
        moment.as_secs_f64(),
        if by_create { "create" } else { "delete" }
    );
    // Moments are drawn from the shortest time seen, or many would come too late.
    if ended && killed.success() {
        let shortest = if exists {
            &mut times.delete
        } else {
            &mut times.create
        };
        *shortest = killed.took.min(*shortest);
    }
    if by_create {
        recover_by_create(cluster, ended && killed.success(), times);
        return (!ended, true);
    }
    cluster.delete().ok();
    cluster.user().assert_no_files();
    Traces::assert_none(cluster.user(), cluster.name());
    assert_eq!(cluster.user().kubeconfig_text(), None);
    (!ended, false)
}

/// A create after a kill makes the cluster, whatever was killed; only when the kill came too late or
/// too early to do any harm, there is a cluster, and it says so.
fn recover_by_create(cluster: &Cluster<'_>, complete: bool, times: &mut Times) {
    let began = Instant::now();
    let output = cluster.create(OPTIONS).run();
    if output.code() == Some(41) {
        assert!(complete || was_complete(cluster), "{}", output.report());
        cluster.delete().ok();
        cluster.create(OPTIONS).ok();
    } else {
        output.ok();
        times.create = began.elapsed().min(times.create);
    }
    cluster.kubectl(["get", "--raw", "/readyz"]).ok();
}

/// Whether the killed create had come to its end: then the cluster is one.
fn was_complete(cluster: &Cluster<'_>) -> bool {
    let status = cluster
        .call(["status", cluster.name(), "--output", "json"])
        .run();
    status.success() && status.text().contains("\"state\":\"running\"")
}

/// Shows: Ctrl-C exits with 130 and leaves nothing.
fn interrupted(cluster: &Cluster<'_>) {
    let user = cluster.user();
    let running = with_steps(cluster.create(OPTIONS)).start();
    running.line_with("\"phase\":\"boot\"", Duration::from_mins(1));
    running.signal(Signal::INT);
    let output = running.end(Duration::from_mins(1)).fails(130);
    let last = output.json_lines().pop().expect("a line");
    assert_eq!(
        (&last["type"], &last["code"]),
        (&"error".into(), &"Cancelled".into())
    );
    user.assert_no_files();
    assert_eq!(user.kubeconfig_text(), None);
    Traces::assert_none(user, cluster.name());
}

/// How long a stop of two nodes takes at least.
const STOP: Duration = Duration::from_millis(1500);

/// Shows: a start that comes right after a stop that was killed or interrupted finds nodes on their
/// way down, and brings them all up again.
fn stopped_halfway(cluster: &Cluster<'_>) {
    let mut random = Random::new();
    cluster.create(OPTIONS).ok();
    for signal in [Signal::KILL, Signal::INT, Signal::KILL, Signal::INT] {
        let moment = random.shorter_than(STOP);
        let running = cluster.call(["stop", "cluster", cluster.name()]).start();
        let ended = running.ends_within(moment);
        running.signal(signal);
        running.end(Duration::from_secs(10));
        eprintln!(
            "  stop: {signal:?} after {:.2} s{}",
            moment.as_secs_f64(),
            if ended { ", ended before" } else { "" }
        );
        let start = cluster.call(["start", "cluster", cluster.name(), "--wait", "50s"]);
        let took = start.ok().took;
        eprintln!("  start took {:.1} s", took.as_secs_f64());
        let nodes = cluster.nodes();
        assert!(
            nodes.iter().all(|node| node["running"] == true),
            "{nodes:?}"
        );
        cluster.kubectl(["get", "--raw", "/readyz"]).ok();
    }
    cluster.delete().ok();
}

/// How often users create clusters at once.
const ROUNDS: u64 = 4;

/// Shows: users who create clusters at the same time, and so choose ports at the same time, don't
/// fail each other, and neither does one who is killed or cancels.
fn crowd() {
    let users = [User::new(), User::new(), User::new()];
    let clusters: Vec<Cluster<'_>> = users
        .iter()
        .map(|user| Cluster::reserve(user, "crowd"))
        .collect();
    let mut random = Random::new();
    for round in 0..ROUNDS {
        // Nodes are made in the first seconds.
        let moments = [Signal::KILL, Signal::INT].map(|signal| {
            let moment = random.shorter_than(Duration::from_secs(4));
            eprintln!(
                "  round {round}: {signal:?} after {:.2} s",
                moment.as_secs_f64()
            );
            (signal, moment)
        });
        let (patient, doomed) = clusters.split_first().expect("three");
        std::thread::scope(|scope| {
            scope.spawn(|| patient.create(OPTIONS).ok());
            for (cluster, (signal, moment)) in doomed.iter().zip(moments) {
                scope.spawn(move || {
                    let running = cluster.create(OPTIONS).start();
                    running.ends_within(moment);
                    running.signal(signal);
                    running.end(Duration::from_mins(1));
                });
            }
        });
        std::thread::scope(|scope| {
            for cluster in &clusters {
                scope.spawn(|| {
                    let took = cluster.delete().ok().took;
                    assert!(took < Duration::from_secs(25), "a delete took {took:?}");
                });
            }
        });
        for cluster in &clusters {
            cluster.user().assert_no_files();
            Traces::assert_none(cluster.user(), cluster.name());
            assert_eq!(cluster.user().kubeconfig_text(), None);
        }
    }
}

fn with_steps(call: Call) -> Call {
    call.args(["--output", "json"])
}
