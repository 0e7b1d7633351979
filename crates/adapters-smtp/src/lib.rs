//! Composing mail and the SMTP session that delivers it.
