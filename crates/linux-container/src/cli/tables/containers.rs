//! Commands on containers, and `build`.

use super::{
    CommandSpec, DNS, FETCH, FORMAT, ID, IDS, IMAGE_AND_ARGS, LOGGING, MANAGEMENT, PROCESS,
    PROGRESS, Positional, QUIET_IDS, REGISTRY, RESOURCES, SOME_IDS, Version, command, flag, long,
    lopt, one, opt, options, some,
};

pub(super) const RUN: CommandSpec = CommandSpec {
    groups: &[
        PROCESS, RESOURCES, MANAGEMENT, REGISTRY, PROGRESS, FETCH, LOGGING,
    ],
    positionals: &IMAGE_AND_ARGS,
    passthrough: Some(1),
    ..command("run", "Run a container")
};

pub(super) const CREATE: CommandSpec = CommandSpec {
    groups: &[PROCESS, RESOURCES, MANAGEMENT, REGISTRY, FETCH, LOGGING],
    positionals: &IMAGE_AND_ARGS,
    passthrough: Some(1),
    ..command("create", "Create a new container")
};

pub(super) const START: CommandSpec = CommandSpec {
    groups: &[
        options(&[
            flag('a', &["attach"], "Attach stdout/stderr"),
            flag('i', &["interactive"], "Attach stdin"),
        ]),
        LOGGING,
    ],
    positionals: &ID,
    ..command("start", "Start a container")
};

pub(super) const STOP: CommandSpec = CommandSpec {
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
};

pub(super) const KILL: CommandSpec = CommandSpec {
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
};

pub(super) const DELETE: CommandSpec = CommandSpec {
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
};

pub(super) const PRUNE: CommandSpec = CommandSpec {
    groups: &[LOGGING],
    ..command("prune", "Remove all stopped containers")
};

pub(super) const LIST: CommandSpec = CommandSpec {
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
};

pub(super) const INSPECT: CommandSpec = CommandSpec {
    groups: &[LOGGING],
    positionals: &SOME_IDS,
    ..command(
        "inspect",
        "Display information about one or more containers",
    )
};

pub(super) const EXEC: CommandSpec = CommandSpec {
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
};

pub(super) const LOGS: CommandSpec = CommandSpec {
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
};

pub(super) const STATS: CommandSpec = CommandSpec {
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
};

pub(super) const COPY: CommandSpec = CommandSpec {
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
};

pub(super) const EXPORT: CommandSpec = CommandSpec {
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
};

pub(super) const CLEAN: CommandSpec = CommandSpec {
    groups: &[LOGGING],
    positionals: &SOME_IDS,
    since: Version::PLAIN_SLASH,
    ..command("clean", "Release unused disk blocks of running containers")
};

pub(super) const BUILD: CommandSpec = CommandSpec {
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
};
