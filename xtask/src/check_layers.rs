//! `check-layers`: the arrows between the crates, proved from `cargo metadata` and the sources.
//!
//! [`LAYERS`] is the architecture written as data. A workspace crate that it does not list fails, so a new crate is
//! a decision and not an accident. What a crate's *code* may call is clippy's matter (`.clippy.toml`); the source
//! rule here closes the gaps that clippy's list of methods leaves, such as macros and other spellings.

use std::fs;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::progress::{Finding, conclude};
use crate::workspace;

/// One crate of the workspace and what it may see.
struct Layer {
    name: &'static str,
    /// Crates of the workspace that it may depend on.
    sees: &'static [&'static str],
    external: External,
}

/// Crates from outside the workspace, as normal or build dependencies.
enum External {
    Any,
    /// `always` may be plain dependencies, `behind_a_feature` must be optional.
    Only {
        always: &'static [&'static str],
        behind_a_feature: &'static [&'static str],
    },
}

/// Every crate of the workspace, from the inside outwards.
const LAYERS: &[Layer] = &[
    Layer {
        name: "recado-domain",
        sees: &[],
        external: External::Only {
            always: &[
                "data-encoding",
                "hmac",
                "jiff",
                "secrecy",
                "sha2",
                "subtle",
                "thiserror",
                "unicode-normalization",
                "uuid",
            ],
            behind_a_feature: &["serde"],
        },
    },
    Layer {
        name: "recado-ports",
        sees: &["recado-domain"],
        external: External::Only {
            always: &["async-trait", "jiff", "thiserror", "uuid"],
            behind_a_feature: &["mockall"],
        },
    },
    Layer {
        name: "recado-app",
        sees: &["recado-domain", "recado-ports"],
        external: External::Only {
            always: &[
                "argon2",
                "async-trait",
                "data-encoding",
                "fail",
                "jiff",
                "metrics",
                "secrecy",
                "serde",
                "serde_json",
                "sha2",
                "thiserror",
                "tokio",
                "tracing",
                "uuid",
            ],
            behind_a_feature: &[],
        },
    },
    Layer {
        name: "recado-adapters-db",
        sees: &["recado-domain", "recado-ports"],
        external: External::Any,
    },
    Layer {
        name: "recado-adapters-smtp",
        sees: &["recado-domain", "recado-ports"],
        external: External::Any,
    },
    Layer {
        name: "recado-adapters-template",
        sees: &["recado-domain", "recado-ports"],
        external: External::Any,
    },
    Layer {
        name: "recado-adapters-inbound",
        sees: &["recado-domain", "recado-ports", "recado-app"],
        external: External::Any,
    },
    Layer {
        name: "recado-adapters-http",
        sees: &["recado-domain", "recado-ports", "recado-app"],
        external: External::Any,
    },
    Layer {
        name: "recado",
        sees: &[
            "recado-domain",
            "recado-ports",
            "recado-app",
            "recado-adapters-db",
            "recado-adapters-smtp",
            "recado-adapters-template",
            "recado-adapters-inbound",
            "recado-adapters-http",
        ],
        external: External::Any,
    },
    Layer {
        name: TEST_SUPPORT,
        sees: &["recado-domain", "recado-ports"],
        external: External::Any,
    },
    Layer {
        name: "recado-tests",
        // The model for its words alone: the scripted mail server is told at which SMTP stage to misbehave.
        sees: &["recado-domain", TEST_SUPPORT],
        external: External::Any,
    },
    Layer {
        name: "xtask",
        sees: &[TEST_SUPPORT],
        external: External::Any,
    },
];

/// The fakes: any crate may use them in its tests, none but the test packages otherwise.
const TEST_SUPPORT: &str = "recado-test-support";

/// The feature of `recado-ports` that pulls in the mocks.
const MOCKS: &str = "mocks";

/// Crates whose code takes time, environment and arguments from outside, as text that must not occur in them.
const PURE_SOURCES: &[&str] = &[
    "crates/domain/src",
    "crates/ports/src",
    "crates/app/src",
    "crates/adapters-db/src",
    "crates/adapters-smtp/src",
    "crates/adapters-template/src",
    "crates/adapters-inbound/src",
    "crates/adapters-http/src",
];

/// What only the binary may call, and what to use in its place.
const AMBIENT: &[(&str, &str)] = &[
    ("SystemTime::now", "take the time from the `Clock` port"),
    ("Timestamp::now", "take the time from the `Clock` port"),
    ("Zoned::now", "take the time from the `Clock` port"),
    ("env::var", "let the binary's configuration pass the value in"),
    ("env::args", "let the binary's command line pass the value in"),
    ("env::set_var", "let the binary's configuration pass the value in"),
    (
        "env::current_dir",
        "let the binary's configuration pass the path in",
    ),
];

/// Checks this workspace.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let mut findings = check_dependencies(&metadata);
    for file in workspace::files()? {
        if PURE_SOURCES.iter().any(|pure| file.starts_with(pure))
            && file.extension().is_some_and(|e| e == "rs")
        {
            let text = fs::read_to_string(workspace::root().join(&file))
                .with_context(|| format!("cannot read {}", file.display()))?;
            findings.extend(check_source(&file, &text));
        }
    }
    conclude(
        "check-layers",
        &findings,
        &format!("{} crates, every arrow points inwards", metadata.packages.len()),
    )
}

/// Compares the dependencies of every workspace crate with [`LAYERS`].
fn check_dependencies(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let manifest = package
            .manifest_path
            .strip_prefix(&metadata.workspace_root)
            .unwrap_or(&package.manifest_path);
        let mut report = |message: String| findings.push(Finding::in_file(manifest.as_std_path(), message));
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name.as_str()) else {
            report(format!(
                "crate {} is not in LAYERS of xtask/src/check_layers.rs: place it there",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let is_for_tests = dependency.kind == DependencyKind::Development;
            let is_of_workspace = LAYERS.iter().any(|layer| layer.name == name) || dependency.path.is_some();
            if is_of_workspace {
                let is_allowed = layer.sees.contains(&name) || (is_for_tests && name == TEST_SUPPORT);
                if !is_allowed {
                    report(format!(
                        "{} must not depend on {name}: turn the arrow round through a port",
                        layer.name
                    ));
                }
                if !is_for_tests && dependency.features.iter().any(|feature| feature == MOCKS) {
                    report(format!(
                        "{} enables {name}/{MOCKS}: only a dev-dependency may",
                        layer.name
                    ));
                }
            } else if !is_for_tests
                && let External::Only {
                    always,
                    behind_a_feature,
                } = &layer.external
            {
                if behind_a_feature.contains(&name) {
                    if !dependency.optional {
                        report(format!(
                            "{} may use {name} behind a feature only: make it optional",
                            layer.name
                        ));
                    }
                } else if !always.contains(&name) {
                    report(format!(
                        "{} must not depend on {name}: leave it to an adapter, or extend LAYERS in \
                         xtask/src/check_layers.rs with a reason in docs/adr/",
                        layer.name
                    ));
                }
            }
        }
    }
    findings
}

/// Looks for the ambient clock, environment and command line in a source of an inner crate.
fn check_source(file: &Path, text: &str) -> Vec<Finding> {
    let code = crate::tidy::code_lines(file, text);
    code.flat_map(|(number, line)| {
        AMBIENT
            .iter()
            .filter(move |(call, _)| line.contains(call))
            .map(move |(call, mend)| {
                Finding::at_line(file, number, format!("`{call}` outside the binary: {mend}"))
            })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// This workspace's metadata as JSON, to be doctored.
    fn this_workspace() -> Value {
        let output = MetadataCommand::new()
            .manifest_path(workspace::root().join("Cargo.toml"))
            .no_deps()
            .cargo_command()
            .output()
            .expect("cargo metadata runs");
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
    }

    fn package<'a>(metadata: &'a mut Value, name: &str) -> &'a mut Value {
        metadata["packages"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .find(|package| package["name"] == name)
            .unwrap_or_else(|| panic!("the workspace has a crate {name}"))
    }

    fn add_dependency(metadata: &mut Value, from: &str, to: &str, change: &Value) {
        let mut dependency = json!({
            "name": to, "req": "*", "kind": null, "optional": false, "uses_default_features": true,
            "features": [], "target": null, "rename": null, "registry": null,
        });
        for (key, value) in change.as_object().unwrap() {
            dependency[key] = value.clone();
        }
        package(metadata, from)["dependencies"]
            .as_array_mut()
            .unwrap()
            .push(dependency);
    }

    fn messages(metadata: &Value) -> Vec<String> {
        let metadata = MetadataCommand::parse(metadata.to_string()).unwrap();
        check_dependencies(&metadata)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    /// The message of the one fault that a doctored dependency causes.
    fn fault_of(from: &str, to: &str, change: &Value) -> String {
        let mut metadata = this_workspace();
        add_dependency(&mut metadata, from, to, change);
        let mut found = messages(&metadata);
        assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
        found.remove(0)
    }

    #[test]
    fn this_workspace_keeps_its_layers() {
        assert_eq!(messages(&this_workspace()), Vec::<String>::new());
    }

    #[test]
    fn a_reversed_arrow_fails() {
        for (from, to) in [
            ("recado-domain", "recado-ports"),
            ("recado-ports", "recado-app"),
            ("recado-app", "recado-adapters-db"),
            ("recado-app", "recado-adapters-http"),
            ("recado-adapters-http", "recado"),
            ("recado-test-support", "recado-app"),
        ] {
            assert!(fault_of(from, to, &json!({})).contains(&format!("{from} must not depend on {to}")));
        }
    }

    #[test]
    fn an_adapter_that_sees_another_adapter_fails() {
        fault_of("recado-adapters-http", "recado-adapters-db", &json!({}));
        fault_of("recado-adapters-smtp", "recado-adapters-template", &json!({}));
    }

    #[test]
    fn a_storing_adapter_that_sees_the_use_cases_fails() {
        fault_of("recado-adapters-db", "recado-app", &json!({}));
    }

    #[test]
    fn a_reversed_arrow_fails_for_tests_and_under_another_name_too() {
        fault_of("recado-domain", "recado-app", &json!({"kind": "dev"}));
        fault_of("recado-domain", "recado-app", &json!({"kind": "build"}));
        fault_of(
            "recado-domain",
            "recado-app",
            &json!({"rename": "model", "optional": true}),
        );
    }

    #[test]
    fn fakes_are_for_tests_alone() {
        fault_of("recado-app", "recado-test-support", &json!({}));
        fault_of("recado", "recado-test-support", &json!({}));
        let mut metadata = this_workspace();
        add_dependency(
            &mut metadata,
            "recado",
            "recado-test-support",
            &json!({"kind": "dev"}),
        );
        assert_eq!(messages(&metadata), Vec::<String>::new());
    }

    #[test]
    fn mocks_in_a_normal_dependency_fail() {
        let fault = fault_of(
            "recado-adapters-smtp",
            "recado-ports",
            &json!({"features": ["mocks"]}),
        );
        assert!(fault.contains("recado-ports/mocks"), "{fault}");
    }

    #[test]
    fn an_unlisted_external_crate_fails_in_an_inner_layer_and_passes_in_its_tests() {
        assert!(fault_of("recado-domain", "tokio", &json!({})).contains("leave it to an adapter"));
        fault_of("recado-ports", "diesel", &json!({}));
        fault_of("recado-app", "axum", &json!({"optional": true}));
        let mut metadata = this_workspace();
        add_dependency(&mut metadata, "recado-domain", "tokio", &json!({"kind": "dev"}));
        assert_eq!(messages(&metadata), Vec::<String>::new());
    }

    #[test]
    fn serde_in_the_domain_must_stay_behind_its_feature() {
        assert!(fault_of("recado-domain", "serde", &json!({})).contains("behind a feature only"));
    }

    #[test]
    fn an_unlisted_workspace_crate_fails() {
        let mut metadata = this_workspace();
        package(&mut metadata, "recado-app")["name"] = json!("recado-adapters-fax");
        let found = messages(&metadata);
        assert!(
            found
                .iter()
                .any(|message| message.contains("recado-adapters-fax is not in LAYERS")),
            "{found:?}"
        );
    }

    #[test]
    fn the_ambient_clock_and_environment_are_found_in_code_but_not_in_comments_or_tests() {
        let text = "//! Doc.\nlet now = jiff::Timestamp::now();\n// Not `Timestamp::now()`: the clock is a port.\n\
                    let home = std::env::var_os(\"HOME\");\n#[cfg(test)]\nmod tests {\nstd::env::var(\"X\");\n}\n";
        let found = check_source(Path::new("crates/app/src/x.rs"), text);
        assert_eq!(
            found.iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [Some(2), Some(4)]
        );
    }
}
