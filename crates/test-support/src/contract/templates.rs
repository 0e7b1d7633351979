//! What [`Templates`](recado_ports::templates::Templates) promises.

use recado_domain::locale::Locale;
use recado_domain::template::{Situation, StoredTemplate, TemplateId, TemplateVersion};
use recado_ports::templates::Written;

use super::Subject;
use super::arrange::after;
use crate::builders::template;

pub async fn a_template_is_found_as_it_was_put(subject: &Subject) {
    let given = StoredTemplate {
        text: Some("${COMMENTTEXT}\r\n.\r\n".to_owned()),
        situation: Situation::Inactive,
        locale: Some(Locale::En),
        updated_at: after(60),
        ..template(417)
    };
    assert_eq!(subject.templates.put(&given).await.unwrap(), Written::Created);
    let stored = subject.templates.find(given.id).await.unwrap().unwrap();
    assert_eq!(
        stored,
        StoredTemplate {
            version: stored.version,
            ..given
        }
    );
    assert_eq!(
        subject
            .templates
            .find(TemplateId::new(418).unwrap())
            .await
            .unwrap(),
        None
    );
}

pub async fn the_version_grows_with_each_write_whatever_is_given(subject: &Subject) {
    let id = template(1).id;
    let mut last = TemplateVersion(0);
    for (given, written) in [
        (99, Written::Created),
        (99, Written::Replaced),
        (1, Written::Replaced),
    ] {
        let next = StoredTemplate {
            version: TemplateVersion(given),
            subject: format!("after {last:?}"),
            ..template(1)
        };
        assert_eq!(subject.templates.put(&next).await.unwrap(), written);
        let stored = subject.templates.find(id).await.unwrap().unwrap();
        assert_eq!(stored.version, TemplateVersion(last.0 + 1));
        assert_eq!(stored.subject, next.subject, "the last write wins");
        last = stored.version;
    }
}

pub async fn templates_are_listed_by_number(subject: &Subject) {
    assert_eq!(subject.templates.list().await.unwrap(), []);
    for number in [10, 9, 100] {
        subject.templates.put(&template(number)).await.unwrap();
    }
    let numbers: Vec<_> = subject
        .templates
        .list()
        .await
        .unwrap()
        .iter()
        .map(|stored| stored.id.get())
        .collect();
    assert_eq!(numbers, [9, 10, 100]);
}
