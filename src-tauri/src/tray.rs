//! The tray's icon and menu as the system has them: made once, then changed in place.

use std::sync::{Mutex, PoisonError};

use app::tray::{Item, MenuId, Row, Submenu, TrayIcon, TrayMenu};
use tauri::image::Image;
use tauri::menu::{
    CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu as NativeSubmenu,
};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Runtime};

use crate::{clicks, desk, macos};

const ID: &str = "tray";

/// What is drawn now.
struct Drawn<R: Runtime> {
    icon: tauri::tray::TrayIcon<R>,
    /// Kept: without it the menu is gone.
    menu: Menu<R>,
    rows: Vec<Native<R>>,
    model: TrayMenu,
}

/// A row of the system's menu.
enum Native<R: Runtime> {
    Line(PredefinedMenuItem<R>),
    Item(MenuItem<R>),
    Check(CheckMenuItem<R>),
    Menu(NativeSubmenu<R>, Vec<Native<R>>),
}

/// The drawn tray, once there is one.
struct Tray<R: Runtime>(Mutex<Option<Drawn<R>>>);

impl<R: Runtime> Tray<R> {
    fn with<T>(&self, work: impl FnOnce(&mut Option<Drawn<R>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Draws the tray. A desktop without one leaves the app with its windows.
pub(crate) fn draw<R: Runtime>(app: &AppHandle<R>) {
    let model = app::tray::menu(&desk(app).snapshot(), app::clock::now());
    let drawn = make(app, model)
        .inspect_err(|error| tracing::warn!(%error, "there is no tray"))
        .ok();
    app.manage(Tray(Mutex::new(drawn)));
}

fn make<R: Runtime>(app: &AppHandle<R>, model: TrayMenu) -> tauri::Result<Drawn<R>> {
    let rows = natives(app, &model.rows)?;
    let menu = Menu::new(app)?;
    for row in &rows {
        menu.append(row.item())?;
    }
    let icon = TrayIconBuilder::with_id(ID)
        .icon(picture(model.icon)?)
        .icon_as_template(true)
        .tooltip(&model.tooltip)
        .menu(&menu)
        .show_menu_on_left_click(true)
        .on_menu_event(|app, event| clicked(app, event.id().as_ref()))
        .build(app)?;
    macos::remember_icon(&icon);
    Ok(Drawn {
        icon,
        menu,
        rows,
        model,
    })
}

/// Shows or hides the icon.
pub(crate) fn set_visible<R: Runtime>(app: &AppHandle<R>, visible: bool) {
    let Some(tray) = app.try_state::<Tray<R>>() else {
        return;
    };
    let icon = tray.with(|drawn| drawn.as_ref().map(|drawn| drawn.icon.clone()));
    let Some(icon) = icon else { return };
    match icon.set_visible(visible) {
        // It may be a new one.
        Ok(()) if visible => macos::remember_icon(&icon),
        Ok(()) => {}
        Err(error) => tracing::warn!(%error, visible, "the icon stays as it is"),
    }
}

/// Makes the tray what the model says, by changing what differs.
pub(crate) fn redraw<R: Runtime>(app: &AppHandle<R>, model: TrayMenu) {
    let handle = app.clone();
    // At once on the thread of the menus: each single change would wait for it otherwise.
    let asked = app.run_on_main_thread(move || {
        let Some(tray) = handle.try_state::<Tray<R>>() else {
            return;
        };
        tray.with(|drawn| {
            if let Some(drawn) = drawn
                && let Err(error) = drawn.become_(&handle, model)
            {
                tracing::warn!(%error, "the tray is not up to date");
            }
        });
    });
    if let Err(error) = asked {
        tracing::debug!(%error, "the app is ending");
    }
}

fn clicked<R: Runtime>(app: &AppHandle<R>, id: &str) {
    let Ok(id) = id.parse::<MenuId>() else {
        return;
    };
    let Some(tray) = app.try_state::<Tray<R>>() else {
        return;
    };
    let action = tray.with(|drawn| {
        let drawn = drawn.as_ref()?;
        // The system ticks what is clicked; the tick moves only when the file was written.
        if let Err(error) = tick(&drawn.rows, &drawn.model.rows) {
            tracing::warn!(%error, "a tick is wrong");
        }
        drawn.model.action(&id).cloned()
    });
    if let Some(action) = action {
        clicks::act(app, action);
    }
}

impl<R: Runtime> Drawn<R> {
    fn become_(&mut self, app: &AppHandle<R>, model: TrayMenu) -> tauri::Result<()> {
        if self.model == model {
            return Ok(());
        }
        if self.model.icon != model.icon {
            self.icon
                .set_icon_with_as_template(Some(picture(model.icon)?), true)?;
        }
        if self.model.tooltip != model.tooltip {
            self.icon.set_tooltip(Some(&model.tooltip))?;
        }
        let menu = self.menu.clone();
        change(
            app,
            &mut self.rows,
            &self.model.rows,
            &model.rows,
            &Parent::Menu(&menu),
        )?;
        self.model = model;
        Ok(())
    }
}

enum Parent<'a, R: Runtime> {
    Menu(&'a Menu<R>),
    Submenu(&'a NativeSubmenu<R>),
}

impl<R: Runtime> Parent<'_, R> {
    fn append(&self, item: &dyn IsMenuItem<R>) -> tauri::Result<()> {
        match self {
            Self::Menu(menu) => menu.append(item),
            Self::Submenu(menu) => menu.append(item),
        }
    }

    fn insert(&self, item: &dyn IsMenuItem<R>, position: usize) -> tauri::Result<()> {
        match self {
            Self::Menu(menu) => menu.insert(item, position),
            Self::Submenu(menu) => menu.insert(item, position),
        }
    }

    fn remove(&self, item: &dyn IsMenuItem<R>) -> tauri::Result<()> {
        match self {
            Self::Menu(menu) => menu.remove(item),
            Self::Submenu(menu) => menu.remove(item),
        }
    }
}

/// Changes rows in place; a list whose entries are others is filled anew.
fn change<R: Runtime>(
    app: &AppHandle<R>,
    natives_now: &mut Vec<Native<R>>,
    before: &[Row],
    after: &[Row],
    parent: &Parent<'_, R>,
) -> tauri::Result<()> {
    if shape(before) != shape(after) {
        for native in natives_now.drain(..) {
            parent.remove(native.item())?;
        }
        *natives_now = natives(app, after)?;
        for native in natives_now.iter() {
            parent.append(native.item())?;
        }
        return Ok(());
    }
    for (position, native) in natives_now.iter_mut().enumerate() {
        let (before, after) = (&before[position], &after[position]);
        match (&mut *native, before, after) {
            (Native::Item(native), Row::Item(before), Row::Item(after)) => {
                if before.text != after.text {
                    native.set_text(text(&after.text))?;
                }
                if before.action.is_some() != after.action.is_some() {
                    native.set_enabled(after.action.is_some())?;
                }
            }
            (Native::Check(native), Row::Item(before), Row::Item(after)) => {
                if before.text != after.text {
                    native.set_text(text(&after.text))?;
                }
                if before.checked != after.checked {
                    native.set_checked(after.checked == Some(true))?;
                }
                if before.action.is_some() != after.action.is_some() {
                    native.set_enabled(after.action.is_some())?;
                }
            }
            (Native::Menu(old, _), Row::Menu(before), Row::Menu(after))
                if before.text != after.text && !macos::TITLES_OF_SUBMENUS_CHANGE =>
            {
                let new = native_menu(app, after)?;
                parent.remove(old)?;
                parent.insert(new.item(), position)?;
                *native = new;
            }
            (Native::Menu(native, rows), Row::Menu(before), Row::Menu(after)) => {
                if before.text != after.text {
                    native.set_text(text(&after.text))?;
                }
                let parent = native.clone();
                let parent = Parent::Submenu(&parent);
                change(app, rows, &before.rows, &after.rows, &parent)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a list consists of: as long as it stays, its rows can be changed in place.
fn shape(rows: &[Row]) -> Vec<Option<(&MenuId, bool)>> {
    rows.iter()
        .map(|row| match row {
            Row::Line => None,
            Row::Item(item) => Some((&item.id, item.checked.is_some())),
            Row::Menu(menu) => Some((&menu.id, false)),
        })
        .collect()
}

/// Puts every tick where the model has it.
fn tick<R: Runtime>(natives: &[Native<R>], rows: &[Row]) -> tauri::Result<()> {
    for (native, row) in natives.iter().zip(rows) {
        match (native, row) {
            (Native::Check(native), Row::Item(item)) => {
                native.set_checked(item.checked == Some(true))?;
            }
            (Native::Menu(_, natives), Row::Menu(menu)) => tick(natives, &menu.rows)?,
            _ => {}
        }
    }
    Ok(())
}

fn natives<R: Runtime>(app: &AppHandle<R>, rows: &[Row]) -> tauri::Result<Vec<Native<R>>> {
    rows.iter().map(|row| native(app, row)).collect()
}

fn native<R: Runtime>(app: &AppHandle<R>, row: &Row) -> tauri::Result<Native<R>> {
    Ok(match row {
        Row::Line => Native::Line(PredefinedMenuItem::separator(app)?),
        Row::Item(item) => native_item(app, item)?,
        Row::Menu(menu) => native_menu(app, menu)?,
    })
}

fn native_item<R: Runtime>(app: &AppHandle<R>, item: &Item) -> tauri::Result<Native<R>> {
    let (id, text) = (item.id.to_string(), text(&item.text));
    let (on, key) = (item.action.is_some(), None::<&str>);
    Ok(match item.checked {
        Some(checked) => Native::Check(CheckMenuItem::with_id(app, id, text, on, checked, key)?),
        None => Native::Item(MenuItem::with_id(app, id, text, on, key)?),
    })
}

fn native_menu<R: Runtime>(app: &AppHandle<R>, menu: &Submenu) -> tauri::Result<Native<R>> {
    let native = NativeSubmenu::with_id(app, menu.id.to_string(), text(&menu.text), true)?;
    let rows = natives(app, &menu.rows)?;
    for row in &rows {
        native.append(row.item())?;
    }
    Ok(Native::Menu(native, rows))
}

impl<R: Runtime> Native<R> {
    fn item(&self) -> &dyn IsMenuItem<R> {
        match self {
            Self::Line(item) => item,
            Self::Item(item) => item,
            Self::Check(item) => item,
            Self::Menu(item, _) => item,
        }
    }
}

/// A single `&` would underline what follows it.
fn text(text: &str) -> String {
    text.replace('&', "&&")
}

/// The picture at twice the size of the menu bar: the system halves it where it has to.
fn picture(icon: TrayIcon) -> tauri::Result<Image<'static>> {
    let png: &[u8] = match icon {
        TrayIcon::Stopped => include_bytes!("../../icons/tray/stopped-36.png"),
        TrayIcon::Running => include_bytes!("../../icons/tray/running-36.png"),
        TrayIcon::Busy => include_bytes!("../../icons/tray/busy-36.png"),
        TrayIcon::Attention => include_bytes!("../../icons/tray/attention-36.png"),
    };
    Image::from_bytes(png)
}
