//! Images loaded into nodes.

use std::path::PathBuf;

use serde_json::Value;
use system_tests::{Archive, Cluster, Compression, Form, Output};

const ALL: [(&str, Form, Compression); 6] = [
    ("docker-plain", Form::Docker, Compression::Plain),
    ("docker-gzip", Form::Docker, Compression::Gzip),
    ("docker-zstd", Form::Docker, Compression::Zstd),
    ("oci-plain", Form::Oci, Compression::Plain),
    ("oci-gzip", Form::Oci, Compression::Gzip),
    ("oci-zstd", Form::Oci, Compression::Zstd),
];

const FOREIGN: &str = if cfg!(target_arch = "x86_64") {
    "arm64"
} else {
    "amd64"
};
const OWN: &str = if cfg!(target_arch = "x86_64") {
    "amd64"
} else {
    "arm64"
};

fn reference(kind: &str) -> String {
    format!("docker.io/library/loaded:{kind}")
}

fn write_all(cluster: &Cluster<'_>) -> Vec<PathBuf> {
    ALL.iter()
        .map(|&(kind, form, compression)| {
            let reference = reference(kind);
            let archive = Archive {
                reference: &reference,
                architecture: OWN,
                form,
                compression,
            };
            archive.write(cluster.user(), &format!("{kind}.archive"))
        })
        .collect()
}

fn load(cluster: &Cluster<'_>, archives: &[PathBuf]) -> Output {
    let call = cluster.call(["load", "image-archive", "--output", "json"]);
    call.args(archives).args(["--name", cluster.name()]).run()
}

fn results(output: &Output) -> Vec<Value> {
    let last = output.json_lines().pop().expect("a line");
    last["images"]
        .as_array()
        .unwrap_or_else(|| panic!("no images\n{}", output.report()))
        .clone()
}

/// Shows: images loaded from docker archives and OCI layouts, plain, gzip and zstd, run with
/// `imagePullPolicy: Never`.
pub(crate) fn archives(cluster: &Cluster<'_>) {
    let output = load(cluster, &write_all(cluster)).ok();
    for (result, (kind, ..)) in results(&output).iter().zip(ALL) {
        assert_eq!(result["references"][0], reference(kind).as_str());
        assert_eq!(
            result["loaded"].as_array().map(Vec::len),
            Some(3),
            "{result}"
        );
    }
    let containers: Vec<String> = ALL
        .iter()
        .map(|(kind, ..)| {
            format!("{{name: {kind}, image: 'loaded:{kind}', imagePullPolicy: Never}}")
        })
        .collect();
    cluster.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: loaded}}, spec: {{containers: [{}],\n\
         terminationGracePeriodSeconds: 0}}}}",
        containers.join(", ")
    ));
    cluster.wait("condition=Ready", "pod/loaded");
    cluster.sh("loaded -c oci-zstd", "echo it runs");
}

/// Shows: a second load skips every node; `load image NAME` from the store of `container` too.
pub(crate) fn twice(cluster: &Cluster<'_>) {
    let again = load(cluster, &write_all(cluster)).ok();
    for result in results(&again) {
        assert_eq!(result["loaded"], serde_json::json!([]), "{result}");
        assert_eq!(
            result["present"].as_array().map(Vec::len),
            Some(3),
            "{result}"
        );
    }
    let store = cluster.call(["load", "image", "system-test:1", "--output", "json"]);
    let store = store.args(["--name", cluster.name()]).ok();
    assert_eq!(
        results(&store)[0]["loaded"],
        serde_json::json!([]),
        "{}",
        store.report()
    );
    let images = cluster
        .call(["get", "images", "--quiet", cluster.name()])
        .ok()
        .text();
    assert!(
        images.contains("docker.io/library/loaded:oci-zstd"),
        "{images}"
    );
    assert!(
        images.contains("docker.io/library/system-test:1"),
        "{images}"
    );
}

/// Shows (bad input): image missing, for another architecture, broken archive; nothing changes.
pub(crate) fn refused(cluster: &Cluster<'_>) {
    let user = cluster.user();
    let images = || {
        cluster
            .call(["get", "images", "--output", "json", cluster.name()])
            .ok()
            .text()
    };
    let before = (images(), user.files(), user.kubeconfig_text());

    let good = Archive {
        reference: "docker.io/library/never:1",
        architecture: OWN,
        form: Form::Oci,
        compression: Compression::Gzip,
    };
    let good_file = good.write(user, "good.archive");
    let foreign = Archive {
        architecture: FOREIGN,
        ..good
    }
    .write(user, "foreign.archive");
    let whole = std::fs::read(&good_file).expect("written");
    let cut = user.file("cut.archive", &whole[..whole.len() / 2]);
    let text = user.file("text.archive", "this is no archive");
    let missing = user.folder().join("missing.archive");

    let cases: [(&PathBuf, i32, &str); 3] = [
        (&foreign, 31, FOREIGN),
        (&cut, 32, "cut.archive"),
        (&text, 32, "text.archive"),
    ];
    for (file, status, word) in cases {
        // The good one comes first: none is loaded when one is bad.
        let refused = load(cluster, &[good_file.clone(), file.clone()]).fails(status);
        let error = refused.json_lines().pop().expect("a line");
        assert_eq!(error["type"], "error");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(word)),
            "{error}"
        );
    }
    let refused = load(cluster, &[missing]);
    assert_eq!(refused.code(), Some(30), "{}", refused.report());
    assert!(
        !refused.success() && refused.text().contains("missing.archive"),
        "{}",
        refused.report()
    );
    cluster
        .call([
            "load",
            "image",
            "nobody-built-this:1",
            "--name",
            cluster.name(),
        ])
        .run()
        .fails(30);
    refused_from_the_store(cluster, &good);
    assert_eq!(before, (images(), user.files(), user.kubeconfig_text()));
}

/// The same for an image that is in the store of `container`, for another architecture.
fn refused_from_the_store(cluster: &Cluster<'_>, good: &Archive<'_>) {
    let user = cluster.user();
    let name = "docker.io/library/foreign:1";
    let foreign = Archive {
        reference: name,
        architecture: FOREIGN,
        compression: Compression::Plain,
        ..*good
    }
    .write(user, "stored.archive");
    let foreign = foreign.to_str().expect("a path");
    user.container(["image", "load", "--input", foreign]).ok();
    let load = cluster.call(["load", "image", "system-test:1", name]);
    let refused = load.args(["--name", cluster.name()]).run().fails(31);
    user.container(["image", "delete", name]).ok();
    for word in [name, FOREIGN, OWN] {
        assert!(refused.stderr.contains(word), "{}", refused.report());
    }
}
