//! Installing the servers that the tests need, on Debian as root, without starting any of them.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::workspace;

/// Debian asks this program before a package's script starts a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Answers "action forbidden by policy" (101) to every request.
const FORBID: &[u8] = b"#!/bin/sh\nexit 101\n";

/// Whether packages can be installed here: Debian or a child of it, and root.
pub(crate) fn is_possible() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    is_root && Path::new("/etc/debian_version").exists() && workspace::find_program("apt-get").is_some()
}

/// Installs packages, asking nothing and starting nothing.
pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    println!("installing {}", packages.join(" "));
    let _policy = NoServices::declare()?;
    workspace::run(apt_get().args(["--quiet", "update"]), "apt-get update")?;
    let install = |packages: &[&str]| {
        let mut command = apt_get();
        command
            .args(["--quiet", "--yes", "--no-install-recommends", "install"])
            .args(packages);
        workspace::run(&mut command, &format!("apt-get install {}", packages.join(" ")))
    };
    let Err(error) = install(packages) else {
        return Ok(());
    };
    if packages.len() == 1 {
        return Err(error);
    }
    // One of them must not keep the others away: where Node.js is not Debian's, it brings npm, and conflicts with it.
    for package in packages {
        if let Err(error) = install(&[package]) {
            eprintln!("{error:#}; going on without");
        }
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .args([
            "-o",
            "DPkg::Lock::Timeout=120",
            "-o",
            "Acquire::Retries=2",
            "-o",
            "Acquire::http::Timeout=30",
        ])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// While this lives, installing a package starts no service.
struct NoServices {
    /// A policy that was there before stays there, whatever it says: it is the machine's owner's.
    is_ours: bool,
}

impl NoServices {
    fn declare() -> anyhow::Result<Self> {
        match fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(POLICY)
        {
            Ok(mut file) => {
                let policy = Self { is_ours: true };
                io::Write::write_all(&mut file, FORBID).with_context(|| format!("cannot write {POLICY}"))?;
                Ok(policy)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Self { is_ours: false }),
            Err(error) => Err(error).with_context(|| format!("cannot create {POLICY}")),
        }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("cannot remove {POLICY}, no service will start until it is gone: {error}");
        }
    }
}
