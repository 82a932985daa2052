//! Writes the files and the mail of invented months into a folder, to be looked at: `… --example sample -- FOLDER`.

#[path = "../tests/all/invented/mod.rs"]
mod invented;

use std::{fs, path::Path};

use mail_parser::MessageParser;
use truecount_reports::{MailContent, REPORT_HTML, ReportMail, email, manifest, text_summary};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write into")?;
    let mut draft = invented::month();
    draft.header.closing = None;
    let months = [
        ("usual", invented::month(), 1),
        ("draft-repeat", draft, 2),
        ("clean", invented::clean(), 1),
        ("nothing-compared", invented::nothing_compared(), 1),
        ("many-currencies", invented::many_currencies(), 1),
        ("no-prices", invented::no_prices(), 1),
        ("before-mapping", invented::worlds::before_mapping(), 1),
        ("failed-source", invented::worlds::failed_source(), 1),
        ("hostile", invented::large::hostile(), 1),
    ];
    for (name, sample, attempt) in months {
        let folder = Path::new(&folder).join(name);
        fs::create_dir_all(&folder)?;
        let report = sample.report();
        let mut files = sample.files();
        files.push(manifest(&sample.header, &files, Vec::new())?);
        for file in &files {
            fs::write(folder.join(file.name), &file.bytes)?;
        }
        let settings = ReportMail {
            from: "Truecount <billing@hollybank.example>".into(),
            to: vec!["Ada Holly <ada@hollybank.example>".into(), "clerk@hollybank.example".into()],
            group: "billing".into(),
            attempt,
            files: &files,
            content: MailContent::Work,
            entries_from: None,
            about: Vec::new(),
        };
        let mail = email(&report, &settings)?;
        let html = MessageParser::default().parse(&mail).and_then(|mail| Some(mail.body_html(0)?.into_owned()));
        fs::write(folder.join("mail.html"), html.ok_or("the mail has no HTML")?)?;
        fs::write(folder.join("mail.eml"), mail)?;
        fs::write(folder.join(REPORT_HTML), sample.page())?;
        fs::write(folder.join("summary.txt"), text_summary(&report))?;
    }
    let folder = Path::new(&folder).join("large");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(REPORT_HTML), invented::large::many(1_400, 10).page())?;
    Ok(())
}
