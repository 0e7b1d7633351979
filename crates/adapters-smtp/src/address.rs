//! Addresses as they stand in envelopes and headers.

use recado_domain::person::EmailAddress;
use std::borrow::Cow;

/// The address with its domain in A-labels (RFC 5890), which every server understands. A domain that has none
/// (an address literal) stays as it is.
pub(crate) fn on_the_wire(address: &EmailAddress) -> Cow<'_, str> {
    let domain = address.domain();
    if domain.is_ascii() {
        return Cow::Borrowed(address.as_str());
    }
    match idna::domain_to_ascii(domain) {
        Ok(ascii) => Cow::Owned(format!("{}@{ascii}", address.local_part())),
        Err(_) => Cow::Borrowed(address.as_str()),
    }
}

/// The domain in A-labels makes the rest: only a local part in UTF-8 needs SMTPUTF8 (RFC 6531).
pub(crate) fn needs_smtputf8(wire_address: &str) -> bool {
    !wire_address.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> String {
        on_the_wire(&text.parse().unwrap()).into_owned()
    }

    #[test]
    fn a_domain_in_utf8_becomes_a_labels() {
        assert_eq!(wire("ana@español.example"), "ana@xn--espaol-zwa.example");
        assert_eq!(wire("ana@example.org"), "ana@example.org");
    }

    #[test]
    fn only_a_local_part_in_utf8_needs_smtputf8() {
        assert!(!needs_smtputf8(&wire("ana@español.example")));
        assert!(needs_smtputf8(&wire("peña@example.org")));
    }
}
