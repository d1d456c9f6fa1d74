//! What the tests of the real app stand on: a desktop without a monitor, a driver of its windows,
//! a hand on its tray menu, and one that drops files.

// A test that can't go on should say where and end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod debian;
mod desktop;
mod drag;
mod hands;
mod notices;
mod programs;
mod screen;
mod tray;
mod window;

pub use debian::FreshDebian;
pub use desktop::Desktop;
pub use drag::drop_files;
pub use hands::{ESCAPE, Hands, RETURN};
pub use notices::{Notice, Notices};
pub use programs::UserPrograms;
pub use screen::Screen;
pub use tray::{Row, Tray};
pub use window::{Key, Window};
