//! What of others is in what we ship: crates in the programs, npm packages in the pages, Go modules
//! and Debian packages in the node image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_metadata::{DependencyKind, MetadataCommand, Package, PackageId, TargetKind};
use serde::Deserialize;

use crate::product::Product;
use crate::source::hex;
use crate::{clone_folder, debian, standard_library};

/// Where a component comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registry {
    /// crates.io
    Cargo,
    /// npm
    Npm,
    /// Go modules
    Go,
    /// Debian packages
    Debian,
    /// The Rust compiler
    Rust,
}

/// Something of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Where it comes from.
    pub registry: Registry,
    /// Its name there.
    pub name: String,
    /// Its version; none where the newest is taken when something is built.
    pub version: Option<String>,
    /// For which machine it is, where there are several of it.
    pub architecture: Option<String>,
    /// Its licence as an SPDX expression, where the registry tells.
    pub licence: Option<String>,
    /// Its home on the web.
    pub home: Option<String>,
    /// Algorithm and digest of what the registry gives.
    pub digest: Option<(&'static str, String)>,
    /// Where its files are on this machine, if they are.
    pub folder: Option<PathBuf>,
    /// What it needs itself, as package URLs.
    pub needs: BTreeSet<String>,
}

impl Component {
    /// The package URL: one name for it everywhere.
    pub fn url(&self) -> String {
        let kind = match self.registry {
            Registry::Cargo => "cargo",
            Registry::Npm => "npm",
            Registry::Go => "golang",
            Registry::Debian => "deb/debian",
            Registry::Rust => "generic",
        };
        let name = self.name.replace('@', "%40").replace('+', "%2B");
        let version = self.version.as_deref().map_or_else(String::new, |version| {
            format!("@{}", version.replace('+', "%2B").replace(':', "%3A"))
        });
        let architecture = self.architecture.as_deref();
        let architecture = architecture.map_or_else(String::new, |name| format!("?arch={name}"));
        format!("pkg:{kind}/{name}{version}{architecture}")
    }
}

/// All components of a product, sorted, and which of them the product needs itself.
#[derive(Debug, Clone, Default)]
pub struct Components {
    /// The components.
    pub all: Vec<Component>,
    /// Package URLs of those that our own code names.
    pub direct: BTreeSet<String>,
}

impl Components {
    /// Of a product, and of the node image as it was built where there is one.
    ///
    /// # Errors
    /// When cargo fails or a file can't be read.
    pub fn of(product: Product, image: Option<&Path>) -> Result<Self> {
        let mut found = Self::default();
        if let Some((platform, programs)) = product.programs() {
            found.add_crates(platform, programs)?;
            found.add_npm_packages()?;
            found.add_standard_library()?;
        } else {
            found.add_go_modules()?;
            found.add_debian_packages(image)?;
        }
        found
            .all
            .sort_by_cached_key(|one| (one.registry, one.name.clone(), one.version.clone()));
        found.all.dedup_by_key(|one| one.url());
        Ok(found)
    }

    /// Crates that are linked into programs: neither tests nor what only runs while compiling.
    fn add_crates(&mut self, platform: &str, programs: &[&str]) -> Result<()> {
        let metadata = MetadataCommand::new()
            .manifest_path(clone_folder().join("Cargo.toml"))
            .other_options(["--locked", "--filter-platform", platform].map(str::to_owned))
            .exec()?;
        let digests = Lock::read()?.digests();
        let packages: BTreeMap<&PackageId, &Package> =
            metadata.packages.iter().map(|one| (&one.id, one)).collect();
        let graph = metadata.resolve.context("cargo resolves")?;
        let nodes: BTreeMap<&PackageId, _> =
            graph.nodes.iter().map(|node| (&node.id, node)).collect();
        let linked = |id: &PackageId| -> Vec<&Package> {
            let dependencies = nodes[id].deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind == DependencyKind::Normal)
            });
            dependencies
                .map(|dependency| packages[&dependency.pkg])
                .filter(|package| !runs_while_compiling(package))
                .collect()
        };
        let ours = |package: &Package| package.source.is_none();

        let mut waiting: Vec<&Package> = metadata
            .packages
            .iter()
            .filter(|package| ours(package) && programs.contains(&package.name.as_str()))
            .collect();
        ensure!(waiting.len() == programs.len(), "not all of {programs:?}");
        let mut seen: BTreeSet<&PackageId> = waiting.iter().map(|package| &package.id).collect();
        while let Some(package) = waiting.pop() {
            let needed = linked(&package.id);
            let mut component = of_crate(package, &digests);
            for needed in needed {
                if !ours(needed) {
                    component.needs.insert(of_crate(needed, &digests).url());
                }
                if seen.insert(&needed.id) {
                    waiting.push(needed);
                }
            }
            if ours(package) {
                self.direct.extend(component.needs);
            } else {
                self.all.push(component);
            }
        }
        Ok(())
    }

    /// Packages whose code is in the pages of the windows.
    fn add_npm_packages(&mut self) -> Result<()> {
        let folder = clone_folder().join("ui");
        let text = read(&folder.join("package-lock.json"))?;
        let lock: NpmLock = serde_json::from_str(&text).context("ui/package-lock.json")?;
        let root = lock.packages.get("").map(|root| &root.dependencies);
        let root: BTreeSet<&String> = root.into_iter().flat_map(BTreeMap::keys).collect();
        // Where a package is found from another one: its own folder first, as Node looks.
        let find = |from: &str, name: &str| {
            let own = format!("{from}/node_modules/{name}");
            let shared = format!("node_modules/{name}");
            [own, shared]
                .into_iter()
                .find_map(|path| Some((name.to_owned(), lock.packages.get(&path)?)))
        };
        for (path, package) in &lock.packages {
            let Some((_, name)) = path.rsplit_once("node_modules/") else {
                continue;
            };
            if package.dev || package.dev_optional {
                continue;
            }
            let needs = package.dependencies.keys();
            let needs = needs.filter_map(|name| find(path, name));
            let needs = needs.map(|(name, package)| of_npm(&name, package, None).url());
            let mut component = of_npm(name, package, Some(folder.join(path)));
            component.needs = needs.collect();
            if root.contains(&name.to_owned()) {
                self.direct.insert(component.url());
            }
            self.all.push(component);
        }
        Ok(())
    }

    /// Modules that the recipe of the node image pins, wherever one of its programs is made.
    fn add_go_modules(&mut self) -> Result<()> {
        for folder in go_folders()? {
            let sums = fs::read_to_string(folder.join("go.sum")).unwrap_or_default();
            for (name, version) in go_requirements(&read(&folder.join("go.mod"))?) {
                let key = format!("{name} {version} ");
                let sum = sums.lines().find_map(|line| line.strip_prefix(&key));
                let component = Component {
                    registry: Registry::Go,
                    name,
                    version: Some(version),
                    architecture: None,
                    licence: None,
                    home: None,
                    // Go's own digest of a module's files: SHA-256, but not of one file.
                    digest: sum
                        .and_then(|sum| sum.strip_prefix("h1:"))
                        .map(|sum| ("h1", sum.to_owned())),
                    folder: None,
                    needs: BTreeSet::new(),
                };
                self.direct.insert(component.url());
                self.all.push(component);
            }
        }
        Ok(())
    }

    /// What comes with the compiler.
    fn add_standard_library(&mut self) -> Result<()> {
        let (library, crates) = standard_library::components()?;
        self.direct.insert(library.url());
        self.all.push(library);
        self.all.extend(crates);
        Ok(())
    }

    /// Packages that are installed into the image.
    fn add_debian_packages(&mut self, image: Option<&Path>) -> Result<()> {
        let list = read(&clone_folder().join("node-image/packages"))?;
        let packages = match image {
            Some(archive) => debian::of_image(archive, &list)?,
            None => debian::of_recipe(&list),
        };
        self.direct.extend(packages.iter().map(Component::url));
        self.all.extend(packages);
        Ok(())
    }
}

/// Folders of Go modules that make the node image.
pub(crate) fn go_folders() -> Result<Vec<PathBuf>> {
    let modules = clone_folder().join("node-image/modules");
    let mut folders = vec![clone_folder().join("node-image/node")];
    for entry in fs::read_dir(&modules).context("reading node-image/modules")? {
        folders.push(entry?.path());
    }
    folders.retain(|folder| folder.join("go.mod").is_file());
    folders.sort();
    Ok(folders)
}

/// The requirements in the text of a go.mod, with replacements made.
fn go_requirements(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut replaced: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut block = "";
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        let (verb, words) = match (block, words.as_slice()) {
            (_, [verb, "("]) => {
                block = verb;
                continue;
            }
            (_, [")"]) => {
                block = "";
                continue;
            }
            ("", [verb, rest @ ..]) => (*verb, rest.to_vec()),
            (verb, rest) => (verb, rest.to_vec()),
        };
        match (verb, words.as_slice()) {
            ("require", [name, version]) => found.push(((*name).into(), (*version).into())),
            ("replace", [name, "=>", other, version] | [name, _, "=>", other, version]) => {
                let to = ((*other).to_owned(), (*version).to_owned());
                replaced.insert((*name).to_owned(), to);
            }
            _ => {}
        }
    }
    for one in &mut found {
        if let Some(other) = replaced.remove(&one.0) {
            *one = other;
        }
    }
    found
}

/// Macros run in the compiler; their code is not in the program.
fn runs_while_compiling(package: &Package) -> bool {
    let mut kinds = package.targets.iter().flat_map(|target| &target.kind);
    kinds.any(|kind| *kind == TargetKind::ProcMacro)
}

fn of_crate(package: &Package, digests: &BTreeMap<(String, String), String>) -> Component {
    let (name, version) = (package.name.clone(), package.version.to_string());
    let digest = digests.get(&(name.clone(), version.clone()));
    Component {
        registry: Registry::Cargo,
        architecture: None,
        licence: package.license.clone(),
        home: package.repository.clone().or(package.homepage.clone()),
        digest: digest.map(|digest| ("SHA-256", digest.clone())),
        folder: package
            .manifest_path
            .parent()
            .map(|path| path.as_std_path().to_owned()),
        name,
        version: Some(version),
        needs: BTreeSet::new(),
    }
}

fn of_npm(name: &str, package: &NpmPackage, folder: Option<PathBuf>) -> Component {
    let digest = package.integrity.strip_prefix("sha512-");
    let digest = digest.and_then(|coded| STANDARD.decode(coded).ok());
    Component {
        registry: Registry::Npm,
        name: name.to_owned(),
        version: Some(package.version.clone()),
        architecture: None,
        licence: package.license.clone(),
        home: None,
        digest: digest.map(|bytes| ("SHA-512", hex(&bytes))),
        folder,
        needs: BTreeSet::new(),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// What is read of Cargo.lock.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Lock {
    fn read() -> Result<Self> {
        toml::from_str(&read(&clone_folder().join("Cargo.lock"))?).context("Cargo.lock")
    }

    fn digests(self) -> BTreeMap<(String, String), String> {
        let packages = self.package.into_iter();
        packages
            .filter_map(|one| Some(((one.name, one.version), one.checksum?)))
            .collect()
    }
}

/// What is read of package-lock.json.
#[derive(Deserialize)]
struct NpmLock {
    packages: BTreeMap<String, NpmPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NpmPackage {
    #[serde(default)]
    version: String,
    #[serde(default)]
    integrity: String,
    license: Option<String>,
    #[serde(default)]
    dev: bool,
    /// Only used while developing, or where somebody else happens to want it.
    #[serde(default)]
    dev_optional: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(components: &Components) -> BTreeSet<&str> {
        components.all.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn a_program_has_what_is_linked_into_it_and_no_more() {
        let mac = Components::of(Product::Mac, None).expect("cargo answers");
        let linux = Components::of(Product::Linux, None).expect("cargo answers");
        let (mac, linux) = (names(&mac), names(&linux));
        for name in [
            "kube",
            "tauri",
            "rustls",
            "svelte",
            "@codemirror/state",
            "rust-std",
        ] {
            assert!(mac.contains(name) && linux.contains(name), "{name}");
        }
        assert!(mac.contains("objc2") && !linux.contains("objc2"));
        assert!(linux.contains("gtk") && !mac.contains("gtk"));
        // Tests, macros, build scripts and our own crates.
        for name in ["insta", "serde_derive", "tauri-build", "engine", "vitest"] {
            assert!(!mac.contains(name) && !linux.contains(name), "{name}");
        }
    }

    #[test]
    fn every_component_is_known_by_its_digest_and_what_it_needs_is_there() {
        for product in [Product::Mac, Product::Linux] {
            let found = Components::of(product, None).expect("cargo answers");
            let all: BTreeSet<String> = found.all.iter().map(Component::url).collect();
            assert_eq!(all.len(), found.all.len(), "each once");
            for one in &found.all {
                // The compiler's own library has the compiler's.
                let has_digest = one.digest.is_some() || one.registry == Registry::Rust;
                assert!(has_digest && one.licence.is_some(), "{one:?}");
                assert!(one.needs.is_subset(&all), "{}: {:?}", one.name, one.needs);
            }
            assert!(found.direct.is_subset(&all));
        }
    }

    #[test]
    fn the_node_image_has_its_modules_and_packages() {
        let found = Components::of(Product::NodeImage, None).expect("readable");
        let kubernetes = found.all.iter().find(|one| one.name == "k8s.io/kubernetes");
        let kubernetes = kubernetes.expect("Kubernetes");
        assert!(
            kubernetes
                .url()
                .starts_with("pkg:golang/k8s.io/kubernetes@v1.")
        );
        assert_eq!(
            kubernetes.digest.as_ref().map(|(kind, _)| *kind),
            Some("h1")
        );
        assert!(
            found
                .all
                .iter()
                .any(|one| one.url() == "pkg:deb/debian/systemd")
        );
    }

    #[test]
    fn requirements_of_a_module_are_read_with_their_replacements() {
        let text = "module x\n\ngo 1.26\n\nrequire one.org/a v1.0.0 // indirect\n\nrequire (\n\
                    \ttwo.org/b v2.1.0+incompatible\n\tthree.org/c v0.0.0 // why\n)\n\n\
                    replace three.org/c => four.org/d v3.0.0\nreplace (\n\ttwo.org/b v2.1.0 => ../b\n)\n";
        let found = go_requirements(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            found,
            [
                ("one.org/a", "v1.0.0"),
                ("two.org/b", "v2.1.0+incompatible"),
                ("four.org/d", "v3.0.0")
            ]
        );
    }
}
