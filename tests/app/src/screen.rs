//! Windows as the X server knows them: whether they are there, what lies in front, how one is closed.

use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask,
    InputFocus, MapState, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

x11rb::atom_manager! {
    /// Names of the protocol.
    Atoms: AtomsCookie {
        _NET_WM_NAME,
        UTF8_STRING,
        CLIPBOARD,
        WM_PROTOCOLS,
        WM_DELETE_WINDOW,
    }
}

/// A pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The screen of a desktop.
#[derive(Debug)]
pub struct Screen {
    connection: RustConnection,
    root: Window,
    atoms: Atoms,
}

impl Screen {
    /// The screen of this display.
    pub fn of(display: &str) -> Self {
        let (connection, screen) = x11rb::connect(Some(display)).expect("the X server");
        let root = connection.setup().roots[screen].root;
        let atoms = Atoms::new(&connection)
            .expect("names")
            .reply()
            .expect("names");
        Self {
            connection,
            root,
            atoms,
        }
    }

    /// Whether a window with this title can be seen.
    pub fn shows(&self, title: &str) -> bool {
        self.shown().iter().any(|&window| self.is(window, title))
    }

    /// How many windows can be seen, menus among them.
    pub fn count(&self) -> usize {
        self.shown().len()
    }

    /// The text that pasting would give; an empty one when there is none.
    pub async fn clipboard(&self) -> String {
        let own = self.connection.generate_id().expect("a window's number");
        self.connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                own,
                self.root,
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                x11rb::COPY_FROM_PARENT,
                &CreateWindowAux::new(),
            )
            .expect("a window");
        let atoms = &self.atoms;
        self.connection
            .convert_selection(
                own,
                atoms.CLIPBOARD,
                atoms.UTF8_STRING,
                atoms.UTF8_STRING,
                x11rb::CURRENT_TIME,
            )
            .expect("a request");
        self.connection.flush().expect("the X server");
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let event = self.connection.poll_for_event().expect("the X server");
            if matches!(event, Some(Event::SelectionNotify(_))) {
                break;
            }
            assert!(Instant::now() < end, "nobody answers for the clipboard");
            tokio::time::sleep(LOOK).await;
        }
        let text = self
            .connection
            .get_property(true, own, atoms.UTF8_STRING, AtomEnum::ANY, 0, 4096)
            .expect("a request")
            .reply()
            .expect("the text");
        String::from_utf8(text.value).expect("a text")
    }

    /// Waits until a window with this title can be seen, or can't any more.
    pub async fn wait(&self, title: &str, seen: bool, limit: Duration) {
        let what = if seen { "never appeared" } else { "stayed" };
        self.until(&format!("the window \"{title}\" {what}"), limit, || {
            self.shows(title) == seen
        })
        .await;
    }

    /// Waits until the window with this title lies in front of all others.
    pub async fn in_front(&self, title: &str, limit: Duration) {
        self.until(
            &format!("the window \"{title}\" stayed behind"),
            limit,
            || {
                let shown = self.shown();
                shown.last().is_some_and(|&window| self.is(window, title))
            },
        )
        .await;
    }

    /// Lays an empty window over all that is shown; gone with this value.
    pub fn cover(&self) {
        let window = self.connection.generate_id().expect("a window's number");
        let size = self
            .connection
            .get_geometry(self.root)
            .expect("a request")
            .reply()
            .expect("the screen's size");
        self.connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                window,
                self.root,
                0,
                0,
                size.width,
                size.height,
                0,
                WindowClass::INPUT_OUTPUT,
                x11rb::COPY_FROM_PARENT,
                &CreateWindowAux::new().background_pixel(0),
            )
            .expect("a window");
        self.connection.map_window(window).expect("a window");
        self.connection.flush().expect("the X server");
    }

    /// Closes the window with this title, as a click on its cross does.
    pub fn close(&self, title: &str) {
        let window = self.number(title);
        let message = ClientMessageEvent::new(
            32,
            window,
            self.atoms.WM_PROTOCOLS,
            [self.atoms.WM_DELETE_WINDOW, x11rb::CURRENT_TIME, 0, 0, 0],
        );
        self.connection
            .send_event(false, window, EventMask::NO_EVENT, message)
            .expect("a message");
        self.connection.flush().expect("the X server");
    }

    /// Gives the keyboard to the window with this title: no window manager does that here.
    pub fn focus(&self, title: &str) {
        self.connection
            .set_input_focus(
                InputFocus::POINTER_ROOT,
                self.number(title),
                x11rb::CURRENT_TIME,
            )
            .expect("the focus");
        self.connection.flush().expect("the X server");
    }

    /// Gives the window with this title another size, as a drag of its corner does.
    pub fn resize(&self, title: &str, (width, height): (u16, u16)) {
        let size = ConfigureWindowAux::new()
            .width(u32::from(width))
            .height(u32::from(height));
        self.connection
            .configure_window(self.number(title), &size)
            .expect("a size");
        self.connection.flush().expect("the X server");
    }

    /// Waits until the window with this title has this size.
    pub async fn sized(&self, title: &str, size: (u16, u16), limit: Duration) {
        self.until(
            &format!("the window \"{title}\" is not {size:?}"),
            limit,
            || {
                let asked = self.connection.get_geometry(self.number(title));
                let found = asked.expect("a request").reply();
                found.is_ok_and(|found| (found.width, found.height) == size)
            },
        )
        .await;
    }

    /// Number of the window with this title.
    pub(crate) fn number(&self, title: &str) -> Window {
        let shown = self.shown();
        let window = shown.into_iter().find_map(|top| self.named(top, title));
        window.unwrap_or_else(|| panic!("no window \"{title}\""))
    }

    async fn until(&self, what: &str, limit: Duration, fits: impl Fn() -> bool) {
        let end = Instant::now() + limit;
        while !fits() {
            assert!(Instant::now() < end, "{what}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Windows that are shown, the frontmost last.
    fn shown(&self) -> Vec<Window> {
        let tree = self.connection.query_tree(self.root).expect("a request");
        let children = tree.reply().map(|tree| tree.children).unwrap_or_default();
        let seen = |window: &Window| {
            let attributes = self
                .connection
                .get_window_attributes(*window)
                .expect("a request");
            attributes
                .reply()
                .is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
        };
        children.into_iter().filter(seen).collect()
    }

    fn is(&self, window: Window, title: &str) -> bool {
        self.named(window, title).is_some()
    }

    /// The window with this title: this one, or one inside of it.
    fn named(&self, window: Window, title: &str) -> Option<Window> {
        let name = self
            .connection
            .get_property(
                false,
                window,
                self.atoms._NET_WM_NAME,
                AtomEnum::from(0_u8),
                0,
                1024,
            )
            .expect("a request")
            .reply();
        if name.is_ok_and(|name| name.value == title.as_bytes()) {
            return Some(window);
        }
        let tree = self.connection.query_tree(window).expect("a request");
        let children = tree.reply().map(|tree| tree.children).unwrap_or_default();
        children
            .into_iter()
            .find_map(|child| self.named(child, title))
    }
}
