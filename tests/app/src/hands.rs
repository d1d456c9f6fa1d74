//! Keyboard and mouse of a desktop, for what no driver reaches: the system's own dialogs, the panel.

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::Screen;

/// What is struck for itself, as X names keys.
const SHIFT: u32 = 0xffe1;
/// The key that ends a line.
pub const RETURN: char = '\n';
/// The key that leaves without a choice.
pub const ESCAPE: char = '\u{1b}';

/// The first button of a mouse.
const FIRST_BUTTON: u8 = 1;

/// Hands on the keyboard and the mouse of a display.
#[derive(Debug)]
pub struct Hands {
    connection: RustConnection,
    screen: Screen,
    /// What each key writes: plain, and with Shift.
    keys: Vec<(u8, [u32; 2])>,
}

impl Hands {
    /// On the devices of this display.
    pub fn on(display: &str) -> Self {
        let (connection, _) = x11rb::connect(Some(display)).expect("the X server");
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = connection
            .get_keyboard_mapping(first, last - first + 1)
            .expect("a request")
            .reply()
            .expect("the keyboard");
        let width = usize::from(mapping.keysyms_per_keycode);
        let keys = (first..=last)
            .zip(mapping.keysyms.chunks(width))
            .map(|(key, written)| {
                let at = |index: usize| written.get(index).copied().unwrap_or_default();
                (key, [at(0), at(1)])
            })
            .collect();
        Self {
            connection,
            screen: Screen::of(display),
            keys,
        }
    }

    /// Types into the window with this title.
    pub fn types(&self, title: &str, text: &str) {
        self.screen.focus(title);
        for letter in text.chars() {
            let (key, shifted) = self.key(letter);
            let shift = shifted.then(|| self.plain(SHIFT));
            if let Some(held) = shift {
                self.device(KEY_PRESS_EVENT, held, (0, 0));
            }
            self.device(KEY_PRESS_EVENT, key, (0, 0));
            self.device(KEY_RELEASE_EVENT, key, (0, 0));
            if let Some(held) = shift {
                self.device(KEY_RELEASE_EVENT, held, (0, 0));
            }
        }
        self.connection.flush().expect("the X server");
    }

    /// Clicks a place of the screen.
    pub fn click(&self, place: (i16, i16)) {
        self.device(MOTION_NOTIFY_EVENT, 0, place);
        self.device(BUTTON_PRESS_EVENT, FIRST_BUTTON, (0, 0));
        self.device(BUTTON_RELEASE_EVENT, FIRST_BUTTON, (0, 0));
        self.connection.flush().expect("the X server");
    }

    fn device(&self, event: u8, detail: u8, (x, y): (i16, i16)) {
        let root = self.connection.setup().roots[0].root;
        self.connection
            .xtest_fake_input(event, detail, x11rb::CURRENT_TIME, root, x, y, 0)
            .expect("a device");
    }

    /// The key that writes a letter, and whether Shift is held for it.
    fn key(&self, letter: char) -> (u8, bool) {
        let sign = match letter {
            RETURN => 0xff0d,
            ESCAPE => 0xff1b,
            // Latin-1 has the same numbers.
            other => u32::from(other),
        };
        let found = self.keys.iter().find_map(|(key, written)| {
            let level = written.iter().position(|&one| one == sign)?;
            Some((*key, level == 1))
        });
        found.unwrap_or_else(|| panic!("no key writes {letter:?}"))
    }

    fn plain(&self, sign: u32) -> u8 {
        let found = self.keys.iter().find(|(_, written)| written[0] == sign);
        found.expect("a key").0
    }
}
