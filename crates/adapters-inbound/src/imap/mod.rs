//! IMAP: reading a mailbox.
