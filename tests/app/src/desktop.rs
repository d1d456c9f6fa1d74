//! A desktop without a monitor: X server, session bus, and a panel that shows tray icons.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Screen;

/// Size of the screen, in pixels.
const SCREEN: &str = "1400x900x24";

/// A panel along the lower edge that holds nothing but tray icons.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;

/// A running desktop; it ends with this value.
#[derive(Debug)]
pub struct Desktop {
    screen: Child,
    bus: Child,
    panel: Child,
    display: String,
    bus_address: String,
    home: TempDir,
}

impl Desktop {
    /// Starts one.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let (screen, number) = first_line(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"])
                .arg(SCREEN),
        );
        let display = format!(":{number}");
        // What the bus starts, such as the keeper of the panel's settings, finds them at this home.
        let (bus, bus_address) = first_line(
            Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address=1"])
                .envs(environment(home.path(), &display, "")),
        );
        let panel = start_panel(home.path(), &display, &bus_address);
        Self {
            screen,
            bus,
            panel,
            display,
            bus_address,
            home,
        }
    }

    /// The X display, as `DISPLAY` names it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Address of the session bus.
    pub fn bus_address(&self) -> &str {
        &self.bus_address
    }

    /// A home folder for programs of this desktop.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What a program needs to run on this desktop.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        environment(self.home.path(), &self.display, &self.bus_address)
    }

    /// Saves a picture of the whole screen.
    pub fn picture(&self, path: &Path) {
        self.take_picture("root", path);
    }

    /// Saves a picture of the window with this title, as it lies on the screen.
    pub fn picture_of(&self, title: &str, path: &Path) {
        let window = Screen::of(&self.display).number(title);
        self.take_picture(&window.to_string(), path);
    }

    fn take_picture(&self, window: &str, path: &Path) {
        let done = Command::new("import")
            .args(["-display", &self.display, "-window", window])
            .arg(path)
            .status()
            .expect("imagemagick is installed");
        assert!(done.success(), "no picture of the screen: {done}");
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in [&mut self.panel, &mut self.bus, &mut self.screen] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
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
        ("GDK_BACKEND", "x11".into()),
        // No accessibility bus and no graphics hardware here.
        ("NO_AT_BRIDGE", "1".into()),
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".into()),
        ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
        // WebKit's own sandbox can't be nested in every container that tests run in.
        ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1".into()),
    ]
}

fn start_panel(home: &Path, display: &str, bus: &str) -> Child {
    let settings = home.join("config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&settings).expect("a folder");
    fs::create_dir_all(home.join("run")).expect("a folder");
    fs::write(settings.join("xfce4-panel.xml"), PANEL).expect("the panel's settings");
    Command::new("xfce4-panel")
        .args(["--disable-wm-check", "--sm-client-disable"])
        .envs(environment(home, display, bus))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("xfce4-panel is installed")
}

/// Starts a program that says in its first line that it is ready, and how it is reached.
fn first_line(command: &mut Command) -> (Child, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let mut line = String::new();
    let output = child.stdout.take().expect("its output");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("its first line");
    assert!(
        !line.trim().is_empty(),
        "{} ended at once",
        command.get_program().display()
    );
    (child, line.trim().to_owned())
}
