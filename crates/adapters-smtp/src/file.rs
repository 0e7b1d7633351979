//! Mails as files in a directory, instead of a mail server: for trials, and for servers that pick mail up from there.

use async_trait::async_trait;
use recado_domain::channel::{ChannelFault, OutgoingAccount};
use recado_domain::reply::{Reply, Stage};
use recado_domain::token::MessageId;
use recado_ports::mail::{Envelope, MailSession, SendError, Transport};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Longest file name, in octets, that every common file system takes, with room for the suffixes.
const MAX_NAME: usize = 240;

/// Writes each mail to `<Message-ID>.eml`. A repeated mail overwrites its file with the same octets.
pub struct FileTransport {
    directory: PathBuf,
}

impl FileTransport {
    /// Writes into `directory`, which is made when it is missing.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn connect(&self, _account: &OutgoingAccount) -> Result<Box<dyn MailSession>, SendError> {
        let directory = self.directory.clone();
        tokio::fs::create_dir_all(&directory)
            .await
            .map_err(|error| fault(&directory, &error))?;
        Ok(Box::new(FileSession {
            welcome: format!("mails are written to {}", directory.display()),
            directory,
            name: None,
        }))
    }
}

struct FileSession {
    directory: PathBuf,
    welcome: String,
    /// The file of the mail that has begun.
    name: Option<String>,
}

#[async_trait]
impl MailSession for FileSession {
    async fn begin(&mut self, envelope: &Envelope) -> Result<(), SendError> {
        let name = file_name(&envelope.message_id);
        if name.len() > MAX_NAME {
            return Err(SendError::Impossible(format!(
                "the Message-ID {} is too long for a file name",
                envelope.message_id
            )));
        }
        self.name = Some(name);
        Ok(())
    }

    async fn finish<'a>(&mut self, message: &[u8], _: Option<&'a Envelope>) -> Result<Reply, SendError> {
        let Some(name) = self.name.take() else {
            return Err(SendError::Cut {
                stage: Stage::Data,
                detail: "no mail has begun".to_owned(),
            });
        };
        let (directory, message, path) = (
            self.directory.clone(),
            message.to_vec(),
            self.directory.join(&name),
        );
        let write = tokio::task::spawn_blocking(move || write_durably(&directory, &name, &message));
        match write.await {
            Ok(Ok(())) => Ok(Reply::new(250, &format!("2.0.0 written to {}", path.display()))),
            Ok(Err(error)) => Err(fault(&path, &error)),
            Err(error) => Err(fault(&path, &error.into())),
        }
    }

    fn is_usable(&self) -> bool {
        self.name.is_none()
    }

    fn welcome(&self) -> &str {
        &self.welcome
    }

    async fn quit(self: Box<Self>) {}
}

fn fault(path: &Path, error: &io::Error) -> SendError {
    SendError::Channel(ChannelFault::passing(format!(
        "writing {}: {error}",
        path.display()
    )))
}

/// A file of that name is whole and on disk, or is not there.
fn write_durably(directory: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let partial = directory.join(format!(".{name}.part"));
    let mut file = File::create(&partial)?;
    file.write_all(message)?;
    file.sync_all()?;
    fs::rename(&partial, directory.join(name))?;
    // The rename is durable only when the directory is.
    File::open(directory)?.sync_all()
}

/// Different Message-IDs give different names, none of which leaves the directory or is hidden.
fn file_name(id: &MessageId) -> String {
    let mut name = String::new();
    for (index, byte) in id.as_str().bytes().enumerate() {
        match byte {
            b'.' if index == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'@' => {
                name.push(char::from(byte));
            }
            _ => write!(name, "%{byte:02X}").expect("a string takes all that is written"),
        }
    }
    name + ".eml"
}

#[cfg(test)]
mod tests {
    use super::*;
    use recado_domain::channel::TlsMode;
    use recado_ports::mail::Reports;

    fn account() -> OutgoingAccount {
        OutgoingAccount {
            host: String::new(),
            port: 0,
            tls: TlsMode::None,
            credentials: None,
        }
    }

    fn envelope(id: &str) -> Envelope {
        let address = "ana@example.org".parse().unwrap();
        let message_id = MessageId::parse(id).unwrap();
        Envelope {
            from: "desk@example.org".parse().unwrap(),
            to: address,
            size: 3,
            message_id,
            reports: Reports::Failure,
        }
    }

    #[test]
    fn a_name_stays_in_the_directory() {
        assert_eq!(
            file_name(&MessageId::parse("a.b@x.example").unwrap()),
            "a.b@x.example.eml"
        );
        assert_eq!(
            file_name(&MessageId::parse("../a/b%@x").unwrap()),
            "%2E.%2Fa%2Fb%25@x.eml"
        );
    }

    #[tokio::test]
    async fn a_repeated_mail_leaves_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(directory.path().join("new/mail"));
        for _ in 0..2 {
            let mut session = transport.connect(&account()).await.unwrap();
            session.begin(&envelope("a@x")).await.unwrap();
            assert!(!session.is_usable());
            session.finish(b"abc", None).await.unwrap();
            assert!(session.is_usable());
        }
        let files: Vec<_> = fs::read_dir(directory.path().join("new/mail"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        assert_eq!(fs::read(&files[0]).unwrap(), b"abc");
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_the_channels_fault() {
        let directory = tempfile::tempdir().unwrap();
        let blocked = directory.path().join("file");
        fs::write(&blocked, "").unwrap();
        let error = FileTransport::new(blocked.join("mail"))
            .connect(&account())
            .await
            .err()
            .unwrap();
        assert!(matches!(error, SendError::Channel(_)), "{error}");
    }

    #[tokio::test]
    async fn a_message_id_too_long_for_a_file_name_is_refused_as_impossible() {
        let directory = tempfile::tempdir().unwrap();
        let mut session = FileTransport::new(directory.path())
            .connect(&account())
            .await
            .unwrap();
        let error = session.begin(&envelope(&"a".repeat(500))).await.unwrap_err();
        assert!(matches!(error, SendError::Impossible(_)));
        assert!(session.is_usable());
    }
}
