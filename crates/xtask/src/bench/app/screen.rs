//! Windows on an X server that has no window manager.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

const PATIENCE: Duration = Duration::from_mins(1);

/// The screen, and the windows that have come to be seen on it.
pub(super) struct Screen {
    connection: Arc<RustConnection>,
    shown: Receiver<Window>,
}

impl Screen {
    pub(super) fn of(display: &str) -> Result<Self> {
        let (connection, number) = x11rb::connect(Some(display))?;
        let connection = Arc::new(connection);
        let root = connection.setup().roots[number].root;
        let children = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection
            .change_window_attributes(root, &children)?
            .check()?;
        let (send, shown) = channel();
        let events = Arc::clone(&connection);
        std::thread::spawn(move || {
            while let Ok(event) = events.wait_for_event() {
                if let Event::MapNotify(event) = event
                    && send.send(event.window).is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { connection, shown })
    }

    /// The next window of this name that comes to be seen.
    pub(super) fn window(&self, name: &str) -> Result<Window> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(window) if self.name(window).as_deref() == Some(name) => return Ok(window),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("no window \"{name}\" was shown"),
                Err(RecvTimeoutError::Disconnected) => bail!("the X server has ended"),
            }
        }
    }

    /// Takes a window off the screen, as minimising it does.
    pub(super) fn hide(&self, window: Window) -> Result<()> {
        Ok(self.connection.unmap_window(window)?.check()?)
    }

    /// Asks a window to close, as its frame's button does.
    pub(super) fn close(&self, window: Window) -> Result<()> {
        let atom = |name: &str| -> Result<u32> {
            let named = self.connection.intern_atom(false, name.as_bytes())?;
            Ok(named.reply()?.atom)
        };
        let (protocols, delete) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        let data = [delete, x11rb::CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, protocols, data);
        let sent = self
            .connection
            .send_event(false, window, EventMask::NO_EVENT, message)?;
        Ok(sent.check()?)
    }

    fn name(&self, window: Window) -> Option<String> {
        let (name, text) = (AtomEnum::WM_NAME, AtomEnum::ANY);
        let asked = self
            .connection
            .get_property(false, window, name, text, 0, 64);
        String::from_utf8(asked.ok()?.reply().ok()?.value).ok()
    }
}
