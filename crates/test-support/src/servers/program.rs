//! Running the small programs that make, steer and inspect a server.

use std::ffi::OsString;
use std::process::Command;
use std::{env, io};

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// It does not start, or fails; then with what it said on standard error.
pub(super) fn output(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!(
        "{}: {said}",
        command.get_program().display()
    )))
}

/// The `PATH` with the administrator's programs, which an ordinary user's leaves out.
pub(super) fn path_with_administration() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}
