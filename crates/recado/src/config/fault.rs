//! What is wrong with the configuration: the key, where it stands, and the mend. Never a secret.

use std::error::Error;
use std::fmt;

/// A configuration that the program refuses to start with (exit code 78, `EX_CONFIG`).
#[derive(Debug)]
pub(crate) struct ConfigurationFault {
    /// The key with its section (`http.listen`), or the file.
    subject: String,
    /// Where the value stands: a file, or a variable of the environment.
    origin: Option<String>,
    /// What is wrong, and what to write instead.
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConfigurationFault {
    /// A fault of a key or a file.
    pub(crate) fn new(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            origin: None,
            message: message.into(),
            source: None,
        }
    }

    /// Says where the value stands.
    pub(crate) fn at(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Says what brought the fault about.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for ConfigurationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration: {}", self.subject)?;
        if let Some(origin) = &self.origin {
            write!(f, " (in {origin})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for ConfigurationFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
