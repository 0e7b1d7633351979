//! The count of starts beside the secret: a database that is behind it was restored, and would send old mails again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::directory;

/// The copy of the database's start counter.
pub(super) struct StartsFile(PathBuf);

impl StartsFile {
    /// `<secret file>.starts`.
    pub(super) fn beside(secret: &Path) -> Self {
        let mut name = secret.as_os_str().to_owned();
        name.push(".starts");
        Self(PathBuf::from(name))
    }

    /// The count of the last start from here; 0 before the first.
    pub(super) fn read(&self) -> anyhow::Result<u64> {
        match fs::read_to_string(&self.0) {
            Ok(text) => text
                .trim()
                .parse()
                .with_context(|| format!("{} holds no number", self.0.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).with_context(|| self.0.display().to_string()),
        }
    }

    /// Writes the count, whole or not at all.
    pub(super) fn write(&self, count: u64) -> anyhow::Result<()> {
        self.replace(count).with_context(|| self.0.display().to_string())
    }

    fn replace(&self, count: u64) -> io::Result<()> {
        let mut partial = self.0.clone().into_os_string();
        partial.push(".part");
        let mut file = File::create(&partial)?;
        writeln!(file, "{count}")?;
        file.sync_all()?;
        fs::rename(&partial, &self.0)?;
        // The rename is durable only when the directory is.
        File::open(directory(&self.0))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_kept_beside_the_secret() {
        let directory = tempfile::tempdir().unwrap();
        let starts = StartsFile::beside(&directory.path().join("secret"));
        assert_eq!(starts.read().unwrap(), 0);
        starts.write(41).unwrap();
        starts.write(42).unwrap();
        assert_eq!(starts.read().unwrap(), 42);
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing is left lying about"
        );
    }

    #[test]
    fn a_spoilt_count_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("secret.starts"), "many").unwrap();
        let error = StartsFile::beside(&directory.path().join("secret"))
            .read()
            .unwrap_err();
        assert!(error.to_string().contains("secret.starts"), "{error}");
    }
}
