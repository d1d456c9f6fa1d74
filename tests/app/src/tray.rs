//! The tray icon and its menu as the desktop's panel sees them: over the session bus.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy};

/// A row of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Number that the menu knows it by.
    pub id: i32,
    /// Its text; empty for a line.
    pub text: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// Whether it carries a tick; none when it can't.
    pub ticked: Option<bool>,
    /// Rows of its submenu.
    pub rows: Vec<Row>,
}

impl Row {
    /// The row with this text, at any depth.
    pub fn find(&self, text: &str) -> Option<&Row> {
        if self.text == text {
            return Some(self);
        }
        self.rows.iter().find_map(|row| row.find(text))
    }
}

/// The app's tray icon.
#[derive(Debug)]
pub struct Tray {
    menu: Proxy<'static>,
    item: Proxy<'static>,
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Tray {
    /// Waits until the panel's host knows an icon.
    pub async fn find(bus_address: &str) -> Self {
        let connection = zbus::connection::Builder::address(bus_address)
            .expect("an address")
            .build()
            .await
            .expect("the session bus");
        let (owner, path) = registered(&connection).await;
        let item = proxy(&connection, &owner, &path, "org.kde.StatusNotifierItem").await;
        let menu_path: zbus::zvariant::OwnedObjectPath =
            item.get_property("Menu").await.expect("the icon's menu");
        let menu = proxy(
            &connection,
            &owner,
            menu_path.as_str(),
            "com.canonical.dbusmenu",
        )
        .await;
        Self { menu, item }
    }

    /// The icon that is shown, as the file of it that the app made.
    pub async fn picture(&self) -> Vec<u8> {
        let text = async |name| -> String {
            let property = self.item.get_property(name).await;
            property.expect("a property of the icon")
        };
        let (folder, name) = (text("IconThemePath").await, text("IconName").await);
        let file = Path::new(&folder).join(name).with_extension("png");
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// The whole menu.
    pub async fn menu(&self) -> Row {
        let none: Vec<&str> = Vec::new();
        let (_revision, layout): (u32, Layout) = self
            .menu
            .call("GetLayout", &(0i32, -1i32, none))
            .await
            .expect("the menu's layout");
        row(layout)
    }

    /// Waits until the app is no longer on the session bus.
    pub async fn gone(&self, limit: Duration) {
        let bus = zbus::fdo::DBusProxy::new(self.item.connection());
        let bus = bus.await.expect("the session bus");
        let owner = self.item.destination();
        let end = Instant::now() + limit;
        while bus.name_has_owner(owner.clone()).await.expect("an answer") {
            assert!(Instant::now() < end, "the app did not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks the row with this text.
    pub async fn click(&self, text: &str) {
        let menu = self.menu().await;
        let row = menu
            .find(text)
            .unwrap_or_else(|| panic!("no row \"{text}\" in {menu:#?}"));
        assert!(row.enabled, "\"{text}\" can't be clicked now");
        let data = Value::from(0i32);
        self.menu
            .call::<_, _, ()>("Event", &(row.id, "clicked", data, 0u32))
            .await
            .expect("a click");
    }

    /// Waits until the menu is as asked.
    pub async fn wait(&self, what: &str, limit: Duration, fits: impl Fn(&Row) -> bool) -> Row {
        let mut changes = self
            .menu
            .receive_all_signals()
            .await
            .expect("the menu's signals");
        let end = Instant::now() + limit;
        loop {
            let menu = self.menu().await;
            if fits(&menu) {
                return menu;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the menu never showed {what}: {menu:#?}");
            let pause = left.min(Duration::from_secs(1));
            let _ = tokio::time::timeout(pause, changes.next()).await;
        }
    }
}

/// Owner and path of the first icon that the host knows.
async fn registered(connection: &Connection) -> (String, String) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let watcher = proxy(
            connection,
            "org.kde.StatusNotifierWatcher",
            "/StatusNotifierWatcher",
            "org.kde.StatusNotifierWatcher",
        )
        .await;
        let items: zbus::Result<Vec<String>> =
            watcher.get_property("RegisteredStatusNotifierItems").await;
        if let Some(item) = items.unwrap_or_default().first() {
            let (owner, path) = item.split_once('/').expect("owner and path");
            return (owner.to_owned(), format!("/{path}"));
        }
        assert!(Instant::now() < end, "no tray icon appeared");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn proxy(
    connection: &Connection,
    owner: &str,
    path: &str,
    interface: &str,
) -> Proxy<'static> {
    zbus::proxy::Builder::<Proxy<'static>>::new(connection)
        .destination(owner.to_owned())
        .and_then(|builder| builder.path(path.to_owned()))
        .and_then(|builder| builder.interface(interface.to_owned()))
        .expect("a proxy")
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .expect("a proxy")
}

fn row((id, properties, children): Layout) -> Row {
    let text = |name: &str| -> Option<String> {
        properties
            .get(name)
            .and_then(|value| String::try_from(value.clone()).ok())
    };
    let flag = |name: &str| -> Option<bool> {
        properties
            .get(name)
            .and_then(|value| bool::try_from(value.clone()).ok())
    };
    let number = |name: &str| -> Option<i32> {
        properties
            .get(name)
            .and_then(|value| i32::try_from(value.clone()).ok())
    };
    Row {
        id,
        // An underscore marks a key of the keyboard; two stand for one.
        text: text("label").unwrap_or_default().replace("__", "_"),
        enabled: flag("enabled").unwrap_or(true),
        ticked: text("toggle-type").map(|_| number("toggle-state") == Some(1)),
        rows: children
            .into_iter()
            .map(|child| row(Layout::try_from(child).expect("a row")))
            .collect(),
    }
}
