//! Named points at which a test stops or kills the process. Compiled in by the feature `failpoints` alone.
//!
//! `RECADO_FAILPOINTS="settle.before_commit=kill;smtp.after_dot=kill@3"` kills the process with SIGKILL at the first, and at
//! the third pass. Any other action is handed to the `fail` crate: `panic`, `sleep(200)`, `off`.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow};
use rustix::process::{Signal, getpid, kill_process};

/// Arms the points that the environment names.
pub(crate) fn arm() -> anyhow::Result<()> {
    let Some(points) = std::env::var_os("RECADO_FAILPOINTS") else {
        return Ok(());
    };
    let points = points
        .into_string()
        .map_err(|_| anyhow!("RECADO_FAILPOINTS is no UTF-8 text"))?;
    for point in points.split(';').map(str::trim).filter(|point| !point.is_empty()) {
        let (name, action) = point
            .split_once('=')
            .with_context(|| format!("failpoint {point}: needs name=action"))?;
        arm_one(name, action).map_err(|error| anyhow!("failpoint {name}: {error}"))?;
    }
    Ok(())
}

fn arm_one(name: &str, action: &str) -> Result<(), String> {
    let Some(rest) = action.strip_prefix("kill") else {
        return fail::cfg(name, action);
    };
    let nth = match rest.strip_prefix('@') {
        Some(nth) => nth
            .parse()
            .map_err(|_| format!("{action}: needs a number behind the @"))?,
        None if rest.is_empty() => 1,
        None => return Err(format!("{action}: needs kill or kill@N")),
    };
    let passes = AtomicU64::new(0);
    fail::cfg_callback(name, move || {
        if passes.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
            // The signal may take a moment to arrive; nothing further may happen meanwhile.
            loop {
                std::thread::park();
            }
        }
    })
}
