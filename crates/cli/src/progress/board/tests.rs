use super::*;

const ROOM: Room = Room {
    columns: 60,
    rows: 24,
};

fn step(phase: &str, node: Option<&str>, state: StepState, at_ms: u64) -> Step {
    Step {
        phase: phase.into(),
        node: node.map(str::to_owned),
        state,
        detail: None,
        percent: None,
        at_ms,
        took_ms: None,
    }
}

fn detailed(detail: &str, step: Step) -> Step {
    Step {
        detail: Some(detail.into()),
        ..step
    }
}

fn board(steps: impl IntoIterator<Item = Step>) -> Board {
    let mut board = Board::new("demo");
    for step in steps {
        board.apply(&step);
    }
    board
}

fn text(board: &Board, seconds: u64, room: Room) -> String {
    let moment = Moment {
        elapsed: Duration::from_secs(seconds),
        frame: 0,
    };
    board.frame(moment, room, Style::PLAIN).join("\n")
}

use StepState::{Done, Failed, Progress, Started};

fn creation() -> Vec<Step> {
    let plane = Some("demo-control-plane");
    let worker = Some("demo-worker");
    vec![
        step("preflight", None, Started, 0),
        step("preflight", None, Done, 210),
        step("boot", plane, Started, 210),
        step("boot", worker, Started, 210),
        step("boot", plane, Done, 1800),
        step("boot", worker, Done, 1900),
        step("paperwork", plane, Started, 1900),
        detailed("2 of 9", step("paperwork", plane, Progress, 2000)),
        step("prepare", worker, Started, 1900),
        step("prepare", worker, Done, 2500),
    ]
}

#[test]
fn one_line_a_node_one_a_step_of_the_cluster() {
    assert_eq!(
        text(&board(creation()), 4, ROOM),
        " ✓ Checks                                              0.2s\n \
         ⠋ control-plane  paperwork: 2 of 9                      3s\n \
         ✓ worker         prepare                              2.3s"
    );
}

#[test]
fn the_end_leaves_only_settled_lines() {
    let mut board = board(creation());
    board.apply(&step("paperwork", Some("demo-control-plane"), Done, 5000));
    board.apply(&step("dns", None, Started, 5000));
    board.apply(&detailed("2 replicas", step("dns", None, Done, 6250)));
    board.end();
    assert_eq!(
        text(&board, 7, ROOM),
        " ✓ Checks                                              0.2s\n \
         ✓ control-plane  paperwork                            4.8s\n \
         ✓ worker         prepare                              2.3s\n \
         ✓ DNS            2 replicas                           1.3s"
    );
}

#[test]
fn the_first_failure_of_a_node_stays() {
    let node = Some("demo-worker");
    let mut board = board([
        step("join", node, Started, 0),
        step("uplink", node, Started, 0),
        detailed("no route\nto host", step("uplink", node, Failed, 900)),
        step("join", node, Failed, 1000),
    ]);
    board.end();
    assert_eq!(
        text(&board, 2, ROOM),
        " ✗ worker  uplink: no route to host                    1.0s"
    );
}

#[test]
fn a_cancelled_step_is_no_failure() {
    let mut board = board([step("boot", Some("demo-worker"), Started, 0)]);
    board.cancel();
    let running = text(&board, 1, ROOM);
    assert!(running.ends_with("Ctrl-C again quits at once"), "{running}");
    board.apply(&step("boot", Some("demo-worker"), Failed, 1000));
    board.end();
    assert_eq!(
        text(&board, 2, ROOM),
        " – worker  booting                                     1.0s"
    );
}

#[test]
fn what_never_ended_has_failed() {
    let mut board = board([step("boot", Some("demo-worker"), Started, 0)]);
    board.end();
    assert!(text(&board, 2, ROOM).starts_with(" ✗ worker"));
}

#[test]
fn nothing_is_wider_than_the_terminal_or_higher() {
    let long = "x".repeat(300);
    let mut board = Board::new("other");
    for number in 0..30 {
        let node = format!("a-very-long-name-of-a-cluster-worker{number}");
        board.apply(&step("boot", Some(&node), Started, 0));
        board.apply(&detailed(&long, step("boot", Some(&node), Progress, 1)));
        if number < 25 {
            board.apply(&step("boot", Some(&node), Done, 1));
        }
    }
    for (columns, rows) in [(31, 5), (40, 10), (60, 24), (79, 40), (200, 12)] {
        let frame = text(&board, 7, Room { columns, rows });
        assert!(frame.lines().count() < rows, "{columns}x{rows}:\n{frame}");
        for line in frame.lines() {
            assert!(line.chars().count() < columns, "{columns}x{rows}: {line}");
        }
    }
    // What runs is shown first; names keep their ends, by which they differ.
    let frame = text(
        &board,
        7,
        Room {
            columns: 60,
            rows: 8,
        },
    );
    assert!(frame.starts_with("   … 24 more done\n ✓"), "{frame}");
    assert_eq!(frame.matches('⠋').count(), 5, "{frame}");
    assert!(frame.contains("-cluster-worker29  booting: xxx"), "{frame}");
    // At the end everything is left in the scrollback.
    board.end();
    assert_eq!(
        text(
            &board,
            7,
            Room {
                columns: 60,
                rows: 8
            }
        )
        .lines()
        .count(),
        30
    );
}

#[test]
fn repeated_steps_of_the_cluster_are_lines_of_their_own() {
    let board = board([
        step("check-archive", None, Started, 0),
        detailed("a.tar", step("check-archive", None, Done, 100)),
        step("check-archive", None, Started, 100),
        detailed("b.tar", step("check-archive", None, Done, 200)),
    ]);
    let frame = text(&board, 1, ROOM);
    assert!(
        frame.contains("a.tar") && frame.lines().count() == 2,
        "{frame}"
    );
}

#[test]
fn a_failure_ends_what_runs_elsewhere_without_blaming_it() {
    let (plane, worker) = (Some("demo-control-plane"), Some("demo-worker"));
    let mut board = board([
        step("join", worker, Started, 100),
        step("etcd", plane, Started, 100),
        step("etcd", plane, Failed, 900),
        step("collect-logs", None, Started, 1000),
    ]);
    let text_then = text(&board, 2, ROOM);
    assert_eq!(
        text_then.matches('⠋').count(),
        1,
        "only the collection goes on:\n{text_then}"
    );
    board.apply(&step("collect-logs", None, Done, 1500));
    board.end();
    assert_eq!(
        text(&board, 2, ROOM),
        " – worker           joining                            0.9s\n \
         ✗ control-plane    etcd                               0.8s\n \
         ✓ Collecting logs                                     0.5s"
    );
}

#[test]
fn a_cancelled_line_tells_what_was_going_on() {
    let worker = Some("demo-worker");
    let mut board = board([
        step("boot", worker, Started, 0),
        step("boot", worker, Done, 500),
        step("join", worker, Started, 500),
    ]);
    board.cancel();
    board.apply(&step("clean-up", None, Started, 2000));
    board.apply(&step("clean-up", None, Done, 2500));
    board.end();
    assert_eq!(
        text(&board, 3, ROOM),
        " – worker       joining                                2.0s\n \
         ✓ Cleaning up                                         0.5s"
    );
}
