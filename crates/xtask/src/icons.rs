//! The pictures of the app, drawn from their sources in `icons/`.
//!
//! Tray pictures are black on nothing, so that the system colours them. Their art is on a grid of
//! 18 units and leaves 2 free on each side; for 16 pixels one is cut off on each side, so that
//! whole units stay whole pixels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../icons");
const STATES: [&str; 4] = ["stopped", "running", "busy", "attention"];
/// Sizes of the tray's pictures, and the units of the grid that they show.
const TRAY: [(u32, f32); 4] = [(16, 16.0), (18, 18.0), (32, 16.0), (36, 18.0)];
const GRID: f32 = 18.0;
/// Sizes of the app's picture. Below 64 pixels its crates are larger.
const APP: [u32; 7] = [16, 32, 64, 128, 256, 512, 1024];
const SMALL: u32 = 64;

/// Draws all of them.
pub(crate) fn run() -> Result<()> {
    for (path, png) in pictures()? {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, png).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Path and content of every picture.
fn pictures() -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = Path::new(FOLDER);
    let mut pictures = Vec::new();
    for state in STATES {
        let tree = source(&folder.join(format!("tray-{state}.svg")))?;
        for (size, units) in TRAY {
            let margin = (units - GRID) / 2.0;
            let png = draw(&tree, size, units, margin)?;
            pictures.push((folder.join(format!("tray/{state}-{size}.png")), png));
        }
    }
    let (large, small) = (
        source(&folder.join("app.svg"))?,
        source(&folder.join("app-small.svg"))?,
    );
    for size in APP {
        let tree = if size < SMALL { &small } else { &large };
        let png = draw(tree, size, tree.size().width(), 0.0)?;
        pictures.push((folder.join(format!("app/{size}.png")), png));
    }
    Ok(pictures)
}

fn source(path: &Path) -> Result<Tree> {
    let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Tree::from_data(&text, &Options::default())
        .with_context(|| format!("understanding {}", path.display()))
}

/// The drawing at `size` pixels, which show `units` of it; `margin` is added before it.
fn draw(tree: &Tree, size: u32, units: f32, margin: f32) -> Result<Vec<u8>> {
    let mut pixmap = Pixmap::new(size, size).context("a picture without size")?;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let scale = size as f32 / units;
    let transform = Transform::from_translate(margin, margin).post_scale(scale, scale);
    resvg::render(tree, transform, &mut pixmap.as_mut());
    pixmap.encode_png().context("writing a picture")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tray(state: &str, size: u32) -> Pixmap {
        let path = Path::new(FOLDER).join(format!("tray/{state}-{size}.png"));
        Pixmap::load_png(path).unwrap()
    }

    #[test]
    fn the_committed_pictures_are_fresh() {
        for (path, png) in pictures().unwrap() {
            assert!(
                fs::read(&path).unwrap() == png,
                "run `xtask icons`: {}",
                path.display()
            );
        }
    }

    #[test]
    fn tray_pictures_are_masks() {
        for state in STATES {
            for (size, _) in TRAY {
                let black = tray(state, size)
                    .pixels()
                    .iter()
                    .all(|pixel| pixel.red() == 0 && pixel.green() == 0 && pixel.blue() == 0);
                assert!(black, "{state} at {size} has colour");
            }
        }
    }

    /// In a grey look and at the smallest size, a quarter of the ink tells two states apart.
    #[test]
    fn states_differ_by_shape() {
        let ink = |state: &str| -> Vec<u32> {
            let picture = tray(state, 18);
            picture
                .pixels()
                .iter()
                .map(|pixel| u32::from(pixel.alpha()))
                .collect()
        };
        for (index, one) in STATES.iter().enumerate() {
            for other in &STATES[index + 1..] {
                let (a, b) = (ink(one), ink(other));
                let differs: u32 = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).sum();
                let inked: u32 = a.iter().zip(&b).map(|(a, b)| *a.max(b)).sum();
                assert!(
                    differs * 5 > inked,
                    "{one} and {other} differ by {differs} of {inked}"
                );
            }
        }
    }
}
