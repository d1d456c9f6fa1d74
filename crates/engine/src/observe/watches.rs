//! The watches of one connection to a cluster's API.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, TryStreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::world::{Kind, Slim, World};

/// One change of the world.
pub(super) type Change = Box<dyn FnOnce(&mut World) + Send>;

/// Everything that a watch tells.
pub(super) type Watches = SelectAll<BoxStream<'static, Result<Change, watcher::Error>>>;

/// Follows all kinds. Each watch goes on by itself after an error, which is told too.
pub(super) fn open(client: &Client) -> Watches {
    futures::stream::select_all([
        follow(client, |world| &mut world.nodes),
        follow(client, |world| &mut world.pods),
        follow(client, |world| &mut world.deployments),
        follow(client, |world| &mut world.replica_sets),
        follow(client, |world| &mut world.stateful_sets),
        follow(client, |world| &mut world.daemon_sets),
        follow(client, |world| &mut world.jobs),
        follow(client, |world| &mut world.cron_jobs),
        follow(client, |world| &mut world.services),
        follow(client, |world| &mut world.slices),
        follow(client, |world| &mut world.events),
        follow(client, |world| &mut world.claims),
        follow(client, |world| &mut world.volumes),
    ])
}

fn follow<K>(
    client: &Client,
    kind: fn(&mut World) -> &mut Kind<K>,
) -> BoxStream<'static, Result<Change, watcher::Error>>
where
    K: Slim + Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .backoff(Patience::default())
        .map_ok(move |event| {
            let event = event.modify(Slim::slim);
            Box::new(move |world: &mut World| kind(world).take(event)) as Change
        })
        .boxed()
}

/// Delay between the attempts of one watch: an API that comes up refuses some kinds for a
/// moment; one that is gone is noticed elsewhere.
#[derive(Default)]
struct Patience(u32);

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = Duration::from_millis(100 << self.0);
        self.0 = (self.0 + 1).min(5);
        Some(delay)
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        self.0 = 0;
    }
}
