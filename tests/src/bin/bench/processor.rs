//! Processor time and memory, as the system accounts for them (proc(5)).

use std::fs;
use std::time::Duration;

use recado_tests::daemon::Daemon;
use recado_tests::servers::Postgres;

/// The time that the daemon has used, and with it that of the database server's processes.
pub(crate) fn used(daemon: &Daemon, postgres: Option<&Postgres>) -> Duration {
    let mut ticks = stat(daemon.pid()).map_or(0, |stat| stat.ticks);
    if let Some(postgres) = postgres {
        let answer = postgres
            .query(postgres.admin_url(), "SELECT pg_backend_pid()")
            .expect("the server answers");
        // That backend is gone by now; its parent is found by the file that the server keeps.
        drop(answer);
        let file = postgres
            .query(postgres.admin_url(), "SHOW data_directory")
            .expect("the server answers");
        let pid_file =
            fs::read_to_string(format!("{}/postmaster.pid", file.trim())).expect("a running server has it");
        let postmaster: u32 = pid_file
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
            .expect("a process id");
        ticks += family(postmaster);
    }
    // The kernel counts in hundredths of a second on every machine of today (sysconf(3), _SC_CLK_TCK).
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// The daemon's resident memory.
pub(crate) fn resident_mib(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or("0");
    line.split_whitespace()
        .next()
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
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

/// A process and its children, ended ones too.
fn family(pid: u32) -> u64 {
    let own = stat(pid).map_or(0, |stat| stat.ticks + stat.ticks_of_ended_children);
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    own + children
        .filter_map(stat)
        .filter(|stat| stat.parent == pid)
        .map(|stat| stat.ticks)
        .sum::<u64>()
}
