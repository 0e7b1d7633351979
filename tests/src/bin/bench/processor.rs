//! Processor time and memory, as the system accounts for them (proc(5)).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use recado_tests::daemon::Daemon;
use recado_tests::servers::Postgres;
use rustix::time::{ClockId, clock_gettime};

/// The processes whose time a mail costs: daemons, and the database server with all its processes.
pub(crate) struct Processes {
    daemons: Vec<u32>,
    postmaster: Option<u32>,
}

impl Processes {
    pub(crate) fn new<'a>(
        daemons: impl IntoIterator<Item = &'a Daemon>,
        postgres: Option<&Postgres>,
    ) -> Self {
        Self {
            daemons: daemons.into_iter().map(Daemon::pid).collect(),
            postmaster: postgres.map(postmaster),
        }
    }

    /// What they have used, together.
    pub(crate) fn used(&self) -> Duration {
        self.of_daemons() + self.of_database()
    }

    /// What the daemons have used.
    pub(crate) fn of_daemons(&self) -> Duration {
        self.daemons.iter().map(|pid| of_process(*pid)).sum()
    }

    /// What the database server has used; nothing where the daemon itself is the database.
    pub(crate) fn of_database(&self) -> Duration {
        self.postmaster.map_or(Duration::ZERO, of_family)
    }

    /// Waits until they do nothing any more: what a mail costs includes what is put off. Gives up when they never rest.
    pub(crate) fn wait_for_rest(&self) {
        let mut quiet = 0;
        let mut before = self.used();
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.used();
            let is_quiet = now.saturating_sub(before) < Duration::from_millis(4);
            quiet = if is_quiet { quiet + 1 } else { 0 };
            if quiet == 4 {
                return;
            }
            before = now;
        }
    }
}

/// A thread of this process.
#[derive(Debug, Clone)]
pub(crate) struct Thread(PathBuf);

impl Thread {
    /// The one that asks.
    pub(crate) fn current() -> Self {
        let path = fs::read_link("/proc/thread-self").expect("proc is mounted");
        Self(PathBuf::from("/proc").join(path).join("schedstat"))
    }

    /// The time that it has used.
    pub(crate) fn used(&self) -> Duration {
        scheduled(&self.0)
    }
}

/// The time that the calling thread has used.
pub(crate) fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("time used is not negative");
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// The time that all processors of the machine were busy, since it started.
pub(crate) fn of_machine() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.map(|field| field.parse().unwrap_or(0)).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = ticks
        .iter()
        .enumerate()
        .filter(|(n, _)| ![3, 4].contains(n))
        .take(6);
    of_ticks(busy.map(|(_, ticks)| ticks).sum())
}

/// The time that this process has used.
pub(crate) fn of_ourselves() -> Duration {
    of_process(std::process::id())
}

/// A daemon's resident memory now, in MiB.
pub(crate) fn resident_mib(daemon: &Daemon) -> f64 {
    status_mib(daemon, "VmRSS:")
}

/// The most that was resident since it started, or since [`forget_peak`].
pub(crate) fn resident_peak_mib(daemon: &Daemon) -> f64 {
    status_mib(daemon, "VmHWM:")
}

/// Makes the present resident memory the peak.
pub(crate) fn forget_peak(daemon: &Daemon) {
    fs::write(format!("/proc/{}/clear_refs", daemon.pid()), "5").expect("the daemon is ours");
}

fn status_mib(daemon: &Daemon, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("the daemon runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.expect("the system tells it") / 1024.0
}

/// The server's first process: its children are found by it.
fn postmaster(postgres: &Postgres) -> u32 {
    let folder = postgres.query(postgres.admin_url(), "SHOW data_directory");
    let file = format!("{}/postmaster.pid", folder.expect("the server answers").trim());
    let text = fs::read_to_string(file).expect("a running server has it");
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    pid.expect("a process id")
}

struct Stat {
    parent: u32,
    ticks: u64,
    ticks_of_ended_children: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold blanks; the fields behind it do not.
    let fields: Vec<u64> = text
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    Some(Stat {
        parent: u32::try_from(*fields.first()?).ok()?,
        ticks: fields.get(10)? + fields.get(11)?,
        ticks_of_ended_children: fields.get(12)? + fields.get(13)?,
    })
}

/// `stat` counts ended threads too, but in ticks; `schedstat` in nanoseconds, but living threads alone. Neither counts
/// too much, so the larger one is nearer.
fn of_process(pid: u32) -> Duration {
    let ticks = stat(pid).map_or(Duration::ZERO, |stat| of_ticks(stat.ticks));
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    ticks.max(tasks.map(|task| scheduled(&task.path().join("schedstat"))).sum())
}

/// A process and its children, ended ones too.
fn of_family(pid: u32) -> Duration {
    let ended = stat(pid).map_or(0, |stat| stat.ticks_of_ended_children);
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = pids
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|child| stat(*child).is_some_and(|stat| stat.parent == pid));
    of_process(pid) + of_ticks(ended) + children.map(of_process).sum::<Duration>()
}

/// The first field of a `schedstat`: time on a processor.
fn scheduled(path: &std::path::Path) -> Duration {
    let text = fs::read_to_string(path).unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn of_ticks(ticks: u64) -> Duration {
    Duration::from_nanos(ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second()))
}
