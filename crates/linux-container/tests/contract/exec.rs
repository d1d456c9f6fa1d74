//! `exec`: a clean stream in both directions, and the status of the process.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Answer, Program, eventually, name};

#[test]
fn status_of_the_process_is_the_status_of_the_call() {
    let program = Program::shared();
    let c = program.idle(&[]);
    assert_eq!(c.exec("exit 7").status, 7);
    assert_eq!(c.exec("kill -9 $$").status, 137);
    assert_eq!(c.exec("kill -TERM $$").status, 143);
    program
        .call(["exec", &c.id, "no-such-program"])
        .fails("failed to find target executable no-such-program");
    program
        .call(["exec", &c.id, "/etc"])
        .fails("failed to find target executable /etc");
    let answer = c.exec("echo out; echo err >&2");
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("out\n", "err\n")
    );
    program.call(["stop", &c.id]).ok();
    program
        .call(["exec", &c.id, "true"])
        .fails(&format!("container {} is not running", c.id));
}

#[test]
fn binary_streams_of_any_length_pass_both_ways() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let data: Vec<u8> = (0..5_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut child = piped(program.command(["exec", "-i", &c.id, "cat"]));
    let mut stdin = child.stdin.take().unwrap();
    let sent = data.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
    let mut back = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut back).unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(back == data, "{} bytes came back", back.len());
}

/// While another thread than the first executes a program, the first is a zombie, and the runtime
/// takes the container for a stopped one.
#[test]
fn twin_a_runtime_that_takes_the_container_for_stopped_is_asked_again() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let runtime = folder.path().join("runc");
    let script = format!(
        "#!/bin/sh\n\
         PATH=${{PATH#*:}}\n\
         case \"$*\" in *' exec '*)\n\
         echo >> {asked}\n\
         if [ $(wc -l < {asked}) -le $MISTAKES ]; then\n\
         echo '{{\"level\":\"error\",\"msg\":\"cannot exec in a stopped container\"}}' > \"$4\"\n\
         exit 1\n\
         fi;;\n\
         esac\n\
         exec runc \"$@\"\n",
        asked = asked.display()
    );
    fs::write(&runtime, script).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let exec = |mistakes: &str, flags: &[&str], script: &str| {
        let _ = fs::remove_file(&asked);
        let mut command = program.command(["exec"]);
        command.args(flags).args([&c.id, "sh", "-c", script]);
        command.env("PATH", &path).env("MISTAKES", mistakes);
        Answer::of(&command.output().unwrap())
    };
    let answer = exec("2", &[], "echo once; exit 7");
    let said = (answer.stdout.as_str(), answer.stderr.as_str());
    assert_eq!((answer.status, said), (7, ("once\n", "")));
    exec("2", &["-d"], "echo once > /ran").ok();
    eventually("it ran", || c.exec("cat /ran").stdout == "once\n");
    exec("1000", &[], "true").fails("failed to exec process: cannot exec in a stopped container");
}

/// What fits into the pipes is written at once: the process has ended long before it is read.
#[test]
fn a_slow_reader_gets_all_that_was_written() {
    const BYTES: usize = 180_000;
    let program = Program::shared();
    let c = program.idle(&[]);
    let (script, name) = (format!("head -c {BYTES} /dev/zero"), name());
    let image = program.image();
    let calls = [
        vec!["exec", &c.id, "sh", "-c", &script],
        vec!["run", "--rm", "--name", &name, &image, "sh", "-c", &script],
    ];
    let mut running: Vec<_> = calls
        .into_iter()
        .map(|call| piped(program.command(call)))
        .collect();
    // Longer than what late children of the process are waited for.
    std::thread::sleep(Duration::from_secs(5));
    for child in &mut running {
        let mut read = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), BYTES);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_long_conversation_has_no_delay() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let mut child = piped(program.command(["exec", "-i", &c.id, "cat"]));
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut times: Vec<u128> = (0..100)
        .map(|n| {
            let start = std::time::Instant::now();
            writeln!(stdin, "{{\"n\":{n}}}").unwrap();
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            assert_eq!(line, format!("{{\"n\":{n}}}\n"));
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    // A hop through another process costs tens of microseconds; a timer or a poll costs more.
    assert!(times[50] < 5_000, "median of {} microseconds", times[50]);
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn without_interactive_the_process_reads_nothing() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let mut child = piped(program.command(["exec", &c.id, "cat"]));
    // Kept open: the process must see its end all the same.
    let stdin = child.stdin.take();
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!((text.as_str(), child.wait().unwrap().code()), ("", Some(0)));
    drop(stdin);
}

#[test]
fn signals_to_the_call_reach_the_process() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 1000 & wait; done";
    let mut child = piped(program.command(["exec", &c.id, "sh", "-c", script]));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn killed_calls_leave_the_container_alone() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let mut child = piped(program.command(["exec", "-i", &c.id, "cat"]));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(c.exec("echo fine").ok(), "fine\n");
}

#[test]
fn environment_user_and_folder() {
    let program = Program::shared();
    let c = program.idle(&["-e", "A=1", "-e", "B=1", "-w", "/tmp"]);
    assert_eq!(c.exec("echo $A$B; pwd").ok(), "11\n/tmp\n");
    let answer = program.call([
        "exec",
        "-e",
        "B=2",
        "-w",
        "/etc",
        "--uid",
        "7",
        "--gid",
        "8",
        &c.id,
        "sh",
        "-c",
        "echo $A$B; pwd; id -u; id -g",
    ]);
    assert_eq!(answer.ok(), "12\n/etc\n7\n8\n");
    if !Program::foreign() {
        let answer = program.call([
            "exec",
            "-u",
            "web",
            &c.id,
            "sh",
            "-c",
            "id -u; id -g; id -G",
        ]);
        assert_eq!(answer.ok(), "33\n44\n44 55\n");
        program
            .call(["exec", "-u", "nobody-here", &c.id, "true"])
            .fails("nobody-here");
    }
}

#[test]
fn detached_prints_the_id() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let answer = program.call(["exec", "-d", &c.id, "sh", "-c", "echo done >/detached"]);
    assert_eq!(answer.ok(), format!("{}\n", c.id));
    eventually("the process wrote", || {
        c.exec("cat /detached").stdout == "done\n"
    });
}

#[test]
fn a_terminal_is_needed_for_tty_and_given() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let answer = program.call(["exec", "-i", "-t", &c.id, "tty"]);
    assert_eq!((answer.status, answer.stdout.as_str()), (1, ""));
    if Program::foreign() {
        return;
    }
    // script(1) gives a terminal.
    let call = program.command(["exec", "-it", &c.id, "tty"]);
    let line: Vec<String> = std::iter::once(call.get_program())
        .chain(call.get_args())
        .map(|word| word.to_str().unwrap().to_owned())
        .collect();
    let output = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--command",
            &line.join(" "),
            "/dev/null",
        ])
        .env("CONTAINER_APP_ROOT", program.root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("/dev/pts/"), "{text}");
}

fn piped(mut command: Command) -> std::process::Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}
