//! `volume …`, `network …`, `builder …` and `registry …`.

use super::{
    CommandSpec, DNS, FORMAT, LABEL, LOGGING, NAME, NAMES, QUIET_IDS, QUIET_NAMES, REGISTRY,
    SOME_NAMES, command, flag, long, lopt, one, opt, options,
};

static VOLUME_SUBCOMMANDS: [CommandSpec; 5] = [
    CommandSpec {
        groups: &[
            options(&[
                LABEL,
                lopt(
                    &["opt"],
                    "opt",
                    "Set driver specific options (format: key=value)",
                ),
                opt(
                    's',
                    &["size"],
                    "size",
                    "Size of the volume in bytes, with optional K, M, G, T, or P suffix",
                ),
            ]),
            LOGGING,
        ],
        positionals: &NAME,
        ..command("volume create", "Create a volume")
    },
    CommandSpec {
        aliases: &["rm"],
        groups: &[
            options(&[flag('a', &["all"], "Delete all volumes")]),
            LOGGING,
        ],
        positionals: &NAMES,
        ..command("volume delete", "Delete one or more volumes")
    },
    CommandSpec {
        groups: &[LOGGING],
        positionals: &SOME_NAMES,
        ..command(
            "volume inspect",
            "Display information about one or more volumes",
        )
    },
    CommandSpec {
        aliases: &["ls"],
        groups: &[options(&[FORMAT, QUIET_NAMES]), LOGGING],
        ..command("volume list", "List volumes")
    },
    CommandSpec {
        groups: &[LOGGING],
        ..command(
            "volume prune",
            "Remove volumes with no container references",
        )
    },
];

pub(super) const VOLUME: CommandSpec = CommandSpec {
    aliases: &["v"],
    subcommands: &VOLUME_SUBCOMMANDS,
    ..command("volume", "Manage container volumes")
};

static NETWORK_SUBCOMMANDS: [CommandSpec; 5] = [
    CommandSpec {
        groups: &[
            options(&[
                long(&["internal"], "Restrict to host-only network"),
                LABEL,
                lopt(
                    &["option"],
                    "option",
                    "Set a plugin-specific option (format: key=value)",
                ),
                lopt(
                    &["plugin"],
                    "plugin",
                    "Network plugin to use (default: container-network-vmnet)",
                ),
                lopt(&["subnet"], "subnet", "Set the IPv4 subnet (CIDR format)"),
                lopt(
                    &["subnet-v6"],
                    "prefix",
                    "Set the IPv6 prefix (CIDR format)",
                ),
            ]),
            LOGGING,
        ],
        positionals: &NAME,
        ..command("network create", "Create a new network")
    },
    CommandSpec {
        aliases: &["rm"],
        groups: &[
            options(&[flag('a', &["all"], "Delete all networks")]),
            LOGGING,
        ],
        positionals: &NAMES,
        ..command("network delete", "Delete one or more networks")
    },
    CommandSpec {
        groups: &[LOGGING],
        positionals: &SOME_NAMES,
        ..command(
            "network inspect",
            "Display information about one or more networks",
        )
    },
    CommandSpec {
        aliases: &["ls"],
        groups: &[options(&[FORMAT, QUIET_NAMES]), LOGGING],
        ..command("network list", "List networks")
    },
    CommandSpec {
        groups: &[LOGGING],
        ..command(
            "network prune",
            "Remove networks with no container connections",
        )
    },
];

pub(super) const NETWORK: CommandSpec = CommandSpec {
    aliases: &["n"],
    subcommands: &NETWORK_SUBCOMMANDS,
    ..command("network", "Manage container networks")
};

static BUILDER_SUBCOMMANDS: [CommandSpec; 4] = [
    CommandSpec {
        groups: &[
            options(&[
                opt(
                    'c',
                    &["cpus"],
                    "cpus",
                    "Number of CPUs to allocate to the builder container (default: 2)",
                ),
                opt(
                    'm',
                    &["memory"],
                    "memory",
                    "Amount of builder container memory (default: 2048MB)",
                ),
                DNS[0],
                DNS[1],
                DNS[2],
                DNS[3],
            ]),
            LOGGING,
        ],
        ..command("builder start", "Start the builder container")
    },
    CommandSpec {
        groups: &[options(&[FORMAT, QUIET_IDS]), LOGGING],
        ..command("builder status", "Display the builder container status")
    },
    CommandSpec {
        groups: &[LOGGING],
        ..command("builder stop", "Stop the builder container")
    },
    CommandSpec {
        aliases: &["rm"],
        groups: &[
            options(&[flag(
                'f',
                &["force"],
                "Delete the builder even if it is running",
            )]),
            LOGGING,
        ],
        ..command("builder delete", "Delete the builder container")
    },
];

pub(super) const BUILDER: CommandSpec = CommandSpec {
    subcommands: &BUILDER_SUBCOMMANDS,
    ..command("builder", "Manage an image builder instance")
};

static REGISTRY_SUBCOMMANDS: [CommandSpec; 3] = [
    CommandSpec {
        groups: &[
            options(&[
                long(&["password-stdin"], "Take the password from stdin"),
                opt('u', &["username"], "username", "Registry user name"),
            ]),
            REGISTRY,
            LOGGING,
        ],
        positionals: &[one("server", "Registry server name")],
        ..command("registry login", "Log in to a registry")
    },
    CommandSpec {
        groups: &[LOGGING],
        positionals: &[one("registry", "Registry server name")],
        ..command("registry logout", "Log out from a registry")
    },
    CommandSpec {
        aliases: &["ls"],
        groups: &[options(&[FORMAT, QUIET_NAMES]), LOGGING],
        ..command("registry list", "List registry logins")
    },
];

pub(super) const REGISTRIES: CommandSpec = CommandSpec {
    aliases: &["r"],
    subcommands: &REGISTRY_SUBCOMMANDS,
    ..command("registry", "Manage registry logins")
};
