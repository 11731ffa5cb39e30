//! The throw-away server: find or obtain PostgreSQL, run it privately, fill it, take everything away again.
mod cache;
pub mod cluster;
pub mod error;
mod fill;
pub mod find;
mod keep;
pub mod obtain;
mod serve;
mod user;
mod workload;

use std::path::PathBuf;

use cluster::{Archive, Cluster, Settings};
pub use error::DemoError;
pub use fill::DATABASE;
use find::Look;
use obtain::Install;
pub use serve::serve;

use crate::pg::target::Target;

/// Posts made unless more are wished; users are a tenth of that.
pub const POSTS: u64 = 20_000;
/// A demo of more posts than this is not kept ready in the cache.
const CACHED_POSTS: u64 = 100_000;

/// What the demo should be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many posts.
    pub posts: u64,
    /// No background work.
    pub quiet: bool,
    /// Keep the data in this folder, and start from it when it is there.
    pub keep: Option<PathBuf>,
    /// Make everything anew instead of starting from what the last start left in the cache.
    pub fresh: bool,
    /// Whether packages of the system may be installed when there is no server.
    pub install: Install,
    /// Which server.
    pub look: Look,
    /// Where a copy of the filled database waits for the next start; `None` keeps none.
    pub cache: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let (install, look) = (Install::default(), Look::default());
        Self { posts: POSTS, quiet: false, keep: None, fresh: false, install, look, cache: cache::folder() }
    }
}

/// A running demo. Dropping it, or the end of this process, stops the server and removes its folder.
#[derive(Debug)]
pub struct Demo {
    // dropped in this order: first those who talk to the server
    workload: Option<workload::Workload>,
    target: Target,
    cluster: Cluster,
}

impl Demo {
    /// Connection URI of the demo database.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(DATABASE)
    }

    /// The same as a target, untouched by the user's `PG*` variables and files.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The server itself.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether the background work runs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.workload.is_some()
    }
}

/// Starts a demo: finds or fetches a server, starts it, fills it. Blocks; `progress` hears what is being done.
///
/// # Errors
/// No server, or none that starts.
pub fn start(options: &Options, progress: Progress) -> Result<Demo, DemoError> {
    let mut settings = Settings { look: options.look.clone(), ..Settings::default() };
    if let Some(folder) = &options.keep {
        keep::prepare(folder, &mut settings)?;
    }
    if options.posts <= CACHED_POSTS {
        settings.archive = archive(options)?;
    }
    let mut cluster = cluster_or_fetch(settings, options.install, progress)?;
    let made = block_on(fill::fill(&cluster, options.posts, progress))?;
    if made {
        store(&mut cluster, progress);
    }
    let target = fill::target(&cluster, DATABASE)?;
    let workload = if options.quiet { None } else { Some(workload::Workload::start(&target)?) };
    Ok(Demo { workload, target, cluster })
}

/// Who hears what is being done.
pub type Progress<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Starts a cluster, with a fetched server when the machine has none.
///
/// # Errors
/// No server, or none that starts.
pub fn cluster_or_fetch(
    mut settings: Settings,
    install: Install,
    progress: Progress,
) -> Result<Cluster, DemoError> {
    match Cluster::start(&settings, progress) {
        Err(DemoError::NoServer(_)) if settings.look == Look::Everywhere && !find::folder_is_given() => {
            settings.look = Look::Folder(obtain::obtain(install, progress)?.folder);
            Cluster::start(&settings, progress)
        }
        started => started,
    }
}

/// Where the filled data folder waits for the next start; nothing without a cache folder of our own.
fn archive(options: &Options) -> Result<Option<Archive>, DemoError> {
    let Some(folder) = options.cache.as_ref().filter(|f| !f.exists() || cache::ours(f)) else {
        return Ok(None);
    };
    if options.fresh {
        cache::remove_archives(folder)?;
    }
    Ok(Some(Archive::new(folder, &(env!("CARGO_PKG_VERSION"), fill::SQL, options.posts))))
}

/// Packs a freshly filled cluster for the next start. A cache that cannot be written costs time, not the demo.
fn store(cluster: &mut Cluster, progress: Progress) {
    let Some(path) = cluster.archive().map(PathBuf::from) else { return };
    progress("Keeping a copy for the next start");
    let stored = cluster.pack().and_then(|packed| cache::store(&packed, &path));
    if let Err(e) = stored {
        progress(&format!("No copy was kept: {e}"));
    }
}

/// Runs a future on a thread and runtime of its own, because the caller may be inside a runtime already.
fn block_on<T: Send>(future: impl Future<Output = Result<T, DemoError>> + Send) -> Result<T, DemoError> {
    std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|e| DemoError::Sql(e.to_string()))?.block_on(future)
        };
        scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
