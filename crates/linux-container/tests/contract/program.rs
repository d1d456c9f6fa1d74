//! The program under test, and a started service for it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;

/// What a call printed and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts success and returns stdout.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            self.status, 0,
            "stdout: {}stderr: {}",
            self.stdout, self.stderr
        );
        self.stdout
    }

    /// Asserts a run-time error: exit 1, nothing on stdout, `Error: ` and this text on stderr.
    #[track_caller]
    pub(crate) fn fails(self, text: &str) {
        assert_eq!(self.status, 1, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(
            self.stderr.contains("Error: ") && self.stderr.contains(text),
            "{self:?}"
        );
    }

    /// Asserts a usage error: exit 64, this text and a usage line on stderr.
    #[track_caller]
    pub(crate) fn misused(self, text: &str) {
        assert_eq!(self.status, 64, "{self:?}");
        assert!(
            self.stderr.starts_with(&format!("Error: {text}")),
            "{self:?}"
        );
        assert!(self.stderr.contains("\nUsage: container "), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON on stdout")
    }
}

/// A program and where it keeps its state.
pub(crate) struct Program {
    path: PathBuf,
    /// None for a foreign program, which is started by its owner.
    root: Option<tempfile::TempDir>,
    version: Option<&'static str>,
    image: Mutex<bool>,
}

impl Program {
    /// The program of this crate with a new, empty app root.
    pub(crate) fn twin() -> Self {
        Self {
            path: env!("CARGO_BIN_EXE_container").into(),
            root: Some(tempfile::tempdir().unwrap()),
            version: None,
            image: Mutex::new(false),
        }
    }

    /// The same, playing another release.
    pub(crate) fn playing(version: &'static str) -> Self {
        let mut program = Self::twin();
        program.version = Some(version);
        program
    }

    /// The same, started.
    pub(crate) fn started() -> Self {
        let program = Self::twin();
        program.start();
        program
    }

    pub(crate) fn start(&self) {
        self.call(["system", "start", "--enable-kernel-install"])
            .ok();
    }

    /// The started program that tests share; it is stopped when the last test lets go of it.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Program>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        if let Some(program) = shared.upgrade() {
            return program;
        }
        let program = match std::env::var_os("CONTAINER_UNDER_TEST") {
            None => Self::started(),
            Some(path) => Self {
                path: path.into(),
                root: None,
                version: None,
                image: Mutex::new(true),
            },
        };
        let program = Arc::new(program);
        *shared = Arc::downgrade(&program);
        program
    }

    /// Whether a foreign program is tested, which has no app root of ours.
    pub(crate) fn foreign() -> bool {
        std::env::var_os("CONTAINER_UNDER_TEST").is_some()
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.as_ref().expect("own app root").path()
    }

    /// The six digits of its app root, which name its folder below /run.
    pub(crate) fn key(&self) -> String {
        let text = std::fs::read_to_string(self.root().join("podman/storage.conf")).unwrap();
        let rest = text.split_once("/run/apple-container/").unwrap().1;
        rest.split('/').next().unwrap().to_owned()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null());
        if let Some(root) = &self.root {
            command.env("CONTAINER_APP_ROOT", root.path());
        }
        if let Some(version) = self.version {
            command.env("CONTAINER_PLAY_VERSION", version);
        }
        command
    }

    pub(crate) fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Answer {
        Answer::of(&self.command(args).output().unwrap())
    }

    /// Words of one line, split at blanks.
    pub(crate) fn line(&self, line: &str) -> Answer {
        self.call(line.split(' '))
    }

    /// An image with a busybox in it.
    pub(crate) fn image(&self) -> String {
        if let Ok(name) = std::env::var("CONTAINER_TEST_IMAGE") {
            return name;
        }
        let mut there = self.image.lock().unwrap();
        if !*there {
            let context = busybox();
            let path = context.path().to_str().unwrap().to_owned();
            self.call(["build", "--quiet", "--tag", "contract-busybox:1", &path])
                .ok();
            *there = true;
        }
        "contract-busybox:1".into()
    }

    /// A running container with a shell script as its first process.
    pub(crate) fn run(&self, flags: &[&str], script: &str) -> Container<'_> {
        let id = name();
        let image = self.image();
        let mut args = vec!["run", "--detach", "--name", &id];
        args.extend(flags);
        args.extend([image.as_str(), "sh", "-c", script]);
        assert_eq!(self.call(args).ok(), format!("{id}\n"));
        Container { program: self, id }
    }

    /// A running container that waits to be told to stop.
    pub(crate) fn idle(&self, flags: &[&str]) -> Container<'_> {
        self.run(flags, IDLE)
    }

    /// Processes that were given this program's app root, by the words of their command lines.
    pub(crate) fn processes(&self, matches: impl Fn(&[&str]) -> bool) -> Vec<String> {
        let root = self.root().to_str().unwrap();
        processes(|pid, words| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(root) && matches(words)
        })
    }

    pub(crate) fn inspect(&self, id: &str) -> Value {
        self.call(["inspect", id]).json()[0].clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.root.is_some() {
            let _ = self.call(["system", "stop"]);
        }
    }
}

/// Ends at once when told to, unlike a shell that merely sleeps.
pub(crate) const IDLE: &str = "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done";

/// A container that is deleted at the end of a test.
pub(crate) struct Container<'p> {
    program: &'p Program,
    pub(crate) id: String,
}

impl Container<'_> {
    pub(crate) fn exec(&self, script: &str) -> Answer {
        self.program.call(["exec", &self.id, "sh", "-c", script])
    }

    pub(crate) fn inspect(&self) -> Value {
        self.program.inspect(&self.id)
    }

    /// What a web server at an address answers: without name look-up, which a static busybox can't.
    pub(crate) fn get(&self, address: &str) -> Answer {
        self.exec(&format!(
            "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 10 {address} 80 | tail -n 1 | grep ."
        ))
    }

    /// Its address without the prefix.
    pub(crate) fn address(&self) -> String {
        let inspect = self.inspect();
        let address = inspect["status"]["networks"][0]["ipv4Address"]
            .as_str()
            .unwrap();
        address.split('/').next().unwrap().to_owned()
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.program.call(["delete", "--force", &self.id]);
    }
}

/// The flags that make a container what a virtual machine's root is.
pub(crate) const NODE: [&str; 6] = [
    "--cap-add",
    "ALL",
    "--masked-path",
    "NONE",
    "--read-only-path",
    "NONE",
];

/// A name that no other test uses.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "contract-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A build context with the host's static busybox and a Dockerfile for it.
pub(crate) fn busybox() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = "/bin/busybox";
    std::fs::copy(from, folder.path().join("busybox"))
        .expect("/bin/busybox: install Debian's package busybox-static");
    std::fs::write(
        folder.path().join("Dockerfile"),
        "FROM scratch\nCOPY busybox /bin/busybox\n\
         RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n\
         RUN mkdir -p /etc /tmp && echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd \
         && echo 'web:x:33:44::/:/bin/sh' >>/etc/passwd && echo 'more:x:55:web' >/etc/group\n\
         ENV FROM_IMAGE=yes\nCMD [\"/bin/sh\"]\n",
    )
    .unwrap();
    folder
}

/// Polls what cannot be waited for: another process's side effect. Bounded.
#[track_caller]
pub(crate) fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !check() {
        assert!(std::time::Instant::now() < end, "not in time: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Processes by number and the words of their command lines, as numbers.
pub(crate) fn processes(matches: impl Fn(&str, &[&str]) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|e| e.file_name().into_string().ok());
    numbers
        .filter(|pid| pid.parse::<u32>().is_ok())
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            matches(pid, &line.split('\0').collect::<Vec<_>>())
        })
        .collect()
}
