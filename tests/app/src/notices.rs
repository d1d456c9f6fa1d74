//! Who shows notifications on a desktop: here they are only kept.

#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the macro reads arguments that the service does not, and its methods need an object"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zbus::Connection;
use zbus::zvariant::OwnedValue;

/// A notification that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
}

/// Shows notifications as long as it lives.
#[derive(Debug)]
pub struct Notices {
    shown: Arc<Mutex<Vec<Notice>>>,
    _connection: Connection,
}

impl Notices {
    /// Takes the place of the desktop's own service.
    pub async fn on(bus_address: &str) -> Self {
        let shown = Arc::<Mutex<Vec<Notice>>>::default();
        let service = Service(Arc::clone(&shown));
        let connection = zbus::connection::Builder::address(bus_address)
            .and_then(|builder| builder.serve_at("/org/freedesktop/Notifications", service))
            .and_then(|builder| builder.name("org.freedesktop.Notifications"))
            .expect("a service")
            .build()
            .await
            .expect("the session bus");
        Self {
            shown,
            _connection: connection,
        }
    }

    /// What was shown until now.
    pub fn shown(&self) -> Vec<Notice> {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until as many were shown.
    pub async fn wait(&self, count: usize, limit: Duration) -> Vec<Notice> {
        let end = Instant::now() + limit;
        loop {
            let shown = self.shown();
            if shown.len() >= count {
                return shown;
            }
            assert!(
                Instant::now() < end,
                "not {count} notifications, but {shown:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

struct Service(Arc<Mutex<Vec<Notice>>>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(
        clippy::too_many_arguments,
        reason = "the protocol's method has as many"
    )]
    fn notify(
        &self,
        _program: &str,
        replaces: u32,
        _icon: &str,
        title: String,
        text: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _milliseconds: i32,
    ) -> u32 {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(Notice { title, text });
        if replaces == 0 {
            u32::try_from(shown.len()).unwrap_or(u32::MAX)
        } else {
            replaces
        }
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".into()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let words = ["notices", "app-tests", "1", "1.2"].map(String::from);
        words.into()
    }
}
