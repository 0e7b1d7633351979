//! What [`TemplateImages`](recado_ports::templates::TemplateImages) promises.

use recado_domain::template::TemplateId;
use recado_ports::templates::TemplateImage;

use super::Subject;

fn image(name: &str, content: &[u8]) -> TemplateImage {
    TemplateImage {
        name: name.to_owned(),
        content_type: "image/png".to_owned(),
        content: content.to_vec(),
    }
}

fn number(id: i64) -> TemplateId {
    TemplateId::new(id).unwrap()
}

pub async fn pictures_are_listed_by_name_as_they_were_put(subject: &Subject) {
    let everything: Vec<u8> = (0..=255).collect();
    let (logo, foot, upper) = (
        image("logo.png", &everything),
        image("_foot.gif", b""),
        image("Z", b"z"),
    );
    for image in [&logo, &foot, &upper] {
        subject.template_images.put_image(number(1), image).await.unwrap();
    }
    subject
        .template_images
        .put_image(number(2), &image("other", b"o"))
        .await
        .unwrap();
    assert_eq!(
        subject.template_images.images(number(1)).await.unwrap(),
        [upper, foot, logo]
    );
    assert_eq!(subject.template_images.images(number(3)).await.unwrap(), []);
}

pub async fn a_picture_with_the_same_name_is_replaced(subject: &Subject) {
    subject
        .template_images
        .put_image(number(1), &image("logo", b"old"))
        .await
        .unwrap();
    let new = TemplateImage {
        content_type: "image/webp".to_owned(),
        ..image("logo", b"new")
    };
    subject.template_images.put_image(number(1), &new).await.unwrap();
    assert_eq!(subject.template_images.images(number(1)).await.unwrap(), [new]);
}

pub async fn a_picture_is_removed_from_its_template_alone(subject: &Subject) {
    for template in [1, 2] {
        subject
            .template_images
            .put_image(number(template), &image("logo", b"x"))
            .await
            .unwrap();
    }
    assert!(
        subject
            .template_images
            .remove_image(number(1), "logo")
            .await
            .unwrap()
    );
    assert!(
        !subject
            .template_images
            .remove_image(number(1), "logo")
            .await
            .unwrap()
    );
    assert_eq!(subject.template_images.images(number(1)).await.unwrap(), []);
    assert_eq!(subject.template_images.images(number(2)).await.unwrap().len(), 1);
}
