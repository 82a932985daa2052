//! Reads the tiers of a price: `[{ up_to = 50, each = 10 }, { each = 8 }]`.

use rust_decimal::Decimal;
use toml::de::DeValue;

use crate::model::PriceTier;
use crate::problem::{instead_of, shown};
use crate::reader::{Entry, Reader, at};

const EXAMPLE: &str = "[{ up_to = 50, each = 10 }, { each = 8 }]";

/// Tiers from the first unit on, the last without an end; `None`: something is wrong with them.
pub(crate) fn read_tiers(reader: &mut Reader<'_>, entry: Entry<'_, '_>) -> Option<Vec<PriceTier>> {
    let DeValue::Array(list) = entry.value.get_ref() else {
        reader.wrong_value(entry, &format!("write its tiers, such as {EXAMPLE}"));
        return None;
    };
    if list.is_empty() {
        let wrong = format!("`{}` is an empty list", shown(entry.key));
        reader.problem(at(entry.value), wrong, format!("write its tiers, such as {EXAMPLE}"));
        return None;
    }
    let problems = reader.problems.len();
    let mut tiers: Vec<PriceTier> = Vec::new();
    for (number, value) in list.iter().enumerate() {
        let is_last = number + 1 == list.len();
        let place = Entry { value, ..entry };
        let Some(tier) = read_tier(reader, place) else { continue };
        let before = tiers.last().and_then(|tier| tier.up_to);
        match tier.up_to {
            None if !is_last => {
                let advice = "write up_to in all tiers but the last";
                reader.problem(at(value), "a tier without `up_to` has no end, and others follow", advice);
            }
            Some(up_to) if is_last => {
                let wrong = format!("nothing says what units above {} cost", up_to.normalize());
                reader.problem(
                    at(value),
                    wrong,
                    "leave `up_to` out of the last tier, or add one, such as { each = 8 }",
                );
            }
            Some(up_to) if before.is_some_and(|before| up_to <= before) => {
                let before = before.unwrap_or_default().normalize();
                let wrong = format!("`up_to` {} does not come after {before}", up_to.normalize());
                reader.problem(at(value), wrong, "write the tiers in the order of their ends");
            }
            Some(_) | None => {}
        }
        tiers.push(tier);
    }
    (reader.problems.len() == problems).then_some(tiers)
}

fn read_tier(reader: &mut Reader<'_>, place: Entry<'_, '_>) -> Option<PriceTier> {
    let (mut up_to, mut each) = (None, None);
    let problems = reader.problems.len();
    for key in reader.table(place, "{ up_to = 50, each = 10 }")? {
        match key.key {
            "up_to" => up_to = reader.above_zero(key),
            "each" => each = reader.amount(key),
            other => {
                let wrong = format!("a tier has no key `{}`", shown(other));
                reader.problem(key.at, wrong, instead_of(other, ["up_to", "each"]));
            }
        }
    }
    if each.is_none() && reader.problems.len() == problems {
        reader.problem(at(place.value), "a tier has no price", "write { up_to = 50, each = 10 }");
    }
    let each: Option<Decimal> = each.filter(|_| reader.problems.len() == problems);
    Some(PriceTier { up_to, each: each? })
}
