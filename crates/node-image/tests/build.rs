//! Builds against a program that answers as `container` does.
#![allow(clippy::unwrap_used)]

use container::Container;
use container_script::{Act, Script, Stand};
use node_image::{BaseImages, Build, Error, LABEL_INPUTS, NodeImage, Progress};

/// `image inspect` of a node image that was built from these inputs.
fn stored(image: &NodeImage, inputs: &str) -> String {
    let architecture = image.architecture();
    format!(
        r#"[{{"configuration":{{"name":"docker.io/library/{}","descriptor":{{"digest":"sha256:1"}}}},
            "variants":[{{"platform":{{"os":"linux","architecture":"{architecture}"}},"digest":"sha256:2","size":1,
            "config":{{"config":{{"Labels":{{"{LABEL_INPUTS}":"{inputs}"}}}}}}}}]}}]"#,
        image.reference()
    )
}

fn image() -> NodeImage {
    NodeImage::new(None, None).unwrap()
}

/// The arguments of the calls to `build`.
fn builds(stand: &Stand) -> Vec<Vec<String>> {
    let calls = stand.calls().into_iter().map(|call| call.arguments);
    calls.filter(|arguments| arguments[0] == "build").collect()
}

#[tokio::test]
async fn an_image_of_the_same_inputs_is_not_built_again() {
    let image = image();
    let script = Script::new().on(
        &["image", "inspect"],
        [Act::Stdout(stored(&image, &image.inputs()))],
    );
    let stand = Stand::new(&script);
    let recipe = Build::new(&Container::at(stand.program())).bases(BaseImages::Hub);
    let built = recipe
        .run(&image, |progress| panic!("{progress}"))
        .await
        .unwrap();
    assert!(!built.made);
    assert!(builds(&stand).is_empty());
}

// On a Mac the builder is looked at, too, which this script does not answer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_image_of_other_inputs_is_built_with_its_label_and_steps() {
    let image = image();
    let script = Script::new()
        .on(
            &["image", "inspect"],
            [Act::Stdout(stored(&image, "older"))],
        )
        .on(
            &["build"],
            [Act::Stderr(
                "[4/19] STEP 1/6: FROM 653214c659e6 AS kubernetes\n\
                 [4/19] STEP 6/6: RUN go-build\n\
                 go: downloading k8s.io/api v0.37.1\n"
                    .into(),
            )],
        );
    let stand = Stand::new(&script);
    let mut seen = Vec::new();
    let recipe = Build::new(&Container::at(stand.program())).bases(BaseImages::Hub);
    let built = recipe
        .run(&image, |progress| seen.push(progress))
        .await
        .unwrap();
    assert!(built.made);
    assert!(
        matches!(&seen[..], [Progress::Step { name, .. }, Progress::Output(_)] if name == "kubernetes"),
        "{seen:?}"
    );

    let call = builds(&stand).pop().unwrap();
    let has = |flag: &str, value: &str| {
        call.windows(2)
            .any(|pair| pair[0] == flag && pair[1] == value)
    };
    assert!(has("-t", image.reference()), "{call:?}");
    assert!(
        has("-l", &format!("{LABEL_INPUTS}={}", image.inputs())),
        "{call:?}"
    );
    assert!(
        has(
            "--build-arg",
            &format!("KUBERNETES_VERSION={}", image.kubernetes())
        ),
        "{call:?}"
    );
    assert!(has("--build-arg", "PACKAGES=install"), "{call:?}");
    let context = call.last().unwrap();
    assert!(
        !std::path::Path::new(context).exists(),
        "the recipe's copy is left behind"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_build_names_its_step_and_keeps_its_last_words() {
    let script = Script::new()
        .on(&["image", "inspect"], [Act::Stderr("Error: image not found: x\n".into()), Act::Exit(1)])
        .on(
            &["build"],
            [
                Act::Stderr(
                    "[4/19] STEP 1/6: FROM 653214c659e6 AS etcd\n[4/19] STEP 6/6: RUN go-build\n\
                     etcd.go:1: undefined: x\nError: building at STEP \"RUN go-build\": exit status 1\n"
                        .into(),
                ),
                Act::Exit(1),
            ],
        );
    let stand = Stand::new(&script);
    let recipe = Build::new(&Container::at(stand.program())).bases(BaseImages::Hub);
    let error = recipe.run(&image(), |_| ()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Build { .. }), "{text}");
    assert!(
        text.contains("build etcd") && text.contains("undefined: x"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stopped_service_is_no_failed_build() {
    let script = Script::new().on(
        &[],
        [
            Act::Stderr("Error: interrupted: \"XPC connection error: Connection invalid\"\nEnsure container system service has been started with `container system start`.\n".into()),
            Act::Exit(1),
        ],
    );
    let stand = Stand::new(&script);
    let recipe = Build::new(&Container::at(stand.program())).bases(BaseImages::Hub);
    let error = recipe.run(&image(), |_| ()).await.unwrap_err();
    assert!(
        matches!(error, Error::Container(container::Error::ServiceStopped(_))),
        "{error}"
    );
}

/// Builds that `mmdebstrap` is in the middle of when they end. A script stands in for it. Which one is
/// found, and where temporary files are, is set for a process of its own.
#[cfg(target_os = "linux")]
mod interrupted {
    use std::fs::{self, File, FileTimes};
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::time::SystemTime;

    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Has a tree with a mount, as the real one has, and says so; removes it on SIGTERM.
    const MMDEBSTRAP: &str = "#!/bin/sh\n\
        tree=$(mktemp -d -t mmdebstrap.XXXXXX)\n\
        [ $(id -u) != 0 ] || mount -t tmpfs tmpfs $tree\n\
        trap 'umount $tree; rmdir $tree; touch $PLACE/cleaned; exit 1' TERM\n\
        echo begun >&2\n\
        sleep 1000 &\n\
        wait\n";

    /// Whether the build is cancelled when it has begun.
    const CANCELLED: &str = "CANCELLED";

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            for name in ["bin", "tmp"] {
                fs::create_dir(place.path().join(name)).unwrap();
            }
            let program = place.path().join("bin/mmdebstrap");
            fs::write(&program, MMDEBSTRAP).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            Self(place)
        }

        fn build(&self, cancelled: bool) -> Command {
            let path = std::env::var("PATH").unwrap();
            let bin = self.0.path().join("bin");
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", "interrupted::build", "--ignored", "--nocapture"])
                .env("PATH", format!("{}:{path}", bin.display()))
                .env("TMPDIR", self.0.path().join("tmp"))
                .env("PLACE", self.0.path())
                .env(CANCELLED, cancelled.to_string());
            command
        }

        fn left(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(self.0.path().join("tmp")).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path());
            let ours = |path: &PathBuf| {
                let path = path.to_string_lossy();
                ["/apple-k8s-base-", "/mmdebstrap."]
                    .iter()
                    .any(|name| path.contains(name))
            };
            paths.filter(ours).collect()
        }

        fn mounts(&self) -> bool {
            let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
            mounts.contains(&*self.0.path().to_string_lossy())
        }

        fn processes(&self) -> usize {
            let works_here = |process: &Path| {
                fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(self.0.path()))
            };
            let all = fs::read_dir("/proc").unwrap();
            all.filter(|entry| works_here(&entry.as_ref().unwrap().path()))
                .count()
        }
    }

    #[tokio::test]
    #[ignore = "run by the tests beside it, in a process of its own"]
    async fn build() {
        let missing = [
            Act::Stderr("Error: image not found: x\n".into()),
            Act::Exit(1),
        ];
        let script = Script::new().on(&["image", "inspect"], missing);
        let stand = Stand::new(&script);
        let cancel = CancellationToken::new();
        let recipe = Build::new(&Container::at(stand.program()))
            .bases(BaseImages::Packages)
            .cancelled_by(cancel.clone());
        let cancelled = std::env::var(CANCELLED).is_ok_and(|text| text == "true");
        let image = image();
        let run = recipe.run(&image, |progress| match progress {
            Progress::Output(line) if line == "begun" => {
                println!("\nbegun");
                if cancelled {
                    cancel.cancel();
                }
            }
            _ => (),
        });
        let error = run.await.unwrap_err();
        assert!(
            matches!(error, Error::Container(container::Error::Cancelled { .. })),
            "{error}"
        );
    }

    #[test]
    fn a_cancelled_build_cleans_up() {
        let place = Place::new();
        assert!(place.build(true).status().unwrap().success());
        assert!(place.0.path().join("cleaned").exists());
        assert_eq!(place.left(), [""; 0].map(PathBuf::from));
        assert!(!place.mounts());
        assert_eq!(place.processes(), 0);
    }

    #[test]
    fn what_a_killed_build_left_is_gone_after_the_next() {
        let place = Place::new();
        let mut killed = place.build(false).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "begun"));
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert!(!place.mounts(), "they are not in a namespace of their own");
        let left = place.left();
        assert!(!left.is_empty() && place.processes() > 0);
        // As if it were not of this minute.
        for folder in left {
            let long_ago = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
            File::open(folder).unwrap().set_times(long_ago).unwrap();
        }

        assert!(place.build(true).status().unwrap().success());
        assert_eq!(place.left(), [""; 0].map(PathBuf::from));
        assert_eq!(place.processes(), 0);
    }
}
