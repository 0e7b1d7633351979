//! Whether the domain in `From` stands behind a mail: what a trusted server found (RFC 8601), and what that means.
//!
//! A mail may bring any header, so a result counts only when it comes from a server that the configuration lists, and
//! of those only the topmost: whatever the sender wrote stands below it. Exchange Online names no server in what it adds;
//! on a way in that is configured as Exchange Online's, the topmost header without a name counts.

use super::{ExchangeOrigin, IncomingMail};
use crate::ledger::Via;
use crate::person::EmailAddress;

/// Whether somebody stands behind the address in `From`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The domain does.
    Pass,
    /// The domain says that this is not its mail: DMARC failed.
    Fail,
    /// Nobody trustworthy said anything.
    Unknown,
}

/// A method of authentication that Recado knows (RFC 8601 §2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// RFC 7489; it tells of the domain in `From`.
    Dmarc,
    /// RFC 6376; it tells of the signing domain.
    Dkim,
    /// RFC 7208; it tells of the domain of the envelope sender.
    Spf,
}

/// One method's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    /// The method.
    pub method: Method,
    /// Its result in lower case: `pass`, `fail`, `none`, …
    pub result: String,
    /// The domain that it tells of, in lower case: `header.from`, `header.d` (or the domain of `header.i`),
    /// `smtp.mailfrom`.
    pub domain: Option<String>,
}

/// One `Authentication-Results` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationResults {
    /// The authserv-id in lower case: the server that added it, as it calls itself. `None` where it did not say.
    pub server: Option<String>,
    /// Its results, in order.
    pub results: Vec<MethodResult>,
}

/// Whose word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticationTrust {
    /// The servers whose `Authentication-Results` count, in lower case.
    pub servers: Vec<String>,
    /// The ways in on which `X-MS-Exchange-Organization-*` headers count: an Exchange organisation removes them from
    /// mail that comes from elsewhere, other servers do not.
    pub exchange: Vec<Via>,
    /// The ways in from Exchange Online, on which `Authentication-Results` without a server's name count too: it puts
    /// its own on top of every mail. An Exchange server of one's own puts none, and lets the sender's pass.
    pub exchange_online: Vec<Via>,
}

impl AuthenticationResults {
    /// Reads the value of an `Authentication-Results` header (RFC 8601 §2.2), comments left out. `None` when there is
    /// nothing in it. Methods and properties that Recado does not know are skipped.
    ///
    /// ```
    /// use recado_domain::incoming::{AuthenticationResults, Method};
    /// let value = "mx.example.org 1; dmarc=pass (p=reject) header.from=example.com; spf=fail smtp.mailfrom=a@b.example";
    /// let read = AuthenticationResults::parse(value).unwrap();
    /// assert_eq!(read.server.as_deref(), Some("mx.example.org"));
    /// assert_eq!(read.results[0].method, Method::Dmarc);
    /// assert_eq!(read.results[1].domain.as_deref(), Some("b.example"));
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        let plain = without_comments(value);
        let (first, rest) = plain.split_once(';').unwrap_or((&plain, ""));
        let word = first.split_whitespace().next()?.trim_matches('"').to_lowercase();
        let (server, results) = match word.as_str() {
            "" => return None,
            // The header begins with a result.
            word if word.contains('=') => (None, plain.as_str()),
            _ => (Some(word), rest),
        };
        Some(Self {
            server,
            results: results.split(';').filter_map(method_result).collect(),
        })
    }

    fn authentication(&self, from: &str) -> Authentication {
        let aligned = |result: &&MethodResult| {
            result.domain.as_deref().is_none_or(|domain| match result.method {
                Method::Dmarc => domain == from,
                Method::Dkim | Method::Spf => is_aligned(domain, from),
            }) && (result.domain.is_some() || result.method == Method::Dmarc)
        };
        let mut of_from = self.results.iter().filter(aligned);
        let fails = |result: &MethodResult| result.method == Method::Dmarc && result.result == "fail";
        if of_from.clone().any(fails) {
            return Authentication::Fail;
        }
        if of_from.any(|result| result.result == "pass") {
            return Authentication::Pass;
        }
        Authentication::Unknown
    }
}

impl AuthenticationTrust {
    /// What is known of the address, which stands in the mail's `From`.
    pub fn authentication(&self, mail: &IncomingMail, address: &EmailAddress, via: Via) -> Authentication {
        let is_exchange = self.exchange.contains(&via) || self.exchange_online.contains(&via);
        if mail.exchange == Some(ExchangeOrigin::Internal) && is_exchange {
            return Authentication::Pass;
        }
        let trusted = |results: &&AuthenticationResults| match &results.server {
            Some(server) => self.servers.contains(server),
            None => self.exchange_online.contains(&via),
        };
        mail.authentication
            .iter()
            .find(trusted)
            .map_or(Authentication::Unknown, |results| {
                results.authentication(address.domain())
            })
    }
}

/// Whether two domains belong together: they are the same, or one lies below the other (relaxed alignment, RFC 7489
/// §3.1, without a list of public suffixes; a name without a dot never aligns with what lies below it).
fn is_aligned(one: &str, other: &str) -> bool {
    let below = |name: &str, parent: &str| {
        parent.contains('.') && name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other || below(one, other) || below(other, one)
}

fn method_result(part: &str) -> Option<MethodResult> {
    let mut words = part.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let method = match method.split('/').next()?.trim().to_ascii_lowercase().as_str() {
        "dmarc" => Method::Dmarc,
        "dkim" => Method::Dkim,
        "spf" => Method::Spf,
        _ => return None,
    };
    let wanted: &[&str] = match method {
        Method::Dmarc => &["header.from"],
        Method::Dkim => &["header.d", "header.i"],
        Method::Spf => &["smtp.mailfrom", "smtp.mail"],
    };
    let properties: Vec<(String, &str)> = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches('"')))
        .collect();
    let domain = wanted.iter().find_map(|wanted| {
        let (_, value) = properties.iter().find(|(name, _)| name == wanted)?;
        let domain = value.rsplit('@').next()?.trim_matches(['<', '>']).to_lowercase();
        (!domain.is_empty()).then_some(domain)
    });
    Some(MethodResult {
        method,
        result: result.trim().to_ascii_lowercase(),
        domain,
    })
}

/// The text without its comments (RFC 5322 §3.2.2), which nest; a semicolon in one separates nothing.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next();
                if depth == 0 {
                    plain.extend(escaped.map(meaningless));
                }
            }
            '"' if depth == 0 => quoted = !quoted,
            character if quoted => plain.push(meaningless(character)),
            '(' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                plain.push(' ');
            }
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    plain
}

/// What a sender may write into a quoted local part, and a server repeats, must not read as a result of its own.
fn meaningless(character: char) -> char {
    if character.is_whitespace() || matches!(character, ';' | '=') {
        '_'
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(value: &str, from: &str) -> Authentication {
        AuthenticationResults::parse(value).unwrap().authentication(from)
    }

    #[test]
    fn a_pass_counts_for_the_domain_in_from_alone() {
        use Authentication::{Fail, Pass, Unknown};
        for (value, expected) in [
            ("mx; dmarc=pass header.from=example.com", Pass),
            ("mx; dmarc=pass (p=none dis=none) header.from=Example.COM", Pass),
            ("mx; dmarc=pass", Pass),
            ("mx; dmarc=pass header.from=evil.example", Unknown),
            ("mx; dmarc=fail header.from=example.com", Fail),
            // The server's word about the very domain outweighs our looser alignment.
            (
                "mx; dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
                Fail,
            ),
            // A local part that reads like results.
            (
                r#"mx; spf=pass smtp.mailfrom="a\; dmarc=pass header.from=example.com x"@evil.example"#,
                Unknown,
            ),
            (
                r#"mx; dkim=pass header.i="x header.d=example.com y"@evil.example"#,
                Unknown,
            ),
            ("mx; dkim=pass header.d=mail.example.com", Pass),
            ("mx; dkim=pass header.i=@example.com", Pass),
            ("mx; dkim=pass header.d=com", Unknown),
            ("mx; dkim=pass header.d=evilexample.com", Unknown),
            ("mx; dkim=pass", Unknown),
            (
                "mx; dkim=fail header.d=evil.example; dkim=pass header.d=example.com",
                Pass,
            ),
            ("mx; spf=pass smtp.mailfrom=ana@example.com", Pass),
            ("mx; spf=pass smtp.mailfrom=ana@other.example", Unknown),
            ("mx; spf=softfail smtp.mailfrom=ana@example.com", Unknown),
            ("mx; none", Unknown),
            ("mx; x-made-up=pass header.from=example.com", Unknown),
            (
                "mx; spf=none (a comment; dmarc=pass header.from=example.com)",
                Unknown,
            ),
            (
                "mx; dkim=neutral reason=\"; dmarc=pass header.from=example.com\"",
                Unknown,
            ),
        ] {
            assert_eq!(verdict(value, "example.com"), expected, "{value}");
        }
    }

    #[test]
    fn a_header_may_name_no_server_as_exchange_online_does() {
        let value = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=none (message not signed); \
                     dmarc=pass action=none header.from=example.com;compauth=pass reason=100";
        let read = AuthenticationResults::parse(value).unwrap();
        assert_eq!((read.server, read.results.len()), (None, 3));
    }

    #[test]
    fn a_header_with_nothing_in_it_is_none() {
        for value in ["", ";", "(mx); dmarc=pass"] {
            assert_eq!(AuthenticationResults::parse(value), None, "{value:?}");
        }
    }
}
