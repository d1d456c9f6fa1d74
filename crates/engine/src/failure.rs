//! What failures of the parts mean to a person: the one place where their errors become ours.

use container::Error as Runtime;
use kubeconfig::Error as Config;

use crate::error::{Error, ErrorCode};

impl From<Runtime> for Error {
    fn from(error: Runtime) -> Self {
        let code = match &error {
            Runtime::NotFound { .. } | Runtime::NotExecutable { .. } => ErrorCode::RuntimeMissing,
            Runtime::TooOld { .. } => ErrorCode::RuntimeTooOld,
            Runtime::Refused { .. } => ErrorCode::RuntimeRefused,
            Runtime::ServiceStopped(_) => ErrorCode::RuntimeStopped,
            Runtime::NoKernel(_) => ErrorCode::KernelMissing,
            Runtime::Timeout { .. } => ErrorCode::RuntimeHung,
            Runtime::Cancelled { .. } => return Self::cancelled(),
            Runtime::ImageNotFound { .. } | Runtime::Registry { .. } => ErrorCode::ImageMissing,
            Runtime::ImageWrongPlatform { .. } => ErrorCode::ImageWrongPlatform,
            Runtime::PortInUse { .. } => ErrorCode::PortInUse,
            Runtime::PermissionDenied { .. } => ErrorCode::PermissionDenied,
            Runtime::NoSpace { .. } => ErrorCode::NoSpace,
            Runtime::MountSourceMissing { .. } => ErrorCode::MountSourceMissing,
            _ => ErrorCode::RuntimeFailed,
        };
        let said = match &error {
            // The message has all of it, in other words.
            Runtime::ImageNotFound { .. } | Runtime::PortInUse { .. } => "",
            _ => error.original().unwrap_or_default().trim(),
        };
        let message = error.to_string();
        Self::new(code, message).detail(said).hint(error.hint())
    }
}

impl From<Config> for Error {
    fn from(error: Config) -> Self {
        let code = match &error {
            Config::Locked { .. } => ErrorCode::KubeconfigLocked,
            Config::Unwritable { source, .. }
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                ErrorCode::NoSpace
            }
            Config::Unwritable { .. } => ErrorCode::KubeconfigUnwritable,
            Config::Guest { .. } => ErrorCode::NodeFailed,
            _ => ErrorCode::KubeconfigUnreadable,
        };
        Self::new(code, error.to_string())
    }
}
