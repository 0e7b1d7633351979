//! The keys that a template may name: the six of the messaging service, and the ticket's further ones.
//!
//! Which spellings exist is decided here alone; where they stand in a template is `source`'s matter.

use std::fmt;

use super::nearest::nearest;

/// A key with a value of its own in every message: the six of the messaging service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKey {
    /// `${IDSOLICITUDSERVICIO}`: the ticket number, the public key.
    TicketNumber,
    /// `${COMMENTTEXT}`: the text of the comment, the one value that may have several lines.
    CommentText,
    /// `${DATETIMECREATED}`: when the comment was registered (see [`crate::locale::Locale::date_time`]).
    DateTimeCreated,
    /// `${USERNAME}`: name of the user who wrote the comment.
    AuthorName,
    /// `${REQUESTERNAME}`: name of the requester.
    RequesterName,
    /// `${REQUESTRESPONSIBLENAME}`: name of the technician responsible for the ticket.
    ResponsibleName,
}

impl TemplateKey {
    /// Every key, in the order in which editors show them.
    pub const ALL: [Self; 6] = [
        Self::TicketNumber,
        Self::CommentText,
        Self::DateTimeCreated,
        Self::AuthorName,
        Self::RequesterName,
        Self::ResponsibleName,
    ];

    /// The canonical name: the Spanish edition's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TicketNumber => "IDSOLICITUDSERVICIO",
            Self::CommentText => "COMMENTTEXT",
            Self::DateTimeCreated => "DATETIMECREATED",
            Self::AuthorName => "USERNAME",
            Self::RequesterName => "REQUESTERNAME",
            Self::ResponsibleName => "REQUESTRESPONSIBLENAME",
        }
    }

    /// The other editions' names.
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::TicketNumber => &["IDSERVICEREQUEST", "IDSOLICITACAOSERVICO"],
            Self::RequesterName => &["SOLICITANTE"],
            Self::CommentText | Self::DateTimeCreated | Self::AuthorName | Self::ResponsibleName => &[],
        }
    }

    /// What the key stands for, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::TicketNumber => "number of the ticket",
            Self::CommentText => "text of the comment",
            Self::DateTimeCreated => "when the comment was registered",
            Self::AuthorName => "name of the comment's author",
            Self::RequesterName => "name of the requester",
            Self::ResponsibleName => "name of the technician responsible for the ticket",
        }
    }

    /// The key of a canonical name or alias, in any letter case.
    ///
    /// ```
    /// use recado_domain::template::TemplateKey;
    /// for name in ["IDSOLICITUDSERVICIO", "IdServiceRequest", "idsolicitacaoservico"] {
    ///     assert_eq!(TemplateKey::parse(name), Some(TemplateKey::TicketNumber));
    /// }
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| {
            std::iter::once(&key.name())
                .chain(key.aliases())
                .any(|known| known.eq_ignore_ascii_case(name))
        })
    }
}

/// A key whose value is one of the ticket's attributes.
///
/// The keys are those of ticket mails in installed templates; their canonical names are the English ones, under
/// which a ticket carries its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey(u8);

struct TicketKeyEntry {
    name: &'static str,
    aliases: &'static [&'static str],
    meaning: &'static str,
}

const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    meaning: &'static str,
) -> TicketKeyEntry {
    TicketKeyEntry {
        name,
        aliases,
        meaning,
    }
}

#[rustfmt::skip] // one key, one line
const TICKET_KEYS: [TicketKeyEntry; 35] = [
    entry("CONTRACTNAME", &["CONTRATO"], "contract"),
    entry("STARTDATETIME", &["DATAHORAINICIO"], "when work on the ticket began"),
    entry("ENDDATETIME", &["DATAHORAFIM"], "when work on the ticket ended"),
    entry("DATETIMEREACTIVATIONSLASTR", &["DATAHORAINICIOSLASTR"], "when the SLA's clock last started"),
    entry("DEADLINESTR", &["DATAHORALIMITESTR"], "when the ticket is due"),
    entry("REQUESTDATETIMESTR", &["DATAHORASOLICITACAOSTR"], "when the ticket was opened"),
    entry("DEMANDTYPENAME", &["DEMANDA"], "type of demand, such as incident or request"),
    entry("DESCRIPTION", &["DESCRICAO"], "description"),
    entry("DESCRSITUATION", &["DESCRSITUACAO"], "description of the situation"),
    entry("CAUSEDETAIL", &["DETALHAMENTOCAUSA"], "details of the cause"),
    entry("CONTACTEMAIL", &["EMAILCONTATO"], "address of the contact"),
    entry("CURRENTPHASE", &["FASEATUAL"], "current phase"),
    entry("CURRENTGROUP", &["GRUPOATUAL"], "current group"),
    entry("CURRENTGROUPNAME", &["NOMEGRUPOATUAL"], "name of the current group"),
    entry("GROUPLEVEL1", &["GRUPONIVEL1"], "group of the first level"),
    entry("IMPACT", &["IMPACTO"], "impact"),
    entry("LINKSATISFACTIONSURVEY", &["LINKPESQUISASATISFACAO"], "link to the satisfaction survey"),
    entry("LINKSERVICEREQUEST", &["LINKSOLICITACAOSERVICO"], "link to the ticket"),
    entry("CONTACTNAME", &["NOMECONTATO"], "name of the contact"),
    entry("SERVICENAME", &["NOMESERVICO", "SERVICO"], "service"),
    entry("OWNERDEPARTMENTNAME", &["NOMEUNIDADERESPONSAVEL"], "department of the responsible"),
    entry("REQUESTERDEPARTMENTNAME", &["NOMEUNIDADESOLICITANTE"], "department of the requester"),
    entry("OBSERVATION", &["OBSERVACAO"], "observation"),
    entry("ORIGINNAME", &["ORIGEM"], "channel that the ticket came through"),
    entry("PRIORITY", &["PRIORIDADE"], "priority"),
    entry("OWNERNAME", &["RESPONSAVEL"], "name of the owner"),
    entry("RESPONSE", &["RESPOSTA"], "response"),
    entry("SITUACTION", &["SITUACAO"], "situation"),
    entry("SLATOAGREE", &["SLAACOMBINAR"], "whether the SLA is still to be agreed"),
    entry("OVERDUESLASTR", &["ATRASOSLASTR"], "how far the SLA is overdue"),
    entry("REQUESTERUNITY", &["SOLICITANTEUNIDADE"], "unit of the requester"),
    entry("CONTACTPHONE", &["TELEFONECONTATO"], "telephone of the contact"),
    entry("URGENCY", &["URGENCIA"], "urgency"),
    entry("CURRENTRESPONSIBLE", &["RESPONSAVELATUAL"], "current responsible"),
    entry("NOTE", &["NOTA"], "note"),
];

impl TicketKey {
    /// Every key, in the order in which editors show them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(TICKET_KEYS.len()).map(Self)
    }

    /// The canonical name, English and in upper case: the name of the ticket's attribute.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The Portuguese and Spanish editions' names.
    pub fn aliases(self) -> &'static [&'static str] {
        self.entry().aliases
    }

    /// What the key stands for, in a few words.
    pub fn meaning(self) -> &'static str {
        self.entry().meaning
    }

    /// The key of a canonical name or alias, in any letter case.
    ///
    /// ```
    /// use recado_domain::template::TicketKey;
    /// let service = TicketKey::parse("servico").unwrap();
    /// assert_eq!(service.name(), "SERVICENAME");
    /// assert_eq!(TicketKey::parse("COMMENTTEXT"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|key| {
            std::iter::once(&key.name())
                .chain(key.aliases())
                .any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    fn entry(self) -> &'static TicketKeyEntry {
        &TICKET_KEYS[usize::from(self.0)]
    }
}

/// Any key that a template may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// One of the messaging service's six.
    Message(TemplateKey),
    /// An attribute of the ticket.
    Ticket(TicketKey),
}

impl Key {
    /// Every key, the messaging service's first.
    pub fn all() -> impl Iterator<Item = Self> {
        TemplateKey::ALL
            .into_iter()
            .map(Self::Message)
            .chain(TicketKey::all().map(Self::Ticket))
    }

    /// The key of a name, without `${` and `}`, in any letter case.
    pub fn parse(name: &str) -> Option<Self> {
        TemplateKey::parse(name)
            .map(Self::Message)
            .or_else(|| TicketKey::parse(name).map(Self::Ticket))
    }

    /// The canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message(key) => key.name(),
            Self::Ticket(key) => key.name(),
        }
    }

    /// The further names.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Message(key) => key.aliases(),
            Self::Ticket(key) => key.aliases(),
        }
    }

    /// What the key stands for, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Message(key) => key.meaning(),
            Self::Ticket(key) => key.meaning(),
        }
    }

    /// The known name, canonical or alias, that a mistyped one most likely means; none when nothing is near.
    ///
    /// ```
    /// use recado_domain::template::Key;
    /// assert_eq!(Key::nearest_name("usrname"), Some("USERNAME"));
    /// assert_eq!(Key::nearest_name("IDSOLICITUD"), Some("IDSOLICITUDSERVICIO"));
    /// assert_eq!(Key::nearest_name("FAVOURITECOLOUR"), None);
    /// ```
    pub fn nearest_name(mistyped: &str) -> Option<&'static str> {
        let names =
            Self::all().flat_map(|key| std::iter::once(key.name()).chain(key.aliases().iter().copied()));
        nearest(mistyped, names)
    }
}

impl From<TemplateKey> for Key {
    fn from(key: TemplateKey) -> Self {
        Self::Message(key)
    }
}

impl From<TicketKey> for Key {
    fn from(key: TicketKey) -> Self {
        Self::Ticket(key)
    }
}

/// As a template writes it: `${NAME}`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_key_in_any_letter_case() {
        let mut seen = std::collections::BTreeSet::new();
        for key in Key::all() {
            for name in std::iter::once(&key.name()).chain(key.aliases()) {
                assert!(seen.insert(*name), "{name} means two keys");
                assert_eq!(Key::parse(name), Some(key));
                assert_eq!(Key::parse(&name.to_lowercase()), Some(key));
                assert_eq!(*name, name.to_uppercase());
            }
        }
        assert_eq!(Key::all().count(), 41);
        assert_eq!(Key::parse(""), None);
    }

    #[test]
    fn a_slip_finds_the_key_that_was_meant() {
        for (slip, meant) in [
            ("COMENTTEXT", "COMMENTTEXT"),
            ("COMMENTTXET", "COMMENTTEXT"),
            ("COMMENT_TEXT", "COMMENTTEXT"),
            ("SOLICITANT", "SOLICITANTE"),
            ("REQUESTRESPONSIBLE", "REQUESTRESPONSIBLENAME"),
            ("IDSOLICITACAOSERVIÇO", "IDSOLICITACAOSERVICO"),
            ("PRIORIDAD", "PRIORIDADE"),
        ] {
            assert_eq!(Key::nearest_name(slip), Some(meant), "{slip}");
        }
        assert_eq!(Key::nearest_name("X"), None);
        assert_eq!(Key::nearest_name(&"COMMENTTEXT".repeat(1000)), None);
    }
}
