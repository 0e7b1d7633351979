//! `screenshots`: a picture of every page of a desk with sample data, and a page to look at them all.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::environment::{Build, Environment, Missing};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only in this language
    #[arg(long, value_parser = ["es", "pt", "en"])]
    language: Option<String>,
    /// Only pages with this in their name
    #[arg(long, requires = "language")]
    page: Option<String>,
}

/// Takes the pictures, into the build folder.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let environment = Environment::prepare(Missing::Install, Build::Tests)?;
    let program = environment.program("screenshots");
    let build = program.parent().and_then(|folder| folder.parent());
    let folder = build
        .context("the build folder is not known")?
        .join("screenshots");
    let mut screenshots = Command::new(&program);
    screenshots
        .arg(&folder)
        .args(&options.language)
        .args(&options.page)
        .envs(environment.variables());
    workspace::run(&mut screenshots, "taking the pictures")?;
    ensure!(
        folder.join("index.html").is_file(),
        "there are no pictures in {}",
        folder.display()
    );
    Ok(())
}
