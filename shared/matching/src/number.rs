//! What number a word of a name stands for: `2`, `2nd`, `II`, `two` and `second` are one number.
//!
//! Wider than the kinds of words in [`crate::name`], which the model is trained with: this is only for reasons.

/// Small numbers and their ordinals, in order from one.
const SMALL: [&str; 19] = [
    "one first i",
    "two second ii",
    "three third iii",
    "four fourth iv",
    "five fifth",
    "six sixth vi",
    "seven seventh vii",
    "eight eighth viii",
    "nine ninth ix",
    "ten tenth",
    "eleven eleventh xi",
    "twelve twelfth xii",
    "thirteen thirteenth xiii",
    "fourteen fourteenth xiv",
    "fifteen fifteenth xv",
    "sixteen sixteenth xvi",
    "seventeen seventeenth xvii",
    "eighteen eighteenth xviii",
    "nineteen nineteenth xix",
];

/// Tens and their ordinals, in order from twenty.
const TENS: [&str; 8] = [
    "twenty twentieth xx",
    "thirty thirtieth xxx",
    "forty fortieth",
    "fifty fiftieth",
    "sixty sixtieth",
    "seventy seventieth",
    "eighty eightieth",
    "ninety ninetieth",
];

/// The digits of a longer number are no number but a text.
const DIGITS_MAX: usize = 9;

/// The number of a folded word; `None`: it is a word, or a single letter other than the roman I.
pub(crate) fn number(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    if !digits.is_empty() {
        let end = &word[digits.len()..];
        let is_number = digits.len() <= DIGITS_MAX && digits.bytes().all(|byte| byte.is_ascii_digit());
        return if is_number && ["", "st", "nd", "rd", "th"].contains(&end) { digits.parse().ok() } else { None };
    }
    let place = |table: &[&str]| table.iter().position(|words| words.split(' ').any(|other| other == word));
    let small = place(&SMALL).map(|at| at + 1);
    let number = small.or_else(|| place(&TENS).map(|at| (at + 2) * 10));
    number.and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (words, expected) in [
            ("1 1st one first i 01", Some(1)),
            ("2 2nd two second ii", Some(2)),
            ("12 12th twelve twelfth xii", Some(12)),
            ("20 twenty twentieth", Some(20)),
            ("21 21st", Some(21)),
            ("90 ninety", Some(90)),
            ("a acme 3m 2x 1234567890 stone onest", None),
        ] {
            for word in words.split(' ') {
                assert_eq!(number(word), expected, "{word}");
            }
        }
    }
}
