//! The outgoing and the incoming account: two forms over the parameters, and what the servers say to a try.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use recado_app::diagnose::Verdict;
use recado_app::read_parameters::ParameterState;
use recado_app::settings::WayOut;
use recado_app::try_accounts::Trial;
use recado_domain::parameter::Parameter;
use serde::Serialize;

use super::Within;
use super::values::{ValueField, Wish, wish};
use crate::web::Shared;
use crate::web::form::Form;
use crate::web::page::see_other_with;
use crate::web::refusal::WebRefusal;
use crate::web::routes::Routes;
use crate::web::visit::SignedInAdministrator;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/administration/accounts", show)
        .post("/administration/accounts/{account}", save)
        .post("/administration/accounts/{account}/test", save_and_test)
}

/// Which account a form describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Account {
    Outgoing,
    Incoming,
}

impl Account {
    fn parse(name: &str) -> Result<Self, WebRefusal> {
        match name {
            "outgoing" => Ok(Self::Outgoing),
            "incoming" => Ok(Self::Incoming),
            _ => Err(WebRefusal::NotFound),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
        }
    }

    /// Where its form is.
    fn place(self) -> &'static str {
        match self {
            Self::Outgoing => "/administration/accounts#outgoing",
            Self::Incoming => "/administration/accounts#incoming",
        }
    }

    /// In the order in which one fills them in.
    fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::Outgoing => &[
                Parameter::FromAddress,
                Parameter::SmtpHost,
                Parameter::SmtpPort,
                Parameter::SmtpTls,
                Parameter::SmtpAuthentication,
                Parameter::SmtpUser,
                Parameter::SmtpPassword,
            ],
            Self::Incoming => &[
                Parameter::ReadMail,
                Parameter::InboxHost,
                Parameter::InboxProtocol,
                Parameter::InboxPort,
                Parameter::InboxUser,
                Parameter::InboxPassword,
                Parameter::InboxFolder,
                Parameter::MessagesPerRound,
            ],
        }
    }
}

#[derive(Serialize)]
struct Page {
    is_files: bool,
    accounts: [AccountForm; 2],
}

#[derive(Serialize)]
struct AccountForm {
    name: &'static str,
    fields: Vec<ValueField>,
    trial: Option<Tried>,
}

/// What a try found.
#[derive(Serialize)]
struct Tried {
    verdict: &'static str,
    said: String,
    remedy: Option<String>,
}

impl From<Trial> for Tried {
    fn from(trial: Trial) -> Self {
        Self {
            verdict: verdict(trial.verdict),
            said: trial.said,
            remedy: trial.remedy,
        }
    }
}

/// A verdict's name in strings and style.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Fault => "fault",
    }
}

/// The pairs of a form whose fields are the parameters' numbers.
type Pairs = Vec<(String, String)>;

fn given<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

async fn show(State(shared): State<Shared>, visit: SignedInAdministrator) -> Result<Response, WebRefusal> {
    let states = shared.api.read_parameters.list(visit.actor()).await?;
    Ok(page(&shared, &visit, StatusCode::OK, &states, None, None))
}

async fn save(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Form(visit, pairs): Form<SignedInAdministrator, Pairs>,
) -> Result<Response, WebRefusal> {
    let account = Account::parse(&name)?;
    match store(&shared, &visit, account, &pairs).await? {
        Stored::Refused(response) => Ok(response),
        Stored::Changed(0) => Ok(see_other_with(account.place(), "flash-unchanged")),
        Stored::Changed(_) => Ok(see_other_with(account.place(), "flash-saved")),
    }
}

async fn save_and_test(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Form(visit, pairs): Form<SignedInAdministrator, Pairs>,
) -> Result<Response, WebRefusal> {
    let account = Account::parse(&name)?;
    if let Stored::Refused(response) = store(&shared, &visit, account, &pairs).await? {
        return Ok(response);
    }
    let trial = match account {
        Account::Outgoing => {
            shared
                .pages
                .administration
                .try_accounts
                .outgoing(visit.actor())
                .await?
        }
        Account::Incoming => {
            shared
                .pages
                .administration
                .try_accounts
                .incoming(visit.actor())
                .await?
        }
    };
    let states = shared.api.read_parameters.list(visit.actor()).await?;
    Ok(page(
        &shared,
        &visit,
        StatusCode::OK,
        &states,
        None,
        Some((account, trial)),
    ))
}

enum Stored {
    /// Nothing was stored; the form again, with what is wrong in it.
    Refused(Response),
    /// So many parameters were.
    Changed(usize),
}

/// Stores what a form changes, all of it or, where a value cannot be taken, nothing.
async fn store(
    shared: &Shared,
    visit: &SignedInAdministrator,
    account: Account,
    pairs: &Pairs,
) -> Result<Stored, WebRefusal> {
    let states = shared.api.read_parameters.list(visit.actor()).await?;
    let wishes: Vec<_> = account
        .parameters()
        .iter()
        .filter_map(|parameter| {
            let state = states.iter().find(|state| state.parameter == *parameter)?;
            let field = format!("p{}", parameter.number());
            let clears = given(pairs, &format!("{field}-clear")).is_some();
            Some((*parameter, wish(state, given(pairs, &field), clears)))
        })
        .collect();
    if wishes.iter().any(|(_, wish)| *wish == Wish::Refuse) {
        let response = page(
            shared,
            visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            &states,
            Some((pairs, &wishes)),
            None,
        );
        return Ok(Stored::Refused(response));
    }
    let mut changed = 0;
    for (parameter, wish) in wishes {
        if let Wish::Set(value) = wish {
            let set = &shared.api.set_parameter;
            set.run(visit.actor(), parameter, value.as_deref()).await?;
            changed += 1;
        }
    }
    Ok(Stored::Changed(changed))
}

fn page(
    shared: &Shared,
    visit: &SignedInAdministrator,
    status: StatusCode,
    parameters: &[ParameterState],
    refused: Option<(&Pairs, &Vec<(Parameter, Wish)>)>,
    mut trial: Option<(Account, Trial)>,
) -> Response {
    let accounts = [Account::Outgoing, Account::Incoming].map(|account| AccountForm {
        name: account.name(),
        fields: account
            .parameters()
            .iter()
            .filter_map(|parameter| {
                let state = parameters.iter().find(|state| state.parameter == *parameter)?;
                Some(field(state, refused))
            })
            .collect(),
        trial: trial
            .take_if(|(tried, _)| *tried == account)
            .map(|(_, trial)| trial.into()),
    });
    let page = Page {
        is_files: shared.pages.settings.way_out == WayOut::Files,
        accounts,
    };
    visit.page_with(
        status,
        "administration/accounts.html",
        "accounts-title",
        Within::new("accounts", page),
    )
}

fn field(state: &ParameterState, refused: Option<(&Pairs, &Vec<(Parameter, Wish)>)>) -> ValueField {
    let mut field = ValueField::of(state, &[]);
    let Some((pairs, wishes)) = refused else {
        return field;
    };
    let Some(value) = given(pairs, &format!("p{}", state.parameter.number())) else {
        return field;
    };
    match wishes.iter().find(|(parameter, _)| *parameter == state.parameter) {
        Some((_, Wish::Refuse)) => field = field.refused(value),
        Some((_, Wish::Set(_))) => field = field.typed(value),
        _ => {}
    }
    field
}
