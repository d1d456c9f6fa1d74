//! A Debian that holds what some packages ask for and nothing else, to install them into.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use system_tests::{Call, Output};
use tempfile::TempDir;

/// The release that packages are made for.
const SUITE: &str = "bookworm";

/// Making one takes this long at most, in seconds.
const MAKING: u64 = 30 * 60;

/// Run in a mount namespace of its own, which takes all mounts with it: the kept Debian below, what
/// this one changes above, this machine's devices and temporary folder inside.
const ENTER: &str = r#"
set -eu
kept=$1 changes=$2 work=$3 root=$4 temporary=$5
shift 5
mount -t overlay overlay -o "lowerdir=$kept,upperdir=$changes,workdir=$work" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mkdir -p "$root$temporary"
mount --rbind "$temporary" "$root$temporary"
exec chroot "$root" "$@"
"#;

/// What changes with every use of a Debian, whatever is installed.
const NOT_LOOKED_AT: [&str; 5] = [
    "/var/cache/",
    "/var/lib/dpkg/",
    "/var/log/",
    "/etc/ld.so.cache",
    "/var/lib/systemd/",
];

/// A Debian of its own; it goes with this value.
#[derive(Debug)]
pub struct FreshDebian {
    kept: PathBuf,
    folder: TempDir,
}

impl FreshDebian {
    /// One with what these packages depend on, but not with them. The first one is made from the
    /// packages that this machine gets its own from, and kept for the next.
    pub fn with_dependencies_of(packages: &[PathBuf]) -> Self {
        let names = dependencies(packages);
        let kept = kept(&names);
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["changes", "work", "root", "home"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { kept, folder }
    }

    /// Where files are that were not in it at the beginning.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("changes")
    }

    /// A program in it, run to its end.
    pub fn run(&self, line: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        Call::new("unshare")
            .args(self.entering())
            .args([
                "/usr/bin/env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL=C.UTF-8",
            ])
            .arg(format!(
                "HOME={}",
                self.folder.path().join("home").display()
            ))
            .args(line)
            .seconds(300)
            .run()
    }

    /// Installs packages. What they ask for must be there already.
    pub fn install(&self, packages: &[PathBuf]) {
        let line = ["dpkg", "--install"].map(OsStr::new).into_iter();
        self.run(line.chain(packages.iter().map(|path| path.as_os_str())))
            .ok();
    }

    /// All files in it, but for those that change with every use.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let found = self.run(["find", "/", "-xdev", "-not", "-type", "d"]).ok();
        let text = found.text();
        text.lines()
            .filter(|path| NOT_LOOKED_AT.iter().all(|not| !path.starts_with(not)))
            .map(PathBuf::from)
            .collect()
    }

    /// A program of this machine that starts one in the Debian, with the environment it has itself.
    pub fn starter(&self, program: &str) -> PathBuf {
        let path = self.folder.path().join("starter");
        let quoted = |word: String| format!("'{}'", word.replace('\'', r"'\''"));
        let words: Vec<String> = self.entering().into_iter().map(quoted).collect();
        let script = format!(
            "#!/bin/sh\nexec unshare {} {program} \"$@\"\n",
            words.join(" ")
        );
        fs::write(&path, script).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        path
    }

    /// Arguments of `unshare` that come before a program in the Debian.
    fn entering(&self) -> Vec<String> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let before = [
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            ENTER,
            "sh",
        ];
        let mut words: Vec<String> = before.map(str::to_owned).to_vec();
        words.push(self.kept.display().to_string());
        words.extend([at("changes"), at("work"), at("root")]);
        words.push(std::env::temp_dir().display().to_string());
        words
    }
}

/// What the packages depend on beside each other, by name: the first of each choice.
fn dependencies(packages: &[PathBuf]) -> BTreeSet<String> {
    let field = |path: &PathBuf, field: &str| {
        let asked = Call::new("dpkg-deb").arg("--field").arg(path).arg(field);
        asked.ok().text().trim().to_owned()
    };
    let own: BTreeSet<String> = packages.iter().map(|path| field(path, "Package")).collect();
    let mut names = BTreeSet::new();
    for path in packages {
        for wish in field(path, "Depends").split(',') {
            let name = wish.split_whitespace().next().expect("a name");
            let name = name.split(':').next().expect("a name");
            names.insert(name.to_owned());
        }
    }
    names.difference(&own).cloned().collect()
}

/// The Debian with these packages, made where it is not there yet.
fn kept(names: &BTreeSet<String>) -> PathBuf {
    let list = names.iter().cloned().collect::<Vec<_>>().join(",");
    let key = Sha256::digest(format!("{SUITE} {} {list}", std::env::consts::ARCH));
    let key = key.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let all = cache().join("package-debian");
    let path = all.join(&key);
    if path.is_dir() {
        return path;
    }
    eprintln!("making a Debian {SUITE} with {list}");
    // Of other dependencies, or of a run that did not come to its end.
    let _ = fs::remove_dir_all(&all);
    fs::create_dir_all(&all).expect("a folder");
    let new = all.join(format!("{key}.new"));
    Call::new("mmdebstrap")
        .args(["--variant=minbase", "--quiet"])
        .arg(format!("--include={list}"))
        .arg(SUITE)
        .arg(&new)
        .seconds(MAKING)
        .ok();
    fs::rename(&new, &path).expect("renamed");
    path
}

/// Where the project keeps what is costly to make.
fn cache() -> PathBuf {
    match std::env::var_os("CACHE").filter(|root| !root.is_empty()) {
        Some(root) => PathBuf::from(root),
        None => Path::new(&std::env::home_dir().expect("a home folder")).join(".cache/apple-k8s"),
    }
}
