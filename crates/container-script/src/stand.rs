//! A script made runnable, and what was called.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Script;

pub(crate) const PROGRAM: &str = "container";
const SCRIPT: &str = "script.json";
const CALLS: &str = "calls.jsonl";
const LINES: &str = "lines.jsonl";
const ALIVE: &str = "alive";
const MARKS: &str = "marks";

/// A folder with a program `container` that plays a script. Removed when dropped.
#[derive(Debug)]
pub struct Stand {
    folder: TempDir,
    marks: UnixDatagram,
}

/// A call as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Arguments.
    pub arguments: Vec<String>,
    /// Names of all environment variables.
    pub environment: Vec<String>,
    /// Process.
    pub process: u32,
    /// Process group.
    pub group: u32,
    /// Number of the rule that played.
    pub rule: Option<usize>,
}

impl Stand {
    /// Makes a script runnable.
    ///
    /// # Panics
    /// When the folder or the program cannot be made: then no test can run.
    #[allow(clippy::expect_used)] // made for tests
    pub fn new(script: &Script) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        symlink(player(), folder.path().join(PROGRAM)).expect("a link to the program");
        fs::create_dir(folder.path().join(ALIVE)).expect("a folder for locks");
        let marks = UnixDatagram::bind(folder.path().join(MARKS)).expect("a socket");
        let stand = Self { folder, marks };
        stand.replace(script);
        stand
    }

    /// Replaces the script for all calls from now on; rules that were used up count anew.
    ///
    /// # Panics
    /// When the script cannot be written.
    #[allow(clippy::expect_used)]
    pub fn replace(&self, script: &Script) {
        let text = serde_json::to_vec_pretty(script).expect("a script as JSON");
        let place = Place::at(self.folder.path());
        let _lock = place.lock().expect("the lock of the stand");
        let _ = fs::rename(place.0.join(CALLS), place.0.join("calls.before.jsonl"));
        // Written aside and renamed, as a call may be reading the old one.
        let aside = place.0.join("script.new");
        fs::write(&aside, text).expect("the script is written");
        fs::rename(aside, place.0.join(SCRIPT)).expect("the script is put in place");
    }

    /// The program.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join(PROGRAM)
    }

    /// All calls since the script was put in place.
    ///
    /// # Panics
    /// When they cannot be read.
    #[allow(clippy::expect_used)]
    pub fn calls(&self) -> Vec<Call> {
        Place::at(self.folder.path())
            .calls()
            .expect("readable calls")
    }

    /// Lines that [`crate::Act::ReadLine`] read, in order.
    ///
    /// # Panics
    /// When they cannot be read.
    #[allow(clippy::expect_used)]
    pub fn lines(&self) -> Vec<String> {
        read_lines(&self.folder.path().join(LINES)).expect("readable lines")
    }

    /// Waits until a call came to [`crate::Act::Mark`]; each is waited for once.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    #[allow(clippy::expect_used)]
    pub fn wait_for_mark(&self) {
        const PATIENCE: Duration = Duration::from_mins(1);
        self.marks
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit");
        let mark = loop {
            match self.marks.recv(&mut [0]) {
                // A child of this process ended meanwhile; a read with a limit is not resumed.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                mark => break mark,
            }
        };
        mark.expect("a mark within a minute");
    }

    /// Number of processes of this stand that live: calls and their children.
    ///
    /// # Panics
    /// When the locks cannot be read.
    #[allow(clippy::expect_used)]
    pub fn alive(&self) -> usize {
        let held = |file: &fs::File| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock));
        self.locks()
            .expect("readable locks")
            .iter()
            .filter(|file| held(file))
            .count()
    }

    /// Waits until no process of this stand lives. Blocks for ever when one stays.
    ///
    /// # Panics
    /// When the locks cannot be read.
    #[allow(clippy::expect_used)]
    pub fn wait_until_gone(&self) {
        for file in self.locks().expect("readable locks") {
            file.lock().expect("a lock that ends with its holder");
        }
    }

    fn locks(&self) -> io::Result<Vec<fs::File>> {
        fs::read_dir(self.folder.path().join(ALIVE))?
            .map(|entry| fs::File::open(entry?.path()))
            .collect()
    }
}

/// The folder of a stand, as the program itself uses it.
#[derive(Debug, Clone)]
pub struct Place(PathBuf);

impl Place {
    /// The folder at this path.
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Picks the rule for a call and writes the call down, both under one lock: calls come in
    /// parallel.
    pub fn enter(&self, mut call: Call) -> io::Result<(Script, Option<usize>)> {
        let _lock = self.lock()?;
        let script: Script = serde_json::from_slice(&fs::read(self.0.join(SCRIPT))?)?;
        let mut used = vec![0; script.rules.len()];
        for rule in self.calls()?.iter().filter_map(|call| call.rule) {
            if let Some(count) = used.get_mut(rule) {
                *count += 1;
            }
        }
        call.rule = script.pick(&call.arguments, &used);
        self.append(CALLS, &call)?;
        Ok((script, call.rule))
    }

    /// Writes a line of standard input down.
    pub fn line(&self, line: &str) -> io::Result<()> {
        let _lock = self.lock()?;
        self.append(LINES, line)
    }

    /// A file that stays locked as long as this process, or one that inherits the file, lives.
    pub fn stay(&self, name: &str) -> io::Result<fs::File> {
        let file = fs::File::create(self.0.join(ALIVE).join(name))?;
        file.lock()?;
        Ok(file)
    }

    /// Tells the test that a call has come this far.
    pub fn mark(&self) -> io::Result<()> {
        UnixDatagram::unbound()?
            .send_to(&[1], self.0.join(MARKS))
            .map(drop)
    }

    fn calls(&self) -> io::Result<Vec<Call>> {
        read_lines(&self.0.join(CALLS))
    }

    fn lock(&self) -> io::Result<fs::File> {
        let file = fs::File::create(self.0.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn append<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> io::Result<()> {
        use std::io::Write as _;
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.0.join(name))?
            .write_all(&line)
    }
}

fn read_lines<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Vec<T>> {
    match fs::File::open(path) {
        Ok(file) => BufReader::new(file)
            .lines()
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

/// The program that plays scripts. Cargo does not build it for other crates' tests, so the first
/// test that needs it has it built, into the same target folder.
#[allow(clippy::expect_used)]
fn player() -> &'static Path {
    static PLAYER: OnceLock<PathBuf> = OnceLock::new();
    PLAYER.get_or_init(|| {
        let test = std::env::current_exe().expect("the test's own path");
        // …/target/debug/deps/test-0123 → …/target/debug
        let folder = test
            .ancestors()
            .skip(1)
            .find(|folder| !folder.ends_with("deps"))
            .expect("the target folder");
        let player = folder.join(env!("CARGO_PKG_NAME"));
        if !is_fresh(&player) {
            build(folder);
        }
        assert!(player.is_file(), "{} is missing", player.display());
        player
    })
}

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Whether the program is newer than its sources. Asking Cargo would wait for every other build
/// in the same target folder.
fn is_fresh(player: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified());
    let Ok(built) = changed(player) else {
        return false;
    };
    let Ok(sources) = fs::read_dir(Path::new(PACKAGE).join("src")) else {
        return false;
    };
    sources
        .map(|entry| changed(&entry?.path()))
        .all(|source| source.is_ok_and(|source| source < built))
}

#[allow(clippy::expect_used)]
fn build(folder: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--manifest-path"])
        .arg(Path::new(PACKAGE).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder.parent().expect("the target folder"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.status().expect("cargo runs");
    assert!(
        built.success(),
        "{} could not be built",
        env!("CARGO_PKG_NAME")
    );
}
