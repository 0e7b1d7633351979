//! Whether a mail answers, or passes another mail on.

use crate::incoming::is_forward;

/// What a mail quotes another for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To answer it.
    #[default]
    Answer,
    /// To pass it on: what is quoted is what its reader is to read.
    ///
    /// Outlook heads both alike; the subject alone tells. A mail that holds our reference answers us, whatever its
    /// subject says.
    Forward,
}

impl Purpose {
    /// The purpose that the subject's first prefix names: `FW:`, `RV:`, `ENC:`, `WG:`, `TR:` and their kin pass on.
    ///
    /// ```
    /// use recado_domain::quote::Purpose;
    /// assert_eq!(Purpose::of_subject("RV: Avería en la sede"), Purpose::Forward);
    /// assert_eq!(Purpose::of_subject("RE: RV: Avería en la sede"), Purpose::Answer);
    /// ```
    pub fn of_subject(subject: &str) -> Self {
        if is_forward(subject) {
            Self::Forward
        } else {
            Self::Answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_tell_what_a_mail_is_for() {
        for (subject, purpose) in [
            ("FW: x", Purpose::Forward),
            ("Fwd: x", Purpose::Forward),
            ("ENC: x", Purpose::Forward),
            ("转发：x", Purpose::Forward),
            ("Re: x", Purpose::Answer),
            ("RE: FW: x", Purpose::Answer),
            ("Forward motion: the plan", Purpose::Answer),
            ("", Purpose::Answer),
        ] {
            assert_eq!(Purpose::of_subject(subject), purpose, "{subject}");
        }
    }
}
