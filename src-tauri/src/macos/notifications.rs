//! Notifications by the system's own centre, which knows apps by their bundles.
#![expect(
    unsafe_code,
    reason = "a class of ours answers the system's notification centre"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use app::wire::WindowName;
use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AnyThread, DefinedClass, define_class, msg_send};
use objc2_foundation::{NSBundle, NSError, NSString};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNMutableNotificationContent, UNNotificationRequest,
    UNNotificationResponse, UNUserNotificationCenter, UNUserNotificationCenterDelegate,
};
use tauri::{AppHandle, Runtime};

use crate::windows;

/// The centre. A program without a bundle has none, and would be ended for asking.
fn centre() -> Option<Retained<UNUserNotificationCenter>> {
    NSBundle::mainBundle()
        .bundleIdentifier()
        .map(|_| UNUserNotificationCenter::currentNotificationCenter())
}

/// Shows a notification; the first time, the system asks the user whether it may.
pub(crate) fn notify<R: Runtime>(_app: &AppHandle<R>, title: &str, text: &str) {
    let Some(centre) = centre() else {
        tracing::info!("no notification without a bundle");
        return;
    };
    let (title, text) = (title.to_owned(), text.to_owned());
    let answered = RcBlock::new(move |granted: Bool, _: *mut NSError| {
        if granted.as_bool() {
            deliver(&title, &text);
        } else {
            tracing::info!("the user wants no notifications");
        }
    });
    centre.requestAuthorizationWithOptions_completionHandler(
        UNAuthorizationOptions::Alert,
        &answered,
    );
}

fn deliver(title: &str, text: &str) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let content = UNMutableNotificationContent::new();
    content.setTitle(&NSString::from_str(title));
    content.setBody(&NSString::from_str(text));
    // A request of the same name would take another one's place.
    let name = format!(
        "{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let request = UNNotificationRequest::requestWithIdentifier_content_trigger(
        &NSString::from_str(&name),
        &content,
        None,
    );
    if let Some(centre) = centre() {
        centre.addNotificationRequest_withCompletionHandler(&request, None);
    }
}

/// A click on a notification brings the main window.
pub(super) fn listen<R: Runtime>(app: &AppHandle<R>) {
    let Some(centre) = centre() else { return };
    let app = app.clone();
    let clicked = Clicked::new(move || windows::open(&app, WindowName::Main));
    centre.setDelegate(Some(ProtocolObject::from_ref(&*clicked)));
    // The centre doesn't keep it.
    std::mem::forget(clicked);
}

define_class!(
    // SAFETY: NSObject asks nothing of those that build on it, and there is no Drop.
    #[unsafe(super(NSObject))]
    #[name = "AppleK8sNotificationClicked"]
    #[ivars = Box<dyn Fn() + Send + Sync>]
    struct Clicked;

    // SAFETY: it asks nothing.
    unsafe impl NSObjectProtocol for Clicked {}

    // SAFETY: the method has the types of the protocol's.
    unsafe impl UNUserNotificationCenterDelegate for Clicked {
        #[unsafe(method(userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:))]
        fn clicked(
            &self,
            _centre: &UNUserNotificationCenter,
            _response: &UNNotificationResponse,
            done: &DynBlock<dyn Fn()>,
        ) {
            (self.ivars())();
            done.call(());
        }
    }
);

impl Clicked {
    fn new(then: impl Fn() + Send + Sync + 'static) -> Retained<Self> {
        let this = Self::alloc().set_ivars(Box::new(then));
        // SAFETY: NSObject's `init` takes nothing and always gives an object.
        unsafe { msg_send![super(this), init] }
    }
}
