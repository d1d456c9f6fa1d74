//! `image …`.

use super::{
    CommandSpec, FETCH, FORMAT, LOGGING, PLATFORM, PROGRESS, REFERENCES, REGISTRY, any, command,
    flag, one, opt, options, some,
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

pub(super) const IMAGE: CommandSpec = CommandSpec {
    aliases: &["i"],
    subcommands: &IMAGE_SUBCOMMANDS,
    ..command("image", "Manage images")
};
