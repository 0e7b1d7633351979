//! Links to sign in with, as the pages send them: asked for, caught, and shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use mail_parser::MessageParser;
use recado_domain::locale::Locale;

use super::catcher::{Catcher, CaughtMail};
use super::{PATIENCE, display, sample};
use crate::cli::say;
use crate::serve::Daemon;

/// A line for each account with its link. Other mails that arrive meanwhile are shown, and counted.
pub(super) async fn links(
    daemon: &Daemon,
    catcher: &mut Catcher,
    count: &mut usize,
) -> anyhow::Result<String> {
    let accounts = sample::accounts();
    for (party, _) in &accounts {
        daemon
            .sign_in()
            .send_link(&party.email, Locale::Es, None)
            .await
            .with_context(|| format!("a link for {}", party.email))?;
    }
    let mut links = BTreeMap::new();
    let caught = async {
        while links.len() < accounts.len() {
            let Some(mail) = catcher.mails.recv().await else {
                bail!("the mail catcher ended");
            };
            if let (Some(link), Some(recipient)) = (link(&mail), mail.recipients.first()) {
                links.insert(recipient.to_lowercase(), link);
            } else {
                *count += 1;
                say(&display::shown(*count, &mail));
            }
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, caught)
        .await
        .context("the mails with the links did not arrive in time")??;
    let mut told = "Or follow a link; each is good for 15 minutes, once:\n".to_owned();
    for (party, role) in &accounts {
        let who = format!("{}, {}", party.name, role.as_str());
        let link = links.get(party.email.as_str()).map_or("", String::as_str);
        writeln!(told, "  {who:<30}{link}").expect("a string takes any text");
    }
    Ok(told)
}

/// The link in the text of a mail that holds one.
fn link(mail: &CaughtMail) -> Option<String> {
    let message = MessageParser::default().parse(&mail.octets)?;
    let text = message.body_text(0)?;
    let word = text.split_whitespace().find(|word| word.contains("/sign-in/"))?;
    Some(word.to_owned())
}
