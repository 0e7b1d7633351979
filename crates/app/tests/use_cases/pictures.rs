//! Pictures that go along with a template's mails.

use std::sync::Arc;

use recado_app::access::Refusal;
use recado_app::manage_template_images::{MAX_OCTETS, MAX_PICTURES, ManageTemplateImages};
use recado_app::put_template::{NewTemplate, PutTemplate};
use recado_domain::audit::Action;
use recado_domain::comment::{AttachmentName, MediaType};
use recado_domain::incoming::IncomingAttachment;
use recado_domain::template::{Code, Situation, StoredTemplate, TemplateId};
use recado_ports::templates::{TemplateImage, TemplateImages as _};
use recado_test_support::builders;

use crate::house::{House, administrator, ana, comment, tomas};
use crate::inbox::from;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn one() -> TemplateId {
    TemplateId::new(1).unwrap()
}

fn manage(house: &House) -> ManageTemplateImages {
    let store = Arc::new(house.store.clone());
    ManageTemplateImages {
        templates: store.clone(),
        images: store,
        trail: house.trail(),
    }
}

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

#[tokio::test]
async fn a_picture_is_known_by_its_octets_replaced_by_its_name_and_told_of() {
    let house = House::new().await;
    let pictures = manage(&house);
    let stored = pictures
        .put(&administrator(), one(), "logo.png", PNG.to_vec())
        .await
        .unwrap();
    assert_eq!(stored.content_type, "image/png");
    let gif = b"GIF89a".to_vec();
    pictures
        .put(&administrator(), one(), "logo.png", gif.clone())
        .await
        .unwrap();
    let listed = pictures.list(&administrator(), one()).await.unwrap();
    assert_eq!(listed.len(), 1);
    let found = pictures.find(&administrator(), one(), "logo.png").await.unwrap();
    assert_eq!((found.content_type.as_str(), found.content), ("image/gif", gif));
    pictures
        .remove(&administrator(), one(), "logo.png")
        .await
        .unwrap();
    let told: Vec<_> = house.told().await.into_iter().map(|line| line.0).collect();
    assert_eq!(told, [Action::TemplateImage; 3]);
    let gone = pictures
        .remove(&administrator(), one(), "logo.png")
        .await
        .unwrap_err();
    assert!(matches!(gone, Refusal::NotFound(_)), "{gone}");
}

#[tokio::test]
async fn what_is_no_small_picture_with_a_plain_name_is_refused() {
    let house = House::new().await;
    let pictures = manage(&house);
    let large = [PNG, &vec![0; MAX_OCTETS]].concat();
    for (name, content, field) in [
        ("../logo", PNG.to_vec(), "name"),
        ("logo.svg", b"<svg onload=alert(1)>".to_vec(), "image"),
        ("logo.png", large, "image"),
    ] {
        match pictures.put(&administrator(), one(), name, content).await {
            Err(Refusal::Invalid(faults)) => assert_eq!(faults[0].field, field),
            other => panic!("{name}: {other:?}"),
        }
    }
    for index in 0..MAX_PICTURES {
        pictures
            .put(&administrator(), one(), &format!("p{index}"), PNG.to_vec())
            .await
            .unwrap();
    }
    let full = pictures.put(&administrator(), one(), "more", PNG.to_vec()).await;
    assert!(matches!(full, Err(Refusal::Invalid(_))), "{full:?}");
    let again = pictures.put(&administrator(), one(), "p0", PNG.to_vec()).await;
    assert!(again.is_ok(), "replacing adds none");
}

#[tokio::test]
async fn administrators_alone_manage_the_pictures_of_templates_that_exist() {
    let house = House::new().await;
    let pictures = manage(&house);
    let refusal = pictures
        .put(&tomas(), one(), "logo.png", PNG.to_vec())
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Forbidden(_)), "{refusal}");
    let none = TemplateId::new(9).unwrap();
    let refusal = pictures.list(&administrator(), none).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotFound(_)), "{refusal}");
    assert_eq!(house.told().await, []);
}

#[tokio::test]
async fn saving_warns_of_a_picture_that_is_not_there() {
    let house = House::new().await;
    house.store.put_image(one(), &picture("logo.png")).await.unwrap();
    let store = Arc::new(house.store.clone());
    let put = PutTemplate {
        templates: store.clone(),
        images: store,
        clock: house.clock.clone(),
        trail: house.trail(),
    };
    let new = NewTemplate {
        id: one(),
        name: String::new(),
        subject: "x".to_owned(),
        html: "<img src=\"cid:logo.png\"><img src=\"cid:seal.png\">${COMMENTTEXT}".to_owned(),
        text: None,
        situation: Situation::Active,
        locale: None,
    };
    let (_, warnings) = put.run(&administrator(), new).await.unwrap();
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}")
    };
    assert_eq!(warning.code, Code::NoPicture);
    assert_eq!(warning.key.as_deref(), Some("seal.png"));
}

#[tokio::test]
async fn a_picture_of_ours_that_comes_back_with_an_answer_is_no_file_of_the_persons() {
    let house = House::with_inbox().await;
    house.store.put_image(one(), &picture("logo.png")).await.unwrap();
    let posted = house.post(&ana(), comment("hola")).await;
    let told = house.mail_to(&posted, "tomas@example.com").await;
    house.worker().drain().await;
    let mut written = from("tomas@example.com").answering(&told);
    let photo = [PNG, b"una foto"].concat();
    // Mail programs rename what they quote.
    for (name, content) in [("image001.png", PNG.to_vec()), ("foto.png", photo)] {
        written.mail.attachments.push(IncomingAttachment {
            name: AttachmentName::clean(name),
            content_type: MediaType::parse_or_octets("image/png"),
            content,
        });
    }
    let entry = house.receive(&written).await;
    let stored = house.comment_of(&entry).await;
    let names: Vec<_> = stored.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["foto.png"]);
}
