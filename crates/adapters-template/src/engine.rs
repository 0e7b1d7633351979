//! The two tera engines, and the programs that they run: sequences of variables, made here and nowhere else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use recado_domain::template::{Field, Key, Placeholder, TemplateKey, TemplateValues, one_line, unix_lines};
use tera::{Context, Kwargs, State, Tera, Value, escape_html};

/// Why a template gives no mail.
#[derive(Debug, thiserror::Error)]
pub enum TemplateFault {
    /// The mail would be longer than the limit.
    #[error("its {field} would be longer than {limit} bytes")]
    TooLong {
        /// The part of the mail.
        field: Field,
        /// The limit.
        limit: usize,
    },
    /// The source is longer than a template may be.
    #[error("its {field} has a source of more than {limit} bytes")]
    SourceTooLong {
        /// The part of the template.
        field: Field,
        /// The limit.
        limit: usize,
    },
    /// Tera refused; a fault of this crate.
    #[error("its {field} could not be put together")]
    Engine {
        /// The part of the mail.
        field: Field,
        /// What tera says.
        #[source]
        source: tera::Error,
    },
}

/// A piece of a field, ready to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Sent as it is.
    Literal(String),
    /// A value goes here.
    Value(Placeholder),
}

/// The engine for HTML, which escapes whatever is not marked safe, and the one for plain text, which escapes nothing.
#[derive(Debug)]
pub(crate) struct Engines {
    html: Tera,
    plain: Tera,
}

impl Engines {
    pub(crate) fn new() -> Self {
        let mut html = Tera::new();
        // Tera decides by the end of a template's name. Every name ends in the empty text.
        html.autoescape_on([""]);
        html.register_filter("one_line", |value: &str, _: Kwargs, _: &State| {
            one_line(value).into_owned()
        });
        html.register_filter("lines", |value: &str, _: Kwargs, _: &State| html_lines(value));
        let mut plain = Tera::new();
        plain.autoescape_on(NO_NAME);
        plain.register_filter("one_line", |value: &str, _: Kwargs, _: &State| {
            one_line(value).into_owned()
        });
        plain.register_filter("lines", |value: &str, _: Kwargs, _: &State| {
            unix_lines(value).into_owned()
        });
        Self { html, plain }
    }
}

const NO_NAME: [&str; 0] = [];
/// A value that is one line, and one that has several, as expressions of tera continue.
const ONE_LINE: &str = " | one_line";
const LINES: &str = " | lines";

/// A text with its line breaks as elements, safe to stand in HTML.
fn html_lines(text: &str) -> Value {
    let mut escaped = Vec::with_capacity(text.len() + text.len() / 8);
    escape_html(&unix_lines(text), &mut escaped).expect("a vector takes every write");
    let escaped = String::from_utf8(escaped).expect("escaping replaces ASCII alone");
    Value::safe_string(&escaped.replace('\n', "<br>"))
}

/// One field of a template, compiled.
#[derive(Debug)]
pub(crate) struct Program {
    field: Field,
    /// An engine that knows this program alone; the literals are its global variables.
    engine: Tera,
    /// The values that it names, each once.
    values: BTreeMap<String, Placeholder>,
}

const PROGRAM: &str = "program";

impl Program {
    pub(crate) fn compile(field: Field, pieces: &[Piece], engines: &Engines) -> Result<Self, TemplateFault> {
        let mut engine = match field {
            Field::Html => engines.html.clone(),
            Field::Subject | Field::Text => engines.plain.clone(),
        };
        let mut source = String::new();
        let mut values = BTreeMap::new();
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Literal(text) => {
                    let name = format!("literal_{index}");
                    write!(source, "{{{{ {name} }}}}").expect("a string takes every write");
                    engine
                        .global_context()
                        .insert_value(name, Value::safe_string(text));
                }
                Piece::Value(placeholder) => {
                    let name = variable(*placeholder);
                    let filter = match (field, placeholder) {
                        // The finished subject becomes one line as a whole.
                        (Field::Subject, _) => "",
                        (_, Placeholder::Key(Key::Message(TemplateKey::CommentText))) => LINES,
                        (_, Placeholder::Key(_) | Placeholder::Link(_)) => ONE_LINE,
                    };
                    write!(source, "{{{{ {name}{filter} }}}}").expect("a string takes every write");
                    values.insert(name, *placeholder);
                }
            }
        }
        engine
            .add_raw_template(PROGRAM, &source)
            .map_err(|source| TemplateFault::Engine { field, source })?;
        Ok(Self {
            field,
            engine,
            values,
        })
    }

    /// Runs the program. A key without a value leaves nothing.
    pub(crate) fn run(&self, values: &TemplateValues, limit: usize) -> Result<String, TemplateFault> {
        let mut context = Context::new();
        for (name, placeholder) in &self.values {
            let value = match placeholder {
                Placeholder::Key(key) => values.get(*key),
                Placeholder::Link(link) => values.link(*link),
            };
            context.insert_value(name.clone(), Value::normal_string(value.unwrap_or_default()));
        }
        let mut output = Bounded {
            bytes: Vec::new(),
            limit,
            is_full: false,
        };
        let result = self.engine.render_to(PROGRAM, &context, &mut output);
        if output.is_full {
            return Err(TemplateFault::TooLong {
                field: self.field,
                limit,
            });
        }
        result.map_err(|source| TemplateFault::Engine {
            field: self.field,
            source,
        })?;
        Ok(String::from_utf8(output.bytes).expect("pieces and values are UTF-8, and escaping is too"))
    }
}

/// The tera variable that carries a value.
fn variable(placeholder: Placeholder) -> String {
    match placeholder {
        Placeholder::Key(key) => format!("key_{}", key.name()),
        Placeholder::Link(link) => format!("link_{}", link.minutes()),
    }
}

/// A buffer that refuses to grow beyond a limit.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            self.is_full = true;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
