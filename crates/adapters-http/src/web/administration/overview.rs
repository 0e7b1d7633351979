//! The first page: the steps to the first mail, each with its state; once they are done, how the service fares.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use fluent_bundle::FluentArgs;
use jiff::Timestamp;
use recado_app::access::Refusal;
use recado_app::diagnose::{Finding, Verdict};
use recado_domain::locale::Locale;
use recado_domain::parameter::Parameter;
use recado_domain::person::EmailAddress;
use recado_domain::template::TemplateId;
use serde::{Deserialize, Serialize};

use super::accounts::verdict;
use super::progress::{AccountFacts, Progress, Step};
use super::templates::starters;
use super::watch::{self, Watch};
use super::{Sure, Within};
use crate::web::Shared;
use crate::web::form::Form;
use crate::web::page::{see_other, see_other_with};
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::{SignedIn, SignedInAdministrator, Visit, Wanted};

/// So long a page waits for the mail server's word about itself.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration", show)
        .get("/administration/health", health)
        .get("/administration/watch/{id}", follow)
        .post("/administration/test-account", test_account)
        .post("/administration/starter", start_with)
        .post("/administration/switch-on", switch_on)
        .post("/administration/test-template", test_template)
}

#[derive(Deserialize)]
struct Watching {
    watch: Option<String>,
}

#[derive(Serialize)]
struct Overview {
    is_ready: bool,
    steps: Vec<Step>,
    account: AccountFacts,
    templates: Vec<Offered>,
    in_use: Option<String>,
    own_language: &'static str,
    /// The visitor's address.
    me: String,
    watch: Option<Watch>,
}

#[derive(Serialize)]
struct Offered {
    id: i64,
    name: String,
}

async fn show(
    State(shared): State<Shared>,
    Query(query): Query<Watching>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    let progress = Progress::read(&shared, &visit).await?;
    let is_ready = progress.is_complete();
    let page = Overview {
        is_ready,
        own_language: visit.language.as_str(),
        me: own_address(&visit)?.to_string(),
        watch: watch::find(&shared, &visit, query.watch.as_deref(), "/administration").await?,
        in_use: progress.in_use.map(|id| id.to_string()),
        templates: progress
            .templates
            .into_iter()
            .map(|template| Offered {
                id: template.id.get(),
                name: template.name,
            })
            .collect(),
        steps: progress.steps,
        account: progress.account,
    };
    let title = if is_ready { "health-title" } else { "steps-title" };
    Ok(visit.page(
        "administration/overview.html",
        title,
        Within::new("overview", page),
    ))
}

/// The visitor's address: tests go there.
fn own_address(visit: &SignedIn) -> Result<&EmailAddress, WebRefusal> {
    let party = visit.actor().party().ok_or(WebRefusal::NotFound)?;
    Ok(&party.email)
}

#[derive(Serialize)]
struct Health {
    worst: &'static str,
    findings: Vec<WordedFinding>,
    checked_at: Timestamp,
}

/// A finding in the visitor's language.
#[derive(Serialize)]
struct WordedFinding {
    verdict: &'static str,
    words: String,
    remedy: Option<String>,
    /// Where it is mended.
    href: Option<&'static str>,
}

async fn health(State(shared): State<Shared>, visit: SignedInAdministrator) -> Result<Response, WebRefusal> {
    let looking = tokio::time::timeout(PATIENCE, shared.pages.administration.diagnose.run()).await;
    let findings = looking.map_err(|_| WebRefusal::Unavailable)??;
    let worst = findings.iter().map(|finding| finding.verdict).max();
    let page = Health {
        worst: verdict(worst.unwrap_or(Verdict::Good)),
        findings: findings.iter().map(|finding| worded(&visit, finding)).collect(),
        checked_at: shared.options.clock.now(),
    };
    Ok(match visit.wanted {
        Wanted::Fragment => visit.fragment("administration/findings.html", page),
        Wanted::Page => visit.page(
            "administration/health.html",
            "health-title",
            Within::new("overview", page),
        ),
    })
}

fn worded(visit: &Visit, finding: &Finding) -> WordedFinding {
    let strings = &visit.shared.renderer.strings;
    let mut arguments: FluentArgs<'_> = finding
        .arguments
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    if let Some((_, reason)) = finding.arguments.iter().find(|(name, _)| *name == "reason") {
        let key = format!("channel-{reason}");
        arguments.set("reason", strings.text(visit.language, &key, None));
    }
    let text = |key: String| {
        strings
            .has(visit.language, &key)
            .then(|| strings.text(visit.language, &key, Some(&arguments)))
    };
    let words = text(format!("finding-{}", finding.code)).unwrap_or_else(|| finding.message.clone());
    WordedFinding {
        verdict: verdict(finding.verdict),
        words,
        remedy: if finding.verdict == Verdict::Good {
            None
        } else {
            text(format!("remedy-{}", finding.code)).or_else(|| finding.remedy.clone())
        },
        href: place(finding.code),
    }
}

/// The page on which a finding is mended.
fn place(code: &str) -> Option<&'static str> {
    Some(match code {
        "exchange-off" => "/administration/parameters/299",
        "mail-stopped" => "/administration/parameters/297",
        "template-unset" | "template-missing" => "/administration/parameters/417",
        "template-inactive" | "template-faulty" => "/administration/templates",
        "account-incomplete" | "account-fault" => "/administration/accounts#outgoing",
        "channel-held" | "channel-held-probed" => "/administration/outbox",
        "queue-dead" => "/desk/deliveries?state=dead",
        _ => return None,
    })
}

/// The part of a page that follows a test mail.
async fn follow(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    visit: SignedInAdministrator,
) -> Result<Response, WebRefusal> {
    #[derive(Serialize)]
    struct Part {
        watch: Watch,
    }
    let watch = watch::find(&shared, &visit, Some(&id), "/administration").await?;
    let watch = watch.ok_or(WebRefusal::NotFound)?;
    Ok(match visit.wanted {
        Wanted::Fragment => visit.fragment("administration/watch.html", Part { watch }),
        Wanted::Page => see_other(watch.here()),
    })
}

async fn test_account(
    State(shared): State<Shared>,
    Form(visit, _): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let sending = &shared.pages.administration.try_accounts;
    let delivery = sending.send_test(visit.actor(), own_address(&visit)?).await?;
    Ok(see_other(&format!("/administration?watch={}", delivery.0)))
}

#[derive(Deserialize)]
struct Starter {
    language: String,
}

/// Saves a ready-made template under the next free number.
async fn start_with(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, Starter>,
) -> Result<Response, WebRefusal> {
    let language = Locale::parse(&form.language).map_err(|_| WebRefusal::NotFound)?;
    let known = shared.api.read_templates.list(visit.actor()).await?;
    let starter = starters::starter(language, starters::next_id(&known));
    match shared.api.put_template.run(visit.actor(), starter).await {
        Ok(_) => Ok(see_other_with("/administration", "flash-saved")),
        Err(recado_app::put_template::PutTemplateError::Refused(refusal)) => Err(refusal.into()),
        Err(recado_app::put_template::PutTemplateError::Faulty(_)) => Err(WebRefusal::Internal),
    }
}

#[derive(Deserialize)]
struct SwitchOn {
    template: String,
}

async fn switch_on(
    State(shared): State<Shared>,
    Form(visit, form): Form<SignedInAdministrator, SwitchOn>,
) -> Result<Response, WebRefusal> {
    let set = &shared.api.set_parameter;
    set.run(visit.actor(), Parameter::MessagingTemplate, Some(&form.template))
        .await?;
    Ok(see_other_with("/administration", "flash-saved"))
}

/// Sends messaging's template, filled with a sample, to the visitor.
async fn test_template(
    State(shared): State<Shared>,
    Form(visit, _): Form<SignedInAdministrator, Sure>,
) -> Result<Response, WebRefusal> {
    let parameter = Parameter::MessagingTemplate;
    let state = shared.api.read_parameters.find(visit.actor(), parameter).await?;
    let id = state.value.and_then(|value| TemplateId::parse(&value).ok());
    let id = id.ok_or_else(|| WebRefusal::from(Refusal::Conflict("parameter 417 is not set".to_owned())))?;
    let to = own_address(&visit)?.clone();
    let delivery = shared.api.test_template.run(visit.actor(), id, to).await?;
    Ok(see_other(&format!("/administration?watch={}", delivery.0)))
}
