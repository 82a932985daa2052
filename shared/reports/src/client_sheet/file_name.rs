//! The file name of a client: its name for people, then its id, so that two clients never share one.

use crate::json::sha256_hex;

/// How many characters and bytes of a name are kept.
const NAME_CHARACTERS_MAX: usize = 60;
const NAME_BYTES_MAX: usize = 150;

/// The longest id that stands as it is.
const DIGITS_MAX: usize = 20;

/// How much of a hash tells two ids apart.
const HASH_CHARACTERS: usize = 16;

/// `harbour-dental_250`: small letters, digits and hyphens, then behind the only underscore what is unique. It stays the
/// same as long as name and id do, also where a file system does not tell `A` from `a`.
pub(super) fn file_name(client_name: &str, client_id: &str) -> String {
    format!("{}_{}", name_part(client_name), id_part(client_id))
}

fn name_part(client_name: &str) -> String {
    let mut name = String::new();
    for character in client_name.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let mut kept: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
    while kept.len() > NAME_BYTES_MAX {
        kept.pop();
    }
    let kept = kept.trim_end_matches('-');
    if kept.is_empty() { "client".to_owned() } else { kept.to_owned() }
}

/// An id of digits as it is; of any other a hash, since `A1` and `a1` may be two, or have characters that no file name has.
fn id_part(client_id: &str) -> String {
    if client_id.len() <= DIGITS_MAX && client_id.bytes().all(|byte| byte.is_ascii_digit()) && !client_id.is_empty() {
        return client_id.to_owned();
    }
    let hash: String = sha256_hex(client_id.as_bytes()).chars().take(HASH_CHARACTERS).collect();
    format!("x{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_readable_and_harmless() {
        for (name, expected) in [
            ("Harbour Dental", "harbour-dental_7"),
            ("  ../..\\C:*?\"<>|\u{202E}\0", "c_7"),
            ("***", "client_7"),
            ("", "client_7"),
            ("Müller & Söhne (GmbH)", "müller-söhne-gmbh_7"),
            ("株式会社サンプル", "株式会社サンプル_7"),
            ("a_b", "a-b_7"),
        ] {
            assert_eq!(file_name(name, "7"), expected);
        }
        let long = file_name(&"長".repeat(500), "7");
        assert!(long.len() <= NAME_BYTES_MAX + 2, "{}", long.len());
    }

    #[test]
    fn two_ids_never_share_a_name() {
        let ids = ["7", "07", "A1", "a1", "", "1-2", "x1", "../7", "123456789012345678901", "7 "];
        let names: std::collections::BTreeSet<_> = ids.iter().map(|id| file_name("Acme", id).to_lowercase()).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))));
        assert_ne!(file_name("x 1", "2"), file_name("x", "1-2"));
        assert_eq!(file_name("Acme", "A1"), file_name("Acme", "A1"));
    }
}
