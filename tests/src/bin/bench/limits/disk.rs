//! How long the disk takes to be sure of 4 KiB.

use std::io::Write;
use std::time::Instant;

use crate::report::{Row, median};

const FLUSHES: usize = 400;
const PARTS: usize = 4;

/// Appends and flushes, where the databases lie too: in the folder for temporary files.
pub(crate) fn measure() -> Row {
    let mut file = tempfile::tempfile().expect("the temporary folder can be written");
    let times: Vec<f64> = (0..FLUSHES)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[0x5a; 4096]).expect("the disk has room");
            file.sync_data().expect("the disk can flush");
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    let parts: Vec<f64> = times.chunks(FLUSHES / PARTS).map(median).collect();
    Row::of("disk.fsync", "Disk: writing and flushing 4 KiB", "ms", &parts).with_figure(median(&times))
}
