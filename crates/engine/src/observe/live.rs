//! The task that keeps a view up to date.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use kube::Client;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::rows::ClusterView;
use super::runtime::{self, Reading};
use super::scene::Moment;
use super::view;
use super::watches::{self, Watches};
use super::world::World;
use crate::error::Result;
use crate::inventory::Inventory;
use crate::{Engine, api};

/// Time between two views at least.
const PACE: Duration = Duration::from_millis(500);

/// A list of everything takes this long at most; what is there by then is shown.
const LISTING: Duration = Duration::from_secs(3);

/// What comes together is shown together.
const TOGETHER: Duration = Duration::from_millis(30);

/// An API that says nothing for this time is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(10);

/// An API that does not answer in this time counts as not answering.
const PATIENCE: Duration = Duration::from_secs(5);

/// An API that does not answer this long after its node was started, in milliseconds, is not
/// merely on its way.
const STARTING: i64 = 60_000;

/// Longest time between two attempts to reach the API.
const ATTEMPT: Duration = Duration::from_secs(2);

/// A cluster that is followed. Dropping it ends all watches.
#[derive(Debug)]
pub struct Observation {
    views: watch::Receiver<Arc<ClusterView>>,
    asked: Arc<Notify>,
    _tasks: JoinSet<()>,
}

impl Observation {
    /// The view, new ones at most twice a second. What is seen last is always sent.
    pub fn views(&self) -> watch::Receiver<Arc<ClusterView>> {
        self.views.clone()
    }

    /// The view of now.
    pub fn view(&self) -> Arc<ClusterView> {
        Arc::clone(&self.views.borrow())
    }

    /// Asks to look at the runtime now: nodes were started, stopped, made or removed, or a person
    /// wants to know. The API tells its changes by itself.
    pub fn look(&self) {
        self.asked.notify_one();
    }
}

impl Engine {
    /// Follows a cluster: its first view has the nodes as the runtime tells them, what Kubernetes
    /// says comes in the next ones. It goes on while the cluster is stopped, started, or does not
    /// answer. Needs a runtime of tokio.
    ///
    /// # Errors
    /// [`crate::ErrorCode::ClusterNotFound`], and whatever asking the runtime can fail with.
    pub async fn observe(&self, cluster: &str) -> Result<Observation> {
        Inventory::read(&self.container).await?.existing(cluster)?;
        let reading = runtime::read(self, cluster).await?;
        let asked = Arc::new(Notify::new());
        let (told, readings) = watch::channel(reading);
        let (views, seen) = watch::channel(Arc::new(ClusterView {
            cluster: cluster.to_owned(),
            ..ClusterView::default()
        }));
        let mut observer = Observer::new(cluster, readings, Arc::clone(&asked), views);
        observer.publish();
        let mut tasks = JoinSet::new();
        let engine = self.clone();
        tasks.spawn(runtime::follow(
            engine,
            cluster.to_owned(),
            Arc::clone(&asked),
            told,
        ));
        tasks.spawn(observer.run());
        Ok(Observation {
            views: seen,
            asked,
            _tasks: tasks,
        })
    }
}

/// How it stands with the API.
enum Link {
    /// It can't answer: its node does not run, or there is no access to it.
    Down,
    /// Asked whether it is there, after a delay.
    Asking(Client, BoxFuture<'static, std::result::Result<(), String>>),
    /// Watched.
    Live(Client, Watches),
}

struct Observer {
    cluster: String,
    readings: watch::Receiver<Reading>,
    asked: Arc<Notify>,
    views: watch::Sender<Arc<ClusterView>>,
    world: World,
    reading: Reading,
    link: Link,
    /// Attempts to reach the API that failed one after the other.
    failed: u32,
    /// Whether the API still is there, after silence or an error.
    check: Option<BoxFuture<'static, std::result::Result<(), String>>>,
    version: Option<String>,
    version_asked: Option<BoxFuture<'static, Option<String>>>,
    stale: Option<String>,
    /// Whether all rows were read once.
    complete: bool,
    /// When the watches were opened.
    live: Instant,
    /// When the API answered last.
    heard: Option<(Instant, Timestamp)>,
    /// When to build the next view.
    due: Option<Instant>,
    built: Instant,
}

/// What happened.
enum Happened {
    Read,
    Answered(std::result::Result<(), String>),
    Told(Option<std::result::Result<watches::Change, kube::runtime::watcher::Error>>),
    Checked(std::result::Result<(), String>),
    Version(Option<String>),
    Silent,
    Due,
    Over,
}

impl Observer {
    fn new(
        cluster: &str,
        readings: watch::Receiver<Reading>,
        asked: Arc<Notify>,
        views: watch::Sender<Arc<ClusterView>>,
    ) -> Self {
        let reading = readings.borrow().clone();
        Self {
            cluster: cluster.to_owned(),
            readings,
            asked,
            views,
            world: World::default(),
            reading,
            link: Link::Down,
            failed: 0,
            check: None,
            version: None,
            version_asked: None,
            stale: None,
            complete: false,
            live: Instant::now(),
            heard: None,
            due: None,
            built: Instant::now(),
        }
    }

    async fn run(mut self) {
        self.connect().await;
        loop {
            match self.next().await {
                Happened::Over => return,
                Happened::Read => self.read().await,
                Happened::Answered(Ok(())) => self.answered(),
                Happened::Answered(Err(why)) => self.unanswered(&why),
                Happened::Told(Some(Ok(change))) => {
                    change(&mut self.world);
                    self.hear();
                    self.show_soon();
                }
                Happened::Told(Some(Err(error))) => {
                    tracing::debug!(cluster = self.cluster, %error, "watch interrupted");
                    self.check_now();
                }
                Happened::Told(None) => self.unanswered("its watches ended"),
                Happened::Silent => self.check_now(),
                Happened::Checked(Ok(())) => {
                    self.check = None;
                    self.hear();
                }
                Happened::Checked(Err(why)) => {
                    self.check = None;
                    self.unanswered(&why);
                }
                Happened::Version(version) => {
                    self.version_asked = None;
                    self.version = version.or(self.version.take());
                    self.show_soon();
                }
                Happened::Due => match self.held() {
                    Some(until) => self.due = Some(until),
                    None => self.publish(),
                },
            }
        }
    }

    async fn next(&mut self) -> Happened {
        let silent = match (&self.link, self.heard, &self.check) {
            (Link::Live(..), Some((heard, _)), None) => Some(heard + SILENCE),
            _ => None,
        };
        let link = async {
            match &mut self.link {
                Link::Down => std::future::pending().await,
                Link::Asking(_, answer) => Happened::Answered(answer.await),
                Link::Live(_, watches) => Happened::Told(watches.next().await),
            }
        };
        tokio::select! {
            read = self.readings.changed() => match read {
                Ok(()) => Happened::Read,
                Err(_) => Happened::Over,
            },
            happened = link => happened,
            checked = ready(&mut self.check) => Happened::Checked(checked),
            version = ready(&mut self.version_asked) => Happened::Version(version),
            () = at(silent) => Happened::Silent,
            () = at(self.due) => Happened::Due,
        }
    }

    /// The runtime told something new.
    async fn read(&mut self) {
        let reading = self.readings.borrow_and_update().clone();
        let gone = reading.machines.is_empty();
        let other_access = gone || reading.kubeconfig != self.reading.kubeconfig;
        let restarted = control_plane_start(&reading) != control_plane_start(&self.reading);
        self.reading = reading;
        if other_access {
            // Deleted, or another cluster of the same name: nothing of the old one is true.
            self.world = World::default();
            (self.version, self.heard, self.stale) = (None, None, None);
            self.complete = false;
        }
        let can_answer = self.reading.control_plane_runs();
        match self.link {
            Link::Down if can_answer => self.connect().await,
            _ if !can_answer || other_access || restarted => self.connect().await,
            _ => {}
        }
        self.show_soon();
    }

    /// Begins anew with the API.
    async fn connect(&mut self) {
        self.link = Link::Down;
        self.check = None;
        self.failed = 0;
        if !self.reading.control_plane_runs() {
            return;
        }
        let Some(kubeconfig) = &self.reading.kubeconfig else {
            return;
        };
        match api::client(kubeconfig).await {
            Ok(client) => self.ask(client, Duration::ZERO),
            Err(error) => self.stale = Some(error.message),
        }
    }

    fn ask(&mut self, client: Client, after: Duration) {
        let asking = client.clone();
        let answer = async move {
            tokio::time::sleep(after).await;
            is_there(asking).await
        };
        self.link = Link::Asking(client, answer.boxed());
    }

    /// The API is there.
    fn answered(&mut self) {
        if let Link::Asking(client, _) = std::mem::replace(&mut self.link, Link::Down) {
            self.failed = 0;
            self.world.unlist();
            let watches = watches::open(&client);
            self.version_asked = Some(version(client.clone()).boxed());
            self.link = Link::Live(client, watches);
            self.live = Instant::now();
            self.hear();
        }
    }

    /// The API is not there, or not any more.
    fn unanswered(&mut self, why: &str) {
        let (Link::Asking(client, _) | Link::Live(client, _)) =
            std::mem::replace(&mut self.link, Link::Down)
        else {
            return;
        };
        tracing::debug!(cluster = self.cluster, why, "the API does not answer");
        self.stale = Some(match why {
            "" => "the API does not answer".to_owned(),
            why => format!("the API does not answer: {why}"),
        });
        self.failed = self.failed.saturating_add(1);
        let delay = Duration::from_millis(100) * 2u32.pow(self.failed.min(6));
        self.ask(client, delay.min(ATTEMPT));
        // Perhaps it was stopped.
        if self.failed == 1 {
            self.asked.notify_one();
        }
        self.show_soon();
    }

    fn check_now(&mut self) {
        if let (Link::Live(client, _), None) = (&self.link, &self.check) {
            self.check = Some(is_there(client.clone()).boxed());
        }
    }

    fn hear(&mut self) {
        self.heard = Some((Instant::now(), Timestamp::now()));
    }

    fn show_soon(&mut self) {
        if self.due.is_none_or(|due| due > Instant::now() + PACE) {
            let now = Instant::now();
            self.due = Some((self.built + PACE).max(now + TOGETHER));
        }
    }

    /// Why the rows are from before.
    fn stale(&self, now: i64) -> Option<String> {
        let reading = &self.reading;
        if let Some(problem) = &reading.problem {
            return Some(problem.clone());
        }
        if reading.machines.is_empty() {
            return Some("the cluster does not exist any more".into());
        }
        if !reading.control_plane_runs() {
            let stopped = !reading.machines.iter().any(|machine| machine.running);
            let what = if stopped { "cluster" } else { "control plane" };
            return Some(format!("the {what} is stopped"));
        }
        if reading.kubeconfig.is_none() {
            return Some("its creation has not ended".into());
        }
        let started = control_plane_start(reading).map(Timestamp::as_millisecond);
        let starting = started.is_some_and(|time| now < time.saturating_add(STARTING));
        match &self.stale {
            Some(_) if starting => Some("the API is starting".into()),
            stale => stale.clone(),
        }
    }

    /// Until when to hold views back: a part of the rows would look like all of them.
    fn held(&self) -> Option<Instant> {
        let Link::Live(..) = self.link else {
            return None;
        };
        let until = self.live + LISTING;
        (!self.world.listed() && until > Instant::now()).then_some(until)
    }

    /// Sends a view unless it is the last one again.
    fn publish(&mut self) {
        if matches!(self.link, Link::Live(..)) && self.world.listed() {
            self.stale = None;
            self.complete = true;
        }
        let now = Timestamp::now();
        let moment = Moment {
            now: now.as_millisecond(),
            ending: self.reading.ending,
        };
        let machines = &self.reading.machines;
        let built = view::build(&self.cluster, &self.world, machines, moment);
        let mut view = built.view;
        view.stale = self.stale(moment.now);
        view.version.clone_from(&self.version);
        self.views.send_if_modified(|last| {
            view.as_of = last.as_of;
            let heard = self.heard.filter(|_| self.complete);
            let answers = heard.map(|(_, time)| time.as_millisecond());
            // The time alone is no news, but for the first time.
            let changed = **last != view || answers.is_some() != last.as_of.is_some();
            view.as_of = answers;
            if changed {
                *last = Arc::new(view);
            }
            changed
        });
        self.built = Instant::now();
        self.due = built.again.map(|again| {
            let after = u64::try_from(again - moment.now).unwrap_or(0);
            self.built + Duration::from_millis(after).max(PACE)
        });
    }
}

fn control_plane_start(reading: &Reading) -> Option<Timestamp> {
    let mut machines = reading.machines.iter();
    machines.find(|machine| machine.is_control_plane())?.started
}

/// Whether the API answers, and can reach its store.
async fn is_there(client: Client) -> std::result::Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new());
    let request = request.map_err(|error| error.to_string())?;
    match timeout(PATIENCE, client.request_text(request)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(told(&error)),
        Err(_) => Err(format!("nothing came within {} s", PATIENCE.as_secs())),
    }
}

/// What an error says beside that there was no answer: its innermost cause says most. Nothing for
/// connections that end or are refused, which is how a node that is not up looks.
fn told(error: &kube::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error {
        kube::Error::Api(_) => cause.to_string(),
        _ if cause.is::<std::io::Error>() => String::new(),
        _ => cause.to_string(),
    }
}

async fn version(client: Client) -> Option<String> {
    let info = timeout(PATIENCE, client.apiserver_version()).await.ok()?;
    Some(info.ok()?.git_version)
}

async fn ready<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
