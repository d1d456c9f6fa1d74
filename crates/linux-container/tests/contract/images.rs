//! Images.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{Program, name};

#[test]
fn references_are_normalised_and_shown_short() {
    let program = Program::shared();
    let image = program.image();
    let tag = format!("{}:v1", name());
    let full = format!("docker.io/library/{tag}");
    assert_eq!(
        program.call(["image", "tag", &image, &tag]).ok(),
        format!("{full}\n")
    );
    assert!(
        program
            .line("image list -q")
            .ok()
            .lines()
            .any(|line| line == tag)
    );
    let table = program.line("image list").ok();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["NAME", "TAG", "DIGEST"]);
    let inspect = program.call(["image", "inspect", &tag]).json();
    let one = &inspect[0];
    assert_eq!(one["configuration"]["name"], full);
    let digest = one["configuration"]["descriptor"]["digest"]
        .as_str()
        .unwrap();
    assert_eq!(
        one["id"].as_str().unwrap(),
        digest.trim_start_matches("sha256:")
    );
    let variant = one["variants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["platform"]["architecture"] != "unknown")
        .unwrap();
    assert_eq!(variant["config"]["os"], "linux");
    assert!(variant["size"].as_u64().unwrap() > 0);
    assert_eq!(
        program.call(["image", "delete", &tag]).ok(),
        format!("{full}\n")
    );
    program
        .call(["image", "inspect", &tag])
        .fails(&format!("image not found: {tag}"));
}

#[test]
fn an_archive_is_an_oci_layout_and_comes_back() {
    let program = Program::shared();
    let image = program.image();
    let (a, b) = (format!("{}:1", name()), format!("{}:2", name()));
    for tag in [&a, &b] {
        program.call(["image", "tag", &image, tag]).ok();
    }
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("images.tar");
    let path = tar.to_str().unwrap();
    let printed = program.call(["image", "save", "-o", path, &a, &b]).ok();
    assert_eq!(
        printed,
        format!("docker.io/library/{a}\ndocker.io/library/{b}\n")
    );
    let index = std::process::Command::new("sh")
        .args([
            "-c",
            "tar -xOf \"$0\" ./index.json 2>/dev/null || tar -xOf \"$0\" index.json",
            path,
        ])
        .output()
        .unwrap();
    let index: Value = serde_json::from_slice(&index.stdout).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    assert!(
        index["manifests"][0]["digest"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    program.call(["image", "delete", &a, &b]).ok();
    let loaded = program.call(["image", "load", "-i", path]).ok();
    assert!(loaded.contains(&a) && loaded.contains(&b), "{loaded}");
    let id = name();
    program
        .call(["run", "--rm", "--name", &id, &a, "true"])
        .ok();

    // Through pipes.
    let mut save = program
        .command(["image", "save", &a])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = save.stdout.take().unwrap();
    let load = program
        .command(["image", "load"])
        .stdin(out)
        .output()
        .unwrap();
    assert!(save.wait().unwrap().success());
    assert!(
        String::from_utf8_lossy(&load.stdout).contains(&a),
        "{load:?}"
    );
    program.call(["image", "delete", &a, &b]).ok();
}

#[test]
fn errors_name_what_is_missing() {
    let program = Program::shared();
    let nope = name();
    program
        .call(["image", "tag", &nope, "x"])
        .fails("image with reference");
    program
        .call(["image", "save", "-o", "/dev/null", &nope])
        .fails("Error: failed to save image(s)");
    program
        .line("image load -i /surely-not")
        .fails("file does not exist: [\"path\": /surely-not]");
    program.call(["image", "delete", &nope]).fails(&format!(
        "failed to delete one or more images: [\"{nope}\"]"
    ));
    program.call(["image", "delete", "-f", &nope]).ok();
    let garbage = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(garbage.path(), b"this is no archive at all").unwrap();
    let answer = program.call(["image", "load", "-i", garbage.path().to_str().unwrap()]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let image = program.image();
    let other = if std::env::consts::ARCH == "x86_64" {
        "arm64"
    } else {
        "amd64"
    };
    if !Program::foreign() {
        program
            .call([
                "image",
                "save",
                "--platform",
                &format!("linux/{other}"),
                "-o",
                "/dev/null",
                &image,
            ])
            .fails(&format!(
                "has no content for platform linux/{other}; available platforms: linux/"
            ));
        program
            .call(["run", "--platform", &format!("linux/{other}"), &image])
            .fails(&format!("has no content for platform linux/{other}"));
    }
}

#[test]
fn an_image_in_use_can_be_deleted() {
    let program = Program::shared();
    let image = program.image();
    let tag = format!("{}:used", name());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("Dockerfile"),
        format!("FROM {image}\nENV USED=1\n"),
    )
    .unwrap();
    program
        .call(["build", "-q", "-t", &tag, folder.path().to_str().unwrap()])
        .ok();
    let id = name();
    program
        .call(["run", "-d", "--name", &id, &tag, "sleep", "1000"])
        .ok();
    program.call(["image", "delete", &tag]).ok();
    assert!(!program.line("image list -q").ok().contains(&tag));
    program.call(["stop", "-t", "0", &id]).ok();
    program.call(["start", &id]).ok();
    assert_eq!(
        program.call(["exec", &id, "sh", "-c", "echo $USED"]).ok(),
        "1\n"
    );
    program.call(["delete", "-f", &id]).ok();
}

#[test]
fn an_unreachable_registry_is_an_error() {
    let program = Program::shared();
    // Nothing listens on the first port of the loopback address.
    let answer = program.line("image pull --scheme http 127.0.0.1:1/none:1");
    assert_eq!(
        (answer.status, answer.stdout.as_str()),
        (1, ""),
        "{answer:?}"
    );
    assert!(answer.stderr.contains("Error: "), "{answer:?}");
    program
        .line("image pull --scheme ftp x")
        .misused("The value 'ftp' is invalid for");
    let answer = program.line("run 127.0.0.1:1/none:1 true");
    assert_eq!(
        (answer.status, answer.stdout.as_str()),
        (1, ""),
        "{answer:?}"
    );
}
