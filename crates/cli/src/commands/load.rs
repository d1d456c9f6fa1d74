//! `load image-archive` and `load image`

use engine::{LoadedImage, Result};
use serde::Serialize;

use super::counted;
use crate::args::{LoadArchiveArgs, LoadImageArgs};
use crate::session::Session;

#[derive(Serialize)]
struct Loaded<'a> {
    images: &'a [LoadedImage],
}

pub(super) async fn archives(args: &LoadArchiveArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.target.name.resolve()?;
    let title = title(args.archives.len(), "archive", &name);
    let loaded = session
        .operate(&title, &name, async |op| {
            engine
                .load_archives(&name, &args.archives, &args.target.nodes, op)
                .await
        })
        .await?;
    session.console.result(&Loaded { images: &loaded }, |_| {
        loaded.iter().map(text).collect()
    })
}

pub(super) async fn images(args: &LoadImageArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.target.name.resolve()?;
    let title = title(args.images.len(), "image", &name);
    let loaded = session
        .operate(&title, &name, async |op| {
            engine
                .load_images(&name, &args.images, &args.target.nodes, op)
                .await
        })
        .await?;
    session.console.result(&Loaded { images: &loaded }, |_| {
        loaded.iter().map(text).collect()
    })
}

fn title(count: usize, what: &str, cluster: &str) -> String {
    format!(
        "Loading {} into cluster \"{cluster}\"",
        counted(count, what)
    )
}

fn text(image: &LoadedImage) -> String {
    let names = if image.references.is_empty() {
        image.source.clone()
    } else {
        image.references.join(", ")
    };
    let present = counted(image.present.len(), "node");
    match (image.loaded.len(), image.present.len()) {
        (0, _) => format!("{names}: already on {present}\n"),
        (loaded, 0) => format!("{names}: loaded into {}\n", counted(loaded, "node")),
        (loaded, _) => {
            format!(
                "{names}: loaded into {}, already on {present}\n",
                counted(loaded, "node")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_the_image_was_and_is_now() {
        let image = |loaded: &[&str], present: &[&str]| LoadedImage {
            source: "web.tar".into(),
            references: vec!["docker.io/library/web:1".into()],
            loaded: loaded.iter().map(|node| (*node).into()).collect(),
            present: present.iter().map(|node| (*node).into()).collect(),
        };
        assert_eq!(
            text(&image(&["a"], &[])),
            "docker.io/library/web:1: loaded into 1 node\n"
        );
        assert_eq!(
            text(&image(&["a", "b"], &["c"])),
            "docker.io/library/web:1: loaded into 2 nodes, already on 1 node\n"
        );
        let nameless = LoadedImage {
            references: Vec::new(),
            ..image(&[], &["a", "b"])
        };
        assert_eq!(text(&nameless), "web.tar: already on 2 nodes\n");
    }
}
