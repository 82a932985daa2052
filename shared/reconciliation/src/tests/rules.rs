//! What a rules file says when it is wrong: the line, the key, and what would be right.

use super::number;
use crate::RuleSet;

const GOOD: &str = "[[rules]]\nproduct_codes = [\"A\"]\nsource = \"rmm\"\ncount_basis = \"assigned\"\n";

#[test]
fn numbers_are_exact_however_they_are_written() {
    let text = format!("{GOOD}list_price = 22.10\ncurrency = \"GBP\"\nincluded = 3\ntolerance = \"0.25\"\n");
    let rules = RuleSet::from_toml("rules.toml", &text).unwrap();
    let [rule] = rules.rules() else { panic!() };
    assert_eq!(rule.list_price.unwrap().0.amount.to_string(), "22.10");
    assert_eq!((rule.included, rule.tolerance, rule.factor), (number("3"), number("0.25"), number("1")));
    assert_eq!((rule.id.as_str(), rule.stale_days), ("A", 30));
    assert_eq!(RuleSet::from_toml("rules.toml", "").unwrap().rules().len(), 0);
}

#[test]
fn toml_errors() {
    let more = |line: &str| format!("{GOOD}{line}\n");
    let keys = "id, product_codes, source, kinds, skus, count_basis, stale_days, unit, factor, included, minimum, tolerance, list_price, currency";
    let misspelt =
        format!("rules.toml line 5: unknown key `tolerence`; did you mean `tolerance`? (the keys here are {keys})");
    let strange = format!("rules.toml line 5: unknown key `colour` (the keys here are {keys})");
    for (text, expected) in [
        (more("tolerence = 1"), misspelt.as_str()),
        (more("colour = 1"), &strange),
        ("[[rule]]\n".into(), "rules.toml line 1: unknown key `rule`; did you mean `rules`? (the keys here are rules)"),
        ("[[rules]]\nsource = \"rmm\"\n".into(), "rules.toml line 1: missing key `product_codes`"),
        (
            GOOD.replace("assigned", "asigned"),
            "rules.toml line 4: unknown word `asigned`, expected one of `purchased`, `assigned`, `active`, `device_all`, `device_fresh`, `vendor_billed`",
        ),
        (
            GOOD.replace("\"rmm\"", "\"N-able\""),
            "rules.toml line 3: `source`: `N-able` is not a source id: use a-z, 0-9 and hyphens, and begin with a letter",
        ),
        (
            GOOD.replace("[\"A\"]", "[]"),
            "rules.toml line 2: `product_codes` is empty; name at least one product of the PSA",
        ),
        (GOOD.replace("[\"A\"]", "[\"\"]"), "rules.toml line 2: `product_codes`: an id is empty"),
        (more("included = -1"), "rules.toml line 1: rule `A`: `included` is -1; it cannot be negative"),
        (more("factor = 0"), "rules.toml line 1: rule `A`: `factor` is 0; it must be above zero"),
        (
            more("minimum = \"1,5\""),
            "rules.toml line 5: `minimum`: `1,5` has a thousands separator or a decimal comma; write 1234.56",
        ),
        (more("minimum = 1e3"), "rules.toml line 5: `minimum`: `1e3` is not a decimal number"),
        (more("minimum = true"), "rules.toml line 5: `minimum` is a boolean; write a number, such as 12.50"),
        (
            more("stale_days = 60"),
            "rules.toml line 5: `stale_days` has no effect with count_basis = \"assigned\"; leave it out, or count `active` or `device_fresh`",
        ),
        (
            more("list_price = 5"),
            "rules.toml line 1: rule `A`: `list_price` without `currency`; write the three letters, such as \"GBP\"",
        ),
        (
            more("list_price = 5\ncurrency = \"gbp\""),
            "rules.toml line 1: rule `A`: `currency`: `gbp` is not a currency: use the three letters of ISO 4217, such as GBP",
        ),
        (
            more("kinds = [\"\"]"),
            "rules.toml line 1: rule `A`: `kinds` or `skus` has an empty word; leave the list empty for any",
        ),
        (
            format!("{GOOD}\n{GOOD}"),
            "rules.toml line 6: rule `A` is there twice, first on line 1; give one of them another `id`",
        ),
        (
            format!("{GOOD}\n{GOOD}id = \"B\"\n"),
            "rules.toml line 6: rule `B`: product code `A` already belongs to rule `A` on line 1; a line can only be compared once, so leave it in one of them",
        ),
    ] {
        assert_eq!(RuleSet::from_toml("rules.toml", &text).unwrap_err().to_string(), expected, "{text}");
    }
    let open = RuleSet::from_toml("rules.toml", "[[rules]\n").unwrap_err();
    assert_eq!((open.file.as_str(), open.line), ("rules.toml", Some(1)));
}

#[test]
fn csv_rules() {
    let text = "\u{feff}product_code,source,kinds,skus,included_qty,min_qty,tolerance,list_price,currency\r\n\
                BKP,backup,mailbox|onedrive,,0,5,0.5,3.2500,USD\r\nX,rmm,,,,,,,\r\n";
    let rules = RuleSet::from_csv("rules.csv", text.as_bytes()).unwrap();
    let [backup, bare] = rules.rules() else { panic!() };
    assert_eq!(backup.kinds, ["mailbox", "onedrive"]);
    assert!(backup.takes("onedrive", "any") && !backup.takes("server", ""));
    assert_eq!((backup.minimum, backup.tolerance), (number("5"), number("0.5")));
    assert_eq!(backup.list_price.unwrap().0.amount.to_string(), "3.2500");
    assert!(bare.takes("anything", "") && bare.list_price.is_none());
    let all = "product_code, source, kinds, skus, included_qty, min_qty, tolerance, list_price, currency";
    let unknown = format!("rules.csv line 1: unknown column `kind`; the columns are {all}");
    let missing = format!("rules.csv line 1: the column `source` is missing; the columns are {all}");
    for (text, expected) in [
        ("product_code,source,kind\n", unknown.as_str()),
        ("product_code\nA\n", &missing),
        ("product_code,source\nA,rmm\nB\n", "rules.csv line 3: 1 fields where the header has 2"),
        ("product_code,source,min_qty\nA,rmm,x\n", "rules.csv line 2: field `min_qty`: `x` is not a decimal number"),
        (
            "product_code,source,min_qty\nA,rmm,-2\n",
            "rules.csv line 2: rule `A`: `minimum` is -2; it cannot be negative",
        ),
        ("product_code,source\n,rmm\n", "rules.csv line 2: field `product_code`: an id is empty"),
        (
            "product_code,source\nA,rmm\nA,edr\n",
            "rules.csv line 3: rule `A` is there twice, first on line 2; give one of them another `id`",
        ),
    ] {
        assert_eq!(RuleSet::from_csv("rules.csv", text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
    }
}
