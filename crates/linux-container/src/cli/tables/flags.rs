//! Flags and arguments that several commands share.

use super::{Flag, Group, Positional, Version, any, flag, long, lopt, one, opt, some};

pub(super) const LOGGING: Group = Group {
    title: "LOGGING OPTIONS",
    flags: &[
        long(
            &["debug"],
            "Enable debug output [environment: CONTAINER_DEBUG]",
        ),
        long(&["version"], "Show the version."),
    ],
};

pub(super) const FORMAT: Flag = lopt(
    &["format"],
    "format",
    "Format of the output (values: json, table, yaml, toml; default: table)",
);
pub(super) const QUIET_IDS: Flag = flag('q', &["quiet"], "Only output the container ID");
pub(super) const QUIET_NAMES: Flag = flag('q', &["quiet"], "Only output the name");
pub(super) const LABEL: Flag = opt('l', &["label"], "label", "Add a key=value label");

pub(super) const PROCESS: Group = Group {
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

pub(super) const RESOURCES: Group = Group {
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

pub(super) const DNS: [Flag; 4] = [
    lopt(&["dns"], "ip", "DNS nameserver IP address"),
    lopt(&["dns-domain"], "domain", "Default DNS domain"),
    lopt(&["dns-option"], "option", "DNS options"),
    lopt(&["dns-search"], "domain", "DNS search domains"),
];

pub(super) const PLATFORM: [Flag; 3] = [
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

pub(super) const MANAGEMENT: Group = Group {
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

pub(super) const REGISTRY: Group = Group {
    title: "REGISTRY OPTIONS",
    flags: &[lopt(
        &["scheme"],
        "scheme",
        "Scheme to use when connecting to the container registry (http, https)",
    )],
};

pub(super) const FETCH: Group = Group {
    title: "IMAGE FETCH OPTIONS",
    flags: &[lopt(
        &["max-concurrent-downloads"],
        "count",
        "Maximum number of concurrent downloads (default: 3)",
    )],
};

pub(super) const PROGRESS: Group = Group {
    title: "PROGRESS OPTIONS",
    flags: &[lopt(
        &["progress"],
        "type",
        "Progress type (format: auto|none|ansi|plain|color) (default: auto)",
    )],
};

pub(super) const IMAGE_AND_ARGS: [Positional; 2] = [
    one("image", "Image name"),
    any("arguments", "Container init process arguments"),
];
pub(super) const ID: [Positional; 1] = [one("container-id", "Container ID")];
pub(super) const IDS: [Positional; 1] = [any("container-ids", "Container IDs")];
pub(super) const SOME_IDS: [Positional; 1] = [some("container-ids", "Container IDs")];
pub(super) const NAMES: [Positional; 1] = [any("names", "Names")];
pub(super) const SOME_NAMES: [Positional; 1] = [some("names", "Names")];
pub(super) const NAME: [Positional; 1] = [one("name", "Name")];
pub(super) const REFERENCES: [Positional; 1] = [some("images", "Image names or IDs")];
