//! A hand that drops files on a window: the source's side of the XDND protocol, version 5.

use std::path::Path;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    /// Names of the protocol.
    Atoms: AtomsCookie {
        XdndAware,
        XdndSelection,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndLeave,
        XdndDrop,
        XdndFinished,
        XdndActionCopy,
        URI_LIST: b"text/uri-list",
        _NET_WM_NAME,
        UTF8_STRING,
    }
}

/// Version of the protocol.
const VERSION: u32 = 5;

/// Drags files over the window with this title and lets them go at this place inside it.
/// `hovering` is called while they hang there.
pub fn drop_files(
    display: &str,
    title: &str,
    (x, y): (i16, i16),
    files: &[&Path],
    hovering: impl FnOnce(),
) {
    let hand = Hand::new(display, files);
    let target = hand.window(title);
    hand.hold();
    hand.tell(
        target,
        hand.atoms.XdndEnter,
        [VERSION << 24, hand.atoms.URI_LIST, 0, 0],
    );
    let (left, top) = hand.origin(target);
    // Twice: a target may take the first one for the entry alone.
    for step in [1, 0] {
        let place = packed(left + x - step, top + y - step);
        hand.tell(
            target,
            hand.atoms.XdndPosition,
            [0, place, x11rb::CURRENT_TIME, hand.atoms.XdndActionCopy],
        );
        hand.answered(hand.atoms.XdndStatus);
    }
    hovering();
    hand.tell(target, hand.atoms.XdndDrop, [0, x11rb::CURRENT_TIME, 0, 0]);
    hand.answered(hand.atoms.XdndFinished);
}

struct Hand {
    connection: RustConnection,
    root: Window,
    window: Window,
    atoms: Atoms,
    list: String,
}

impl Hand {
    fn new(display: &str, files: &[&Path]) -> Self {
        let (connection, screen) = x11rb::connect(Some(display)).expect("the X server");
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id().expect("a window's number");
        connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                window,
                root,
                -10,
                -10,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                x11rb::COPY_FROM_PARENT,
                &CreateWindowAux::new(),
            )
            .expect("a window");
        let atoms = Atoms::new(&connection)
            .expect("names")
            .reply()
            .expect("names");
        let list = files
            .iter()
            .map(|file| format!("file://{}", file.display().to_string().replace(' ', "%20")))
            .collect::<Vec<_>>()
            .join("\r\n");
        Self {
            connection,
            root,
            window,
            atoms,
            list,
        }
    }

    /// Offers the files.
    fn hold(&self) {
        self.connection
            .set_selection_owner(self.window, self.atoms.XdndSelection, x11rb::CURRENT_TIME)
            .expect("the selection");
    }

    /// The window with this title that takes drops.
    fn window(&self, title: &str) -> Window {
        let mut windows = vec![self.root];
        while let Some(window) = windows.pop() {
            let aware = self.property(window, self.atoms.XdndAware, AtomEnum::ATOM.into());
            let name = self.property(window, self.atoms._NET_WM_NAME, self.atoms.UTF8_STRING);
            if !aware.is_empty() && name == title.as_bytes() {
                return window;
            }
            let tree = self
                .connection
                .query_tree(window)
                .expect("a request")
                .reply();
            windows.extend(tree.map(|tree| tree.children).unwrap_or_default());
        }
        panic!("no window \"{title}\" that takes drops");
    }

    fn property(&self, window: Window, name: u32, kind: u32) -> Vec<u8> {
        self.connection
            .get_property(false, window, name, kind, 0, 1024)
            .expect("a request")
            .reply()
            .map(|reply| reply.value)
            .unwrap_or_default()
    }

    fn origin(&self, window: Window) -> (i16, i16) {
        let place = self
            .connection
            .translate_coordinates(window, self.root, 0, 0)
            .expect("a request")
            .reply()
            .expect("the window's place");
        (place.dst_x, place.dst_y)
    }

    fn tell(&self, target: Window, what: u32, data: [u32; 4]) {
        let [first, second, third, fourth] = data;
        let message = ClientMessageEvent::new(
            32,
            target,
            what,
            [self.window, first, second, third, fourth],
        );
        self.connection
            .send_event(false, target, EventMask::NO_EVENT, message)
            .expect("a message");
        self.connection.flush().expect("the X server");
    }

    /// Serves the list of files until the target says this.
    fn answered(&self, answer: u32) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            match self.connection.poll_for_event().expect("the X server") {
                Some(Event::ClientMessage(message)) if message.type_ == answer => return,
                Some(Event::SelectionRequest(request)) => self.serve(&request),
                Some(_) => {}
                None => {
                    assert!(Instant::now() < end, "the window did not answer the drag");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    fn serve(&self, request: &SelectionRequestEvent) {
        let fits = request.target == self.atoms.URI_LIST;
        if fits {
            self.connection
                .change_property8(
                    PropMode::REPLACE,
                    request.requestor,
                    request.property,
                    request.target,
                    self.list.as_bytes(),
                )
                .expect("the list of files");
        }
        let notice = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if fits { request.property } else { x11rb::NONE },
        };
        self.connection
            .send_event(false, request.requestor, EventMask::NO_EVENT, notice)
            .expect("a notice");
        self.connection.flush().expect("the X server");
    }
}

fn packed(x: i16, y: i16) -> u32 {
    (u32::from(x.cast_unsigned()) << 16) | u32::from(y.cast_unsigned())
}
