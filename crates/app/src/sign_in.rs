//! Signing in, by a link in a mail or by password; and out.
//!
//! Nobody learns here who has an account: an answer is the same for somebody who is known and for somebody who is not,
//! and so is the work on a password. Making and queueing a mail takes longer than not doing so; whoever calls
//! [`SignIn::send_link`] for a stranger must not let them wait for it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use recado_domain::locale::Locale;
use recado_domain::outbox::{Cause, Delivery};
use recado_domain::person::{EmailAddress, Party, PersonName, Role, Standing, User, UserId};
use recado_domain::preference::TimeZoneName;
use recado_domain::token::Keyring;
use recado_ports::accounts::Accounts;
use recado_ports::clock::Clock;
use recado_ports::ids::Ids;
use recado_ports::mail::{Automatic, Composer};
use recado_ports::outbox::Outbox;
use recado_ports::parameters::Parameters;
use recado_ports::people::People;
use recado_ports::preferences::Preferences;
use recado_ports::sessions::{NewLink, RedeemError, Sessions};
use recado_ports::store::StoreError;
use secrecy::SecretString;
use uuid::Uuid;

use crate::access::{Actor, Refusal};
use crate::letter::{Desk, Letter};
use crate::local_path::LocalPath;
use crate::session::{self, Fresh};
use crate::settings::MessagingSettings;
use crate::view_link::base_url;
use crate::{passwords, wording};

/// How long a link can be used.
const LINK_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// By how much a sign-in mail is due before it is made: a claim takes what has been due for longest, and somebody who
/// waits at the door goes before whatever a fault has dammed up.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A session that has just begun.
#[derive(Debug)]
pub struct OpenedSession {
    /// What the browser shall bear; the only copy.
    pub secret: SecretString,
    /// Whose it is.
    pub user: User,
    /// Where they wanted to go: a [`LocalPath`].
    pub target: Option<String>,
}

/// Lets people in and out.
pub struct SignIn {
    /// Where accounts are.
    pub people: Arc<dyn People>,
    /// For passwords, and for the names of people without an account.
    pub accounts: Arc<dyn Accounts>,
    /// Where sessions and links are.
    pub sessions: Arc<dyn Sessions>,
    /// For the language and the time zone of the mail.
    pub preferences: Arc<dyn Preferences>,
    /// For the sender, and the address of the pages.
    pub parameters: Arc<dyn Parameters>,
    /// Where the mail goes.
    pub outbox: Arc<dyn Outbox>,
    /// Makes the mail.
    pub composer: Arc<dyn Composer>,
    /// Dates all this.
    pub clock: Arc<dyn Clock>,
    /// Names it, and makes secrets.
    pub ids: Arc<dyn Ids>,
    /// Signs the mail's Message-ID.
    pub keyring: Arc<Keyring>,
    /// What the configuration decides.
    pub settings: Arc<MessagingSettings>,
}

/// Whom an address belongs to.
enum Owner {
    Account(User),
    /// Named on a ticket or in a group, without an account yet.
    Named(PersonName),
}

impl SignIn {
    /// Sends a link to sign in with to whoever is known by this address: an account that is active, or somebody named
    /// on a ticket. `language` is the mail's where the person chose none; a `target` that is no [`LocalPath`] is dropped.
    ///
    /// It takes longer for somebody who is known.
    pub async fn send_link(
        &self,
        address: &EmailAddress,
        language: Locale,
        target: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(owner) = self.owner(address).await? else {
            tracing::info!(
                address = address.masked(),
                "a stranger asked for a link to sign in"
            );
            count("link", "unknown");
            return Ok(());
        };
        let recipient = match owner {
            Owner::Account(user) => user.party,
            Owner::Named(name) => Party {
                name,
                email: address.clone(),
            },
        };
        let now = self.clock.now();
        let (secret, hash) = session::secret(&*self.ids);
        let link = NewLink {
            hash,
            email: address.clone(),
            target: target
                .and_then(|target| LocalPath::parse(target).ok())
                .map(String::from),
            expires_at: now + LINK_LIFE,
        };
        let parameters = self.parameters.snapshot().await?.values;
        let preference = self.preferences.find(address).await?;
        let zone = preference.time_zone.as_ref().map(TimeZoneName::zone);
        let rendered = wording::SignInLink {
            url: &format!("{}/sign-in/{secret}", base_url(&parameters, &self.settings)),
            until: link.expires_at,
            zone: zone.unwrap_or(&self.settings.time_zone),
            desk: self.settings.desk_name.as_deref(),
        }
        .render(preference.language.unwrap_or(language));
        let letter = Letter {
            cause: Cause::SignIn(self.ids.next()),
            ticket: None,
            author: None,
            rendered: &rendered,
            attachments: Vec::new(),
            images: Vec::new(),
            automatic: Automatic::Generated,
            created_at: now,
            due_at: now - AHEAD,
        };
        let desk = Desk {
            composer: &*self.composer,
            ids: &*self.ids,
            keyring: &self.keyring,
            parameters: &parameters,
            settings: &self.settings,
        };
        let mail = desk.write(&letter, &recipient, &[]).map_err(|error| {
            Refusal::Internal(
                "the mail with a link to sign in cannot be composed".to_owned(),
                Box::new(error),
            )
        })?;
        self.sessions.add_link(&link).await?;
        self.outbox.enqueue(vec![mail]).await?;
        tracing::info!(address = address.masked(), "a link to sign in is on its way");
        count("link", "sent");
        Ok(())
    }

    /// Whom a link would sign in; `None` when it was used, has expired, or never was. Looking does not use it up: mail
    /// scanners fetch links.
    pub async fn link_owner(&self, secret: &str) -> Result<Option<EmailAddress>, Refusal> {
        let link = self
            .sessions
            .find_link(&session::hash(secret), self.clock.now())
            .await?;
        Ok(link.map(|link| link.email))
    }

    /// Uses a link up and opens a session; `device` is what the browser calls itself. Somebody named on a ticket gets
    /// their account here, as a requester.
    pub async fn by_link(&self, secret: &str, device: &str) -> Result<Option<OpenedSession>, Refusal> {
        let hash = session::hash(secret);
        // Twice: of two links of one new person, used at once, the second finds the account that the first one made.
        for _ in 0..2 {
            let now = self.clock.now();
            let Some(link) = self.sessions.find_link(&hash, now).await? else {
                break;
            };
            let (user, account) = match self.owner(&link.email).await? {
                None => break,
                Some(Owner::Account(user)) => (user, None),
                Some(Owner::Named(name)) => {
                    let user = self.requester(name, link.email);
                    (user.clone(), Some(user))
                }
            };
            let Fresh { secret, session } = session::fresh(user.id, device, now, &*self.ids);
            match self.sessions.redeem(&hash, &session, account).await {
                Ok(link) => {
                    entered("link", &user);
                    return Ok(Some(OpenedSession {
                        secret,
                        user,
                        target: link.target,
                    }));
                }
                Err(RedeemError::Spent) => break,
                Err(RedeemError::Store(StoreError::Conflict { .. })) => {}
                Err(RedeemError::Store(error)) => return Err(error.into()),
            }
        }
        count("link", "spent");
        Ok(None)
    }

    /// Opens a session for whoever knows an account's password. `None`, after the same work, when there is no such
    /// account, it has no password, it is disabled, or the password is another.
    pub async fn by_password(
        &self,
        address: &EmailAddress,
        password: SecretString,
        device: &str,
    ) -> Result<Option<OpenedSession>, Refusal> {
        let (user, kept) = self
            .accounts
            .password(address)
            .await?
            .map_or((None, None), |(user, kept)| (Some(user), kept));
        let fits = passwords::verify(password, kept.clone()).await?;
        // It may have been changed while this attempt waited for its turn.
        let still = self.accounts.password(address).await?.and_then(|(_, kept)| kept);
        let fits = fits && still == kept;
        let user = user.filter(|user| fits && user.standing == Standing::Active);
        let Some(user) = user else {
            tracing::warn!(address = address.masked(), "a password was refused");
            count("password", "refused");
            return Ok(None);
        };
        let Fresh { secret, session } = session::fresh(user.id, device, self.clock.now(), &*self.ids);
        match self.sessions.open(&session).await {
            Ok(()) => {}
            // Disabled in this very moment.
            Err(StoreError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        entered("password", &user);
        Ok(Some(OpenedSession {
            secret,
            user,
            target: None,
        }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: Uuid) -> Result<(), Refusal> {
        Ok(self.sessions.end(session).await?)
    }

    /// Ends all sessions of an account but the one that asks. Gives how many.
    pub async fn sign_out_elsewhere(&self, actor: &Actor) -> Result<u64, Refusal> {
        let (user, session) = actor.account("sessions")?;
        Ok(self.sessions.end_all(user.id, Some(session)).await?)
    }

    /// Whom an address belongs to, if it may sign in.
    async fn owner(&self, address: &EmailAddress) -> Result<Option<Owner>, Refusal> {
        // All is asked in any case, so that the time tells nothing.
        let user = self.people.find_user(address).await?;
        let name = self.accounts.known_name(address).await?;
        let group = self.people.find_group(address).await?;
        Ok(match user {
            Some(user) => (user.standing == Standing::Active).then_some(Owner::Account(user)),
            // Several people read what is sent to a group.
            None if group.is_some() => None,
            None => name.map(Owner::Named),
        })
    }

    fn requester(&self, name: PersonName, email: EmailAddress) -> User {
        User {
            id: UserId(self.ids.next()),
            party: Party { name, email },
            role: Role::Requester,
            standing: Standing::Active,
        }
    }
}

fn entered(way: &'static str, user: &User) {
    tracing::info!(way, user = %user.id.0, address = user.party.email.masked(), "somebody signed in");
    count(way, "entered");
}

fn count(way: &'static str, outcome: &'static str) {
    metrics::counter!("recado_sign_ins_total", "way" => way, "outcome" => outcome).increment(1);
}

/// Whether a mail is one with a link to sign in that opens nothing any more: after an outage it would only puzzle.
pub(crate) fn is_stale(delivery: &Delivery, now: Timestamp) -> bool {
    matches!(delivery.cause, Cause::SignIn(_)) && delivery.created_at + LINK_LIFE <= now
}
