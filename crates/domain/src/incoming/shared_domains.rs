//! Domains at which anybody can have an address: two people there have nothing to do with each other.

/// Providers whose national domains are many: `yahoo.es`, `hotmail.com.br`. The first label decides.
const FAMILIES: [&str; 9] = [
    "yahoo",
    "hotmail",
    "outlook",
    "live",
    "gmx",
    "yandex",
    "ymail",
    "rocketmail",
    "terra",
];

/// Others, in full.
const DOMAINS: [&str; 76] = [
    "126.com",
    "139.com",
    "163.com",
    "189.cn",
    "aim.com",
    "alice.it",
    "aol.com",
    "arcor.de",
    "att.net",
    "bell.net",
    "bellsouth.net",
    "bigpond.com",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.com",
    "fastmail.com",
    "fastmail.fm",
    "fibertel.com.ar",
    "free.fr",
    "freenet.de",
    "globo.com",
    "globomail.com",
    "gmail.com",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "mixmail.com",
    "msn.com",
    "naver.com",
    "o2.pl",
    "oi.com.br",
    "onet.pl",
    "orange.es",
    "orange.fr",
    "passport.com",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "r7.com",
    "rediffmail.com",
    "sapo.pt",
    "seznam.cz",
    "sfr.fr",
    "sina.com",
    "speedy.com.ar",
    "t-online.de",
    "telefonica.net",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "web.de",
    "wp.pl",
];

/// Whether strangers share the domain. `domain` is in lower case.
pub(super) fn is_shared(domain: &str) -> bool {
    let family = domain
        .split_once('.')
        .is_some_and(|(label, rest)| FAMILIES.contains(&label) && rest.len() <= 6);
    family || DOMAINS.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_shared_and_a_company_is_not() {
        for domain in [
            "gmail.com",
            "yahoo.com.br",
            "hotmail.es",
            "outlook.com",
            "uol.com.br",
            "163.com",
            "wp.pl",
        ] {
            assert!(is_shared(domain), "{domain}");
        }
        for domain in [
            "example.com",
            "yahoo.example.org",
            "live.corporation.com",
            "mail.example.com",
        ] {
            assert!(!is_shared(domain), "{domain}");
        }
    }

    #[test]
    fn the_list_is_sorted_for_searching() {
        assert!(DOMAINS.is_sorted());
    }
}
