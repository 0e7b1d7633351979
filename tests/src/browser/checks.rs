//! What a page's checkers say of the page that a browser shows.

use recado_test_support::servers::PageChecks;
use serde_json::{Value, json};

use super::Browser;

/// Runs axe, and gives a text for each violation.
const CHECK: &str = "
    const [options, done] = arguments;
    const node = (node) => '    ' + node.html + '\\n      ' + node.failureSummary;
    axe.run(document, options).then(
        (report) => done(report.violations.map((violation) =>
            violation.id + ': ' + violation.help + '\\n' + violation.nodes.map(node).join('\\n'))),
        (error) => done(['axe failed: ' + error]))";

impl Browser {
    /// What axe finds wrong with the page for people who see, hear or move otherwise (WCAG 2.2 AA, and its good practice):
    /// each with the rule's name first and the elements after it. What a frame shows is no page of ours.
    ///
    /// # Panics
    /// The checks cannot be run.
    pub async fn violations(&self, checks: &PageChecks) -> Vec<String> {
        self.check(checks, json!({ "resultTypes": ["violations"], "iframes": false }))
            .await
    }

    /// As [`violations`](Self::violations), of contrast alone: all that a change of colours can break.
    pub async fn contrast_violations(&self, checks: &PageChecks) -> Vec<String> {
        self.check(
            checks,
            json!({ "resultTypes": ["violations"], "iframes": false, "runOnly": ["color-contrast"] }),
        )
        .await
    }

    async fn check(&self, checks: &PageChecks, options: Value) -> Vec<String> {
        if self.run("return typeof axe", vec![]).await != "object" {
            let axe = checks.axe().expect("the script is installed");
            self.run(&axe, vec![]).await;
        }
        let found = self.run_async(CHECK, vec![options]).await;
        let found = found.as_array().expect("axe gives a list");
        found
            .iter()
            .map(|violation| violation.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Whether a person has to move the page sideways to read it.
    pub async fn is_wider_than_its_screen(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.run(script, vec![]).await == true
    }
}
