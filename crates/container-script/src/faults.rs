//! Ready-made scripts. Texts and JSON are those of the real releases.

use crate::{Act, Script};

/// Flags of `run` that the client asks for, by release.
fn run_help(version: (u32, u32, u32)) -> String {
    let mut help = String::from(
        "USAGE: container run [<options>] <image> [<arguments> ...]\n\nOPTIONS:\n  \
         --cap-add <cap>         Add a Linux capability\n  \
         --cap-drop <cap>        Drop a Linux capability\n",
    );
    if version >= (1, 0, 0) {
        help.push_str("  --shm-size <size>       Size of /dev/shm\n");
    }
    if version >= (1, 2, 0) {
        help.push_str("  --kernel-arg <arg>      Append to the kernel command line\n");
    }
    if version >= (1, 2, 1) {
        help.push_str(
            "  --masked-path <path>    [EXPERIMENTAL] Mask a path\n  \
             --read-only-path <path> [EXPERIMENTAL] Make a path read-only\n",
        );
    }
    help
}

fn numbers(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

fn status(version: &str, app_root: &str) -> String {
    if numbers(version) >= (1, 4, 1) {
        format!(
            r#"{{"client":{{"appName":"container","build":"release","commit":"d265","version":"{version}"}},"host":{{"architecture":"arm64","cpus":8,"operatingSystem":"Version 26.0"}},"paths":{{"appRoot":"{app_root}","installRoot":"/usr/local/"}},"resources":{{"containersRunning":0,"containersTotal":0,"images":1}},"server":{{"appName":"container-apiserver","build":"release","commit":"d265","version":"{version}"}},"status":"running"}}"#
        )
    } else {
        let app_root = app_root.replace('/', "\\/");
        format!(
            r#"{{"apiServerAppName":"container-apiserver","apiServerBuild":"release","apiServerCommit":"0190","apiServerVersion":"container-apiserver version {version} (build: release, commit: 0190097)","appRoot":"{app_root}","installRoot":"\/usr\/local\/","status":"running"}}"#
        )
    }
}

/// What every call but `--version` and `--help` says while the services are down.
const DOWN: &str = "Error: interrupted: \"XPC connection error: Connection invalid\"\n\
     Ensure container system service has been started with `container system start`.\n";

impl Script {
    /// A release that works as far as version, flags and services go; other calls need rules.
    pub fn healthy(version: &str) -> Self {
        Self::release(version).on(
            &["system", "status"],
            [Act::Stdout(status(
                version,
                "/var/empty/com.apple.container/",
            ))],
        )
    }

    /// Version and help of a release, which answer without services.
    pub fn release(version: &str) -> Self {
        let line = format!("container CLI version {version} (build: release, commit: 0190097)\n");
        Self::new().on(&["--version"], [Act::Stdout(line)]).on(
            &["run", "--help"],
            [Act::Stdout(run_help(numbers(version)))],
        )
    }

    /// The services were never started: `system status` says so, everything else fails.
    pub fn services_down(version: &str) -> Self {
        let status = if numbers(version) >= (1, 4, 1) {
            r#"{"status":"unregistered"}"#
        } else {
            r#"{"apiServerAppName":"","apiServerBuild":"","apiServerCommit":"","apiServerVersion":"","appRoot":"","installRoot":"","status":"unregistered"}"#
        };
        Self::release(version)
            .on(
                &["system", "status"],
                [Act::Stdout(status.into()), Act::Exit(1)],
            )
            .on(&[], [Act::Stderr(DOWN.into()), Act::Exit(1)])
    }

    /// Every call hangs but ends on SIGTERM.
    pub fn hanging() -> Self {
        Self::new().on(&[], [Act::Hang])
    }

    /// Every call answers bytes that are neither JSON nor UTF-8.
    pub fn garbage() -> Self {
        Self::new().on(
            &[],
            [Act::StdoutBytes(vec![0xff, 0xfe, b'{', 0, b'"', b'\n'])],
        )
    }

    /// Calls with these words fail with status 1 and this text after `Error: `.
    #[must_use]
    pub fn failing(self, words: &[&str], text: &str) -> Self {
        self.on(
            words,
            [Act::Stderr(format!("Error: {text}\n")), Act::Exit(1)],
        )
    }

    /// `run` fails because the disk is full.
    #[must_use]
    pub fn disk_full(self) -> Self {
        self.failing(
            &["run"],
            "failed to create container (cause: \"internalError: \"failed to clone rootfs: No space left on device\"\")",
        )
    }

    /// `run` fails because a port to publish on is taken.
    #[must_use]
    pub fn port_taken(self) -> Self {
        self.failing(
            &["run"],
            "failed to bootstrap container (cause: \"unknown: \"bind(descriptor:ptr:bytes:): Address already in use (errno: 48)\"\")",
        )
    }

    /// `run` and `image inspect` do not know the image.
    #[must_use]
    pub fn image_missing(self, reference: &str) -> Self {
        self.failing(
            &["image", "inspect"],
            &format!("image not found: {reference}"),
        )
        .failing(
            &["run"],
            &format!(
                "failed to get image (cause: \"notFound: \"image with reference {reference}\"\")"
            ),
        )
    }
}
