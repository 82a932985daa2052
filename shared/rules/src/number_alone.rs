//! Numbers that somebody wrote with what belongs elsewhere: a currency, a unit, a percent sign, commas.

/// The number of `£95`, `95 GBP`, `100 GB`, `5%` or `1,250.00`; `None`: the text is no such thing, or is one already.
pub(crate) fn number_alone(text: &str) -> Option<String> {
    const AROUND_MAX: usize = 8;
    let text = text.trim();
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let last = text.rfind(|c: char| c.is_ascii_digit())?;
    let (before, number, after) = (text[..first].trim(), &text[first..=last], text[last + 1..].trim());
    let is_around = |part: &str| {
        part.chars().count() <= AROUND_MAX && part.chars().all(|c| c.is_alphabetic() || "£$€¥%.".contains(c))
    };
    if !is_around(before) || !is_around(after) {
        return None;
    }
    let number = match thousands(number) {
        Some(whole) => whole,
        None => number.to_owned(),
    };
    let (whole, part) = number.split_once('.').unwrap_or((&number, "0"));
    let is_number = [whole, part].iter().all(|digits| is_digits(digits));
    (is_number && number != text).then_some(number)
}

/// `1,250.00` and `1,250,000` without their commas. Of `1,250` nobody knows what it is.
fn thousands(number: &str) -> Option<String> {
    let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_certain = part.is_some() || rest.len() > 1;
    let are_groups = !rest.is_empty() && rest.iter().all(|group| group.len() == 3 && is_digits(group));
    (is_certain && are_groups && is_digits(first)).then(|| number.replace(',', ""))
}

pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::number_alone;

    #[test]
    fn what_stands_around_a_number_is_taken_away() {
        for (text, expected) in [
            ("£95", Some("95")),
            ("95.00 GBP", Some("95.00")),
            ("USD 1,250.00", Some("1250.00")),
            ("1,250,000", Some("1250000")),
            ("5%", Some("5")),
            ("100 GB", Some("100")),
            ("12.50", None),
            ("1,250", None),
            ("1,25,0.0", None),
            ("SPB", None),
            ("2026-07-01", None),
            ("Site 4 of the harbour office", None),
        ] {
            assert_eq!(number_alone(text).as_deref(), expected, "{text}");
        }
    }
}
