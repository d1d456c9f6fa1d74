//! `build node-image`

use engine::{Error, ErrorCode, Result};

use crate::args::BuildArgs;
use crate::session::Session;

pub(super) async fn node_image(_args: &BuildArgs, _session: &Session) -> Result<()> {
    Err(Error::new(
        ErrorCode::Internal,
        "building comes with the next commit",
    ))
}
