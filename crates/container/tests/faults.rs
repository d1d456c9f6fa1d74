//! Faults of the program, each an error of its own that says what to do.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use container::{Container, Error, ExecSpec, RunSpec, Version};
use container_script::{Act, Script, Stand};
use proptest::prelude::*;

const GENERATIONS: [&str; 7] = [
    "1.0.0", "1.1.0", "1.2.1", "1.2.2", "1.3.1", "1.4.1", "1.5.0",
];

fn client(stand: &Stand) -> Container {
    Container::at(stand.program())
}

fn spec() -> RunSpec {
    RunSpec {
        unmasked: true,
        ..RunSpec::new("demo-control-plane", "apple-k8s-node:v1")
    }
}

fn version(text: &str) -> Version {
    Version::find(text).unwrap()
}

#[tokio::test]
async fn every_good_release_is_ready() {
    for release in GENERATIONS {
        let stand = Stand::new(&Script::healthy(release));
        let (capabilities, status) = client(&stand).ready().await.unwrap();
        assert_eq!(capabilities.version, version(release));
        assert_eq!(status.server, Some(version(release)));
        let app_root = status.app_root.unwrap();
        assert_eq!(app_root.to_str(), Some("/var/empty/com.apple.container/"));
        let newer = capabilities.version >= Version::new(1, 2, 1);
        assert_eq!(
            (capabilities.masked_path, capabilities.read_only_path),
            (newer, newer)
        );
    }
}

#[tokio::test]
async fn flags_for_paths_go_only_to_releases_that_have_them() {
    for release in GENERATIONS {
        let script = Script::healthy(release).on(&["run"], [Act::Option("--name".into())]);
        let stand = Stand::new(&script);
        let id = client(&stand).run(&spec()).await.unwrap();
        assert_eq!(id, "demo-control-plane");
        let calls = stand.calls();
        let arguments = &calls.last().unwrap().arguments;
        let has = |pair: [&str; 2]| arguments.windows(2).any(|words| words == pair);
        let newer = version(release) >= Version::new(1, 2, 1);
        assert_eq!(has(["--masked-path", "NONE"]), newer, "{release}");
        assert_eq!(has(["--read-only-path", "NONE"]), newer, "{release}");
    }
}

#[tokio::test]
async fn what_the_program_can_do_is_asked_once() {
    let script = Script::healthy("1.5.0").on(&["run"], [Act::Option("--name".into())]);
    let stand = Stand::new(&script);
    let client = client(&stand);
    client.run(&spec()).await.unwrap();
    client.clone().run(&spec()).await.unwrap();
    let asked = stand
        .calls()
        .iter()
        .filter(|call| call.arguments == ["--version"])
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn old_releases_and_1_2_0_are_refused() {
    for release in ["0.9.0", "0.12.3"] {
        let stand = Stand::new(&Script::healthy(release));
        let error = client(&stand).ready().await.unwrap_err();
        assert_eq!(
            error,
            Error::TooOld {
                version: version(release)
            }
        );
        assert!(error.hint().contains("newest release"));
    }
    let stand = Stand::new(&Script::healthy("1.2.0"));
    let error = client(&stand).run(&spec()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("read-only"));
    assert!(
        stand
            .calls()
            .iter()
            .all(|call| !call.arguments.contains(&"--name".to_owned()))
    );
}

#[tokio::test]
async fn a_release_without_json_status_is_too_old_not_garbage() {
    let script = Script::release("0.9.0").on(
        &["system", "status"],
        [
            Act::Stderr("Error: Unknown option '--format'\n".into()),
            Act::Exit(64),
        ],
    );
    let stand = Stand::new(&script);
    let error = client(&stand).status().await.unwrap_err();
    assert_eq!(
        error,
        Error::TooOld {
            version: version("0.9.0")
        }
    );
}

#[tokio::test]
async fn services_that_are_down_are_seen_in_both_generations() {
    for release in ["1.3.1", "1.5.0"] {
        let stand = Stand::new(&Script::services_down(release));
        let client = client(&stand);
        let status = client.status().await.unwrap();
        assert!(!status.is_running());
        assert_eq!((status.app_root, status.server), (None, None));
        let error = client.ready().await.unwrap_err();
        assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
        assert!(error.hint().contains("system start"));
        let error = client.list(true).await.unwrap_err();
        assert!(matches!(error, Error::ServiceStopped(_)), "{error:?}");
        assert!(error.original().unwrap().contains("XPC connection error"));
        let exec = client.exec("node", &ExecSpec::new("true", [""; 0])).await;
        assert!(matches!(exec, Err(Error::ServiceStopped(_))), "{exec:?}");
        // The version needs no services.
        assert_eq!(client.version().await.unwrap(), version(release));
    }
}

#[tokio::test]
async fn a_server_left_from_before_an_upgrade_shows() {
    let status = r#"{"client":{"version":"1.5.0"},"server":{"version":"container-apiserver version 1.0.0 (build: release, commit: x)"},"status":"running"}"#;
    let script = Script::new().on(&["system", "status"], [Act::Stdout(status.into())]);
    let stand = Stand::new(&script);
    let status = client(&stand).status().await.unwrap();
    assert_eq!(status.client, Some(version("1.5.0")));
    assert_eq!(status.server, Some(version("1.0.0")));
}

#[tokio::test]
async fn a_program_that_hangs_is_given_up() {
    let stand = Stand::new(&Script::hanging());
    let client = client(&stand).with_limit(Duration::from_millis(200));
    for error in [
        client.version().await.err(),
        client.ready().await.err(),
        client.list(true).await.err(),
        client.run(&RunSpec::new("node", "image")).await.err(),
    ] {
        assert!(matches!(error, Some(Error::Timeout { .. })), "{error:?}");
    }
    stand.wait_until_gone();
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_shown() {
    let stand = Stand::new(&Script::garbage());
    let client = client(&stand);
    for error in [
        client.version().await.err(),
        client.status().await.err(),
        client.list(true).await.err(),
        client.image_list().await.err(),
        client.system_df().await.err(),
    ] {
        assert!(
            matches!(&error, Some(Error::Garbage { answer, .. }) if answer.starts_with('\u{fffd}')),
            "{error:?}"
        );
    }
}

type Expected = fn(&Error) -> bool;

#[tokio::test]
async fn faults_of_a_run() {
    let base = || Script::healthy("1.5.0");
    let failing = |text| base().failing(&["run", "--name"], text);
    let cases: [(Script, Expected); 7] = [
        (base().disk_full(), |e| matches!(e, Error::NoSpace { .. })),
        (base().port_taken(), |e| {
            matches!(e, Error::PortInUse { .. })
        }),
        (
            base().image_missing("apple-k8s-node:v1"),
            |e| matches!(e, Error::ImageNotFound { reference, .. } if reference == "apple-k8s-node:v1"),
        ),
        (
            failing("container with id demo-control-plane already exists"),
            |e| matches!(e, Error::AlreadyExists { name, .. } if name == "demo-control-plane"),
        ),
        (
            failing("path '/nope' does not exist"),
            |e| matches!(e, Error::MountSourceMissing { path, .. } if path == "/nope"),
        ),
        (
            failing(
                "default kernel not configured for architecture arm64, please use the `container system kernel set` command to configure it",
            ),
            |e| matches!(e, Error::NoKernel(_)),
        ),
        (failing("something new"), |e| matches!(e, Error::Failed(_))),
    ];
    for (script, expected) in cases {
        let stand = Stand::new(&script);
        let error = client(&stand).run(&spec()).await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_eq!(error.failure().unwrap().status, Some(1));
        assert!(!error.hint().is_empty());
    }
}

#[tokio::test]
async fn secrets_are_in_no_error() {
    let script = Script::new().failing(&[], "no");
    let stand = Stand::new(&script);
    let client = client(&stand);
    let run = client
        .run(&RunSpec::new("node", "image").env("TOKEN", "hunter2"))
        .await
        .unwrap_err();
    let exec_spec = ExecSpec {
        env: vec![("TOKEN".to_owned(), "hunter2".to_owned())],
        ..ExecSpec::new("login", ["now"])
    };
    let exec = client
        .exec("node", &exec_spec)
        .await
        .unwrap()
        .ok()
        .unwrap_err();
    for error in [run, exec] {
        let shown = format!("{error:?} {error}");
        assert!(shown.contains("TOKEN=…"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    // Still, the program gets it.
    let calls = stand.calls();
    assert!(
        calls
            .iter()
            .all(|call| call.arguments.contains(&"TOKEN=hunter2".to_owned()))
    );
}

#[tokio::test]
async fn arguments_that_look_like_flags_are_never_passed_on() {
    let stand = Stand::new(&Script::new().on(&[], []));
    let client = client(&stand);
    let none = [""; 0];
    for error in [
        client.run(&RunSpec::new("--rm", "image")).await.err(),
        client.run(&RunSpec::new("node", "--help")).await.err(),
        client.stop(&["--all"], Duration::ZERO).await.err(),
        client.delete(&["-a"], true).await.err(),
        client.inspect(&["a b"]).await.err(),
        client.exec("-d", &ExecSpec::new("true", none)).await.err(),
        client
            .exec("node", &ExecSpec::new("--env", none))
            .await
            .err(),
        client.image_delete(&["--all"], true).await.err(),
        client.volume_delete(&["--all"]).await.err(),
        client
            .run(&RunSpec::new("node", "image").mount("relative", "/x", false))
            .await
            .err(),
        client
            .run(&RunSpec::new("node", "image").mount("/a", "/x:ro", false))
            .await
            .err(),
    ] {
        assert!(matches!(error, Some(Error::Invalid { .. })), "{error:?}");
    }
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn the_folder_for_kernels_is_there_before_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let kernels = folder.path().join("kernels");
    let status = format!(
        r#"{{"paths":{{"appRoot":"{}/"}},"status":"running"}}"#,
        folder.path().display()
    );
    let script = Script::release("1.5.0")
        .on(&["system", "status"], [Act::Stdout(status)])
        .on(&["system", "kernel", "set", "--recommended", "--force"], []);
    let stand = Stand::new(&script);
    let client = client(&stand);
    assert_eq!(
        client.status().await.unwrap().installed_kernel("arm64"),
        None
    );
    client.kernel_set_recommended().await.unwrap();
    assert!(kernels.is_dir());
    // What is installed is what the link leads to.
    std::fs::write(kernels.join("vmlinux-6.18"), "").unwrap();
    std::os::unix::fs::symlink("vmlinux-6.18", kernels.join("default.kernel-arm64")).unwrap();
    let installed = client
        .status()
        .await
        .unwrap()
        .installed_kernel("arm64")
        .unwrap();
    assert!(installed.ends_with("vmlinux-6.18"), "{installed:?}");
}

#[tokio::test]
async fn nothing_is_done_for_no_ids() {
    let stand = Stand::new(&Script::new());
    let client = client(&stand);
    let none: [&str; 0] = [];
    client.stop(&none, Duration::ZERO).await.unwrap();
    client.kill(&none).await.unwrap();
    client.delete(&none, true).await.unwrap();
    client.image_delete(&none, true).await.unwrap();
    assert_eq!(client.inspect(&none).await.unwrap(), []);
    assert_eq!(stand.calls(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever a program writes and however it ends: an answer or an error, never a panic.
    #[test]
    fn no_output_breaks_the_client(
        out in prop::collection::vec(any::<u8>(), 0..400),
        err in prop::collection::vec(any::<u8>(), 0..400),
        code in any::<u8>(),
    ) {
        let acts = [Act::StdoutBytes(out.clone()), Act::StderrBytes(err), Act::Exit(code)];
        let stand = Stand::new(&Script::new().on(&[], acts));
        let client = client(&stand);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let cat = ExecSpec::new("cat", [""; 0]);
        runtime.block_on(async {
            let (list, status, exec) = tokio::join!(
                client.list(true),
                client.ready(),
                client.exec("node", &cat),
            );
            for error in [list.err(), status.err()].into_iter().flatten() {
                let _ = (error.to_string(), error.hint(), error.code(), error.original());
            }
            if let Ok(output) = exec {
                assert_eq!(output.stdout, out);
                assert_eq!(output.code, Some(i32::from(code)));
            }
        });
    }
}
