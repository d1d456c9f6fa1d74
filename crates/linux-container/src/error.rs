//! Failures in the words of Apple's tool: a code, a message, and what caused it.

use std::fmt;

/// The code words that appear in error texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument,
    Internal,
    Exists,
    NotFound,
    InvalidState,
    Unsupported,
}

impl Code {
    fn word(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalidArgument",
            Self::Internal => "internalError",
            Self::Exists => "exists",
            Self::NotFound => "notFound",
            Self::InvalidState => "invalidState",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A run-time error: exit status 1 and one `Error: …` on stderr.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    code: Option<Code>,
    message: String,
    cause: Option<Box<Error>>,
}

/// Result with the error of this program.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            message: message.into(),
            cause: None,
        }
    }

    /// A text printed as it is, without a code even in the long form.
    pub(crate) fn verbatim(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
            cause: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// Wraps this error as the cause of another one.
    pub(crate) fn wrapped(self, code: Code, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            message: message.into(),
            cause: Some(Box::new(self)),
        }
    }

    /// The form that commands over several ids print, one error a line.
    pub(crate) fn several(errors: &[Error]) -> Self {
        let lines: Vec<String> = errors.iter().map(Self::long).collect();
        Self::verbatim(lines.join("\n"))
    }

    /// `code: "message" (cause: "…")`, the form in causes.
    pub(crate) fn long(&self) -> String {
        let Some(code) = self.code else {
            return self.to_string();
        };
        let head = format!("{}: \"{}\"", code.word(), self.message);
        match &self.cause {
            Some(cause) => format!("{head} (cause: \"{}\")", cause.long()),
            None => head,
        }
    }
}

/// The outermost code is dropped, as Apple's tool does.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " (cause: \"{}\")", cause.long()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to a failure of the operating system.
pub(crate) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Error::internal(format!("{}: {e}", what())))
    }
}

/// How a command ends when it does not simply succeed.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Exit status 1 with `Error: …` on stderr.
    Failed(Error),
    /// Exit status 64 with `Error: …` and the usage on stderr.
    Usage { message: String, usage: String },
    /// The status of a process inside a container, or a silent failure.
    Status(u8),
}

impl From<Error> for Exit {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What every command returns.
pub(crate) type Outcome = std::result::Result<(), Exit>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_code_is_dropped_and_causes_keep_theirs() {
        let error = Error::not_found("container with ID nope not found")
            .wrapped(Code::Internal, "failed to stop container");
        assert_eq!(
            error.to_string(),
            r#"failed to stop container (cause: "notFound: "container with ID nope not found"")"#
        );
        assert_eq!(
            Error::several(&[error]).to_string(),
            r#"internalError: "failed to stop container" (cause: "notFound: "container with ID nope not found"")"#
        );
    }
}
