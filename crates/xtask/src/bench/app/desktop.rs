//! A desktop without a monitor: X server, session bus, and a panel that shows tray icons.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::screen::Screen;

/// The part of a panel that icons are told to.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running desktop; it ends with this value, the last first.
pub(super) struct Desktop {
    screen: Screen,
    said: Receiver<(Instant, String)>,
    environment: Vec<(&'static str, PathBuf)>,
    _running: Vec<Running>,
    _home: TempDir,
}

/// The app; it ends with this value.
pub(super) struct App(Running);

impl App {
    pub(super) fn id(&self) -> u32 {
        self.0.0.id()
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Desktop {
    /// A desktop whose apps see the clusters of this home, and this folder of `container`.
    pub(super) fn start(clusters: &Path, runtime: &Path) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut running = Vec::new();
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"]);
        let number = first_line(xvfb.arg("1400x900x24"), &mut running)?;
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address=1"]);
        let address = first_line(&mut bus, &mut running)?;
        let display = format!(":{number}");
        let mut environment = environment(home.path(), &display, &address);
        environment.extend([
            ("APPLE_K8S_HOME", clusters.to_owned()),
            ("CONTAINER_APP_ROOT", runtime.to_owned()),
        ]);
        for folder in ["run", "app", "kubernetes"] {
            fs::create_dir_all(home.path().join(folder))?;
        }
        let said = listen(&address, &mut running)?;
        let mut panel = quiet("xfce4-panel");
        panel.args(["--disable-wm-check", "--sm-client-disable"]);
        running.push(spawn(panel.envs(environment.iter().cloned()))?);
        let desktop = Self {
            screen: Screen::of(&display)?,
            said,
            environment,
            _running: running,
            _home: home,
        };
        desktop.heard("member=NameOwnerChanged", "the panel")?;
        Ok(desktop)
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Starts the app, with a window or without; says how long it took to its icon.
    pub(super) fn run(&self, program: &Path, in_background: bool) -> Result<(App, Duration)> {
        let mut command = quiet(program);
        command.envs(self.environment.iter().cloned());
        command.args(in_background.then_some("--background"));
        // What the app before left unsaid counts for nothing.
        while self.said.try_recv().is_ok() {}
        let began = Instant::now();
        let app = App(spawn(&mut command)?);
        let icon = self.heard("member=RegisterStatusNotifierItem", "the app's icon")?;
        Ok((app, icon - began))
    }

    /// When something was said on the session bus.
    fn heard(&self, words: &str, what: &str) -> Result<Instant> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok((at, line)) if line.contains(words) => return Ok(at),
                Ok(_) => {}
                Err(_) => bail!("{what} did not come within {} s", PATIENCE.as_secs()),
            }
        }
    }
}

/// The lines of a monitor of the session bus that are about icons, and when they came.
fn listen(address: &str, running: &mut Vec<Running>) -> Result<Receiver<(Instant, String)>> {
    let mut monitor = quiet("dbus-monitor");
    monitor.args(["--address", address]);
    monitor.arg(format!("type='method_call',interface='{WATCHER}'"));
    monitor.arg(format!(
        "type='signal',member='NameOwnerChanged',arg0='{WATCHER}'"
    ));
    let mut child = spawn(monitor.stdout(Stdio::piped()))?;
    let output = child.0.stdout.take().context("its output")?;
    running.push(child);
    let (heard, said) = channel();
    let mut lines = BufReader::new(output).lines();
    // The monitor's own name comes first: from then on it misses nothing.
    lines.next().context("dbus-monitor ended at once")??;
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if heard.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    Ok(said)
}

fn environment(home: &Path, display: &str, bus: &str) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("DISPLAY", display.into()),
        ("DBUS_SESSION_BUS_ADDRESS", bus.into()),
        ("HOME", home.into()),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_DATA_HOME", home.join("data")),
        ("XDG_CACHE_HOME", home.join("cache")),
        ("XDG_RUNTIME_DIR", home.join("run")),
        ("APPLE_K8S_CONFIG", home.join("app")),
        ("KUBECONFIG", home.join("kubernetes/config")),
        ("GDK_BACKEND", "x11".into()),
        // No accessibility bus and no graphics hardware here.
        ("NO_AT_BRIDGE", "1".into()),
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".into()),
        ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
        // WebKit's own sandbox can't be nested in every container that this runs in.
        ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1".into()),
    ]
}

/// Starts a program that says in its first line how it is reached.
fn first_line(command: &mut Command, running: &mut Vec<Running>) -> Result<String> {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut line = String::new();
    let output = child.0.stdout.take().context("its output")?;
    BufReader::new(output).read_line(&mut line)?;
    running.insert(0, child);
    if line.trim().is_empty() {
        bail!("{} ended at once", command.get_program().display());
    }
    Ok(line.trim().to_owned())
}

fn quiet(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    command
}

fn spawn(command: &mut Command) -> Result<Running> {
    let child = command.spawn();
    let program = || format!("starting {}", command.get_program().display());
    Ok(Running(child.with_context(program)?))
}
