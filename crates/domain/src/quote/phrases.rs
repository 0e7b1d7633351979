//! The words by which mail programs mark what is not their user's own, language by language.
//!
//! Folded ([`super::fold`]). Taken from the programs' own translations as they appear in mail: Gmail, Apple Mail,
//! Outlook (desktop, web, mobile), Thunderbird, Yahoo, Samsung, Zimbra, Notes, K-9, `KMail`, Proton, Zoho.

/// "wrote": the word of an attribution that tells it from other lines with a colon.
#[rustfmt::skip]
pub(super) const WROTE: &[&str] = &[
    "wrote", "writes", "schrieb", "geschrieben", "schreibt", // en, de
    "escribio", "escribiu", "escribe", "escreveu", "escreve", // es, gl, pt
    "escriure", "escrigue", "escrit", "missatge", "idatzi", // ca, eu
    "ecrit", "ecrivait", "scritto", "scrive", // fr, it
    "schreef", "geschreven", "schrijft", // nl
    "skrev", "skriver", "skreiv", "kirjoitti", "kirjoittanut", // sv, da, nb, nn, fi
    "napisal", "napisala", "napisal(a)", "napsal", "napsala", "napsal(a)", "napsal/a", "pisze", "napisano", // pl, cs, sk, sl
    "pise", "napise", "napisao", "napisao/la", "napisal/a", "napisao(la)", // cs, hr, sr
    "пишет", "написал", "написала", "написал(а)", "пише", "написав", "написа", "пишува", "писали", "писал", // ru, uk, bg, mk
    "yazdi", "yazmis", "yazmistir", // tr
    "irta", "scris", "rase", "rakstija", "kirjutas", // hu, ro, lt, lv, et
    "εγραψε", "εγραψεν", // el
    "viet", "menulis", "เขียน", "เขียนว่า", // vi, id, th
    "كتب", "كتبت", "כתב", "כתבה", "מאת", "بواسطة", // ar, he
];

/// "wrote" where words stand without spaces.
#[rustfmt::skip]
pub(super) const WROTE_WITHIN: &[&str] = &[
    "写道", "寫道", "写到", "写了", "書きました", "のメール", "のメッセージ", "작성", "썼습니다", "쓴 글", "님이",
];

/// How an attribution begins: "On", "El", or the name of a day.
#[rustfmt::skip]
pub(super) const OPENING: &[&str] = &[
    "on", "quoting", "op", "am", "den", "d.", "le", "il", "em", "no", "na", "a", "el", "en", "o", "dia", // en, nl, de, fr, it, pt, es, gl
    "missatge", "hau", "pe", "in", "la", "u", "w", "dnia", "dne", "dna", "dana", "στισ", "на",
    "vao", // ca, eu, ro, pl, cs, hr, el, bg, vi
    "pada", "เมื่อ", "في", "בתאריך", "tarihinde", "az", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", // en
    "lun", "mar", "mie", "jue", "vie", "sab", "dom", "lunes", "martes", "miercoles", "jueves", "viernes",
    "sabado", "domingo", "seg", "ter", "qua", "qui", "sex", "segunda", "terca", "quarta", "quinta",
    "sexta", // es, pt
    "mo", "di", "mi", "do", "fr", "sa", "so", "montag", "dienstag", "mittwoch", "donnerstag", "freitag",
    "samstag", "sonntag", // de
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", // fr
    "gio", "ven", "mer", // it
    "man", "tir", "ons", "tor", "tors", "fre", "lor", "son", "mandag", "tirsdag", "onsdag", "torsdag",
    "fredag", "lordag", "sondag", "man.", "lordag", // da, nb, sv
    "ma", "ti", "ke", "to", "su", "maanantai", "maanantaina", "tiistai", "tiistaina", "keskiviikko",
    "keskiviikkona", "torstai", "torstaina", "perjantai", "perjantaina", "lauantai", "sunnuntai", // fi
    "pon", "wt", "sr", "czw", "pt", "sob", "niedz", "ndz", "poniedzialek", "wtorek", "sroda", "czwartek",
    "piatek", "sobota", "niedziela", // pl
    "po", "ut", "st", "ct", "pa", "ne", "stv", "pi", "pondeli", "utery", "streda", "ctvrtek", "patek", // cs, sk
    "uto", "sri", "cet", "pet", "ned", // hr
    "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "понедельник", "вторник", "среда", "четверг",
    "пятница", "суббота", "воскресенье", // ru, uk
];

/// What a header line of a quoted mail names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    /// Any date.
    Date,
    /// "Sent": a date that travel plans and reports do not name so.
    Sent,
    To,
    Copy,
    Subject,
    Other,
}

/// The labels of header blocks.
#[rustfmt::skip]
pub(super) const LABELS: &[(Field, &[&str])] = &[
    (
        Field::From,
        &[
            "from", "de", "von", "da", "van", "fran", "fra", "od", "lahettaja", "от", "от кого", "від",
            "kimden", "gonderen", "felado", "de la", "差出人", "送信者", "发件人", "寄件者", "寄件人", "보낸 사람", "보낸사람", "발신",
            "απο", "expediteur", "remitente", "remetente", "absender", "mittente", "odosielatel",
            "odesilatel", "nadawca", "igorlea", "tu",
        ],
    ),
    (
        Field::Sent,
        &[
            "sent", "enviado", "enviado el", "enviado em", "enviado o", "enviada", "enviada em", "enviados", "enviadas", "enviat",
            "enviat el", "gesendet", "gesendet am", "envoye", "inviato", "verzonden", "skickat", "sendt",
            "lahetetty", "wyslano", "wyslane", "отправлено", "надіслано", "изпратено", "odeslano",
            "odeslane", "odoslane", "poslano", "gonderildi", "gonderilme tarihi", "elkuldve", "trimis",
            "送信日時", "送信日", "送信済み", "发送时间", "傳送時間", "寄件日期", "보낸 날짜", "보낸날짜", "σταλθηκε", "bidalia",
            "bidaltze-data",
        ],
    ),
    (
        Field::Date,
        &[
            "date", "fecha", "fecha y hora", "data", "datum", "dato", "pvm", "paivamaara", "paivays",
            "дата", "tarih", "datum a cas", "日付", "日時", "日期", "时间", "날짜", "ημερομηνια", "envoye le",
            "data/hora", "kelt",
        ],
    ),
    (
        Field::To,
        &[
            "to", "para", "a", "an", "ao", "aan", "naar", "till", "til", "vastaanottaja", "do", "komu",
            "кому", "до", "kime", "alici", "cimzett", "catre", "宛先", "收件人", "收件者", "받는 사람", "받는사람", "받은 사람", "προσ",
            "per a", "per", "destinatario", "destinataire", "za", "prima", "nori",
        ],
    ),
    (
        Field::Copy,
        &[
            "cc", "cci", "cco", "bcc", "kopie", "kopia", "kopi", "copia", "copie", "con copia",
            "com copia", "c/c", "kopio", "dw", "копия", "копія", "bilgi", "masolat", "抄送", "副本", "참조",
            "κοιν", "ccn", "kopija", "kop",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject", "asunto", "assunto", "betreff", "objet", "oggetto", "onderwerp", "amne", "emne",
            "aihe", "temat", "тема", "предмет", "относно", "predmet", "vec", "konu", "targy", "subiect",
            "件名", "主题", "主題", "主旨", "제목", "θεμα", "assumpte", "tema", "gaia", "re",
        ],
    ),
    (
        Field::Other,
        &[
            "importance", "importancia", "prioridade", "priority", "prioridad", "wichtigkeit", "anhang",
            "attachments", "adjuntos", "datos adjuntos", "anexos", "reply-to", "responder a",
            "responder para", "resposta para", "antwort an", "organization", "organizacion",
            "pieces jointes", "bijlagen", "newsgroups",
        ],
    ),
];

/// Between rules of dashes: the mail that is answered follows.
#[rustfmt::skip]
pub(super) const ORIGINAL: &[&str] = &[
    "original message", "original mail", "original email", "original e-mail", // en
    "mensaje original", "mensagem original", "missatge original", "mensaxe orixinal", "jatorrizko mezua", // es, pt, ca, gl, eu
    "correo original", "email original", "mensaje de origen", "texto original", "original appointment",
    "ursprungliche nachricht", "originalnachricht", "original-nachricht", "original nachricht", // de
    "message d'origine", "message original", "mail original", "message initial", "messaggio originale", // fr, it
    "oorspronkelijk bericht", "origineel bericht", "originele bericht", // nl
    "ursprungligt meddelande", "originalmeddelande", "oprindelig meddelelse", "oprindelig besked", // sv, da
    "original meddelelse", "opprinnelig melding", "alkuperainen viesti", // nb, fi
    "wiadomosc oryginalna", "oryginalna wiadomosc", "wiadomosc pierwotna", // pl
    "исходное сообщение", "оригинальное сообщение", "первоначальное сообщение", "исходное письмо", // ru
    "оригінальне повідомлення", "вихідне повідомлення", "оригинално съобщение", "оригинално писмо", // uk, bg
    "puvodni zprava", "puvodni e-mail", "povodna sprava", "izvorna poruka", "originalna poruka", // cs, sk, hr
    "eredeti uzenet", "mesaj original", "mesajul original", "orijinal mesaj", "orjinal mesaj",
    "ozgun ileti", // hu, ro, tr
    "元のメッセージ", "元のメール", "オリジナルメッセージ", "原始邮件", "原邮件", "原始郵件", "原始信件", "원본 메시지", "원본 메일", "원본 이메일", // ja, zh, ko
    "αρχικο μηνυμα",
];

/// Between rules of dashes: a mail follows that the author passes on, and means to be read.
#[rustfmt::skip]
pub(super) const FORWARDED: &[&str] = &[
    "forwarded message", "forwarded by", "forwarded mail", "forwarded email", "mensaje reenviado",
    "reenviado por", "mensagem encaminhada", "mensagem reencaminhada", "encaminhado por",
    "reencaminhado por", "missatge reenviat", "mensaxe reenviada", "weitergeleitete nachricht",
    "weitergeleitet von", "message transfere", "transfere par", "messaggio inoltrato", "inoltrato da",
    "doorgestuurd bericht", "doorgestuurd door", "vidarebefordrat meddelande", "vidarebefordrat brev",
    "videresendt meddelelse", "videresendt besked", "videresendt melding", "valitetty viesti",
    "edelleenlahetetty viesti", "wiadomosc przekazana dalej", "przekazana wiadomosc",
    "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение",
    "переслане повідомлення", "preposlana zprava", "preposlana sprava", "proslijedena poruka",
    "tovabbitott uzenet", "mesaj redirectionat", "iletilen mesaj", "yonlendirilmis ileti",
    "iletilmis ileti", "転送されたメッセージ", "転送メッセージ", "転送メール", "转发的邮件", "转发邮件", "轉寄郵件", "轉寄的郵件", "转发信息",
    "전달된 메시지", "전달된 메일", "προωθημενο μηνυμα",
];

/// Apple Mail announces a forwarded mail in a line of its own.
#[rustfmt::skip]
pub(super) const FORWARD_BEGINS: &[&str] = &[
    "begin forwarded message", "inicio del mensaje reenviado", "inicio da mensagem reencaminhada",
    "inicio da mensagem encaminhada", "inici del missatge reenviat", "debut du message reexpedie",
    "debut du message transfere", "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail", "inizio messaggio inoltrato", "begin doorgestuurd bericht",
    "vidarebefordrat brev", "start pa videresendt besked", "videresendt melding", "valitetty viesti alkaa",
    "poczatek przekazywanej wiadomosci", "начало переадресованного сообщения", "zacatek preposlane zpravy",
    "iletilen iletinin baslangici", "転送されたメッセージ", "以下是转发的邮件", "전달된 메시지",
];

/// How the footers begin that programs and devices add under a text.
#[rustfmt::skip]
pub(super) const FOOTERS: &[&str] = &[
    // en
    "sent from my ", "sent from mail for ", "sent from outlook", "sent from yahoo mail",
    "sent from samsung", "sent from proton mail", "sent from zoho", "sent from gmail", "sent from windows mail", "sent from mailbox", "sent from k-9 ",
    "sent from thunderbird", "sent via ", "get outlook for ", "download outlook for ",
    "sent with proton mail", "sent with protonmail", "sent using zoho", "sent using outlook",
    "sent using hcl", "sent with aquamail", "sent with bluemail", "sent from the all new ", "virus-free.",
    "this email has been checked for viruses",
    // es
    "enviado desde mi ", "enviado desde correo ", "enviado desde outlook", "enviado desde yahoo",
    "enviado desde proton", "enviado desde el mail de", "enviado desde samsung", "enviado desde gmail",
    "enviado con proton", "enviado con el correo electronico seguro de proton", "enviado con zoho",
    "enviado usando zoho", "enviado mediante ", "obtener outlook para ", "descargar outlook para ",
    "obten outlook para ", "consigue outlook para ", "enviado desde mail para", "libre de virus",
    "enviado desde dispositivo ", "enviado a traves de ",
    // pt
    "enviado do meu ", "enviado da minha ", "enviado a partir do meu ", "enviado do outlook",
    "enviado do yahoo", "enviado do email para ", "enviado do correio para ", "enviado do samsung",
    "enviado do proton", "enviado com o proton", "enviado com proton", "enviado com o e-mail seguro",
    "enviado atraves do meu ", "enviado via ", "enviado pelo meu ", "enviado pelo zoho",
    "enviado com zoho", "enviado usando o zoho", "obter o outlook para ", "obtenha o outlook para ",
    "baixe o outlook para ", "livre de virus", "sem virus.", "enviado de meu ", "enviado do mail para",
    // ca, gl
    "enviat des del meu ", "enviat des de ", "obteniu l'outlook per", "enviado dende o meu ",
    "enviado desde o meu ",
    // de
    "von meinem ", "von meiner ", "gesendet mit der ", "gesendet von ", "gesendet mit ", "gesendet aus ",
    "gesendet uber ", "holen sie sich outlook fur ", "outlook fur ", "diese nachricht wurde von meinem ",
    "virenfrei.", "laden sie outlook fur",
    // fr
    "envoye de mon ", "envoye depuis mon ", "envoye de ma ", "envoye a partir de ", "envoye depuis ",
    "envoye avec ", "telecharger outlook pour ", "obtenez outlook pour ", "obtenir outlook pour ",
    "provenance : courrier", "sans virus.", "envoye de mail pour",
    // it
    "inviato da iphone", "inviato da ipad", "inviato dal mio ", "inviato dalla mia ",
    "inviato da mail per ", "inviato da outlook", "inviato da yahoo", "inviato con proton",
    "inviato tramite ", "inviato da libero", "scarica outlook per ", "ottieni outlook per ",
    "privo di virus",
    // nl
    "verstuurd vanaf mijn ", "verzonden vanaf mijn ", "verzonden met ", "verstuurd met ",
    "verzonden vanuit ", "outlook voor ", "download outlook voor ", "virusvrij",
    // sv, da, nb, fi
    "skickat fran min ", "skickat fran ", "skickat med ", "hamta outlook for ", "skaffa outlook for ",
    "sendt fra min ", "sendt fra ", "sendt med ", "hent outlook til ", "fa outlook til ",
    "hent outlook for ", "fa outlook for ", "lahetetty iphonesta", "lahetetty laitteesta ",
    "lahetetty puhelimesta", "lahetetty samsung", "lahetetty ", "hanki outlook ",
    // pl, cs, sk, hu, ro, hr
    "wyslane z iphone", "wyslano z iphone", "wyslane z ", "wyslano z ", "pobierz program outlook dla ",
    "pobierz outlooka dla ", "pobierz aplikacje outlook", "odeslano z ", "odoslane z ",
    "ziskejte outlook ", "ziskat outlook", "elkuldve az ", "iphone-rol kuldve", "trimis de pe ",
    "poslano s ",
    // ru, uk, el, tr
    "отправлено с ", "отправлено из ", "скачать outlook для", "получить outlook для", "надіслано з ",
    "изпратено от ", "σταλθηκε απο ", "αποστολη απο ", "iphone'umdan gonderildi", "iphone'dan gonderildi",
    "ipad'imden gonderildi", "android icin outlook", "ios icin outlook'", "samsung cihazimdan gonderildi",
    "yahoo mail'den gonderildi",
    // ja, zh, ko
    "iphoneから送信", "ipadから送信", "androidから送信", "outlook for ", "发自我的", "從我的", "从我的", "發自我的", "發送自我的", "发送自 ",
    "获取 outlook for", "나의 iphone에서 보냄", "내 iphone에서 보냄", "나의 ipad에서 보냄", "iphone에서 보냄", "outlook 다운로드",
    "android용 outlook", "ios용 outlook",
];

/// What the legal notices say that companies append to all mail, each with the stems that say it. A paragraph that
/// says nearly all of it is one.
#[rustfmt::skip]
pub(super) const NOTICE: &[&[&str]] = &[
    // It is secret,
    &["confiden", "privileg", "sigilos", "vertraulich", "vertrouwelijk", "riservat", "poufn", "конфиденц"],
    // meant for somebody,
    &[
        "recipient", "addressee", "destinatari", "destinataire", "empfanger", "adressat", "geadresseerde", "adresat",
        "адресат",
    ],
    // and whoever has it by mistake
    &[
        "in error", "by mistake", "por error", "por erro", "por engano", "equivocad", "irrtum", "par erreur",
        "per errore", "abusievelijk", "vergissing", "omylkow", "по ошибке",
    ],
    // shall say so
    &[
        "notify", "inform", "advise", "notifi", "comuni", "avis", "benachrichtig", "waarschuw", "powiadom", "сообщ",
        "уведом",
    ],
    // and destroy it;
    &[
        "delete", "destroy", "elimin", "borr", "destru", "apag", "exclu", "losch", "vernicht", "supprim", "detrui",
        "cancell", "distrugg", "vernietig", "verwijder", "usun", "удал",
    ],
    // it is forbidden
    &[
        "prohibit", "unauthori", "strictly", "prohibid", "proibid", "no autoriz", "nao autoriz", "unbefugt",
        "untersagt", "nicht gestattet", "interdit", "non autoris", "vietat", "verboden", "niet toegestaan", "zabronion",
        "запрещ",
    ],
    // to spread it.
    &[
        "disclos", "disseminat", "distribut", "copying", "divulg", "difus", "distribu", "reprodu", "copia", "weitergabe",
        "diffus", "verspreid", "openbaar", "rozpowszech", "распростран",
    ],
];

/// How the headings of legal notices begin.
#[rustfmt::skip]
pub(super) const NOTICE_HEADINGS: &[&str] = &[
    "disclaimer", "confidentiality notice", "legal notice", "aviso legal", "aviso de confidencialidad",
    "nota de confidencialidad", "clausula de confidencialidad", "proteccion de datos", // en, es, pt
    "vertraulichkeitshinweis", "avis de confidentialite", "avviso di riservatezza", // de, fr, it
];

/// Pleas not to print: two words that only such have in one short line.
#[rustfmt::skip]
pub(super) const PLEAS: &[(&str, &str)] = &[
    ("print", "environment"), ("imprim", "ambiente"), ("imprim", "environnement"), ("druck", "umwelt"),
    ("stampa", "ambiente"), ("print", "milieu"),
];

/// A line that begins so, and goes on, is an afterthought in its author's own words, wherever it stands.
#[rustfmt::skip]
pub(super) const POSTSCRIPT: &[&str] = &[
    "ps", "p.s", "p.s.", "p. s.", "pd", "p.d", "p.d.", "p. d.", "nb", "n.b.", "ps.", "pd.",
];

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;

    #[test]
    fn the_tables_are_written_folded() {
        let labels = LABELS.iter().flat_map(|(_, names)| names.iter());
        let all = [
            WROTE,
            WROTE_WITHIN,
            OPENING,
            ORIGINAL,
            FORWARDED,
            FORWARD_BEGINS,
            FOOTERS,
            POSTSCRIPT,
        ];
        let unfolded: Vec<_> = all
            .into_iter()
            .flatten()
            .chain(labels)
            .chain(NOTICE.iter().copied().flatten())
            .filter(|phrase| fold(phrase) != phrase.trim_end())
            .collect();
        assert!(unfolded.is_empty(), "{unfolded:?}");
    }
}
