//! Mail in: what octets of a mail say ([`parse`], [`html`]), and the ways by which they come ([`imap`], [`lmtp`]).
//!
//! Reading is pure and knows no policy: it reports what a mail says, with signs and carriers, and leaves what becomes
//! of it to the domain. The ways in hand raw octets to the use case `ReceiveMail`, and tell their peer that a mail is
//! taken only after it said so.

pub mod html;
pub mod imap;
pub mod intake;
pub mod lmtp;
pub mod parse;
