//! The snapshot and who waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::clock;
use crate::memory::Memory;
use crate::place::Place;
use crate::snapshot::Snapshot;
use crate::world::{Fact, World};

/// Takes facts in and hands snapshots out. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    world: Arc<Mutex<World>>,
    sent: watch::Sender<Arc<Snapshot>>,
    place: Place,
}

impl Store {
    pub(crate) fn new(place: &Place) -> Self {
        let world = World::new(Memory::load(place));
        let (sent, _) = watch::channel(Arc::new(world.snapshot().clone()));
        Self {
            world: Arc::new(Mutex::new(world)),
            sent,
            place: place.clone(),
        }
    }

    /// Takes a fact in.
    pub(crate) fn tell(&self, fact: Fact) {
        let mut world = self.world();
        let before = world.memory().clone();
        if world.take(fact, clock::now()) {
            // Sent under the lock: snapshots leave in their order.
            self.sent.send_replace(Arc::new(world.snapshot().clone()));
        }
        if *world.memory() != before {
            world.memory().save(&self.place);
        }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u64 {
        self.world().number()
    }

    /// The snapshot of now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.sent.borrow())
    }

    /// The snapshots to come.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.sent.subscribe()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // The reducer leaves the world whole even when it panics: it assigns, nothing more.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
