//! What the octets of a mail say.
