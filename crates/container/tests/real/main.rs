//! The client against a `container` that really runs containers: `CONTAINER_UNDER_TEST=PATH`.
//!
//! On Linux each test has an application root of its own. Addresses, virtual machines and
//! permissions of a Mac are out of reach there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod image;

use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use container::{Container, Error, ExecSpec, Log, RunSpec, State};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

/// All containers of these tests.
const NAMES: [&str; 4] = ["life", "files", "faults", "cancel"];

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    }
}

fn platform() -> String {
    format!("linux/{}", architecture())
}

/// A running `container` with the test image, stopped and removed in the end.
struct Host {
    container: Container,
    folder: TempDir,
}

impl Host {
    fn new() -> Self {
        let program = std::env::var_os("CONTAINER_UNDER_TEST")
            .expect("CONTAINER_UNDER_TEST names the program");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let container = Container::at(PathBuf::from(program));
        let mut host = Self { container, folder };
        if cfg!(target_os = "linux") {
            let root = host.app_root();
            host.container = host.container.clone().with_env("CONTAINER_APP_ROOT", root);
        }
        host
    }

    async fn started() -> Self {
        let host = Self::new();
        host.container.system_start().await.unwrap();
        let archive = host.folder.path().join("image.tar");
        image::write(&archive, architecture());
        host.container.image_load(&archive).await.unwrap();
        host
    }

    fn command(&self, words: &[&str]) -> std::process::ExitStatus {
        let mut command = std::process::Command::new(self.container.program());
        if cfg!(target_os = "linux") {
            command.env("CONTAINER_APP_ROOT", self.app_root());
        }
        command.args(words).status().unwrap()
    }

    fn app_root(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

/// Nothing stays, however a test ends. Unknown containers make the first call fail, which is fine.
impl Drop for Host {
    fn drop(&mut self) {
        self.command(&[&["delete", "--force"], NAMES.as_slice()].concat());
        if cfg!(target_os = "linux") {
            self.command(&["system", "stop"]);
        }
    }
}

fn spec(name: &str) -> RunSpec {
    assert!(NAMES.contains(&name), "{name} would stay");
    RunSpec {
        platform: Some(platform()),
        memory: Some(256 << 20),
        ..RunSpec::new(name, image::NAME)
    }
}

/// A container whose creation has to fail.
fn never_made() -> RunSpec {
    RunSpec {
        name: "other".to_owned(),
        ..spec("faults")
    }
}

fn shell(script: &str) -> ExecSpec {
    ExecSpec::new("sh", ["-c", script])
}

#[tokio::test]
#[ignore = "needs CONTAINER_UNDER_TEST"]
async fn a_life() {
    let host = Host::started().await;
    let container = &host.container;
    let (capabilities, status) = container.ready().await.unwrap();
    assert!(capabilities.cap_add && status.is_running());
    assert!(status.app_root.is_some());

    let spec = spec("life").label("k", "v").env("GREETING", "hello");
    assert_eq!(container.run(&spec).await.unwrap(), "life");
    let info = container.inspect_one("life").await.unwrap();
    assert_eq!((info.state, info.label("k")), (State::Running, Some("v")));
    assert_eq!((info.image.as_str(), info.memory), (image::NAME, 256 << 20));
    let first = info.address().expect("an address while it runs");
    assert_eq!(container.list(false).await.unwrap(), [info]);

    let greeting = container
        .exec("life", &shell("echo $GREETING; echo no >&2; exit 3"))
        .await
        .unwrap();
    assert_eq!(
        (greeting.code, greeting.text().as_str()),
        (Some(3), "hello\n")
    );
    assert!(greeting.stderr.contains("no"));

    let bytes: Vec<u8> = (0..800_000_u32).flat_map(u32::to_le_bytes).collect();
    let cat = ExecSpec::new("cat", [""; 0]);
    let echoed = container
        .exec_with_input("life", &cat, &mut Cursor::new(&bytes))
        .await
        .unwrap();
    assert!(
        echoed.stdout == bytes,
        "{} bytes came back",
        echoed.stdout.len()
    );

    let mut lines = container.exec_streaming("life", &cat).unwrap();
    lines.send_line("ping").await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ping"));
    assert!(lines.wait().await.unwrap().success());

    assert_eq!(
        container.logs("life", Log::Process, None).await.unwrap(),
        "up\n"
    );
    assert_eq!(container.stats(&["life"]).await.unwrap()[0].id, "life");

    container
        .stop(&["life"], Duration::from_secs(1))
        .await
        .unwrap();
    let stopped = container.inspect_one("life").await.unwrap();
    assert_eq!((stopped.state, stopped.address()), (State::Stopped, None));
    assert_eq!(container.list(false).await.unwrap(), []);
    container.start("life").await.unwrap();
    let again = container.inspect_one("life").await.unwrap();
    assert_ne!(
        again.address(),
        Some(first),
        "an address does not survive a stop"
    );
}

#[tokio::test]
#[ignore = "needs CONTAINER_UNDER_TEST"]
async fn images_and_files() {
    let host = Host::started().await;
    let container = &host.container;
    let stored = container.image_inspect(image::NAME).await.unwrap();
    let variant = stored.variant(&platform()).unwrap();
    assert_eq!(variant.labels["made-by"], "test");
    assert!(
        container
            .image_list()
            .await
            .unwrap()
            .iter()
            .any(|i| i.name == image::NAME)
    );

    let copy = "docker.io/library/client-test:2";
    container.image_tag(image::NAME, copy).await.unwrap();
    let archive = host.folder.path().join("saved.tar");
    container
        .image_save(&[copy], &platform(), &archive)
        .await
        .unwrap();
    container.image_delete(&[copy], false).await.unwrap();
    let gone = container.image_inspect(copy).await.unwrap_err();
    assert!(matches!(gone, Error::ImageNotFound { .. }), "{gone:?}");
    container.image_load(&archive).await.unwrap();
    container.image_inspect(copy).await.unwrap();

    container.run(&spec("files")).await.unwrap();
    let (from, back) = (
        host.folder.path().join("in"),
        host.folder.path().join("out"),
    );
    std::fs::write(&from, "carried").unwrap();
    container.copy_in(&from, "files", "/carried").await.unwrap();
    let seen = container
        .exec("files", &ExecSpec::new("cat", ["/carried"]))
        .await
        .unwrap();
    assert_eq!(seen.text(), "carried");
    container
        .copy_out("files", "/carried", &back)
        .await
        .unwrap();
    assert_eq!(std::fs::read_to_string(&back).unwrap(), "carried");

    container
        .volume_create("vol1", &[("k", "v")])
        .await
        .unwrap();
    let taken = container.volume_create("vol1", &[]).await.unwrap_err();
    assert!(
        matches!(&taken, Error::AlreadyExists { name, .. } if name == "vol1"),
        "{taken:?}"
    );
    let volumes = container.volume_list().await.unwrap();
    assert_eq!(
        volumes.iter().find(|v| v.name == "vol1").unwrap().labels["k"],
        "v"
    );
    container.volume_delete(&["vol1"]).await.unwrap();
    assert!(
        container
            .network_list()
            .await
            .unwrap()
            .iter()
            .any(|n| n.name == "default")
    );
    assert!(container.system_df().await.unwrap().images.total >= 1);
    if cfg!(target_os = "linux") {
        // On a Mac this would fetch an image.
        container.builder_start(3, 4096).await.unwrap();
        let builder = container.builder().await.unwrap().unwrap();
        let size = (builder.cpus, builder.memory >> 20);
        assert_eq!((size, builder.is_running()), ((3, 4096), true));
        container.builder_delete().await.unwrap();
        assert_eq!(container.builder().await.unwrap(), None);
    }
    let logs = container
        .system_logs(Duration::from_secs(90))
        .await
        .unwrap();
    // Apple's services say nothing that could be counted on.
    assert!(
        cfg!(target_os = "macos") || logs.contains("container-apiserver: started"),
        "{logs}"
    );
}

#[tokio::test]
#[ignore = "needs CONTAINER_UNDER_TEST"]
async fn faults_have_their_errors() {
    let host = Host::new();
    if cfg!(target_os = "linux") {
        let down = host.container.ready().await.unwrap_err();
        assert!(matches!(down, Error::ServiceStopped(_)), "{down:?}");
        let down = host.container.list(true).await.unwrap_err();
        assert!(matches!(down, Error::ServiceStopped(_)), "{down:?}");
    }
    let host = Host::started().await;
    let container = &host.container;
    container.run(&spec("faults")).await.unwrap();

    let error = container.run(&spec("faults")).await.unwrap_err();
    assert!(
        matches!(&error, Error::AlreadyExists { name, .. } if name == "faults"),
        "{error:?}"
    );
    let error = container
        .run(&never_made().mount("/not/there", "/x", false))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::MountSourceMissing { path, .. } if path == "/not/there"),
        "{error:?}"
    );
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let published = never_made().publish(IpAddr::V4(Ipv4Addr::LOCALHOST), port, 80);
    let error = container.run(&published).await.unwrap_err();
    assert!(matches!(error, Error::PortInUse { .. }), "{error:?}");
    let error = container.inspect(&["other", "faults"]).await.unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchContainer { ids, .. } if ids == &["other"]),
        "{error:?}"
    );

    let error = container
        .exec("faults", &ExecSpec::new("nowhere", [""; 0]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchProgram { program, .. } if program == "nowhere"),
        "{error:?}"
    );
    let error = container.exec("other", &shell("true")).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchContainer { .. }), "{error:?}");
    let error = container.delete(&["faults"], false).await.unwrap_err();
    assert!(
        matches!(&error, Error::StillRunning { id, .. } if id == "faults"),
        "{error:?}"
    );
    let error = container
        .delete(&["gone1", "gone2"], true)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchContainer { ids, .. } if ids.len() == 2),
        "{error:?}"
    );
    container
        .stop(&["faults"], Duration::from_secs(1))
        .await
        .unwrap();
    let error = container.exec("faults", &shell("true")).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotRunning { id, .. } if id == "faults"),
        "{error:?}"
    );
}

#[tokio::test]
#[ignore = "needs CONTAINER_UNDER_TEST"]
async fn cancelling_reaches_the_guest() {
    let host = Host::started().await;
    host.container.run(&spec("cancel")).await.unwrap();
    let token = CancellationToken::new();
    let bound = host.container.cancelled_by(token.clone());
    // The guest program says how it ended; a file proves that it did.
    let script = "trap 'echo ended >/ended; exit 0' TERM; echo ready; while :; do sleep 1; done";
    let mut lines = bound.exec_streaming("cancel", &shell(script)).unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    token.cancel();
    let error = tokio::time::timeout(SOON, lines.next_line())
        .await
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error:?}");
    let seen = host
        .container
        .exec("cancel", &ExecSpec::new("cat", ["/ended"]))
        .await
        .unwrap();
    assert_eq!(seen.text(), "ended\n");
}
