//! Images that were loaded into nodes: a node that is made gets them from those that have them.

use std::collections::{BTreeMap, BTreeSet};

use container::Container;
use futures::future::join_all;

use super::carry_out::Site;
use crate::images::{Listed, hand_on, images_of};
use crate::inventory::NodeContainer;

/// Names of images from archives, by node. Pulled ones are not among them: they are pulled again.
#[derive(Debug, Default)]
pub(super) struct Loaded(BTreeMap<String, BTreeSet<String>>);

impl Loaded {
    /// Asks all nodes that run. One that does not answer has nothing to give.
    pub(super) async fn ask(container: &Container, nodes: &[NodeContainer]) -> Self {
        let running = nodes.iter().filter(|node| node.info.is_running());
        let answers = running.map(async |node| match images_of(container, node.name()).await {
            Ok(images) => {
                let names = images.into_iter().flat_map(Listed::loaded);
                Some((node.name().to_owned(), names.collect()))
            }
            Err(error) => {
                tracing::warn!(node = node.name(), %error, "its images are not known");
                None
            }
        });
        Self(join_all(answers).await.into_iter().flatten().collect())
    }

    /// What a node should have that is made: what it had, or else what all others have.
    pub(super) fn wanted(&self, node: &str) -> BTreeSet<String> {
        if let Some(had) = self.0.get(node) {
            return had.clone();
        }
        let mut others = self.0.values();
        let first = others.next().cloned().unwrap_or_default();
        others.fold(first, |all, one| all.intersection(one).cloned().collect())
    }

    /// The nodes that were asked.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Images that no other node has.
    pub(super) fn only_on(&self, node: &str) -> Vec<String> {
        let wanted = self.0.get(node).into_iter().flatten();
        let lost = wanted.filter(|image| self.source(node, image).is_none());
        lost.cloned().collect()
    }

    /// A node is gone for good.
    pub(super) fn forget(&mut self, node: &str) {
        self.0.remove(node);
    }

    /// Another node that has an image.
    fn source(&self, node: &str, image: &str) -> Option<&str> {
        let mut others = self.0.iter().filter(|(other, _)| *other != node);
        let (source, _) = others.find(|(_, images)| images.contains(image))?;
        Some(source)
    }

    /// From whom a node gets what it should have.
    fn sources(&self, node: &str) -> BTreeMap<&str, Vec<String>> {
        let mut sources: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for image in self.wanted(node) {
            if let Some(source) = self.source(node, &image) {
                sources.entry(source).or_default().push(image);
            }
        }
        sources
    }
}

impl Site<'_> {
    /// Gives a node that was made the images that it should have. Gives those that it lacks all
    /// the same, as `node: image`: no reason to take the node back.
    pub(super) async fn give_images(&self, node: &str, loaded: &Loaded) -> Vec<String> {
        let lost = loaded.only_on(node).into_iter();
        let mut lacking: Vec<String> = lost.map(|image| format!("{node}: {image}")).collect();
        let sources = loaded.sources(node);
        if sources.is_empty() {
            return lacking;
        }
        let step = self.op.steps.begin("copy-images", Some(node));
        let mut failed = false;
        for (source, images) in sources {
            if let Err(error) = hand_on(&self.container, source, node, &images).await {
                tracing::warn!(node, source, %error, "images are missing");
                lacking.extend(images.iter().map(|image| format!("{node}: {image}")));
                failed = true;
            }
        }
        if !failed {
            step.done();
        }
        lacking
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(nodes: &[(&str, &[&str])]) -> Loaded {
        let names = |images: &[&str]| images.iter().map(|&image| image.to_owned()).collect();
        let nodes = nodes
            .iter()
            .map(|(node, images)| ((*node).to_owned(), names(images)));
        Loaded(nodes.collect())
    }

    #[test]
    fn a_remade_node_gets_what_it_had_and_a_new_one_what_all_have() {
        let loaded = loaded(&[
            ("control", &["shop", "web"]),
            ("worker", &["shop", "own", "web"]),
            ("worker2", &["shop"]),
        ]);
        let sources = loaded.sources("worker");
        assert_eq!(sources["control"], ["shop", "web"]);
        assert_eq!(sources.len(), 1, "one source gives all it has");
        assert_eq!(loaded.only_on("worker"), ["own"]);
        assert_eq!(loaded.sources("worker3")["control"], ["shop"]);
        assert_eq!(loaded.only_on("worker3"), [] as [String; 0]);
    }

    #[test]
    fn a_node_that_is_gone_gives_nothing() {
        let mut loaded = loaded(&[
            ("control", &[]),
            ("worker", &["shop"]),
            ("worker2", &["shop"]),
        ]);
        loaded.forget("worker2");
        assert!(loaded.sources("worker").is_empty());
        assert_eq!(loaded.only_on("worker"), ["shop"]);
    }

    #[test]
    fn nothing_known_is_nothing_wanted() {
        assert!(loaded(&[]).sources("worker").is_empty());
    }
}
