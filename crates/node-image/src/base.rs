//! Base images made from packages, where no hub with published ones is in reach.

use std::fs;
use std::path::{Path, PathBuf};

use container::{BuildSpec, Container};
use tokio_util::sync::CancellationToken;

use crate::architecture::Architecture;
use crate::error::{Error, Result};
use crate::folder::{self, Folder};
use crate::process::Program;
use crate::progress::Progress;
use crate::recipe;

const SUITE: &str = "bookworm";
const TOOLCHAIN: &str = "golang.org/toolchain";
/// Certificates that this host trusts: what the builder downloads from has to be trusted, too.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What packages bring that a node never reads.
const DPKG_OPTIONS: &[&str] = &[
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
];

/// Run by mmdebstrap in the finished tree (`$1`): what belongs to this host stays here, and each
/// node makes its own machine id.
const FORGET_HOST: &str = "--customize-hook=rm -f \"$1/etc/resolv.conf\" \"$1/etc/hostname\" \"$1\"/etc/apt/sources.list \"$1\"/etc/apt/sources.list.d/*; : > \"$1/etc/machine-id\"";

/// Names of the base images of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bases {
    pub(crate) golang: String,
    pub(crate) debian: String,
}

/// Makes the base images that are not there yet, until that is cancelled. What builds that were
/// killed have left behind is removed first.
pub(crate) async fn make(
    container: &Container,
    architecture: Architecture,
    cancel: &CancellationToken,
    on_progress: &mut impl FnMut(Progress),
) -> Result<Bases> {
    folder::sweep();
    Ok(Bases {
        debian: debian(container, architecture, cancel, on_progress).await?,
        golang: golang(container, architecture, cancel, on_progress).await?,
    })
}

/// The node's Debian, with its packages.
async fn debian(
    container: &Container,
    architecture: Architecture,
    cancel: &CancellationToken,
    on_progress: &mut impl FnMut(Progress),
) -> Result<String> {
    let packages = recipe::packages("packages");
    let (_, time) = recipe::SOURCE_DATE_EPOCH;
    let key = key(&[&packages.join(" "), architecture.name(), time]);
    let name = format!("apple-k8s-base-debian:{key}");
    if is_there(container, &name).await? {
        return Ok(name);
    }
    on_progress(Progress::step("base-debian"));
    let folder = Folder::new()?;
    bootstrap(folder.path(), architecture, &packages, cancel, on_progress).await?;
    let recipe = "FROM scratch\nADD rootfs.tar /\n";
    build(
        container,
        folder.path(),
        recipe,
        &name,
        architecture,
        on_progress,
    )
    .await?;
    Ok(name)
}

/// Debian with a C compiler and the Go release of the recipe, for this machine.
async fn golang(
    container: &Container,
    target: Architecture,
    cancel: &CancellationToken,
    on_progress: &mut impl FnMut(Progress),
) -> Result<String> {
    let host = Architecture::host();
    let mut packages = recipe::packages("packages.build");
    if target != host {
        packages.extend(cross_packages(target));
    }
    let version = recipe::module_version("modules/toolchain/go.mod", TOOLCHAIN).unwrap_or_default();
    let certificates = fs::read_to_string(CERTIFICATES).unwrap_or_default();
    let key = key(&[&packages.join(" "), host.name(), version, &certificates]);
    let name = format!("apple-k8s-base-golang:{key}");
    if is_there(container, &name).await? {
        return Ok(name);
    }
    on_progress(Progress::step("base-golang"));
    let folder = Folder::new()?;
    bootstrap(folder.path(), host, &packages, cancel, on_progress).await?;
    let toolchain = toolchain(folder.path(), host, cancel, on_progress).await?;
    copy_tree(&toolchain, &folder.path().join("go"), false)?;
    let path = folder.path().join("certificates.pem");
    fs::write(&path, certificates).map_err(|e| Error::io("write", &path, e))?;
    let recipe = format!(
        "FROM scratch\nADD rootfs.tar /\nCOPY go/ /usr/local/go/\nCOPY certificates.pem {CERTIFICATES}\n\
         ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    );
    build(container, folder.path(), &recipe, &name, host, on_progress).await?;
    Ok(name)
}

/// Compilers and libraries for another architecture than this machine's.
fn cross_packages(target: Architecture) -> [&'static str; 3] {
    match target {
        Architecture::Arm64 => [
            "gcc-aarch64-linux-gnu",
            "libc6-dev-arm64-cross",
            "libseccomp-dev:arm64",
        ],
        Architecture::Amd64 => [
            "gcc-x86-64-linux-gnu",
            "libc6-dev-amd64-cross",
            "libseccomp-dev:amd64",
        ],
    }
}

/// Writes `rootfs.tar`: a Debian with these packages, from where this host has its packages.
async fn bootstrap(
    folder: &Path,
    architecture: Architecture,
    packages: &[&str],
    cancel: &CancellationToken,
    on_progress: &mut impl FnMut(Progress),
) -> Result<()> {
    let mut architectures = architecture.name().to_owned();
    for foreign in [Architecture::Arm64, Architecture::Amd64] {
        if packages
            .iter()
            .any(|package| package.ends_with(&format!(":{foreign}")))
        {
            architectures = format!("{architectures},{foreign}");
        }
    }
    let mut args = vec![
        "--variant=minbase".to_owned(),
        format!("--architectures={architectures}"),
        format!("--include={}", packages.join(",")),
        FORGET_HOST.to_owned(),
    ];
    args.extend(DPKG_OPTIONS.iter().map(|&option| option.to_owned()));
    args.extend([SUITE.to_owned(), "rootfs.tar".to_owned()]);
    Program {
        name: "mmdebstrap",
        package: "mmdebstrap",
        purpose: format!("make a Debian {SUITE} for {architecture} from packages"),
        mounts: true,
    }
    .run(args, folder, cancel, |line| {
        on_progress(Progress::Output(line.to_owned()));
    })
    .await
    .map(drop)
}

/// Downloads the recipe's Go release as the Go module that it also is, and checks it. Any Go on
/// the host can do that.
async fn toolchain(
    folder: &Path,
    host: Architecture,
    cancel: &CancellationToken,
    on_progress: &mut impl FnMut(Progress),
) -> Result<PathBuf> {
    const SUMS: &str = "modules/toolchain/go.sum";
    let version = recipe::module_version("modules/toolchain/go.mod", TOOLCHAIN)
        .and_then(|version| version.strip_suffix("amd64"))
        .map(|version| format!("{version}{host}"))
        .unwrap_or_default();
    let answer = Program {
        name: "go",
        package: "golang-go",
        purpose: "download the Go release that the recipe names".to_owned(),
        mounts: false,
    }
    .run(
        [
            "mod",
            "download",
            "-json",
            &format!("{TOOLCHAIN}@{version}"),
        ],
        folder,
        cancel,
        |line| on_progress(Progress::Output(line.to_owned())),
    )
    .await?;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    let expected = recipe::module_checksum(SUMS, TOOLCHAIN, &version).unwrap_or_default();
    if expected.is_empty() || text("Sum") != expected {
        return Err(Error::Checksum {
            what: format!("{TOOLCHAIN} {version}"),
            found: text("Sum"),
            expected: expected.to_owned(),
        });
    }
    Ok(PathBuf::from(text("Dir")))
}

/// Copies Go's files. As a module they come without the right to run them.
fn copy_tree(from: &Path, to: &Path, programs: bool) -> Result<()> {
    fs::create_dir_all(to).map_err(|e| Error::io("make", to, e))?;
    for entry in fs::read_dir(from).map_err(|e| Error::io("read", from, e))? {
        let source = entry.map_err(|e| Error::io("read", from, e))?.path();
        let name = source.file_name().unwrap_or_default();
        let target = to.join(name);
        if source.is_dir() {
            copy_tree(
                &source,
                &target,
                programs || name == "bin" || name == "tool",
            )?;
            continue;
        }
        fs::copy(&source, &target).map_err(|e| Error::io("copy", &source, e))?;
        recipe::make_readable(&target, programs)?;
    }
    Ok(())
}

async fn build(
    container: &Container,
    context: &Path,
    recipe: &str,
    name: &str,
    architecture: Architecture,
    on_progress: &mut impl FnMut(Progress),
) -> Result<()> {
    let file = context.join("Dockerfile");
    fs::write(&file, recipe).map_err(|e| Error::io("write", &file, e))?;
    let spec = BuildSpec {
        context: context.to_owned(),
        tags: vec![name.to_owned()],
        platform: Some(architecture.platform()),
        build_args: vec![recipe::time()],
        ..BuildSpec::default()
    };
    container
        .build(&spec, |line| on_progress(Progress::Output(line.to_owned())))
        .await
        .map_err(Error::from)
}

async fn is_there(container: &Container, name: &str) -> Result<bool> {
    match container.image_inspect(name).await {
        Ok(_) => Ok(true),
        Err(container::Error::ImageNotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What an image is named by that is made from these texts.
fn key(parts: &[&str]) -> String {
    let mut digest = sha2::Digest::new();
    for part in DPKG_OPTIONS
        .iter()
        .chain([&FORGET_HOST, &SUITE])
        .chain(parts)
    {
        recipe::add(&mut digest, part.as_bytes());
    }
    recipe::hex(digest)[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchain_has_a_checksum_for_both_hosts() {
        let version =
            recipe::module_version("modules/toolchain/go.mod", TOOLCHAIN).unwrap_or_default();
        let stem = version.strip_suffix("amd64").unwrap_or_default();
        for host in [Architecture::Arm64, Architecture::Amd64] {
            let sum = recipe::module_checksum(
                "modules/toolchain/go.sum",
                TOOLCHAIN,
                &format!("{stem}{host}"),
            );
            assert!(sum.is_some_and(|sum| sum.starts_with("h1:")), "{host}");
        }
    }

    #[test]
    fn key_follows_its_parts() {
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab", ""]));
        assert_eq!(key(&[]).len(), 12);
    }

    #[test]
    fn gos_programs_may_be_run_and_its_sources_not() {
        use std::os::unix::fs::PermissionsExt;
        let from = tempfile::tempdir().expect("a folder");
        let to = tempfile::tempdir().expect("a folder");
        for name in ["bin/go", "pkg/tool/linux/compile", "src/fmt/print.go"] {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, "x").expect("written");
        }
        copy_tree(from.path(), &to.path().join("go"), false).expect("copied");
        let mode = |name: &str| {
            fs::metadata(to.path().join("go").join(name))
                .map(|m| m.permissions().mode() & 0o777)
                .ok()
        };
        assert_eq!(mode("bin/go"), Some(0o755));
        assert_eq!(mode("pkg/tool/linux/compile"), Some(0o755));
        assert_eq!(mode("src/fmt/print.go"), Some(0o644));
    }
}
