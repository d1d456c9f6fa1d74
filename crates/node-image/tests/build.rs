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
