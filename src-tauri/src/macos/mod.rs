//! What differs on a Mac: the Dock, the menu bars, notifications, and how the system asks an app
//! to end or to show itself again.
//!
//! The one folder that knows the system it runs on.

#[cfg(target_os = "macos")]
mod mac;
#[cfg(target_os = "macos")]
mod notifications;
#[cfg(target_os = "macos")]
mod quit;
#[cfg(target_os = "macos")]
pub(crate) use mac::{
    TITLES_OF_SUBMENUS_CHANGE, be_accessory, begin, is_reopened, opened_files, prepare,
    remember_icon, under_title_bar,
};
#[cfg(target_os = "macos")]
pub(crate) use notifications::notify;

#[cfg(not(target_os = "macos"))]
mod elsewhere;
#[cfg(not(target_os = "macos"))]
pub(crate) use elsewhere::{
    TITLES_OF_SUBMENUS_CHANGE, be_accessory, begin, is_reopened, notify, opened_files, prepare,
    remember_icon, under_title_bar,
};
