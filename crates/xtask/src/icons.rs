//! The pictures of the app, drawn from their sources in `icons/`.
//!
//! Tray pictures are black on nothing, so that the system colours them. Their art is on a grid of
//! 18 units, which a Mac shows on 18 points, and leaves 2 free on each side. They are drawn for
//! double density alone: see `icons/README.md`.
//!
//! The app's picture has drawings of its own for the smallest sizes, whose edges lie on pixels. All
//! sizes together are `app.icns`, in the formats that Apple's `iconutil` reads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use icns::{IconElement, IconFamily, IconType, Image, OSType, PixelFormat};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../icons");
const STATES: [&str; 4] = ["stopped", "running", "busy", "attention"];
/// The size of the tray's pictures: two pixels for a unit of their grid.
const TRAY: u32 = 36;
/// Sizes of the app's picture, and the drawing of each.
const APP: [(u32, &str); 7] = [
    (16, "app-16"),
    (32, "app-32"),
    (64, "app"),
    (128, "app"),
    (256, "app"),
    (512, "app"),
    (1024, "app"),
];
/// What a Mac looks for at each size, where it is a PNG picture: for double density from 16 points
/// on, and from 128 points on for single density too.
const PNG_ELEMENTS: [(&[u8; 4], u32); 8] = [
    (b"ic11", 32),
    (b"ic12", 64),
    (b"ic07", 128),
    (b"ic13", 256),
    (b"ic08", 256),
    (b"ic14", 512),
    (b"ic09", 512),
    (b"ic10", 1024),
];
/// The sizes below, whose pixels are stored with their mask apart.
const MASKED_ELEMENTS: [(u32, IconType, IconType); 2] = [
    (16, IconType::RGB24_16x16, IconType::Mask8_16x16),
    (32, IconType::RGB24_32x32, IconType::Mask8_32x32),
];

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
        let png = rendered(&tree, TRAY)?.encode_png();
        let path = folder.join(format!("tray/{state}-{TRAY}.png"));
        pictures.push((path, png.context("writing a picture")?));
    }
    let mut app = Vec::new();
    for (size, drawing) in APP {
        let tree = source(&folder.join(format!("{drawing}.svg")))?;
        let pixels = rendered(&tree, size)?;
        let png = pixels.encode_png().context("writing a picture")?;
        pictures.push((folder.join(format!("app/{size}.png")), png.clone()));
        app.push((size, pixels, png));
    }
    pictures.push((folder.join("app.icns"), family(&app)?));
    Ok(pictures)
}

fn source(path: &Path) -> Result<Tree> {
    let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Tree::from_data(&text, &Options::default())
        .with_context(|| format!("understanding {}", path.display()))
}

/// All sizes of the app's picture in one file: each with its pixels and as PNG.
fn family(pictures: &[(u32, Pixmap, Vec<u8>)]) -> Result<Vec<u8>> {
    let of_size = |size| {
        let found = pictures.iter().find(|(drawn, ..)| *drawn == size);
        found.with_context(|| format!("no picture of {size} pixels"))
    };
    let mut family = IconFamily::new();
    for (size, colours, mask) in MASKED_ELEMENTS {
        let (_, pixels, _) = of_size(size)?;
        let straight = pixels.clone().take_demultiplied();
        let image = Image::from_data(PixelFormat::RGBA, size, size, straight)?;
        for kind in [colours, mask] {
            let element = IconElement::encode_image_with_type(&image, kind)?;
            family.elements.push(element);
        }
    }
    for (name, size) in PNG_ELEMENTS {
        let (_, _, png) = of_size(size)?;
        let element = IconElement::new(OSType(*name), png.clone());
        family.elements.push(element);
    }
    let mut file = Vec::new();
    family.write(&mut file).context("writing app.icns")?;
    Ok(file)
}

/// A drawing at `size` pixels.
fn rendered(tree: &Tree, size: u32) -> Result<Pixmap> {
    let mut pixmap = Pixmap::new(size, size).context("a picture without size")?;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let scale = size as f32 / tree.size().width();
    resvg::render(
        tree,
        Transform::from_scale(scale, scale),
        &mut pixmap.as_mut(),
    );
    Ok(pixmap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tray(state: &str) -> Pixmap {
        let path = Path::new(FOLDER).join(format!("tray/{state}-{TRAY}.png"));
        Pixmap::load_png(path).unwrap()
    }

    /// How much ink is in each pixel of a picture.
    fn ink(picture: &Pixmap) -> Vec<u32> {
        let pixels = picture.pixels().iter();
        pixels.map(|pixel| u32::from(pixel.alpha())).collect()
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
            let picture = tray(state);
            let mut pixels = picture.pixels().iter();
            let black =
                pixels.all(|pixel| pixel.red() == 0 && pixel.green() == 0 && pixel.blue() == 0);
            assert!(black, "{state} has colour");
        }
    }

    /// The ink in squares of so many pixels.
    fn reduced(picture: &Pixmap, by: u32) -> Vec<u32> {
        let all = ink(picture);
        let at = |x: u32, y: u32| all[(y * picture.width() + x) as usize];
        let size = picture.width() / by;
        let squares = (0..size).flat_map(|y| (0..size).map(move |x| (x * by, y * by)));
        squares
            .map(|(left, top)| {
                let pixels = (0..by).flat_map(|y| (0..by).map(move |x| (left + x, top + y)));
                pixels.map(|(x, y)| at(x, y)).sum::<u32>() / (by * by)
            })
            .collect()
    }

    /// For a display of single density the system makes one pixel of two by two. The art's lines are
    /// whole then, and what is round is as smooth as pixels of that size can show it.
    #[test]
    fn half_a_tray_picture_is_its_drawing_at_half_the_size() {
        const FINE: u32 = 8;
        for state in STATES {
            let path = Path::new(FOLDER).join(format!("tray-{state}.svg"));
            let fine = rendered(&source(&path).unwrap(), TRAY / 2 * FINE).unwrap();
            let (half, fine) = (reduced(&tray(state), 2), reduced(&fine, FINE));
            let differs = half.iter().zip(&fine).map(|(a, b)| a.abs_diff(*b));
            let most = differs.max().unwrap();
            assert!(most < 20, "{state} differs by {most} of 255");
        }
    }

    /// Read by `file`'s own rules of the format: every element in its place, no byte more.
    #[test]
    fn the_icon_holds_every_size() {
        let file = fs::read(Path::new(FOLDER).join("app.icns")).unwrap();
        let length = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&file[..4], length(4)), (&b"icns"[..], file.len()));
        let mut found = Vec::new();
        let mut at = 8;
        while at < file.len() {
            let data = &file[at + 8..at + length(at + 4)];
            if let Ok(picture) = Pixmap::decode_png(data) {
                let name: &[u8; 4] = file[at..at + 4].try_into().unwrap();
                assert_eq!(picture.width(), picture.height());
                found.push((name.to_owned(), picture.width()));
            }
            at += 8 + data.len();
        }
        assert_eq!(found, PNG_ELEMENTS.map(|(name, size)| (*name, size)));
        let family = IconFamily::read(&file[..]).unwrap();
        for (size, colours, _) in MASKED_ELEMENTS {
            let stored = family.get_icon_with_type(colours).unwrap();
            let path = Path::new(FOLDER).join(format!("app/{size}.png"));
            let drawn = Pixmap::load_png(path).unwrap().take_demultiplied();
            let shown = |pixels: &[u8]| -> Vec<[u8; 4]> {
                let all = pixels.chunks_exact(4);
                all.filter(|pixel| pixel[3] > 0)
                    .map(|pixel| pixel.try_into().unwrap())
                    .collect()
            };
            assert_eq!(shown(stored.data()), shown(&drawn));
        }
    }

    /// In a grey look and at the smallest size, a quarter of the ink tells two states apart.
    #[test]
    fn states_differ_by_shape() {
        let drawn = |state: &str| {
            let path = Path::new(FOLDER).join(format!("tray-{state}.svg"));
            ink(&rendered(&source(&path).unwrap(), TRAY / 2).unwrap())
        };
        for (index, one) in STATES.iter().enumerate() {
            for other in &STATES[index + 1..] {
                let (a, b) = (drawn(one), drawn(other));
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
