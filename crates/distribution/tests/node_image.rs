//! What the bill and the licences say of a node image that was built.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cyclonedx_bom::models::bom::Bom;
use serde_json::{Value, json};
use tar::{Builder, Header};

/// A version as only Debian writes them: with an epoch, a plus and a tilde.
const VERSION: &str = "1:2.3-4+b5~deb12u1";

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, &content[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

/// An image of one layer with these packages, as `container image save` writes it.
fn image(folder: &Path, packages: &[String]) -> PathBuf {
    let status = packages.iter().map(|name| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: arm64\n\
             Version: {VERSION}\n\n"
        )
    });
    let status: String = status.collect();
    let mut blobs = Vec::new();
    let mut keep = |bytes: Vec<u8>| {
        // Nobody asks whether it is the right one.
        let digest = format!("{:064}", blobs.len());
        blobs.push((format!("blobs/sha256/{digest}"), bytes));
        json!({ "digest": format!("sha256:{digest}") })
    };
    let layer = keep(tar_of(&[(
        "var/lib/dpkg/status".into(),
        status.into_bytes(),
    )]));
    let config = keep(json!({ "architecture": "arm64" }).to_string().into_bytes());
    let manifest = json!({ "config": config, "layers": [layer] });
    let manifest = keep(manifest.to_string().into_bytes());
    let index = json!({ "manifests": [manifest] });
    blobs.push(("index.json".into(), index.to_string().into_bytes()));
    let path = folder.join("image.tar");
    fs::write(&path, tar_of(&blobs)).unwrap();
    path
}

/// What the recipe names, and one that comes along.
fn packages() -> Vec<String> {
    let list = distribution::clone_folder().join("node-image/packages");
    let list = fs::read_to_string(list).unwrap();
    let lines = list.lines().map(|line| line.split('#').next().unwrap());
    let mut names: Vec<String> = lines
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 10);
    names.push("libstdc++6".into());
    names
}

fn run(task: &str, product: &str, image: &Path, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_distribution"));
    command
        .args([task, "--product", product, "--image"])
        .arg(image);
    command.arg("--out").arg(out);
    command
        .env("SOURCE_DATE_EPOCH", "1750000000")
        .output()
        .unwrap()
}

#[test]
fn every_package_of_the_image_is_in_its_bill_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path(), &packages());
    let out = folder.path().join("bill.json");
    let made = run("sbom", "node-image", &image, &out);
    assert!(made.status.success(), "{made:?}");
    let text = fs::read(&out).unwrap();
    // Also for CycloneDX's own library.
    let bom = Bom::parse_from_json_v1_5(&text[..]).unwrap();
    let bill: Value = serde_json::from_slice(&text).unwrap();
    let listed = bill["components"].as_array().unwrap();
    assert_eq!(bom.components.unwrap().0.len(), listed.len());
    let escaped = VERSION.replace(':', "%3A").replace('+', "%2B");
    for name in packages() {
        let url = format!(
            "pkg:deb/debian/{}@{escaped}?arch=arm64",
            name.replace('+', "%2B")
        );
        let one = listed.iter().find(|one| one["purl"] == *url);
        let one = one.unwrap_or_else(|| panic!("{url} is missing"));
        assert_eq!(one["version"], VERSION);
        assert_eq!(one["properties"][0]["value"], "dpkg's list in the image");
    }
    let modules = listed.iter().filter(|one| {
        let url = one["purl"].as_str().unwrap();
        url.starts_with("pkg:golang/")
    });
    assert!(modules.count() > 100);
}

/// A bill that is wanted with the licences of modules says so where there are none.
#[test]
fn modules_are_the_node_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bill.json");
    let refused = Command::new(env!("CARGO_BIN_EXE_distribution"))
        .args(["sbom", "--product", "mac", "--modules", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(
        errors.contains("--modules is for --product node-image"),
        "{errors}"
    );
    assert!(!out.exists());
}

#[test]
fn an_image_of_another_recipe_or_for_another_product_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut packages = packages();
    let missing = packages.remove(0);
    let image = image(folder.path(), &packages);
    let out = folder.path().join("bill.json");
    for (product, words) in [
        ("node-image", format!("has no package {missing}")),
        ("mac", "--image is for --product node-image".into()),
    ] {
        let refused = run("sbom", product, &image, &out);
        assert_eq!(refused.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&refused.stderr);
        assert!(errors.contains(&words), "{errors}");
        assert!(!out.exists());
    }
}
