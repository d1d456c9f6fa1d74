//! An app without a display, over a scripted `container`, and a desktop whose user has decided.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use app::desk::Desk;
use app::place::Place;
use app::settings::Settings;
use app::terminal::Launch;
use container_script::{Act, Script, Stand};
use engine::{Error, ErrorCode, Home};
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};
use tokio::sync::oneshot::{Receiver, channel};

use crate::desktop::Desktop;
use crate::{context, core};

/// A desktop whose user has decided already.
#[derive(Debug, Default)]
pub(super) struct Decided(Mutex<Decisions>);

#[derive(Debug, Default)]
pub(super) struct Decisions {
    pub(super) files: Vec<PathBuf>,
    pub(super) place: Option<PathBuf>,
    /// Whether programs can't be started.
    pub(super) broken: bool,
    /// What was asked for, in words.
    pub(super) asked: Vec<String>,
}

impl Decided {
    pub(super) fn now(&self) -> MutexGuard<'_, Decisions> {
        self.0.lock().unwrap()
    }

    pub(super) fn ask(&self, what: String) -> engine::Result<()> {
        let mut now = self.now();
        now.asked.push(what);
        if now.broken {
            return Err(Error::new(ErrorCode::Internal, "nothing starts here"));
        }
        Ok(())
    }
}

impl Desktop for Decided {
    fn choose_files(&self, title: &str) -> Receiver<Vec<PathBuf>> {
        let (chosen, answer) = channel();
        let mut now = self.now();
        now.asked.push(title.into());
        chosen.send(now.files.clone()).unwrap();
        answer
    }

    fn choose_folder(&self, title: &str) -> Receiver<Option<PathBuf>> {
        self.choose_place(title)
    }

    fn choose_place(&self, name: &str) -> Receiver<Option<PathBuf>> {
        let (chosen, answer) = channel();
        let mut now = self.now();
        now.asked.push(name.into());
        chosen.send(now.place.clone()).unwrap();
        answer
    }

    fn open(&self, what: &str) -> engine::Result<()> {
        self.ask(format!("open {what}"))
    }

    fn launch(&self, launch: &Launch) -> engine::Result<()> {
        self.ask(format!("launch {}", launch.program.display()))
    }

    fn quit(&self) {
        self.now().asked.push("quit".into());
    }
}

/// An app without a display.
pub(super) struct Bench {
    pub(super) stand: Stand,
    pub(super) folder: tempfile::TempDir,
    pub(super) app: App<MockRuntime>,
    pub(super) desktop: Arc<Decided>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::over(&Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]))
    }

    /// With work that began and does not end by itself, and its number.
    pub(super) fn at_work() -> (Self, u64) {
        let script = Script::healthy("1.5.0")
            .on(&["list"], [Act::Stdout("[]".into())])
            .on(&["system", "start"], [Act::Mark, Act::Hang]);
        let bench = Self::over(&script);
        let id = tauri::async_runtime::block_on(async { bench.desk().runtime_start() });
        bench.stand.wait_for_mark();
        (bench, id)
    }

    pub(super) fn over(script: &Script) -> Self {
        let stand = Stand::new(script);
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            container_path: Some(stand.program().display().to_string()),
            kubeconfig: Some(folder.path().join("config").display().to_string()),
            ..Settings::default()
        };
        let place = Place::at(folder.path().join("app"));
        settings.save(&place).unwrap();
        let home = Home::at(folder.path().join("home"));
        let desk: Arc<Desk> =
            tauri::async_runtime::block_on(async { Desk::at(place, home) }).unwrap();
        let app = core(mock_builder()).build(context()).unwrap();
        let desktop = Arc::<Decided>::default();
        app.manage(desk);
        app.manage::<Arc<dyn Desktop>>(desktop.clone());
        Self {
            stand,
            folder,
            app,
            desktop,
        }
    }

    pub(super) fn desk(&self) -> Arc<Desk> {
        crate::desk(&self.app)
    }

    pub(super) fn window(&self, label: &str) -> WebviewWindow<MockRuntime> {
        WebviewWindowBuilder::new(&self.app, label, tauri::WebviewUrl::default())
            .build()
            .unwrap()
    }
}

/// Calls a command as the page of a window does.
pub(super) fn call(
    window: &WebviewWindow<MockRuntime>,
    command: &str,
    arguments: Value,
) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.into(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: "tauri://localhost".parse().unwrap(),
        body: InvokeBody::Json(arguments),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_string(),
    };
    get_ipc_response(window, request).map(|body| match body {
        InvokeResponseBody::Json(text) => serde_json::from_str(&text).unwrap(),
        InvokeResponseBody::Raw(bytes) => json!(bytes),
    })
}

/// Whether a call was refused before it came to the command.
pub(super) fn is_refused(answer: &Result<Value, Value>) -> bool {
    let words = answer.as_ref().err().and_then(Value::as_str);
    words.is_some_and(|words| words.contains("not allowed"))
}
