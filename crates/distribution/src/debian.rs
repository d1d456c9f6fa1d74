//! Debian packages of the node image: the recipe names some, and which versions these have and what
//! else they bring is decided when the image is built, so it is read from the image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use node_image::Contents;

use crate::components::{Component, Registry};

/// What the image itself says is installed.
const STATUS: &str = "var/lib/dpkg/status";

/// The packages that the recipe names, without versions.
pub(crate) fn of_recipe(list: &str) -> Vec<Component> {
    let lines = list
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let names = lines.flat_map(str::split_whitespace);
    names.map(|name| component(name, None, None)).collect()
}

/// The packages that are installed in an image which `container image save` wrote; all that the
/// recipe names must be among them.
///
/// # Errors
/// When it can't be read, and when it was not made from this recipe.
pub(crate) fn of_image(archive: &Path, list: &str) -> Result<Vec<Component>> {
    let status = Contents::read(archive)
        .and_then(|contents| contents.document(STATUS))
        .with_context(|| format!("reading the packages of {}", archive.display()))?;
    let installed = installed(&status);
    for named in of_recipe(list) {
        ensure!(
            installed.iter().any(|one| one.name == named.name),
            "{} has no package {}: it was made from another recipe",
            archive.display(),
            named.name
        );
    }
    Ok(installed)
}

/// Packages in dpkg's list.
fn installed(status: &str) -> Vec<Component> {
    let packages = status.split("\n\n").map(|paragraph| {
        let fields = paragraph.lines().filter_map(|line| line.split_once(": "));
        fields.collect::<BTreeMap<_, _>>()
    });
    let installed = packages.filter(|fields| {
        let status = fields.get("Status").copied().unwrap_or_default();
        status.ends_with(" installed")
    });
    installed
        .filter_map(|fields| {
            let field = |name| fields.get(name).copied();
            Some(component(
                field("Package")?,
                field("Version"),
                field("Architecture"),
            ))
        })
        .collect()
}

fn component(name: &str, version: Option<&str>, architecture: Option<&str>) -> Component {
    Component {
        registry: Registry::Debian,
        name: name.to_owned(),
        version: version.map(str::to_owned),
        architecture: architecture.map(str::to_owned),
        licence: None,
        home: version.map(|_| format!("https://packages.debian.org/{name}")),
        digest: None,
        folder: None,
        needs: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: systemd\nStatus: install ok installed\nArchitecture: arm64\n\
        Version: 252.39-1~deb12u1\nDescription: system and service manager\n systemd: is\n\n\
        Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
        Package: libip4tc2\nStatus: install ok installed\nArchitecture: arm64\n\
        Version: 1:1.8.9-2+b1\n";

    #[test]
    fn what_is_installed_has_its_version() {
        let found = installed(STATUS);
        let urls: Vec<String> = found.iter().map(Component::url).collect();
        assert_eq!(
            urls,
            [
                "pkg:deb/debian/systemd@252.39-1~deb12u1?arch=arm64",
                "pkg:deb/debian/libip4tc2@1%3A1.8.9-2%2Bb1?arch=arm64",
            ]
        );
    }

    #[test]
    fn the_recipe_names_packages_without_versions() {
        let found = of_recipe("# why\nsystemd # init\n\njq\n");
        let urls: Vec<String> = found.iter().map(Component::url).collect();
        assert_eq!(urls, ["pkg:deb/debian/systemd", "pkg:deb/debian/jq"]);
    }
}
