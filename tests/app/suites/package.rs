//! The Debian packages on a Debian that has nothing but what they ask for: installed, used, and
//! removed without a trace.
//!
//! `APPLE_K8S_PACKAGES` names a folder with packages to look at, such as those that are shipped;
//! else they are made of the programs that are there from developing. `SCREENSHOTS` names a folder
//! that gets pictures.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app_tests::{Desktop, FreshDebian, Tray, Window};
use system_tests::{Call, Programs};

/// Everything takes at most this long.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn packages_install_run_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let packages = packages(folder.path());
    let again = given()
        .is_none()
        .then(|| made(&folder.path().join("again")));
    let debian = FreshDebian::with_dependencies_of(&packages);

    let before = debian.files();
    debian.install(&packages);
    the_commands_work(&debian);
    the_documents_are_there(&debian);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(the_app_starts(&debian));

    debian
        .run(["dpkg", "--purge", "apple-k8s-app", "apple-k8s"])
        .ok();
    let left: Vec<PathBuf> = debian
        .files()
        .into_iter()
        .filter(|path| !before.contains(path))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    if let Some(again) = again {
        for (first, second) in packages.iter().zip(&again) {
            let same = fs::read(first).expect("a package") == fs::read(second).expect("a package");
            assert!(same, "{} differs when made again", first.display());
        }
    }
}

fn the_commands_work(debian: &FreshDebian) {
    let version = debian.run(["apple-k8s", "version"]).ok();
    let expected = format!("apple-k8s v{}", env!("CARGO_PKG_VERSION"));
    assert!(version.text().starts_with(&expected), "{}", version.text());
    // The one that came with it, found without being named.
    assert!(
        version.text().contains("(/usr/bin/container)"),
        "{}",
        version.text()
    );
    let container = debian.run(["container", "--version"]).ok();
    assert!(
        container.text().starts_with("container CLI version "),
        "{}",
        container.text()
    );
    // All that it says it needs was brought along by the package.
    let checks = debian.run(["apple-k8s", "doctor", "-o", "json"]);
    assert!(
        !checks.text().contains("RuntimeMissing"),
        "{}",
        checks.text()
    );
    let missing = debian.run(["ldd", "/usr/bin/apple-k8s-app"]).ok();
    assert!(!missing.text().contains("not found"), "{}", missing.text());
    let nothing = debian
        .run(["apple-k8s", "uninstall", "--all", "--dry-run"])
        .ok();
    assert!(
        nothing.text().contains("apt-get remove"),
        "{}",
        nothing.text()
    );
}

fn the_documents_are_there(debian: &FreshDebian) {
    let complete = "
        . /usr/share/bash-completion/completions/apple-k8s
        COMP_WORDS=(apple-k8s stat) COMP_CWORD=1
        [[ $(complete -p apple-k8s) =~ -F\\ ([^ ]+) ]]
        \"${BASH_REMATCH[1]}\" apple-k8s stat apple-k8s
        echo \"${COMPREPLY[*]}\"";
    let completed = debian.run(["bash", "-c", complete]).ok();
    assert_eq!(completed.text().trim(), "status");
    for path in [
        "usr/share/zsh/vendor-completions/_apple-k8s",
        "usr/share/fish/vendor_completions.d/apple-k8s.fish",
        "usr/share/man/man1/apple-k8s-create-cluster.1.gz",
        "usr/share/doc/apple-k8s/third-party-licences.gz",
        "usr/share/doc/apple-k8s-app/copyright",
        "usr/share/applications/apple-k8s-app.desktop",
        "usr/share/icons/hicolor/scalable/apps/apple-k8s.svg",
    ] {
        assert!(debian.root().join(path).is_file(), "{path}");
    }
    let broken = debian
        .run(["dpkg", "--verify", "apple-k8s", "apple-k8s-app"])
        .ok();
    assert_eq!(broken.text(), "", "files that differ from the package's");
}

/// The installed app with nothing but the installed libraries, on this machine's screen.
async fn the_app_starts(debian: &FreshDebian) {
    let desktop = Desktop::start();
    let starter = debian.starter("/usr/bin/apple-k8s-app");
    let window = Window::of_app(&desktop, &starter, &[]).await;
    let tray = Tray::find(desktop.bus_address()).await;
    tray.wait("rows", SOON, |menu| menu.find("Settings…").is_some())
        .await;
    // It found what came with it.
    window.shows("at /usr/bin/container", SOON).await;
    desktop.picture(&pictures().join("package.png"));
    a_file_opens_in_it(debian, &desktop, &window).await;
    window.client().clone().close().await.expect("the app ends");
}

/// What a file manager does with a file of the kinds that the package names.
async fn a_file_opens_in_it(debian: &FreshDebian, desktop: &Desktop, window: &Window) {
    let entry = debian
        .root()
        .join("usr/share/applications/apple-k8s-app.desktop");
    let entry = fs::read_to_string(entry).expect("an entry of the menu");
    let field = |name: &str| {
        let mut values = entry.lines().filter_map(|line| line.strip_prefix(name));
        values.next().unwrap_or_else(|| panic!("no {name}")).trim()
    };
    assert!(field("MimeType=").contains("application/yaml;"));
    let (program, files) = field("Exec=").split_once(' ').expect("files are passed on");
    assert_eq!(files, "%F");
    // This machine's temporary folder is the Debian's as well.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("opened.yaml");
    let cluster = "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: opened\n\
                   spec:\n  nodes:\n  - role: control-plane\n";
    fs::write(&file, cluster).expect("a file to open");
    // It tells the app that runs, and ends.
    let mut second = Call::new(debian.starter(program)).arg(file).seconds(30);
    for (name, value) in desktop.environment() {
        second = second.env(name, value);
    }
    second.ok();
    window.holds("Name of the cluster", "opened", SOON).await;
    desktop.picture(&pictures().join("package-opened.png"));
}

/// The packages to look at.
fn packages(folder: &Path) -> Vec<PathBuf> {
    match given() {
        Some(given) => {
            // The Debian sees what lies here, and nothing else of this machine.
            let copy = |path: PathBuf| {
                let seen = folder.join(path.file_name().expect("a file"));
                fs::copy(&path, &seen).expect("a copy");
                seen
            };
            listed(&given).into_iter().map(copy).collect()
        }
        None => made(&folder.join("first")),
    }
}

/// The folder with packages to look at, when it is named.
fn given() -> Option<PathBuf> {
    std::env::var_os("APPLE_K8S_PACKAGES").map(PathBuf::from)
}

fn made(folder: &Path) -> Vec<PathBuf> {
    let programs = Programs::get().apple_k8s.parent().expect("a folder");
    let maker = programs.join("distribution");
    assert!(
        maker.is_file(),
        "{} is missing: build it with `make build-app`",
        maker.display()
    );
    Call::new(maker)
        .args(["deb", "--profile", "dev", "--programs"])
        .arg(programs)
        .arg("--out")
        .arg(folder)
        // A commit in between would be another time.
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .seconds(300)
        .ok();
    listed(folder)
}

/// The packages of a folder, that which the other needs first.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder with packages")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .collect();
    found.sort_by_key(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().contains("-app_"))
    });
    assert_eq!(found.len(), 2, "{found:?}");
    found
}

/// Where pictures go.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map_or_else(
        || std::env::temp_dir().join("apple-k8s-pictures"),
        PathBuf::from,
    );
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}
