//! Being asked to end: by Cmd-Q, the Dock, or the system that logs the user out.
//!
//! All of them reach AppKit's `terminate:`, which asks the app's delegate. tao's delegate has no
//! answer, and no event of Tauri's comes before the end.
#![expect(
    unsafe_code,
    reason = "a method is added to a class of the Objective-C runtime"
)]

use std::mem::transmute;
use std::ptr::from_ref;
use std::sync::OnceLock;

use objc2::ffi::class_addMethod;
use objc2::runtime::{AnyObject, Imp, Sel};
use objc2::{MainThreadMarker, sel};
use objc2_app_kit::{NSApplication, NSApplicationTerminateReply};
use tauri::{AppHandle, Runtime};

use crate::{desk, feed};

type Method = extern "C-unwind" fn(&AnyObject, Sel, &AnyObject) -> NSApplicationTerminateReply;

/// Says whether the app may end now.
static MAY_END: OnceLock<Box<dyn Fn() -> bool + Send + Sync>> = OnceLock::new();

/// Has the app ask first while work goes on.
pub(super) fn ask_first<R: Runtime>(app: &AppHandle<R>) {
    let handle = app.clone();
    let known = MAY_END.set(Box::new(move || {
        if !desk(&handle).is_busy() {
            return true;
        }
        let handle = handle.clone();
        // AppKit waits for the answer: the window is opened after it.
        tauri::async_runtime::spawn(async move { feed::quit(&handle) });
        false
    }));
    if known.is_ok() && !answer() {
        tracing::warn!("the app ends without asking");
    }
}

/// Teaches the app's delegate to answer.
fn answer() -> bool {
    let Some(main) = MainThreadMarker::new() else {
        return false;
    };
    let application = NSApplication::sharedApplication(main);
    let Some(delegate) = application.delegate() else {
        return false;
    };
    let object: &AnyObject = delegate.as_ref();
    let class = from_ref(object.class()).cast_mut();
    let method: Method = should_terminate;
    // SAFETY: the function takes and returns what the text says and AppKit's protocol wants: an
    // unsigned word for the object, the selector and the application. The class is tao's own and
    // is never taken away.
    let added = unsafe {
        class_addMethod(
            class,
            sel!(applicationShouldTerminate:),
            transmute::<Method, Imp>(method),
            c"Q@:@".as_ptr(),
        )
    };
    // AppKit may have noted what the delegate can do when it got it.
    application.setDelegate(None);
    application.setDelegate(Some(&delegate));
    added.as_bool()
}

extern "C-unwind" fn should_terminate(
    _: &AnyObject,
    _: Sel,
    _: &AnyObject,
) -> NSApplicationTerminateReply {
    if MAY_END.get().is_none_or(|may_end| may_end()) {
        NSApplicationTerminateReply::TerminateNow
    } else {
        NSApplicationTerminateReply::TerminateCancel
    }
}
