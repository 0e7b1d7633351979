//! A renderer without limits and cache: the domain's own.

use recado_domain::template::{Rendered, StoredTemplate, TemplateValues};
use recado_ports::renderer::{RenderError, Renderer};

/// Renders with the domain's renderer; the text part is the HTML without its tags.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainRenderer;

impl Renderer for PlainRenderer {
    fn render(&self, template: &StoredTemplate, values: &TemplateValues) -> Result<Rendered, RenderError> {
        let mut rendered = template.source().render(values);
        rendered.text.get_or_insert_with(|| without_tags(&rendered.html));
        Ok(rendered)
    }
}

fn without_tags(html: &str) -> String {
    let lines = html.replace("<br>", "\n").replace("</p>", "</p>\n");
    let mut text = String::new();
    let mut in_tag = false;
    for character in lines.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    entities
        .into_iter()
        .fold(text, |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use recado_domain::template::TemplateKey;

    use super::*;
    use crate::builders;

    #[test]
    fn a_comment_shows_in_the_text_part_as_it_was_typed() {
        let comment = "1 < 2 & «&amp;»\n<b>";
        let values = TemplateValues::new().with(TemplateKey::CommentText, comment);
        let rendered = PlainRenderer.render(&builders::template(1), &values).unwrap();
        let text = rendered.text.unwrap();
        assert!(text.contains(comment), "{text}");
        assert!(!text.contains("<p>"), "{text}");
    }
}
