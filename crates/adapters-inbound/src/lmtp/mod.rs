//! LMTP: mail handed over by a mail server (RFC 2033).
