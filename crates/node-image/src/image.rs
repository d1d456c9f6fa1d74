//! Which node image is wanted.

use container::Container;

use crate::architecture::Architecture;
use crate::error::{Error, Result};
use crate::recipe;

/// Label with the generation of the contract between engine and image.
pub const LABEL_CONTRACT: &str = "dev.apple-k8s.node-contract";
/// Label with the version of Kubernetes, such as `v1.37.1`.
pub const LABEL_KUBERNETES: &str = "dev.apple-k8s.kubernetes-version";
/// Label with the digest of everything that the image was built from.
pub const LABEL_INPUTS: &str = "dev.apple-k8s.inputs";

/// A node image: of which Kubernetes, for which processor, under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    kubernetes: String,
    architecture: Architecture,
    reference: String,
}

impl NodeImage {
    /// The image for a Kubernetes version and an architecture; without them, the recipe's own
    /// version and this machine's architecture. It is named `apple-k8s-node:VERSION`; one for
    /// another architecture has that in its name, so that it never takes the place of the image
    /// that this machine's clusters are made from.
    ///
    /// # Errors
    /// [`Error::Version`], [`Error::TooOld`].
    pub fn new(kubernetes: Option<&str>, architecture: Option<Architecture>) -> Result<Self> {
        let kubernetes = kubernetes
            .unwrap_or(recipe::default_kubernetes_version())
            .to_owned();
        if !is_version(&kubernetes) {
            return Err(Error::Version(kubernetes));
        }
        if minor(&kubernetes).is_none_or(|minor| minor < OLDEST_MINOR) {
            return Err(Error::TooOld(kubernetes));
        }
        let architecture = architecture.unwrap_or(Architecture::host());
        let foreign = if architecture == Architecture::host() {
            String::new()
        } else {
            format!("-{architecture}")
        };
        Ok(Self {
            reference: format!("apple-k8s-node:{kubernetes}{foreign}"),
            kubernetes,
            architecture,
        })
    }

    /// The same image under another name.
    #[must_use]
    pub fn named(self, reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            ..self
        }
    }

    /// Its name.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Its version of Kubernetes.
    pub fn kubernetes(&self) -> &str {
        &self.kubernetes
    }

    /// Its architecture.
    pub const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Digest of everything that it is built from: the recipe, the version, the architecture.
    /// Debian's packages are not counted: they are what Debian has on the day of the build.
    pub fn inputs(&self) -> String {
        let mut digest = recipe::digest();
        recipe::add(&mut digest, self.kubernetes.as_bytes());
        recipe::add(&mut digest, self.architecture.name().as_bytes());
        recipe::hex(digest)
    }

    /// Whether the stored image of this name was built from just these inputs.
    ///
    /// # Errors
    /// Whatever looking at the image can fail with, except that there is none.
    pub async fn is_current(&self, container: &Container) -> Result<bool> {
        match container.image_inspect(&self.reference).await {
            Ok(image) => Ok(image
                .variant(&self.architecture.platform())
                .and_then(|variant| variant.labels.get(LABEL_INPUTS))
                .is_some_and(|inputs| *inputs == self.inputs())),
            Err(container::Error::ImageNotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The first release, v1.31, whose kubeadm reads the configuration that nodes write (v1beta4).
const OLDEST_MINOR: u32 = 31;

fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

/// `v1.MINOR.PATCH`, with a pre-release behind it at most: it becomes part of commands.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("v1.") else {
        return false;
    };
    let (numbers, release) = rest
        .split_once('-')
        .map_or((rest, None), |(a, b)| (a, Some(b)));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    numbers
        .split_once('.')
        .is_some_and(|(minor, patch)| number(minor) && number(patch))
        && release.is_none_or(|r| {
            !r.is_empty() && r.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_checked() {
        for good in ["v1.37.1", "v1.36.0", "v1.38.0-rc.1"] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "1.37.1",
            "v1.37",
            "v2.0.0",
            "v1.37.1; id",
            "v1.37.x",
            "v1.37.1-",
            "latest",
            "",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
        let made = |version| NodeImage::new(Some(version), None);
        assert!(matches!(made("v1.30.9"), Err(Error::TooOld(_))));
        assert!(made("v1.31.0").is_ok());
    }

    #[test]
    fn name_and_inputs_follow_version_and_architecture() {
        let image = |version, arch| NodeImage::new(Some(version), Some(arch)).expect("a version");
        let one = image("v1.37.1", Architecture::Amd64);
        let other = image("v1.37.1", Architecture::Arm64);
        let (own, foreign) = match Architecture::host() {
            Architecture::Amd64 => (&one, &other),
            Architecture::Arm64 => (&other, &one),
        };
        assert_eq!(own.reference(), "apple-k8s-node:v1.37.1");
        let architecture = foreign.architecture();
        assert_eq!(
            foreign.reference(),
            format!("apple-k8s-node:v1.37.1-{architecture}")
        );
        assert_eq!(one.inputs(), image("v1.37.1", Architecture::Amd64).inputs());
        assert_ne!(one.inputs(), image("v1.36.3", Architecture::Amd64).inputs());
        assert_ne!(one.inputs(), image("v1.37.1", Architecture::Arm64).inputs());
        let named = one.clone().named("mine:1");
        assert_eq!(
            (named.reference(), named.inputs()),
            ("mine:1", one.inputs())
        );
    }
}
