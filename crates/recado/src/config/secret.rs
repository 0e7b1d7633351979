//! The signing secret in its file: made at the first start of a daemon of its own, given when daemons share a database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use recado_domain::token::Keyring;
use recado_ports::ids::Ids;
use secrecy::{ExposeSecret as _, SecretString};

use super::fault::ConfigurationFault;

/// The key that names the file.
const KEY: &str = "security.secret_file";

/// Whether a missing file may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingSecret {
    /// It may: this daemon is the only one on its database.
    Make,
    /// It may not: every daemon on the database needs the same one.
    Refuse,
}

/// Reads the file: one secret a line, the one that signs first, then older ones that are still accepted.
///
/// # Errors
/// The file is missing and may not be made, cannot be read, or holds a secret that is too short.
pub(crate) fn keyring(
    path: &Path,
    missing: MissingSecret,
    ids: &dyn Ids,
) -> Result<Keyring, ConfigurationFault> {
    let text = match fs::read_to_string(path) {
        Ok(text) => SecretString::from(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == MissingSecret::Make => {
            make(path, ids).map_err(|error| fault(path, "cannot be made").because(error))?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = "is not there; with PostgreSQL give every daemon the same file, \
                           made once with: openssl rand -hex 32";
            return Err(fault(path, message));
        }
        Err(error) => return Err(fault(path, "cannot be read").because(error)),
    };
    let mut secrets = text
        .expose_secret()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::as_bytes);
    let current = secrets.next().unwrap_or_default();
    let previous: Vec<_> = secrets.collect();
    Keyring::new(current, &previous)
        .map_err(|error| fault(path, "is no good; make one with: openssl rand -hex 32").because(error))
}

fn fault(path: &Path, message: &str) -> ConfigurationFault {
    ConfigurationFault::new(KEY, format!("{} {message}", path.display()))
}

/// Writes a fresh secret, readable by its owner alone.
fn make(path: &Path, ids: &dyn Ids) -> io::Result<SecretString> {
    let directory = directory(path);
    fs::create_dir_all(&directory)?;
    let secret = SecretString::from(data_encoding::HEXLOWER.encode(&ids.secret()));
    // Two starts at once must not each make one: only the first `create_new` goes through, and the other reads it.
    let mut file = match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return fs::read_to_string(path).map(Into::into);
        }
        Err(error) => return Err(error),
    };
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // The name is durable only when the directory is.
    File::open(&directory)?.sync_all()?;
    Ok(secret)
}

/// The directory that holds a file.
pub(crate) fn directory(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ids::SystemIds;

    #[test]
    fn a_missing_secret_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("var/secret");
        let first = keyring(&path, MissingSecret::Make, &SystemIds::default()).unwrap();
        let again = keyring(&path, MissingSecret::Make, &SystemIds::default()).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_secret_that_daemons_share_is_refused_by_its_key() {
        let fault = keyring(
            Path::new("/nowhere/secret"),
            MissingSecret::Refuse,
            &SystemIds::default(),
        )
        .unwrap_err();
        assert!(
            fault
                .to_string()
                .contains("security.secret_file: /nowhere/secret is not there"),
            "{fault}"
        );
    }

    #[test]
    fn a_short_secret_is_refused_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for text in [
            "",
            "\n",
            "too-short\n",
            &format!("{}\nold-and-short\n", "x".repeat(32)),
        ] {
            fs::write(&path, text).unwrap();
            let fault = keyring(&path, MissingSecret::Make, &SystemIds::default()).unwrap_err();
            assert!(!format!("{fault:?}").contains("short\""), "{fault:?}");
            assert!(fault.to_string().contains("security.secret_file"), "{fault}");
        }
    }

    #[test]
    fn the_first_line_signs_and_later_ones_are_accepted() {
        use recado_domain::outbox::DeliveryId;
        use recado_domain::person::EmailAddress;
        use recado_domain::token::Subject;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let recipient = EmailAddress::parse("ana@example.com").unwrap();
        let subject = Subject {
            ticket: None,
            recipient: &recipient,
            delivery: DeliveryId(uuid::Uuid::nil()),
        };
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            keyring(&path, MissingSecret::Refuse, &SystemIds::default()).unwrap()
        };
        let (old, new) = ("o".repeat(32), "n".repeat(40));
        let before = read(&format!("{old}\n"))
            .message_id(&subject, "example.org")
            .carrier()
            .unwrap();
        assert!(read(&format!("{new}\n{old}\n")).proves(&before, &subject));
        assert!(!read(&format!("{new}\n")).proves(&before, &subject));
    }
}
