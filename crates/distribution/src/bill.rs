//! Bills of materials in the form of `CycloneDX` 1.5: what is in what we ship, by package URL, with
//! digests, licences and who needs whom.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spdx::{Expression, ParseMode};

use crate::components::{Component, Components, Registry};
use crate::product::{Arguments, Product};
use crate::source::{self, hex};
use crate::{REPOSITORY, VERSION, modules};

/// Writes the bill of a product.
///
/// # Errors
/// As [`text`].
pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    let mut components = Components::of(arguments.product, arguments.image.as_deref())?;
    if arguments.modules {
        modules::locate(&mut components.all)?;
    }
    let text = text_of(arguments.product, &components, source::time()?)?;
    source::write(&arguments.out, text)
}

/// The bill of a product, and of the node image as it was built where there is one; the same to the
/// byte for the same commit, compiler and image.
///
/// # Errors
/// When cargo fails or a file can't be read.
pub fn text(product: Product, image: Option<&Path>) -> Result<String> {
    text_of(product, &Components::of(product, image)?, source::time()?)
}

fn text_of(product: Product, components: &Components, time: Timestamp) -> Result<String> {
    let mut bill = bill(product, components, time);
    // A number of its own for each content.
    let digest = Sha256::digest(serde_json::to_vec(&bill)?);
    bill["serialNumber"] = json!(serial(&digest));
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

fn bill(product: Product, components: &Components, time: Timestamp) -> Value {
    let (name, kind) = match product {
        Product::Mac | Product::Linux => ("apple-k8s", "application"),
        Product::NodeImage => ("apple-k8s-node", "container"),
    };
    let root = format!("pkg:generic/{name}@{VERSION}");
    let mut edges = vec![json!({ "ref": root, "dependsOn": components.direct })];
    edges.extend(
        components
            .all
            .iter()
            .map(|one| json!({ "ref": one.url(), "dependsOn": one.needs })),
    );
    let listed: Vec<Value> = components.all.iter().map(component).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.to_string(),
            "component": {
                "type": kind,
                "bom-ref": root,
                "name": name,
                "version": VERSION,
                "purl": root,
                "licenses": [{ "license": { "id": "Apache-2.0" } }],
                "externalReferences": [{ "type": "vcs", "url": REPOSITORY }],
            },
        },
        "components": listed,
        "dependencies": edges,
    })
}

fn component(one: &Component) -> Value {
    let mut value = json!({
        "type": "library",
        "bom-ref": one.url(),
        "name": one.name,
        "purl": one.url(),
    });
    if let Some(version) = &one.version {
        value["version"] = json!(version);
    }
    if let Some(expression) = one.licence.as_deref().and_then(expression) {
        value["licenses"] = json!([{ "expression": expression }]);
    }
    match &one.digest {
        Some((kind @ ("SHA-256" | "SHA-512"), digest)) => {
            value["hashes"] = json!([{ "alg": kind, "content": digest }]);
        }
        Some((kind, digest)) => {
            let name = format!("go:{kind}");
            value["properties"] = json!([{ "name": name, "value": digest }]);
        }
        None => {}
    }
    if let Some(origin) = origin(one) {
        value["properties"] = json!([{ "name": "apple-k8s:version-from", "value": origin }]);
    }
    if let Some(home) = &one.home {
        value["externalReferences"] = json!([{ "type": "vcs", "url": home }]);
    }
    value
}

/// Where a version is from that no lock file has.
fn origin(one: &Component) -> Option<&'static str> {
    match (one.registry, &one.version) {
        (Registry::Debian, Some(_)) => Some("dpkg's list in the image"),
        (Registry::Debian, None) => Some("none: Debian's mirror decides when the image is built"),
        (Registry::Rust, _) => Some("the compiler"),
        _ => None,
    }
}

/// An expression in the words of today; some crates still write `MIT/Apache-2.0`.
fn expression(text: &str) -> Option<String> {
    let text = Expression::canonicalize(text)
        .ok()
        .flatten()
        .unwrap_or_else(|| text.to_owned());
    Expression::parse_mode(&text, ParseMode::STRICT).ok()?;
    Some(text)
}

/// A UUID of version 8: its bits are what whoever makes it says.
fn serial(digest: &[u8]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cyclonedx_bom::models::bom::Bom;
    use cyclonedx_bom::prelude::{SpecVersion, Validate};

    use super::*;

    const ALL: [Product; 3] = [Product::Mac, Product::Linux, Product::NodeImage];

    /// Read and checked by `CycloneDX`'s own library.
    #[test]
    fn bills_are_in_the_form_of_the_standard() {
        for product in ALL {
            let text = text(product, None).expect("a bill");
            let bom = Bom::parse_from_json_v1_5(text.as_bytes()).expect("a bill");
            let checked = bom.validate_version(SpecVersion::V1_5);
            assert!(checked.passed(), "{product:?}: {checked:?}");
            let listed = bom.components.map_or(0, |all| all.0.len());
            assert!(listed > 100, "{product:?}: {listed}");
        }
    }

    #[test]
    fn whoever_is_needed_is_listed() {
        for product in ALL {
            let of_product = || {
                let components = Components::of(product, None).expect("components");
                text_of(product, &components, Timestamp::UNIX_EPOCH).expect("a bill")
            };
            let (text, again) = (of_product(), of_product());
            assert_eq!(text, again, "the same again");
            let bill: Value = serde_json::from_str(&text).expect("JSON");
            let strings = |value: &Value| -> BTreeSet<String> {
                let all = value.as_array().into_iter().flatten();
                all.map(|one| one.as_str().unwrap_or_default().to_owned())
                    .collect()
            };
            let listed: BTreeSet<String> = bill["components"]
                .as_array()
                .expect("components")
                .iter()
                .map(|one| one["bom-ref"].as_str().unwrap_or_default().to_owned())
                .collect();
            let mut reached: BTreeSet<String> = BTreeSet::new();
            let edges = bill["dependencies"].as_array().expect("dependencies");
            let root = &bill["metadata"]["component"]["bom-ref"];
            let mut waiting = vec![root.as_str().expect("a root").to_owned()];
            while let Some(from) = waiting.pop() {
                let edge = edges.iter().find(|edge| edge["ref"] == *from);
                for to in strings(&edge.expect("an edge")["dependsOn"]) {
                    assert!(listed.contains(&to), "{to}");
                    if reached.insert(to.clone()) {
                        waiting.push(to);
                    }
                }
            }
            let lost: Vec<_> = listed.difference(&reached).collect();
            assert!(lost.is_empty(), "{product:?}: nobody needs {lost:?}");
        }
    }

    #[test]
    fn licences_are_expressions_of_the_standard() {
        assert_eq!(
            expression("MIT/Apache-2.0").as_deref(),
            Some("MIT OR Apache-2.0")
        );
        assert_eq!(
            expression("Unlicense OR MIT").as_deref(),
            Some("Unlicense OR MIT")
        );
        assert_eq!(expression("see file"), None);
    }
}
