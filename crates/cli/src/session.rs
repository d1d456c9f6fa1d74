//! What every command needs: the engine, the console, and a way to be cancelled.

use std::future::Future;
use std::path::PathBuf;

use engine::{Engine, Error, Operation, Result};
use tokio_util::sync::CancellationToken;

use crate::console::Console;

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    /// Where words go.
    pub(crate) console: Console,
    /// The `container` program, when it was named.
    pub(crate) container: Option<PathBuf>,
    /// Cancelled by the first signal.
    pub(crate) cancel: CancellationToken,
}

impl Session {
    /// The engine over the `container` program that is found or was named.
    pub(crate) fn engine(&self) -> Result<Engine> {
        Engine::locate(self.container.as_deref())
    }

    /// A question that changes nothing: a signal just ends it.
    pub(crate) fn ask<T>(
        &self,
        question: impl Future<Output = Result<T>>,
    ) -> impl Future<Output = Result<T>> {
        let question = Box::pin(question);
        async move {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(Error::cancelled()),
                answer = question => answer,
            }
        }
    }

    /// An operation: it shows its steps, and cleans up by itself after a signal.
    pub(crate) async fn operate<T>(
        &self,
        title: &str,
        cluster: &str,
        work: impl AsyncFnOnce(&Operation) -> Result<T>,
    ) -> Result<T> {
        let progress = self.console.progress(title, cluster, self.cancel.clone());
        let operation = Operation {
            steps: progress.steps(),
            cancel: self.cancel.clone(),
        };
        let outcome = Box::pin(work(&operation)).await;
        progress.end();
        outcome
    }
}
