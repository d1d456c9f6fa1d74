//! `exec`.

use std::io::IsTerminal;

use super::{ended, print};
use crate::cli::Matches;
use crate::container::{self, ExecRequest};
use crate::error::{Error, Outcome};
use crate::model::User;
use crate::parse::{environment, user};
use crate::world::World;

pub(super) fn exec(world: &World, matches: &Matches) -> Outcome {
    let id = &matches.positional[0];
    let chosen = matches.has("user") || matches.has("uid") || matches.has("gid");
    let user: Option<User> = if chosen {
        Some(user::user(matches, None)?)
    } else {
        None
    };
    let request = ExecRequest {
        arguments: matches.positional[1..].to_vec(),
        environment: environment::variables(matches.all("env-file"), matches.all("env"))?,
        user,
        working_directory: matches.value("workdir").map(str::to_owned),
        limits: user::limits(matches.all("ulimit"))?,
        interactive: matches.has("interactive"),
        terminal: matches.has("tty"),
        detach: matches.has("detach"),
    };
    if request.terminal && !request.detach && !std::io::stdin().is_terminal() {
        return Err(
            Error::invalid("the standard input is not a terminal, which --tty needs").into(),
        );
    }
    if let Some(status) = container::exec(world, id, &request)? {
        return ended(status);
    }
    print(id);
    Ok(())
}
