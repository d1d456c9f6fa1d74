//! `system logs`: what the services' log tells.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use crate::program::Program;
use crate::system::followed;

#[test]
fn twin_what_becomes_of_containers_and_images_is_logged_without_secrets() {
    let program = Program::started();
    let image = program.image();
    let create = |id: &str, more: &[&str]| {
        let call = [&["run", "--detach", "--name", id], more, &[image.as_str()]].concat();
        program.call([&call[..], &["sleep", "1000"]].concat())
    };
    create("logged", &["-e", "TOKEN=hunter22"]).ok();
    program.call(["kill", "--signal", "USR1", "logged"]).ok();
    program.call(["stop", "--time", "0", "logged"]).ok();
    program.call(["start", "logged"]).ok();
    program.call(["delete", "--force", "logged"]).ok();
    assert_eq!(program.call(["delete", "logged"]).status, 1);
    // A value that comes to be in an error, too.
    let wrong = create("wrong", &["-e", "TOKEN=hunter22", "-w", "/hunter22"]);
    assert!(wrong.stderr.contains("hunter22"), "{wrong:?}");
    program.call(["image", "delete", &image]).ok();
    assert_eq!(program.call(["image", "pull", "127.0.0.1:1/x"]).status, 1);

    let log = program.call(["system", "logs"]).ok();
    let mut lines = log.lines();
    for text in [
        "container logged: created from ",
        "container logged: started",
        "container logged: sent signal 10",
        "container logged: stopped",
        "container logged: started",
        "container logged: deleted",
        "delete logged failed: ",
        "container wrong: created from ",
        "container wrong: deleted",
        "run wrong failed: ",
        ": deleted",
        "image pull 127.0.0.1:1/x failed: cannot reach registry 127.0.0.1:1",
    ] {
        assert!(
            lines.any(|line| line.contains(text)),
            "{text} is not in {log}"
        );
    }
    assert!(!log.contains("hunter22"), "{log}");
}

#[test]
fn twin_a_log_that_was_put_aside_is_still_read_and_followed() {
    const SOON: Duration = Duration::from_secs(20);
    let program = Program::started();
    let log = program.root().join("service.log");
    let (mut child, told) = followed(&program);
    let comes = |text: &str| {
        let mut soon = std::iter::from_fn(|| told.recv_timeout(SOON).ok());
        soon.any(|line| line.contains(text))
    };
    assert!(comes(": started"));
    let mut file = File::options().append(true).open(&log).unwrap();
    file.write_all("a line of no time\n".repeat(60_000).as_bytes())
        .unwrap();
    assert!(comes("a line of no time"));
    for number in 0..2 {
        let missing = format!("missing-{number}");
        assert_eq!(program.call(["delete", &missing]).status, 1);
        assert!(comes(&missing), "{missing} does not come");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(log.metadata().unwrap().len() < 1000);
    let all = program.call(["system", "logs"]).ok();
    let expected = [": started", "missing-0", "missing-1"];
    assert!(expected.iter().all(|text| all.contains(text)), "{all}");
}
