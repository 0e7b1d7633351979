//! Pictures that go along with a template's mails.

use recado_domain::template::StoredTemplate;
use recado_ports::templates::{TemplateImage, TemplateImages as _};
use recado_test_support::builders;

use crate::house::{House, ana, comment};

fn picture(name: &str) -> TemplateImage {
    TemplateImage {
        name: name.to_owned(),
        content_type: "image/png".to_owned(),
        content: b"\x89PNG\r\n\x1a\n".to_vec(),
    }
}

#[tokio::test]
async fn the_pictures_that_the_html_names_go_along_and_no_others() {
    let house = House::new().await;
    let template = StoredTemplate {
        html: "<img src=\"cid:logo.png\"><p>${COMMENTTEXT}</p>".to_owned(),
        ..builders::template(1)
    };
    house.put_template(&template).await;
    for name in ["logo.png", "unused.png"] {
        house.store.put_image(template.id, &picture(name)).await.unwrap();
    }
    let posted = house.post(&ana(), comment("mira cid:unused.png")).await;
    let mail = house.message(posted.deliveries[0].id).await;
    assert!(mail.contains("[picture logo.png, image/png, 8 octets]"), "{mail}");
    assert!(!mail.contains("[picture unused.png"), "{mail}");
}
