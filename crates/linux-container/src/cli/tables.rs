//! Every command with its flags (facts: Apple's command reference and `--help`).

use super::{Flag, Positional};
use crate::version::Version;

/// A titled list of flags in the help.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) flags: &'static [Flag],
}

/// One command, or a group of commands.
pub(crate) struct CommandSpec {
    /// Words after `container`; empty for the program itself.
    pub(crate) path: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) overview: &'static str,
    pub(crate) groups: &'static [Group],
    pub(crate) positionals: &'static [Positional],
    /// After so many positional arguments all the rest is passed on unread.
    pub(crate) passthrough: Option<usize>,
    pub(crate) subcommands: &'static [CommandSpec],
    pub(crate) since: Version,
}

impl CommandSpec {
    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        let groups = self.groups;
        groups.iter().flat_map(|group| group.flags)
    }

    pub(crate) fn passes_on(&self, positionals: usize) -> bool {
        self.passthrough.is_some_and(|after| positionals >= after)
    }

    pub(crate) fn subcommand(&self, word: &str, version: Version) -> Option<&'static CommandSpec> {
        let subcommands = self.subcommands;
        subcommands.iter().find(|sub| {
            sub.since <= version
                && (sub.path.rsplit(' ').next() == Some(word) || sub.aliases.contains(&word))
        })
    }
}

/// The program `container`.
pub(crate) fn root() -> &'static CommandSpec {
    &ROOT
}

const fn command(path: &'static str, overview: &'static str) -> CommandSpec {
    CommandSpec {
        path,
        aliases: &[],
        overview,
        groups: &[],
        positionals: &[],
        passthrough: None,
        subcommands: &[],
        since: Version::FIRST,
    }
}

const fn one(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: true,
        many: false,
    }
}

const fn some(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: true,
        many: true,
    }
}

const fn any(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: false,
        many: true,
    }
}

const fn flag(short: char, long: &'static [&'static str], help: &'static str) -> Flag {
    Flag::switch(Some(short), long, help)
}

const fn long(long: &'static [&'static str], help: &'static str) -> Flag {
    Flag::switch(None, long, help)
}

const fn opt(
    short: char,
    long: &'static [&'static str],
    value: &'static str,
    help: &'static str,
) -> Flag {
    Flag::option(Some(short), long, value, help)
}

const fn lopt(long: &'static [&'static str], value: &'static str, help: &'static str) -> Flag {
    Flag::option(None, long, value, help)
}

const fn options(flags: &'static [Flag]) -> Group {
    Group {
        title: "OPTIONS",
        flags,
    }
}

const LOGGING: Group = Group {
    title: "LOGGING OPTIONS",
    flags: &[
        long(
            &["debug"],
            "Enable debug output [environment: CONTAINER_DEBUG]",
        ),
        long(&["version"], "Show the version."),
    ],
};

const FORMAT: Flag = lopt(
    &["format"],
    "format",
    "Format of the output (values: json, table, yaml, toml; default: table)",
);
const QUIET_IDS: Flag = flag('q', &["quiet"], "Only output the container ID");
const QUIET_NAMES: Flag = flag('q', &["quiet"], "Only output the name");
const LABEL: Flag = opt('l', &["label"], "label", "Add a key=value label");

const PROCESS: Group = Group {
    title: "PROCESS OPTIONS",
    flags: &[
        opt(
            'e',
            &["env"],
            "env",
            "Set environment variables (format: key=value)",
        ),
        lopt(
            &["env-file"],
            "env-file",
            "Read in a file of environment variables (key=value format, ignores # comments and blank lines)",
        ),
        lopt(&["gid"], "gid", "Set the group ID for the process"),
        flag(
            'i',
            &["interactive"],
            "Keep the standard input open even if not attached",
        ),
        flag('t', &["tty"], "Open a TTY with the process"),
        opt(
            'u',
            &["user"],
            "user",
            "Set the user for the process (format: name|uid[:gid])",
        ),
        lopt(&["uid"], "uid", "Set the user ID for the process"),
        lopt(
            &["ulimit"],
            "limit",
            "Set resource limits (format: <type>=<soft>[:<hard>])",
        ),
        opt(
            'w',
            &["workdir", "cwd"],
            "dir",
            "Set the initial working directory inside the container",
        ),
    ],
};

const RESOURCES: Group = Group {
    title: "RESOURCE OPTIONS",
    flags: &[
        opt(
            'c',
            &["cpus"],
            "cpus",
            "Number of CPUs to allocate to the container",
        ),
        opt(
            'm',
            &["memory"],
            "memory",
            "Amount of memory (1MiByte granularity), with optional K, M, G, T, or P suffix",
        ),
    ],
};

const DNS: [Flag; 4] = [
    lopt(&["dns"], "ip", "DNS nameserver IP address"),
    lopt(&["dns-domain"], "domain", "Default DNS domain"),
    lopt(&["dns-option"], "option", "DNS options"),
    lopt(&["dns-search"], "domain", "DNS search domains"),
];

const PLATFORM: [Flag; 3] = [
    opt(
        'a',
        &["arch"],
        "arch",
        "Set arch if image can target multiple architectures",
    ),
    lopt(
        &["os"],
        "os",
        "Set OS if image can target multiple operating systems (default: linux)",
    ),
    lopt(
        &["platform"],
        "platform",
        "Platform for the image if it's multi-platform. This takes precedence over --os and --arch [environment: CONTAINER_DEFAULT_PLATFORM]",
    ),
];

const MANAGEMENT: Group = Group {
    title: "MANAGEMENT OPTIONS",
    flags: &[
        PLATFORM[0],
        lopt(
            &["cap-add"],
            "cap",
            "Add a Linux capability (e.g. CAP_NET_RAW, or ALL)",
        ),
        lopt(
            &["cap-drop"],
            "cap",
            "Drop a Linux capability (e.g. CAP_NET_RAW, or ALL)",
        ),
        lopt(
            &["cidfile"],
            "cidfile",
            "Write the container ID to the path provided",
        ),
        flag(
            'd',
            &["detach"],
            "Run the container and detach from the process",
        ),
        DNS[0],
        DNS[1],
        DNS[2],
        DNS[3],
        lopt(
            &["entrypoint"],
            "cmd",
            "Override the entrypoint of the image",
        ),
        long(
            &["init"],
            "Run an init process inside the container that forwards signals and reaps processes",
        ),
        lopt(
            &["init-image"],
            "init-image",
            "Use a custom init image instead of the default",
        ),
        opt('k', &["kernel"], "path", "Set a custom kernel path"),
        lopt(
            &["kernel-arg"],
            "arg",
            "Append an argument to the kernel command line",
        )
        .since(Version::MASKS),
        opt(
            'l',
            &["label"],
            "label",
            "Add a key=value label to the container",
        ),
        lopt(
            &["masked-path"],
            "path",
            "Mask a path in the container, or NONE to clear the defaults [EXPERIMENTAL]",
        )
        .since(Version::MASK_FLAGS),
        lopt(
            &["mount"],
            "mount",
            "Add a mount to the container (format: type=<>,source=<>,target=<>,readonly)",
        ),
        lopt(
            &["name"],
            "name",
            "Use the specified name as the container ID",
        ),
        lopt(
            &["network"],
            "network",
            "Attach the container to a network (format: <name>[,mac=XX:XX:XX:XX:XX:XX][,mtu=VALUE])",
        ),
        long(&["no-dns"], "Do not configure DNS in the container"),
        PLATFORM[1],
        opt(
            'p',
            &["publish"],
            "spec",
            "Publish a port from container to host (format: [host-ip:]host-port:container-port[/protocol])",
        ),
        PLATFORM[2],
        lopt(
            &["publish-socket"],
            "spec",
            "Publish a socket from container to host (format: host_path:container_path)",
        ),
        long(
            &["read-only"],
            "Mount the container's root filesystem as read-only",
        ),
        lopt(
            &["read-only-path"],
            "path",
            "Make a path in the container read-only, or NONE to clear the defaults [EXPERIMENTAL]",
        )
        .since(Version::MASK_FLAGS),
        long(&["rm", "remove"], "Remove the container after it stops"),
        long(&["rosetta"], "Enable Rosetta in the container"),
        lopt(
            &["runtime"],
            "runtime",
            "Set the runtime handler for the container (default: container-runtime-linux)",
        ),
        lopt(&["shm-size"], "size", "Size of /dev/shm (default: 64M)"),
        long(&["ssh"], "Forward SSH agent socket to container"),
        lopt(
            &["tmpfs"],
            "tmpfs",
            "Add a tmpfs mount to the container at the given path",
        ),
        opt(
            'v',
            &["volume"],
            "volume",
            "Bind mount a volume into the container",
        ),
        long(
            &["virtualization"],
            "Expose virtualization capabilities to the container (requires host and guest support)",
        ),
    ],
};

const REGISTRY: Group = Group {
    title: "REGISTRY OPTIONS",
    flags: &[lopt(
        &["scheme"],
        "scheme",
        "Scheme to use when connecting to the container registry (http, https)",
    )],
};

const FETCH: Group = Group {
    title: "IMAGE FETCH OPTIONS",
    flags: &[lopt(
        &["max-concurrent-downloads"],
        "count",
        "Maximum number of concurrent downloads (default: 3)",
    )],
};

const PROGRESS: Group = Group {
    title: "PROGRESS OPTIONS",
    flags: &[lopt(
        &["progress"],
        "type",
        "Progress type (format: auto|none|ansi|plain|color) (default: auto)",
    )],
};

const IMAGE_AND_ARGS: [Positional; 2] = [
    one("image", "Image name"),
    any("arguments", "Container init process arguments"),
];
const ID: [Positional; 1] = [one("container-id", "Container ID")];
const IDS: [Positional; 1] = [any("container-ids", "Container IDs")];
const SOME_IDS: [Positional; 1] = [some("container-ids", "Container IDs")];
const NAMES: [Positional; 1] = [any("names", "Names")];
const SOME_NAMES: [Positional; 1] = [some("names", "Names")];
const NAME: [Positional; 1] = [one("name", "Name")];
const REFERENCES: [Positional; 1] = [some("images", "Image names or IDs")];

static ROOT: CommandSpec = CommandSpec {
    subcommands: &[
        CommandSpec {
            groups: &[
                PROCESS, RESOURCES, MANAGEMENT, REGISTRY, PROGRESS, FETCH, LOGGING,
            ],
            positionals: &IMAGE_AND_ARGS,
            passthrough: Some(1),
            ..command("run", "Run a container")
        },
        CommandSpec {
            groups: &[PROCESS, RESOURCES, MANAGEMENT, REGISTRY, FETCH, LOGGING],
            positionals: &IMAGE_AND_ARGS,
            passthrough: Some(1),
            ..command("create", "Create a new container")
        },
        CommandSpec {
            groups: &[
                options(&[
                    flag('a', &["attach"], "Attach stdout/stderr"),
                    flag('i', &["interactive"], "Attach stdin"),
                ]),
                LOGGING,
            ],
            positionals: &ID,
            ..command("start", "Start a container")
        },
        CommandSpec {
            groups: &[
                options(&[
                    flag('a', &["all"], "Stop all running containers"),
                    opt(
                        's',
                        &["signal"],
                        "signal",
                        "Signal to send to the containers (default: the image's stop signal, or SIGTERM)",
                    ),
                    opt(
                        't',
                        &["time"],
                        "time",
                        "Seconds to wait before killing the containers (default: 5)",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &IDS,
            ..command("stop", "Stop one or more running containers")
        },
        CommandSpec {
            groups: &[
                options(&[
                    flag('a', &["all"], "Kill or signal all running containers"),
                    opt(
                        's',
                        &["signal"],
                        "signal",
                        "Signal to send to the container(s) (default: KILL)",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &IDS,
            ..command("kill", "Kill or signal one or more running containers")
        },
        CommandSpec {
            aliases: &["rm"],
            groups: &[
                options(&[
                    flag('a', &["all"], "Delete all containers"),
                    flag(
                        'f',
                        &["force"],
                        "Delete containers even if they are running",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &IDS,
            ..command("delete", "Delete one or more containers")
        },
        CommandSpec {
            groups: &[LOGGING],
            ..command("prune", "Remove all stopped containers")
        },
        CommandSpec {
            aliases: &["ls"],
            groups: &[
                options(&[
                    flag('a', &["all"], "Include containers that are not running"),
                    FORMAT,
                    QUIET_IDS,
                ]),
                LOGGING,
            ],
            ..command("list", "List running containers")
        },
        CommandSpec {
            groups: &[LOGGING],
            positionals: &SOME_IDS,
            ..command(
                "inspect",
                "Display information about one or more containers",
            )
        },
        CommandSpec {
            groups: &[
                options(&[flag('d', &["detach"], "Run the process and detach from it")]),
                PROCESS,
                LOGGING,
            ],
            positionals: &[
                one("container-id", "Container ID"),
                some("arguments", "New process arguments"),
            ],
            passthrough: Some(1),
            ..command("exec", "Run a new command in a running container")
        },
        CommandSpec {
            groups: &[
                options(&[
                    long(
                        &["boot"],
                        "Display the boot log for the container instead of stdio",
                    ),
                    flag('f', &["follow"], "Follow log output"),
                    opt(
                        'n',
                        &[],
                        "n",
                        "Number of lines to show from the end of the logs. If not provided this will print all of the logs",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &ID,
            ..command("logs", "Fetch container logs")
        },
        CommandSpec {
            groups: &[
                options(&[
                    FORMAT,
                    long(
                        &["no-stream"],
                        "Disable streaming stats and only pull the first result",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &IDS,
            ..command("stats", "Display resource usage statistics for containers")
        },
        CommandSpec {
            aliases: &["cp"],
            groups: &[LOGGING],
            positionals: &[
                one("source", "Source path (a local path or container_id:path)"),
                one(
                    "destination",
                    "Destination path (a local path or container_id:path)",
                ),
            ],
            ..command(
                "copy",
                "Copy files between a container and the local filesystem",
            )
        },
        CommandSpec {
            groups: &[
                options(&[opt(
                    'o',
                    &["output"],
                    "output",
                    "Pathname for the saved tar archive",
                )]),
                LOGGING,
            ],
            positionals: &ID,
            ..command("export", "Export a container's filesystem as a tar archive")
        },
        CommandSpec {
            groups: &[LOGGING],
            positionals: &SOME_IDS,
            since: Version::PLAIN_SLASH,
            ..command("clean", "Release unused disk blocks of running containers")
        },
        CommandSpec {
            groups: &[
                options(&[
                    opt(
                        'a',
                        &["arch"],
                        "value",
                        "Add the architecture type to the build",
                    ),
                    lopt(&["build-arg"], "key=val", "Set build-time variables"),
                    opt(
                        'c',
                        &["cpus"],
                        "cpus",
                        "Number of CPUs to allocate to the builder container (default: 2)",
                    ),
                    DNS[0],
                    DNS[1],
                    DNS[2],
                    DNS[3],
                    opt('f', &["file"], "path", "Path to Dockerfile"),
                    opt('l', &["label"], "key=val", "Set a label"),
                    opt(
                        'm',
                        &["memory"],
                        "memory",
                        "Amount of builder container memory (1MiByte granularity), with optional K, M, G, T, or P suffix (default: 2048MB)",
                    ),
                    long(&["no-cache"], "Do not use cache"),
                    opt(
                        'o',
                        &["output"],
                        "value",
                        "Output configuration for the build (format: type=<oci|tar|local>[,dest=]) (default: type=oci)",
                    ),
                    lopt(&["os"], "value", "Add the OS type to the build"),
                    lopt(
                        &["platform"],
                        "platform",
                        "Add the platform to the build (format: os/arch[/variant], takes precedence over --os and --arch) [environment: CONTAINER_DEFAULT_PLATFORM]",
                    ),
                    lopt(
                        &["progress"],
                        "type",
                        "Progress type (format: auto|plain|tty) (default: auto)",
                    ),
                    long(&["pull"], "Pull latest image"),
                    flag('q', &["quiet"], "Suppress build output"),
                    lopt(
                        &["secret"],
                        "id=key,...",
                        "Set build-time secrets (format: id=<key>[,env=<ENV_VAR>|,src=<local/path>])",
                    ),
                    lopt(
                        &["ssh"],
                        "default",
                        "Forward SSH agent authentication to the build (format: default)",
                    ),
                    opt('t', &["tag"], "name", "Name for the built image"),
                    lopt(&["target"], "stage", "Set the target build stage"),
                    lopt(
                        &["vsock-port"],
                        "port",
                        "Builder shim vsock port (default: 8088)",
                    ),
                ]),
                LOGGING,
            ],
            positionals: &[Positional {
                name: "context-dir",
                help: "Build directory (default: .)",
                required: false,
                many: false,
            }],
            ..command("build", "Build an image from a Dockerfile or Containerfile")
        },
        IMAGE,
        VOLUME,
        NETWORK,
        BUILDER,
        REGISTRIES,
        SYSTEM,
    ],
    ..command(
        "",
        "A container platform for macOS, here on Linux over podman",
    )
};

static IMAGE_SUBCOMMANDS: [CommandSpec; 9] = [
    CommandSpec {
        aliases: &["rm"],
        groups: &[
            options(&[
                flag('a', &["all"], "Delete all images"),
                flag('f', &["force"], "Ignore images that do not exist"),
            ]),
            LOGGING,
        ],
        positionals: &[any("images", "Image names or IDs")],
        ..command("image delete", "Delete one or more images")
    },
    CommandSpec {
        groups: &[LOGGING],
        positionals: &REFERENCES,
        ..command(
            "image inspect",
            "Display information about one or more images",
        )
    },
    CommandSpec {
        aliases: &["ls"],
        groups: &[
            options(&[
                FORMAT,
                flag('q', &["quiet"], "Only output the image name"),
                flag('v', &["verbose"], "Verbose output"),
            ]),
            LOGGING,
        ],
        ..command("image list", "List images")
    },
    CommandSpec {
        groups: &[
            options(&[
                flag(
                    'f',
                    &["force"],
                    "Load images even if invalid member files are detected",
                ),
                opt('i', &["input"], "input", "Path to the image tar archive"),
            ]),
            LOGGING,
        ],
        ..command(
            "image load",
            "Load images from an OCI compatible tar archive",
        )
    },
    CommandSpec {
        groups: &[
            options(&[flag(
                'a',
                &["all"],
                "Remove all unused images, not just dangling ones",
            )]),
            LOGGING,
        ],
        ..command("image prune", "Remove unused images")
    },
    CommandSpec {
        groups: &[options(&PLATFORM), REGISTRY, PROGRESS, FETCH, LOGGING],
        positionals: &[one("reference", "Image reference")],
        ..command("image pull", "Pull an image")
    },
    CommandSpec {
        groups: &[options(&PLATFORM), REGISTRY, PROGRESS, LOGGING],
        positionals: &[one("reference", "Image reference")],
        ..command("image push", "Push an image")
    },
    CommandSpec {
        groups: &[
            options(&[
                PLATFORM[0],
                PLATFORM[1],
                opt('o', &["output"], "output", "Pathname for the saved image"),
                PLATFORM[2],
            ]),
            LOGGING,
        ],
        positionals: &[some("references", "Image references")],
        ..command(
            "image save",
            "Save one or more images as an OCI compatible tar archive",
        )
    },
    CommandSpec {
        groups: &[LOGGING],
        positionals: &[
            one(
                "source",
                "The existing image reference (format: image-name[:tag])",
            ),
            one("target", "The new image reference"),
        ],
        ..command("image tag", "Create a new reference for an existing image")
    },
];

const IMAGE: CommandSpec = CommandSpec {
    aliases: &["i"],
    subcommands: &IMAGE_SUBCOMMANDS,
    ..command("image", "Manage images")
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

const VOLUME: CommandSpec = CommandSpec {
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

const NETWORK: CommandSpec = CommandSpec {
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

const BUILDER: CommandSpec = CommandSpec {
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

const REGISTRIES: CommandSpec = CommandSpec {
    aliases: &["r"],
    subcommands: &REGISTRY_SUBCOMMANDS,
    ..command("registry", "Manage registry logins")
};

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

const SYSTEM: CommandSpec = CommandSpec {
    aliases: &["s"],
    subcommands: &SYSTEM_SUBCOMMANDS,
    ..command("system", "Manage system components")
};
