//! Reads podman's storage: which containers and images there are. Its files are replaced as a
//! whole by podman, so they can be read without its locks, in well under a millisecond.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Context, Error, Result};
use crate::model::Descriptor;
use crate::world::World;

/// An entry of the storage's list of containers.
#[derive(Debug, Deserialize)]
pub(crate) struct StoredContainer {
    /// 64 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) names: Option<Vec<String>>,
    /// Identity of the image, empty for none.
    #[serde(default)]
    pub(crate) image: String,
    /// The writable layer.
    pub(crate) layer: String,
}

/// An entry of the storage's list of images.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StoredImage {
    /// Digest of the configuration, without its algorithm.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) names: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) digest: Option<String>,
    #[serde(default)]
    pub(crate) layer: String,
    pub(crate) created: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StoredLayer {
    id: String,
    #[serde(default)]
    parent: Option<String>,
    /// Bytes of the unpacked layer.
    #[serde(default, rename = "diff-size")]
    diff_size: Option<u64>,
}

/// podman's storage of one world.
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            root: world.storage(),
        }
    }

    /// All containers by name.
    pub(crate) fn containers(&self) -> Result<HashMap<String, StoredContainer>> {
        let all: Vec<StoredContainer> =
            list(&self.root.join("overlay-containers/containers.json"))?;
        Ok(all
            .into_iter()
            .filter_map(|c| c.names.as_ref()?.first().cloned().map(|name| (name, c)))
            .collect())
    }

    pub(crate) fn container(&self, name: &str) -> Result<Option<StoredContainer>> {
        Ok(self.containers()?.remove(name))
    }

    /// Whether any container uses an image.
    pub(crate) fn image_in_use(&self, id: &str) -> Result<bool> {
        Ok(self.containers()?.values().any(|c| c.image == id))
    }

    /// The folder that keeps what a container changed in its image.
    pub(crate) fn upper(&self, container: &StoredContainer) -> PathBuf {
        self.root
            .join("overlay")
            .join(&container.layer)
            .join("diff")
    }

    /// The folder of what podman keeps beside a container's layer.
    pub(crate) fn folder(&self, id: &str) -> PathBuf {
        self.root.join("overlay-containers").join(id)
    }

    /// The OCI configuration with which a container was last started.
    pub(crate) fn oci_config(&self, id: &str) -> Result<Value> {
        let path = self.folder(id).join("userdata/config.json");
        let text = fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).context(|| format!("cannot read {}", path.display()))
    }

    pub(crate) fn images(&self) -> Result<Vec<StoredImage>> {
        list(&self.root.join("overlay-images/images.json"))
    }

    /// An image by its normalised reference.
    pub(crate) fn image(&self, reference: &str) -> Result<Option<StoredImage>> {
        Ok(self
            .images()?
            .into_iter()
            .find(|image| image.names.iter().flatten().any(|name| name == reference)))
    }

    /// The OCI configuration of an image.
    pub(crate) fn image_config(&self, image: &StoredImage) -> Result<Value> {
        let key = format!("sha256:{}", image.id);
        let path = self
            .image_folder(image)
            .join(format!("={}", base64(key.as_bytes())));
        read_json(&path)
    }

    /// Descriptor of the manifest of an image.
    pub(crate) fn descriptor(&self, image: &StoredImage) -> Result<Descriptor> {
        #[derive(Deserialize)]
        struct Manifest {
            #[serde(rename = "mediaType")]
            media_type: Option<String>,
        }
        let path = self.image_folder(image).join("manifest");
        let text = fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).context(|| format!("cannot read {}", path.display()))?;
        Ok(Descriptor {
            digest: image
                .digest
                .clone()
                .unwrap_or_else(|| format!("sha256:{}", image.id)),
            media_type: manifest
                .media_type
                .unwrap_or_else(|| "application/vnd.oci.image.manifest.v1+json".into()),
            size: text.len() as u64,
        })
    }

    /// Sizes of all layers, read once for several images.
    pub(crate) fn sizes(&self) -> Result<LayerSizes> {
        let layers: Vec<StoredLayer> = list(&self.root.join("overlay-layers/layers.json"))?;
        Ok(LayerSizes(
            layers
                .into_iter()
                .map(|layer| (layer.id.clone(), layer))
                .collect(),
        ))
    }

    fn image_folder(&self, image: &StoredImage) -> PathBuf {
        self.root.join("overlay-images").join(&image.id)
    }
}

/// Sizes of layers by their identity.
pub(crate) struct LayerSizes(HashMap<String, StoredLayer>);

impl LayerSizes {
    /// Bytes of a layer and all below it.
    pub(crate) fn of(&self, top: &str) -> u64 {
        let mut bytes = 0;
        let mut next = self.0.get(top);
        while let Some(layer) = next {
            bytes += layer.diff_size.unwrap_or(0);
            next = layer
                .parent
                .as_deref()
                .and_then(|parent| self.0.get(parent));
        }
        bytes
    }

    /// Bytes of all the layers below some tops, shared ones counted once.
    pub(crate) fn union<'a>(&self, tops: impl Iterator<Item = &'a str>) -> u64 {
        let mut seen = std::collections::HashSet::new();
        for top in tops {
            let mut next = self.0.get(top);
            while let Some(layer) = next.filter(|layer| seen.insert(layer.id.as_str())) {
                next = layer
                    .parent
                    .as_deref()
                    .and_then(|parent| self.0.get(parent));
            }
        }
        seen.iter()
            .filter_map(|id| self.0.get(*id)?.diff_size)
            .sum()
    }
}

/// A list in the storage; an empty one before the first entry.
fn list<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|e| Error::internal(format!("cannot read {}: {e}", path.display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Error::internal(format!(
            "cannot read {}: {e}",
            path.display()
        ))),
    }
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read(path).context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).context(|| format!("cannot read {}", path.display()))
}

/// The storage names big items by their key in base64.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = (u32::from(chunk[0]) << 16)
            | (u32::from(*chunk.get(1).unwrap_or(&0)) << 8)
            | u32::from(*chunk.get(2).unwrap_or(&0));
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (word >> (18 - 6 * place)) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"sha256:"), "c2hhMjU2Og==");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"ab"), "YWI=");
    }

    #[test]
    fn shared_layers_count_once() {
        let layers = [("a", None, 1), ("b", Some("a"), 2), ("c", Some("a"), 4)];
        let sizes = LayerSizes(
            layers
                .into_iter()
                .map(|(id, parent, size)| {
                    let layer = StoredLayer {
                        id: id.into(),
                        parent: parent.map(str::to_owned),
                        diff_size: Some(size),
                    };
                    (id.to_owned(), layer)
                })
                .collect(),
        );
        assert_eq!(sizes.of("b"), 3);
        assert_eq!(sizes.union(["b", "c"].into_iter()), 7);
    }
}
