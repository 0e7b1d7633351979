//! `recado template`: mail templates, from files and back.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use recado_app::put_template::{NewTemplate, PutTemplateError};
use recado_domain::locale::Locale;
use recado_domain::template::{Diagnostic, Field, Severity, Situation, StoredTemplate, Template, TemplateId};
use recado_domain::ticket::TicketNumber;
use recado_ports::templates::Written;
use serde_json::{Value, json};

use super::OPERATOR;
use super::output::{Answer, record, table};
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every template
    List,
    /// One template
    Show {
        /// Its number
        #[arg(value_parser = TemplateId::parse)]
        id: TemplateId,
    },
    /// Save a template, unless it has faults
    Put(Put),
    /// Check the HTML body in a file, without saving anything
    Check(Check),
    /// Show what a template makes of a ticket
    Preview(Preview),
}

#[derive(Debug, Args)]
pub(super) struct Put {
    /// Its number, which parameter 417 may name
    #[arg(value_parser = TemplateId::parse)]
    id: TemplateId,
    /// The subject, with keys
    #[arg(long)]
    subject: String,
    /// The HTML body's file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The text body's file; without one, the text is derived from the HTML
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// A name for people [default: the file's]
    #[arg(long)]
    name: Option<String>,
    /// The language of dates: es, pt or en
    #[arg(long, value_parser = Locale::parse)]
    locale: Option<Locale>,
    /// Keep it without using it
    #[arg(long)]
    inactive: bool,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The HTML body's file; `-` for standard input
    file: PathBuf,
    /// The subject, to check too
    #[arg(long)]
    subject: Option<String>,
    /// The text body's file, to check too
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// Its number
    #[arg(value_parser = TemplateId::parse)]
    id: TemplateId,
    /// The ticket whose values are put in [default: a sample]
    #[arg(long, value_parser = TicketNumber::parse)]
    ticket: Option<TicketNumber>,
    /// A comment's text to put in
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

pub(super) async fn run(house: &House, command: Command) -> anyhow::Result<Answer> {
    match command {
        Command::List => {
            let templates = house
                .read_templates()
                .list(&OPERATOR)
                .await
                .context("template list")?;
            let rows: Vec<_> = templates.iter().map(row).collect();
            let items: Vec<_> = templates.iter().map(shape).collect();
            let heading = ["ID", "SITUATION", "NAME", "SUBJECT"];
            Ok(Answer::new(
                table(heading, &rows),
                json!({ "items": items, "next": null }),
            ))
        }
        Command::Show { id } => {
            let template = house
                .read_templates()
                .find(&OPERATOR, id)
                .await
                .context("template show")?;
            Ok(Answer::new(shown(&template), shape(&template)))
        }
        Command::Put(put) => save(house, put).await,
        Command::Check(arguments) => check(&arguments),
        Command::Preview(preview) => {
            let use_case = house.preview_template();
            let rendered = use_case
                .run(
                    &OPERATOR,
                    preview.id,
                    preview.ticket.as_ref(),
                    preview.comment.as_deref(),
                )
                .await;
            let rendered = rendered.context("template preview")?;
            let text = rendered.text.unwrap_or_default();
            let shown = format!(
                "Subject: {}\n\n--- text\n{}\n--- html\n{}\n",
                rendered.subject,
                text.trim_end(),
                rendered.html.trim_end()
            );
            let json = json!({ "subject": rendered.subject, "html": rendered.html, "text": text });
            let warnings = rendered.warnings.iter().map(ToString::to_string).collect();
            Ok(Answer::new(shown, json).with_warnings(warnings))
        }
    }
}

async fn save(house: &House, put: Put) -> anyhow::Result<Answer> {
    let html = read(&put.html)?;
    let text = put.text.as_deref().map(read).transpose()?;
    let files = Files {
        html: &put.html,
        text: put.text.as_deref(),
    };
    let new = NewTemplate {
        id: put.id,
        name: put.name.clone().unwrap_or_else(|| default_name(&put)),
        subject: put.subject.clone(),
        html,
        text,
        situation: if put.inactive {
            Situation::Inactive
        } else {
            Situation::Active
        },
        locale: put.locale,
    };
    match house.put_template().run(&OPERATOR, new).await {
        Ok((written, diagnostics)) => {
            let word = match written {
                Written::Created => "created",
                Written::Replaced => "replaced",
            };
            let json = json!({ "id": put.id.get(), "written": word, "warnings": shapes(&diagnostics) });
            let warnings = diagnostics
                .iter()
                .map(|diagnostic| files.line(diagnostic))
                .collect();
            Ok(Answer::new(format!("template {} is {word}\n", put.id), json).with_warnings(warnings))
        }
        Err(PutTemplateError::Faulty(diagnostics)) => Ok(verdict(&diagnostics, &files)),
        Err(error) => Err(anyhow::Error::from(error).context("template put")),
    }
}

/// The file's name without its suffix.
fn default_name(put: &Put) -> String {
    match put.html.file_stem() {
        Some(stem) if stem != "-" => stem.to_string_lossy().into_owned(),
        _ => format!("template {}", put.id),
    }
}

/// Checks a template that need not be in any database.
pub(super) fn check(arguments: &Check) -> anyhow::Result<Answer> {
    let html = read(&arguments.file)?;
    let text = arguments.text.as_deref().map(read).transpose()?;
    let subject = arguments.subject.as_deref().unwrap_or_default();
    let mut diagnostics = Template {
        subject,
        html: &html,
        text: text.as_deref(),
    }
    .check();
    if arguments.subject.is_none() {
        // It was not given, so it cannot be at fault.
        diagnostics.retain(|diagnostic| diagnostic.field != Field::Subject);
    }
    Ok(verdict(
        &diagnostics,
        &Files {
            html: &arguments.file,
            text: arguments.text.as_deref(),
        },
    ))
}

/// Every diagnostic with its place; failed when one is an error.
fn verdict(diagnostics: &[Diagnostic], files: &Files<'_>) -> Answer {
    let text = diagnostics
        .iter()
        .map(|diagnostic| files.line(diagnostic) + "\n")
        .collect();
    let answer = Answer::new(text, json!({ "diagnostics": shapes(diagnostics) }));
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    if diagnostics.iter().any(is_error) {
        answer.failed()
    } else {
        answer
    }
}

/// Which file each part of a template came from.
struct Files<'a> {
    html: &'a Path,
    text: Option<&'a Path>,
}

impl Files<'_> {
    /// `file:line:column: severity: message`, as compilers write it.
    fn line(&self, diagnostic: &Diagnostic) -> String {
        let whole = diagnostic.to_string();
        let path = match diagnostic.field {
            Field::Html => Some(self.html),
            Field::Text => self.text,
            Field::Subject => None,
        };
        match (path, whole.strip_prefix(diagnostic.field.as_str())) {
            (Some(path), Some(rest)) => format!("{}{rest}", path.display()),
            _ => whole,
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input")?;
        return Ok(text);
    }
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn situation(template: &StoredTemplate) -> &'static str {
    match template.situation {
        Situation::Active => "active",
        Situation::Inactive => "inactive",
    }
}

fn row(template: &StoredTemplate) -> [String; 4] {
    [
        template.id.to_string(),
        situation(template).to_owned(),
        template.name.clone(),
        template.subject.clone(),
    ]
}

fn shown(template: &StoredTemplate) -> String {
    let facts = record(&[
        ("id", template.id.to_string()),
        ("name", template.name.clone()),
        ("situation", situation(template).to_owned()),
        (
            "locale",
            template
                .locale
                .map(|locale| locale.to_string())
                .unwrap_or_default(),
        ),
        ("written", template.updated_at.to_string()),
        ("subject", template.subject.clone()),
    ]);
    let text = template
        .text
        .as_ref()
        .map(|text| format!("--- text\n{}\n", text.trim_end()));
    format!(
        "{facts}\n--- html\n{}\n{}",
        template.html.trim_end(),
        text.unwrap_or_default()
    )
}

/// As the HTTP API has it.
fn shape(template: &StoredTemplate) -> Value {
    json!({
        "id": template.id.get(),
        "name": template.name,
        "subject": template.subject,
        "html": template.html,
        "text": template.text,
        "active": template.situation == Situation::Active,
        "locale": template.locale.map(Locale::as_str),
    })
}

fn shapes(diagnostics: &[Diagnostic]) -> Vec<Value> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "severity": match diagnostic.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                "field": diagnostic.field.as_str(),
                "line": diagnostic.line,
                "column": diagnostic.column,
                "key": diagnostic.key,
                "message": diagnostic.message,
                "suggestion": diagnostic.suggestion,
            })
        })
        .collect()
}
