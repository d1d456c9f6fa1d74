//! The programs that a user has beside the app: a terminal whose keyboard and screen are files,
//! and a browser that writes down what it is to open.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is typed comes from the pipe `keys`, what is seen goes to the file `screen`; the command
/// itself has a terminal of its own, as in a window.
const TERMINAL: &str = r#"#!/bin/sh
cd "${0%/*}" || exit
rm -f ended screen
[ "$1" = -e ] || exit
shift
printf '%s\0' "$@" >command
script --quiet --flush --command 'xargs --null --open-tty --arg-file=command env' screen <keys >/dev/null
touch ended
"#;

const BROWSER: &str = r#"#!/bin/sh
printf '%s\n' "$@" >"${0%/*}/opened"
"#;

/// The programs, in a folder of their own.
#[derive(Debug)]
pub struct UserPrograms {
    folder: PathBuf,
    keys: File,
}

impl UserPrograms {
    /// Puts them into a folder of the user's.
    pub fn within(home: &Path) -> Self {
        let folder = home.join("programs");
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [("terminal", TERMINAL), ("xdg-open", BROWSER)] {
            let program = folder.join(name);
            fs::write(&program, text).expect("a program");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        let keys = folder.join("keys");
        let made = Command::new("mkfifo").arg(&keys).status();
        assert!(made.expect("mkfifo").success(), "no pipe");
        // Both ways: it neither waits for a terminal nor ends with one.
        let keys = OpenOptions::new().read(true).write(true).open(keys);
        Self {
            folder,
            keys: keys.expect("a pipe"),
        }
    }

    /// What makes them the user's.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut first = OsString::from(&self.folder);
        first.push(":");
        first.push(path);
        [
            ("TERMINAL", self.folder.join("terminal")),
            ("PATH", first.into()),
        ]
    }

    /// Types a line in the terminal that is open.
    pub fn types(&mut self, line: &str) {
        self.keys.write_all(line.as_bytes()).expect("the keyboard");
        self.keys.write_all(b"\n").expect("the keyboard");
    }

    /// Waits until the terminal shows this.
    pub async fn shows(&self, text: &str, limit: Duration) {
        let screen = || fs::read(self.folder.join("screen")).unwrap_or_default();
        let seen = || String::from_utf8_lossy(&screen()).into_owned();
        until(
            limit,
            || seen().contains(text),
            || format!("the terminal never showed {text:?}, but {:?}", seen()),
        )
        .await;
    }

    /// Waits until the terminal is closed; gives the words of what ran in it.
    pub async fn ended(&self, limit: Duration) -> Vec<String> {
        let ended = self.folder.join("ended");
        until(limit, || ended.exists(), || "the terminal stays".into()).await;
        fs::remove_file(&ended).expect("a file");
        fs::remove_file(self.folder.join("screen")).expect("a file");
        let command = fs::read_to_string(self.folder.join("command")).expect("a command");
        let words = command.split_terminator('\0');
        words.map(str::to_owned).collect()
    }

    /// Waits until the browser was given something to open.
    pub async fn opened(&self, limit: Duration) -> String {
        let file = self.folder.join("opened");
        let whole = || fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'));
        until(limit, whole, || "nothing was opened".into()).await;
        let text = fs::read_to_string(&file).expect("an address");
        fs::remove_file(&file).expect("a file");
        text.trim_end().to_owned()
    }
}

async fn until(limit: Duration, fits: impl Fn() -> bool, what: impl Fn() -> String) {
    let end = Instant::now() + limit;
    while !fits() {
        assert!(Instant::now() < end, "{}", what());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
