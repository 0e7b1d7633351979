//! Takes a picture of every page, in every language, light and dark, on a phone and at a desk, with a page to look at
//! them all.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use recado_tests::browser::{Scheme, Screen};
use recado_tests::gallery::Gallery;
use recado_tests::guests::{Guest, Guests};
use recado_tests::servers::Chromium;

const LANGUAGES: [&str; 3] = ["es", "pt", "en"];
const SCREENS: [(&str, Screen); 2] = [("phone", Screen::Phone), ("desk", Screen::Desk)];
const SCHEMES: [Scheme; 2] = [Scheme::Light, Scheme::Dark];

/// No picture is higher than this, in pixels: the rest of a long page is more of the same.
const HIGHEST: u32 = 2_400;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: screenshots FOLDER [LANGUAGE] [PAGE]");
        return ExitCode::from(2);
    };
    let language = arguments.next();
    let page = arguments.next().unwrap_or_default();
    let Some(chromium) = Chromium::for_this_test() else {
        eprintln!("error: Chromium is not installed");
        return ExitCode::FAILURE;
    };
    let gallery = Gallery::set().await;
    let guests = Guests::at(&gallery, &chromium).await;
    let mut sheet = Sheet::default();
    for wanted in LANGUAGES {
        if language.as_deref().is_some_and(|only| only != wanted) {
            continue;
        }
        for guest in &guests.guests {
            picture(guest, wanted, &page, &folder, &mut sheet).await;
        }
    }
    if sheet.count == 0 {
        eprintln!("error: no page has {page} in its name");
        return ExitCode::FAILURE;
    }
    fs::write(folder.join("index.html"), sheet.html()).expect("the build folder can be written");
    println!(
        "{} pictures, see {}",
        sheet.count,
        folder.join("index.html").display()
    );
    ExitCode::SUCCESS
}

/// Takes the pictures of all pages that somebody sees.
async fn picture(guest: &Guest, language: &str, only: &str, folder: &Path, sheet: &mut Sheet) {
    let browser = &guest.browser;
    browser.speak(language).await;
    for stop in guest.stops.iter().filter(|stop| stop.name.contains(only)) {
        let mut row = Vec::new();
        for (screen_name, screen) in SCREENS {
            browser.show_on(screen).await;
            browser.goto(&stop.path).await;
            for scheme in SCHEMES {
                browser.paint(scheme).await;
                let file = PathBuf::from(language)
                    .join(scheme.name())
                    .join(screen_name)
                    .join(format!("{}-{}.png", guest.name, stop.name));
                let place = folder.join(&file);
                fs::create_dir_all(place.parent().expect("it lies in a folder"))
                    .expect("the build folder can be written");
                fs::write(&place, browser.picture(HIGHEST).await).expect("the build folder can be written");
                row.push((format!("{screen_name}, {}", scheme.name()), file));
            }
        }
        sheet.add(
            &format!("{}: {} ({language})", guest.name, stop.name),
            &stop.path,
            &row,
        );
    }
}

/// The page with all pictures.
#[derive(Default)]
struct Sheet {
    rows: String,
    count: usize,
}

impl Sheet {
    fn add(&mut self, title: &str, path: &str, pictures: &[(String, PathBuf)]) {
        write!(
            self.rows,
            "<section><h2>{}</h2><p><code>{}</code></p><div>",
            escaped(title),
            escaped(path)
        )
        .expect("a text takes all that is written");
        for (words, file) in pictures {
            let file = escaped(&file.display().to_string());
            write!(
                self.rows,
                "<figure><a href=\"{file}\"><img loading=\"lazy\" src=\"{file}\" alt=\"\"></a>\
                 <figcaption>{words}</figcaption></figure>"
            )
            .expect("a text takes all that is written");
        }
        self.rows.push_str("</div></section>\n");
        self.count += pictures.len();
    }

    fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Every page</title>\n<style>\
             body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; background: #f4f4f2 }} \
             section > div {{ display: flex; gap: 1rem; align-items: start; overflow-x: auto }} \
             figure {{ margin: 0 }} img {{ height: 480px; border: 1px solid #ccc; background: #fff }} \
             figcaption, p {{ color: #666; margin: .2rem 0 }} h2 {{ margin: 2rem 0 0; font-size: 1.1rem }}\
             </style>\n{}</html>\n",
            self.rows
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
