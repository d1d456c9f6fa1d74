//! Images on nodes.

use std::path::PathBuf;
use std::sync::Arc;

use engine::{Engine, Error, ErrorCode, LoadedImage, NodeImages, Operation, Result};

use super::Desk;
use super::work::Order;
use crate::drops::FileKind;
use crate::snapshot::OperationKind;
use crate::words;

impl Desk {
    /// Images on every running node of a cluster.
    pub async fn images_get(&self, cluster: &str) -> Result<Vec<NodeImages>> {
        self.engine()?.images(cluster).await
    }

    /// Loads the image archives behind a token into nodes, or into all: an operation each.
    pub fn image_load(
        self: &Arc<Self>,
        cluster: &str,
        token: &str,
        nodes: Option<Vec<String>>,
    ) -> Result<Vec<u64>> {
        let files = self.drops.files(token)?;
        let archives: Vec<(PathBuf, String)> = files
            .into_iter()
            .filter(|(_, file)| file.kind == FileKind::ImageArchive && file.problem.is_none())
            .map(|(path, file)| (path, file.name))
            .collect();
        if archives.is_empty() {
            return Err(Error::new(
                ErrorCode::ImageInvalid,
                "none of these files is an image archive that can be loaded",
            )
            .hint(
                "make one with `docker save -o FILE IMAGE` or `container image save -o FILE IMAGE`",
            ));
        }
        let nodes = nodes.unwrap_or_default();
        let ids = archives
            .into_iter()
            .map(|(path, name)| {
                let order = Order::on(OperationKind::Load, cluster).subject(name);
                let (cluster, nodes) = (cluster.to_owned(), nodes.clone());
                self.begin(order, move |_, engine, op| async move {
                    load(&engine, &cluster, path, &nodes, &op).await
                })
            })
            .collect();
        Ok(ids)
    }

    /// Gives an image that some nodes have to those that lack it.
    pub fn image_load_missing(self: &Arc<Self>, cluster: &str, image: &str) -> u64 {
        let order = Order::on(OperationKind::Load, cluster).subject(short(image));
        let (cluster, image) = (cluster.to_owned(), image.to_owned());
        self.begin(order, move |_, engine, op| async move {
            let spread = engine.spread_image(&cluster, &image, &op).await?;
            Ok(outcome(&[spread]))
        })
    }
}

async fn load(
    engine: &Engine,
    cluster: &str,
    archive: PathBuf,
    nodes: &[String],
    op: &Operation,
) -> Result<Option<String>> {
    let loaded = engine.load_archives(cluster, &[archive], nodes, op).await?;
    Ok(outcome(&loaded))
}

/// `shop:2.1 is on 3 of 3 nodes. One had it already.`
fn outcome(loaded: &[LoadedImage]) -> Option<String> {
    let one = loaded.first()?;
    let name = match one.references.as_slice() {
        [] => one.source.clone(),
        [name] => short(name).to_owned(),
        [name, rest @ ..] => format!("{} and {} more", short(name), rest.len()),
    };
    let nodes = u32::try_from(one.loaded.len() + one.present.len()).unwrap_or(u32::MAX);
    let already = match one.present.len() {
        0 => String::new(),
        1 => " One had it already.".into(),
        count => format!(" {count} had it already."),
    };
    Some(format!(
        "{name} is on {}.{already}",
        words::counted(nodes, "node")
    ))
}

/// A name as people write it.
fn short(reference: &str) -> &str {
    let rest = reference.strip_prefix("docker.io/").unwrap_or(reference);
    rest.strip_prefix("library/").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_says_where_an_image_is() {
        let loaded = |loaded: &[&str], present: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            outcome(&[LoadedImage {
                source: "shop.tar".into(),
                references: vec!["docker.io/library/shop:2.1".into()],
                loaded: names(loaded),
                present: names(present),
            }])
        };
        assert_eq!(
            loaded(&["a", "b"], &["c"]).as_deref(),
            Some("shop:2.1 is on 3 nodes. One had it already.")
        );
        assert_eq!(
            loaded(&["a"], &[]).as_deref(),
            Some("shop:2.1 is on 1 node.")
        );
        assert_eq!(outcome(&[]), None);
    }
}
