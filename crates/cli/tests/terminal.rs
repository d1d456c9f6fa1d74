//! The picture on a terminal, and that the terminal is left as it was.
#![allow(clippy::expect_used)]

mod common;

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Child;

use common::{Bench, begun, creatable, fresh};
use container_script::Act;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The program with its error stream on a terminal of 60 columns.
fn on_a_terminal(bench: &Bench, line: &str, environment: &[(&str, &str)]) -> (Child, File) {
    let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&control).expect("granted");
    unlockpt(&control).expect("unlocked");
    let size = Winsize {
        ws_row: 24,
        ws_col: 60,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&control, size).expect("a size");
    let name = ptsname(&control, Vec::new())
        .expect("a name")
        .into_string()
        .expect("text");
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .expect("opened");
    let child = bench
        .command(line)
        .env("TERM", "xterm-256color")
        .envs(environment.iter().copied())
        .stdout(terminal.try_clone().expect("a copy"))
        .stderr(terminal)
        .spawn()
        .expect("runs");
    (child, File::from(control))
}

/// All that is written to the terminal until its last user closes it.
fn seen(mut control: File) -> String {
    read_while(&mut control, |_| true)
}

/// What is written to the terminal until `text` is among it.
fn seen_until(control: &mut File, text: &str) -> String {
    let seen = read_while(control, |seen| !seen.contains(text));
    assert!(seen.contains(text), "no {text:?} in {seen:?}");
    seen
}

fn read_while(control: &mut File, go_on: impl Fn(&str) -> bool) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // The end is an error (EIO) on Linux and an empty read elsewhere.
    while go_on(&String::from_utf8_lossy(&bytes))
        && let Ok(count @ 1..) = control.read(&mut buffer)
    {
        bytes.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_picture_is_coloured_narrow_and_leaves_the_cursor() {
    let bench = Bench::new(&creatable());
    let (mut child, control) = on_a_terminal(&bench, "create cluster dev -w 1 --wait 0", &[]);
    let text = seen(control);
    assert!(child.wait().expect("ends").success(), "{text}");
    assert!(text.contains("\x1b[32m✓\x1b[0m control-plane"), "{text:?}");
    let (hidden, shown) = (text.rfind("\x1b[?25l"), text.rfind("\x1b[?25h"));
    assert!(
        hidden.is_some() && hidden < shown,
        "the cursor stays hidden: {text:?}"
    );
    assert!(
        text.rfind("\x1b[?7l") < text.rfind("\x1b[?7h"),
        "lines stay cut: {text:?}"
    );
}

#[test]
fn no_color_is_heeded() {
    let bench = Bench::new(&creatable());
    let line = "create cluster dev -w 1 --wait 0";
    let (mut child, control) = on_a_terminal(&bench, line, &[("NO_COLOR", "1")]);
    let text = seen(control);
    assert!(child.wait().expect("ends").success(), "{text}");
    assert!(text.contains(" ✓ control-plane"), "{text:?}");
    for colour in ["\x1b[32m", "\x1b[36m", "\x1b[2m", "\x1b[1m"] {
        assert!(!text.contains(colour), "{colour:?} in {text:?}");
    }
}

#[test]
fn a_dumb_terminal_and_logs_get_lines() {
    let line = "create cluster dev -w 1 --wait 0";
    let bench = Bench::new(&creatable());
    let (mut child, control) = on_a_terminal(&bench, line, &[("TERM", "dumb")]);
    let text = seen(control);
    assert!(child.wait().expect("ends").success(), "{text}");
    assert!(
        text.contains("✓ worker joined") && !text.contains('\x1b'),
        "{text:?}"
    );

    let bench = Bench::new(&creatable());
    let (mut child, control) = on_a_terminal(&bench, &format!("{line} -v"), &[]);
    let text = seen(control);
    assert!(child.wait().expect("ends").success(), "{text}");
    assert!(
        text.contains("worker joined") && !text.contains("\x1b[?25l"),
        "{text:?}"
    );
}

#[test]
fn an_interrupted_picture_restores_the_terminal() {
    let script = fresh()
        .on(
            &["exec", "init"],
            [Act::ReadLine, begun("certificates"), Act::Hang],
        )
        .on(&["exec", "join"], [Act::ReadLine, Act::Hang]);
    let bench = Bench::new(&script);
    let (mut child, mut control) = on_a_terminal(&bench, "create cluster dev -w 1", &[]);
    let before = seen_until(&mut control, "making certificates");
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("an id");
    kill_process(pid, Signal::INT).expect("sent");
    let text = before + &seen(control);
    assert_eq!(child.wait().expect("ends").code(), Some(130), "{text}");
    assert!(
        text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h"),
        "{text:?}"
    );
    assert!(
        text.contains("–") && !text.contains('✗'),
        "a cancelled step looks failed: {text:?}"
    );
    assert!(text.ends_with("Cancelled\x1b[0m\r\n"), "{text:?}");
}
