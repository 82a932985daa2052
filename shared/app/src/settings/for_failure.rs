//! The settings for the mail that says that a run failed, also where the settings, or the rules, are what is wrong.

use truecount_store::SETTINGS_FILE;

use super::{MailSettings, MappingSettings, Oversight, RetentionSettings, Settings, file, read_report, text};
use crate::schedule::Calendar;
use crate::toml_sections::{Problems, Section};
use crate::{AppError, Environment};

impl Settings {
    /// The settings without a look at the rules. Of a file with problems: whom to mail, and the calendar, as far as they
    /// can be read.
    ///
    /// # Errors
    /// [`AppError`] if nobody to mail can be found in the file: its problems, or why it cannot be read.
    pub async fn load_for_failure(env: &Environment) -> Result<Self, AppError> {
        let bytes = file(&*env.config, SETTINGS_FILE).await?;
        let text = text(SETTINGS_FILE, &bytes)?;
        let stack_sender = env.sender.as_deref();
        Self::read(&text, stack_sender).or_else(|error| Self::recover(&text, stack_sender).ok_or(error))
    }

    fn recover(text: &str, stack_sender: Option<&str>) -> Option<Self> {
        let mut problems = Problems::of(text);
        let mut file = Section::of_file(text, &mut problems);
        let managers = read_report(&mut file, &mut problems).oversight.account_managers;
        let mail = file.section("mail", &mut problems)?;
        let mail = MailSettings::read(mail, (stack_sender, &managers), &mut problems);
        let groups: Vec<_> = mail.groups.into_iter().filter(|group| !group.to.is_empty()).collect();
        // Another sender than the stack's would be refused.
        let mail = MailSettings { from: stack_sender.map(str::to_owned).or(mail.from), groups, smtp: mail.smtp };
        let closing = file.section("closing", &mut problems).map(|section| Calendar::read(section, &mut problems));
        (!mail.groups.is_empty()).then(|| Self {
            mail,
            closing: closing.unwrap_or_default(),
            mapping: MappingSettings::default(),
            retention: RetentionSettings::default(),
            weights: truecount_reconciliation::ReportWeights::default(),
            scope: None,
            client_sheets: None,
            oversight: Oversight::default(),
            sources: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str =
        "[mail]\nfrom = \"a@msp.example\"\n[[mail.groups]]\nid = \"billing\"\nto = [\"b@msp.example\"]\n";

    /// The sender, the groups, and the closing day of June.
    fn recovered(text: &str, stack_sender: Option<&str>) -> Option<(Option<String>, Vec<String>, String)> {
        assert!(Settings::read(text, stack_sender).is_err(), "nothing is wrong with it: {text}");
        let found = Settings::recover(text, stack_sender)?;
        let groups = found.mail.groups.into_iter().map(|group| group.id).collect();
        Some((found.mail.from, groups, found.closing.closing_day("2026-06".parse().unwrap()).to_string()))
    }

    #[test]
    fn whom_to_mail_is_found_whatever_is_wrong_elsewhere() {
        let usual = |day: &str| Some((Some("a@msp.example".to_owned()), vec!["billing".to_owned()], day.to_owned()));
        let fixed = "[closing]\nday = 10\nmonth = \"before\"\n";
        for (before, after) in [
            ("nmae = 1\n", ""),
            ("", "[mapping]\nconfirm_equal_names = \"perhaps\"\n"),
            ("", "[[sources]]\nid = \"rmm\"\n"),
            ("", "[[sources]\nid = \"rmm\"\n"),
            ("", "[retention]\ndays = \n"),
        ] {
            assert_eq!(recovered(&format!("{before}{MAIL}{after}"), None), usual("2026-06-24"), "{before}{after}");
            assert_eq!(
                recovered(&format!("{before}{fixed}{MAIL}{after}"), None),
                usual("2026-07-10"),
                "{before}{after}"
            );
        }
    }

    #[test]
    fn of_the_mail_itself_it_is_what_can_be_read() {
        let some = MAIL.replace("to =", "clients = [\"Alder\"]\nto =");
        let found = Settings::recover(&some, None).unwrap();
        assert_eq!(found.mail.of_notices().len(), 1, "a group of some clients, where there is no other");
        let wrong = MAIL.replace("[[mail.groups]]", "[[mail.groups]]\nid = \"nobody\"\nto = []\n[[mail.groups]]");
        let (from, groups, _) = recovered(&wrong, Some("stack@msp.example")).unwrap();
        assert_eq!((from.as_deref(), groups), (Some("stack@msp.example"), vec!["billing".to_owned()]));
        for text in ["", "[mail\n", "[mail]\nfrom = \"a@msp.example\"\nx = 1\n", "mail = 1\n"] {
            assert_eq!(recovered(&format!("{text}[[sources]]\nid = 1\n"), None), None, "{text}");
        }
    }
}
