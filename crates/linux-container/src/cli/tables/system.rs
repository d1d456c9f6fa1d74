//! `system …`.

use super::{CommandSpec, FORMAT, Flag, LOGGING, Version, command, flag, long, lopt, opt, options};

const PREFIX: Flag = opt(
    'p',
    &["prefix"],
    "prefix",
    "Launchd prefix for services (default: com.apple.container.)",
);

static SYSTEM_SUBCOMMANDS: [CommandSpec; 8] = [
    CommandSpec {
        groups: &[options(&[FORMAT]), LOGGING],
        ..command(
            "system df",
            "Show disk usage for images, containers, and volumes",
        )
    },
    KERNEL,
    CommandSpec {
        groups: &[
            options(&[
                flag('f', &["follow"], "Follow log output"),
                lopt(
                    &["last"],
                    "last",
                    "Fetch logs starting from the specified time period (minus the current time); supported formats: m, h, d (default: 5m)",
                ),
            ]),
            LOGGING,
        ],
        ..command("system logs", "Fetch system logs for container services")
    },
    PROPERTY,
    CommandSpec {
        groups: &[
            options(&[
                opt(
                    'a',
                    &["app-root"],
                    "app-root",
                    "Path to the root directory for application data",
                ),
                long(
                    &["enable-kernel-install"],
                    "Install the default kernel without asking",
                ),
                long(
                    &["disable-kernel-install"],
                    "Do not install the default kernel",
                ),
                lopt(
                    &["install-root"],
                    "install-root",
                    "Path to the root directory for application executables and plugins",
                ),
                lopt(
                    &["log-root"],
                    "log-root",
                    "Path to the root directory for log data",
                ),
                lopt(
                    &["timeout"],
                    "timeout",
                    "Seconds to wait for the services to become responsive (default: 60)",
                ),
            ]),
            LOGGING,
        ],
        ..command("system start", "Start container services")
    },
    CommandSpec {
        groups: &[options(&[PREFIX, FORMAT]), LOGGING],
        ..command("system status", "Show the status of container services")
    },
    CommandSpec {
        groups: &[options(&[PREFIX]), LOGGING],
        ..command("system stop", "Stop all container services")
    },
    CommandSpec {
        groups: &[options(&[FORMAT]), LOGGING],
        ..command("system version", "Show version information")
    },
];

static KERNEL_SUBCOMMANDS: [CommandSpec; 1] = [CommandSpec {
    groups: &[
        options(&[
            lopt(
                &["arch"],
                "arch",
                "The architecture of the kernel binary (values: amd64, arm64)",
            ),
            lopt(
                &["binary"],
                "path",
                "Path to the kernel file (or archive member, if used with --tar)",
            ),
            lopt(&["digest"], "digest", "Expected digest of the archive").since(Version::MASKS),
            long(
                &["force"],
                "Overwrites an existing kernel with the same name",
            ),
            long(
                &["recommended"],
                "Download and install the recommended kernel as the default",
            ),
            lopt(
                &["tar"],
                "tar",
                "Filesystem path or remote URL to a tar archive containing a kernel file",
            ),
        ]),
        LOGGING,
    ],
    ..command("system kernel set", "Set the default kernel")
}];

const KERNEL: CommandSpec = CommandSpec {
    subcommands: &KERNEL_SUBCOMMANDS,
    ..command("system kernel", "Manage the default kernel configuration")
};

static PROPERTY_SUBCOMMANDS: [CommandSpec; 1] = [CommandSpec {
    aliases: &["ls"],
    groups: &[
        options(&[lopt(
            &["format"],
            "format",
            "Format of the output (values: json, toml; default: toml)",
        )]),
        LOGGING,
    ],
    ..command("system property list", "List system properties")
}];

const PROPERTY: CommandSpec = CommandSpec {
    subcommands: &PROPERTY_SUBCOMMANDS,
    ..command("system property", "Manage system property values")
};

pub(super) const SYSTEM: CommandSpec = CommandSpec {
    aliases: &["s"],
    subcommands: &SYSTEM_SUBCOMMANDS,
    ..command("system", "Manage system components")
};
