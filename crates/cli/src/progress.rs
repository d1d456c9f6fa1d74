//! Progress of an operation: painted on a terminal, lines in a pipe, JSON for programs.

mod board;
mod plain;
pub(crate) mod screen;

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::{Step, Steps};
use tokio_util::sync::CancellationToken;

use self::board::{Board, Moment, Room};
use self::plain::Plain;
use self::screen::Screen;
use crate::style::Style;

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(100);
/// Time between two looks at what takes long.
const LOOK: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Not at all.
    Silent,
    /// One JSON object a step on standard output.
    Json,
    /// Lines on standard error.
    Lines,
    /// A picture on the terminal of standard error.
    Picture,
}

/// Progress of one operation. Ends with [`Progress::end`] or when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    steps: Steps,
    thread: Option<(Sender<Message>, JoinHandle<()>)>,
}

#[derive(Debug)]
enum Message {
    Step(Step),
    End,
}

impl Progress {
    /// Shows progress of an operation on a cluster until it ends.
    pub(crate) fn begin(
        form: Form,
        cluster: &str,
        style: Style,
        cancel: CancellationToken,
    ) -> Self {
        match form {
            Form::Silent => Self {
                steps: Steps::silent(),
                thread: None,
            },
            Form::Json => Self {
                steps: Steps::new(|step| crate::console::json_line("step", &step)),
                thread: None,
            },
            Form::Lines => {
                let plain = Plain::new(cluster, style);
                Self::on_a_thread(move |messages| write_lines(plain, &messages))
            }
            Form::Picture => {
                let board = Board::new(cluster);
                Self::on_a_thread(move |messages| paint(board, style, &messages, &cancel))
            }
        }
    }

    /// Where the operation sends its steps.
    pub(crate) fn steps(&self) -> Steps {
        self.steps.clone()
    }

    /// Shows the last state and leaves it on the screen.
    pub(crate) fn end(self) {
        drop(self);
    }

    fn on_a_thread(show: impl FnOnce(Receiver<Message>) + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let steps = sender.clone();
        Self {
            // A thread that ended has nobody to show anything to.
            steps: Steps::new(move |step| drop(steps.send(Message::Step(step)))),
            thread: Some((sender, std::thread::spawn(move || show(receiver)))),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            let _ = sender.send(Message::End);
            // A panic there was printed already; the operation's outcome matters more.
            let _ = thread.join();
        }
    }
}

fn write_lines(mut plain: Plain, messages: &Receiver<Message>) {
    let began = Instant::now();
    loop {
        let lines = match messages.recv_timeout(LOOK) {
            Ok(Message::Step(step)) => plain.apply(&step).into_iter().collect(),
            Err(RecvTimeoutError::Timeout) => plain.tick(began.elapsed()),
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut err = io::stderr().lock();
        for line in lines {
            let _ = writeln!(err, "{line}");
        }
    }
}

fn paint(mut board: Board, style: Style, messages: &Receiver<Message>, cancel: &CancellationToken) {
    let began = Instant::now();
    let mut screen = Screen::new(io::stderr());
    let mut show = |board: &Board| {
        let elapsed = began.elapsed();
        let frame = usize::try_from(elapsed.as_millis() / FRAME.as_millis()).unwrap_or(0);
        let room = room();
        // A terminal that is gone shows nothing; the operation goes on.
        let _ = screen.paint(
            board.frame(Moment { elapsed, frame }, room, style),
            room.columns,
        );
    };
    loop {
        let mut next = messages.recv_timeout(FRAME);
        // Everything that came at once is one picture.
        loop {
            match next {
                Ok(Message::Step(step)) => board.apply(&step),
                Err(RecvTimeoutError::Timeout) => break,
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => {
                    if cancel.is_cancelled() {
                        board.cancel();
                    }
                    board.end();
                    show(&board);
                    return;
                }
            }
            next = messages.try_recv().map_err(|_| RecvTimeoutError::Timeout);
        }
        if cancel.is_cancelled() {
            board.cancel();
        }
        show(&board);
    }
}

/// The size of the terminal of standard error; 80 by 24 when it does not say.
pub(crate) fn room() -> Room {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    let or = |value: Option<u16>, otherwise: usize| match value {
        Some(value) if value > 0 => usize::from(value),
        _ => otherwise,
    };
    Room {
        columns: or(size.ok().map(|size| size.ws_col), 80),
        rows: or(size.ok().map(|size| size.ws_row), 24),
    }
}
