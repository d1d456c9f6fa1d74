//! The menu in every state, as a person reads it.

use std::collections::HashSet;

use engine::{ErrorCode, Health};

use super::*;
use crate::snapshot::{
    Cluster, ClusterState, Context, Contexts, Failure, KubeconfigFile, Operation, OperationKind,
    OperationState, Runtime, RuntimeState, Snapshot, Usage,
};

const NOW: i64 = 1_800_000_000_000;

fn nothing() -> Snapshot {
    Snapshot {
        revision: 1,
        runtime: Runtime {
            state: RuntimeState::Ready,
            program: Some("/usr/local/bin/container".into()),
            version: Some("1.5.0".into()),
            problem: None,
        },
        clusters: Vec::new(),
        subject: None,
        operations: Vec::new(),
        contexts: Contexts::default(),
        leaving: false,
        notices: Vec::new(),
    }
}

fn cluster(name: &str, state: ClusterState) -> Cluster {
    let runs = matches!(state, ClusterState::Running | ClusterState::Partial);
    Cluster {
        name: name.into(),
        health: if runs {
            Health::Healthy
        } else {
            Health::Stopped
        },
        state,
        why: None,
        problems: 0,
        nodes: 3,
        ready_nodes: runs.then_some(3),
        version: Some("v1.37.1".into()),
        context: format!("apple-k8s-{name}"),
        server: Some("https://127.0.0.1:16443".into()),
        started: runs.then_some(NOW - 187_200_000),
        last_run: (!runs).then_some(NOW - 7_200_000),
        usage: runs.then_some(Usage {
            cpu_cores: 0.96,
            cpus: 8,
            memory_bytes: (21 << 30) / 10,
            memory_limit_bytes: 6 << 30,
        }),
    }
}

fn operation(kind: OperationKind) -> Operation {
    Operation {
        id: 7,
        kind,
        cluster: Some("dev".into()),
        subject: None,
        started: NOW - 21_000,
        ended: None,
        stage: 4,
        stages: 7,
        stage_name: "Control plane".into(),
        percent: 58,
        last_took_ms: Some(34_000),
        state: OperationState::Running,
        cancellable: true,
        elsewhere: false,
        steps: Vec::new(),
        failure: None,
        outcome: None,
    }
}

fn context(name: &str, cluster: Option<&str>) -> Context {
    Context {
        name: name.into(),
        cluster: cluster.map(str::to_owned),
        file: "/home/me/.kube/config".into(),
    }
}

fn with(clusters: Vec<Cluster>) -> Snapshot {
    let subject = clusters.first().map(|first| first.name.clone());
    let entries = clusters
        .iter()
        .map(|one| context(&one.context, Some(&one.name)))
        .collect();
    Snapshot {
        subject,
        clusters,
        contexts: Contexts {
            current: Some("apple-k8s-dev".into()),
            entries,
            ..Contexts::default()
        },
        ..nothing()
    }
}

fn failure(code: ErrorCode, message: &str) -> Failure {
    Failure {
        code,
        message: message.into(),
        hint: None,
        detail: None,
        logs: None,
    }
}

/// A row a line: `(x)` ticked, `( )` not, `-` off, `>` a menu.
fn drawn(menu: &TrayMenu) -> String {
    fn draw(rows: &[Row], depth: usize, text: &mut String) {
        use std::fmt::Write as _;
        let indent = "  ".repeat(depth);
        for row in rows {
            match row {
                Row::Line => writeln!(text, "{indent}────"),
                Row::Item(item) => {
                    let tick = match item.checked {
                        None => "",
                        Some(true) => "(x) ",
                        Some(false) => "( ) ",
                    };
                    let off = if item.action.is_none() { "- " } else { "" };
                    writeln!(text, "{indent}{off}{tick}{}", item.text)
                }
                Row::Menu(menu) => {
                    writeln!(text, "{indent}{} >", menu.text).unwrap();
                    draw(&menu.rows, depth + 1, text);
                    Ok(())
                }
            }
            .unwrap();
        }
    }
    let mut text = format!("[{}]\n", menu.icon.name());
    draw(&menu.rows, 0, &mut text);
    text
}

/// Every state that the menu can be in.
#[expect(clippy::too_many_lines, reason = "a list")]
fn states() -> Vec<(&'static str, Snapshot)> {
    let busy = |kind, state: ClusterState| Snapshot {
        operations: vec![operation(kind)],
        ..with(vec![cluster("dev", state)])
    };
    let down = |state, problem: Option<Failure>| {
        let mut snapshot = with(vec![cluster("dev", ClusterState::Stopped)]);
        snapshot.runtime.state = state;
        snapshot.runtime.problem = problem;
        snapshot
    };
    let mut degraded = with(vec![cluster("dev", ClusterState::Running)]);
    degraded.clusters[0].health = Health::Degraded;
    degraded.clusters[0].ready_nodes = Some(2);
    degraded.clusters[0].why =
        Some("dev-worker2 not ready: disk 97% full and more than that".into());
    let mut partial = with(vec![cluster("dev", ClusterState::Partial)]);
    partial.clusters[0].health = Health::Degraded;
    partial.clusters[0].why = Some("Not all of its nodes run".into());
    let mut failed = with(vec![cluster("dev", ClusterState::Running)]);
    failed.clusters[0].health = Health::Failed;
    failed.clusters[0].ready_nodes = None;
    failed.clusters[0].why = Some("The API does not answer".into());
    let mut elsewhere = busy(OperationKind::Start, ClusterState::Stopped);
    elsewhere.operations[0].elsewhere = true;
    elsewhere.operations[0].cancellable = false;
    let mut creating = Snapshot {
        operations: vec![operation(OperationKind::Create)],
        subject: Some("dev".into()),
        ..nothing()
    };
    creating.operations[0].stage_name = "Control plane".into();
    let mut cancelling = creating.clone();
    cancelling.operations[0].state = OperationState::Cancelling;
    let mut several = with(vec![
        cluster("dev", ClusterState::Running),
        cluster("ci", ClusterState::Stopped),
        cluster("half", ClusterState::Incomplete),
    ]);
    several.contexts.entries.push(context("prod-eks", None));
    several.contexts.current = Some("prod-eks".into());
    let mut many = with(vec![cluster("dev", ClusterState::Running)]);
    let others = (0..24).map(|n| context(&format!("other-{n:02}"), None));
    many.contexts.entries.extend(others);
    many.contexts.current = Some("other-23".into());
    let long = "a-very-long-name-of-a-cluster-that-nobody-types-0";
    let mut building = nothing();
    building.operations = vec![Operation {
        cluster: None,
        stages: 1,
        ..operation(OperationKind::BuildImage)
    }];
    let mut unreadable = with(vec![cluster("dev", ClusterState::Running)]);
    unreadable.contexts = Contexts {
        files: vec![KubeconfigFile {
            path: "/home/me/.kube/config".into(),
            exists: true,
            problem: Some(failure(ErrorCode::KubeconfigUnreadable, "line 41")),
        }],
        ..Contexts::default()
    };
    let mut unmeasured = with(vec![cluster("dev", ClusterState::Running)]);
    unmeasured.clusters[0].usage = None;
    vec![
        ("no cluster", nothing()),
        ("creating the first", creating),
        ("cancelling", cancelling),
        (
            "starting",
            busy(OperationKind::Start, ClusterState::Stopped),
        ),
        ("loading", busy(OperationKind::Load, ClusterState::Running)),
        ("busy by the CLI", elsewhere),
        ("building the image", building),
        ("running", with(vec![cluster("dev", ClusterState::Running)])),
        ("running, not measured", unmeasured),
        ("stopped", with(vec![cluster("dev", ClusterState::Stopped)])),
        (
            "half made",
            with(vec![cluster("dev", ClusterState::Incomplete)]),
        ),
        ("degraded", degraded),
        ("running in part", partial),
        ("failed", failed),
        ("service stopped", down(RuntimeState::Stopped, None)),
        (
            "runtime missing",
            down(
                RuntimeState::Missing,
                Some(failure(
                    ErrorCode::RuntimeMissing,
                    "`container` is not installed",
                )),
            ),
        ),
        (
            "runtime hangs",
            down(
                RuntimeState::Unusable,
                Some(failure(
                    ErrorCode::RuntimeHung,
                    "`container` did not answer within 12 s",
                )),
            ),
        ),
        ("several clusters", several),
        ("25 contexts", many),
        (
            "long names",
            with(vec![cluster(long, ClusterState::Running)]),
        ),
        ("kubeconfig unreadable", unreadable),
    ]
}

#[test]
fn every_state_reads_well() {
    for (name, snapshot) in states() {
        insta::assert_snapshot!(name.replace([' ', ','], "_"), drawn(&menu(&snapshot, NOW)));
    }
}

/// The top level never grows or shrinks: an open menu can be changed in place.
#[test]
fn every_state_has_the_same_twelve_rows() {
    let shape = |menu: &TrayMenu| -> Vec<Option<MenuId>> {
        menu.rows
            .iter()
            .map(|row| match row {
                Row::Line => None,
                Row::Item(item) => Some(item.id.clone()),
                Row::Menu(menu) => Some(menu.id.clone()),
            })
            .collect()
    };
    let wanted = shape(&menu(&nothing(), NOW));
    assert_eq!(wanted.iter().flatten().count(), 12);
    let lines: Vec<usize> = wanted
        .iter()
        .enumerate()
        .filter(|(_, row)| row.is_none())
        .map(|(at, _)| wanted[..at].iter().flatten().count())
        .collect();
    assert_eq!(lines, [2, 5, 7, 8, 11], "rows before each line");
    for (name, snapshot) in states() {
        assert_eq!(shape(&menu(&snapshot, NOW)), wanted, "{name}");
    }
}

#[test]
fn at_most_one_context_is_ticked_and_at_most_twenty_are_shown() {
    for (name, snapshot) in states() {
        let menu = menu(&snapshot, NOW);
        let Some(Row::Menu(contexts)) = menu
            .rows
            .iter()
            .find(|row| matches!(row, Row::Menu(menu) if menu.id == MenuId::Contexts))
        else {
            panic!("{name} has no contexts");
        };
        let items = || {
            contexts.rows.iter().filter_map(|row| match row {
                Row::Item(item) if item.checked.is_some() => Some(item),
                _ => None,
            })
        };
        let ticked = items().filter(|item| item.checked == Some(true)).count();
        let known = snapshot
            .contexts
            .entries
            .iter()
            .any(|one| Some(&one.name) == snapshot.contexts.current.as_ref());
        assert_eq!(ticked, usize::from(known), "{name}");
        assert!(items().count() <= 20, "{name}");
    }
}

/// Adds the rows of a menu and of all in it.
fn visit(rows: &[Row], seen: &mut HashSet<MenuId>) {
    for row in rows {
        match row {
            Row::Line => {}
            Row::Item(item) => {
                seen.insert(item.id.clone());
            }
            Row::Menu(menu) => {
                seen.insert(menu.id.clone());
                visit(&menu.rows, seen);
            }
        }
    }
}

#[test]
fn rows_are_found_again_by_their_text() {
    let mut seen = HashSet::new();
    for (_, snapshot) in states() {
        visit(&menu(&snapshot, NOW).rows, &mut seen);
    }
    seen.insert(MenuId::Context(
        "arn:aws:eks:eu-west-1:1:cluster/prod".into(),
    ));
    seen.insert(MenuId::Context(String::new()));
    seen.insert(MenuId::Cluster("quit".into()));
    let texts: HashSet<String> = seen.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), seen.len(), "two rows share a text");
    for id in seen {
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
    }
    assert!("nonsense".parse::<MenuId>().is_err());
    assert!("nonsense:dev".parse::<MenuId>().is_err());
}

#[test]
fn a_click_does_what_the_row_says_now() {
    let states: std::collections::HashMap<&str, Snapshot> = states().into_iter().collect();
    let click = |state: &str, id: &MenuId| menu(&states[state], NOW).action(id).cloned();
    assert_eq!(click("no cluster", &MenuId::Primary), Some(Action::Create));
    assert_eq!(
        click("running", &MenuId::Primary),
        Some(Action::Stop("dev".into()))
    );
    assert_eq!(click("starting", &MenuId::Primary), Some(Action::Cancel(7)));
    assert_eq!(click("busy by the CLI", &MenuId::Primary), None);
    let dev = || "dev".to_owned();
    for (state, action) in [
        ("degraded", Action::Stop(dev())),
        ("running in part", Action::Start(dev())),
        ("failed", Action::Restart(dev())),
    ] {
        assert_eq!(click(state, &MenuId::Primary), Some(action), "{state}");
    }
    assert_eq!(
        click("service stopped", &MenuId::Primary),
        Some(Action::StartService)
    );
    assert_eq!(click("stopped", &MenuId::Restart), None);
    let toggle = MenuId::OfCluster(ClusterRow::Toggle, "ci".into());
    assert_eq!(
        click("several clusters", &toggle),
        Some(Action::Start("ci".into()))
    );
}

#[test]
fn the_menu_is_drawn_again_when_an_age_in_it_is_another() {
    const MINUTE: i64 = 60_000;
    let with = |cluster: Cluster| Snapshot {
        subject: Some(cluster.name.clone()),
        clusters: vec![cluster],
        ..nothing()
    };
    let stopped = |ago: i64| {
        let mut cluster = cluster("dev", ClusterState::Stopped);
        cluster.last_run = Some(NOW - ago);
        with(cluster)
    };
    assert_eq!(fresh_for(&stopped(20_000), NOW), Some(40_000));
    assert_eq!(fresh_for(&stopped(90 * MINUTE), NOW), Some(30 * MINUTE));
    let three_days = 3 * 24 * 60 * MINUTE;
    assert_eq!(fresh_for(&stopped(three_days), NOW), Some(three_days / 3));
    let mut running = cluster("dev", ClusterState::Running);
    assert_eq!(
        fresh_for(&with(running.clone()), NOW),
        None,
        "its use is shown"
    );
    running.usage = None;
    running.started = Some(NOW - 5 * MINUTE - 1000);
    assert_eq!(fresh_for(&with(running), NOW), Some(MINUTE - 1000));
    assert_eq!(fresh_for(&nothing(), NOW), None);
}
