//! The rules of a check: from TOML, from CSV, or derived from product codes that equal a SKU.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{ProductCode, RuleId, SourceId};
use truecount_reconciliation::{Profile, Rule, RuleSet, RulesError};

use super::{CheckArgs, CheckError, billed, named, profile_of, usage};

/// The most sources that can have a SKU of one product code's name.
const SKUS_MAX: usize = 100_000;

pub(super) fn read(args: &CheckArgs) -> Result<(RuleSet, Profile), CheckError> {
    let profile = profile_of(args.rules.as_deref());
    let Some(path) = &args.rules else { return Ok((by_equal_code(args)?, profile)) };
    let file = named(path);
    let bytes = std::fs::read(path).map_err(|why| CheckError::File { file: file.clone(), why })?;
    let rules = match profile {
        Profile::Plain => RuleSet::from_csv(&file, &bytes)?,
        Profile::Full => {
            let text = std::str::from_utf8(&bytes).map_err(|e| {
                let line = 1 + bytes[..e.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
                CheckError::Row { file: file.clone(), line, why: "not UTF-8; save the file as UTF-8".into() }
            })?;
            RuleSet::from_toml(&file, text)?
        }
    };
    if rules.rules().is_empty() {
        return Err(RulesError { file, line: None, why: "holds no rules, so nothing can be compared".into() }.into());
    }
    Ok((rules, profile))
}

/// A rule for each product code that is the SKU of one source. Reads both files one more time.
fn by_equal_code(args: &CheckArgs) -> Result<RuleSet, CheckError> {
    let mut codes = BTreeSet::<Box<str>>::new();
    billed::product_codes(&args.billed, |code| {
        if !codes.contains(code) {
            codes.insert(code.into());
        }
    })?;
    let mut sources = BTreeMap::<Box<str>, BTreeSet<Box<str>>>::new();
    usage::skus(&args.usage, |source, sku| {
        if sources.get(sku).is_some_and(|known| known.contains(source)) || !codes.contains(sku) {
            return;
        }
        if sources.len() < SKUS_MAX {
            sources.entry(sku.into()).or_default().insert(source.into());
        }
    })?;
    let mut rules = Vec::new();
    for (code, sources) in sources {
        // a code that two sources use says nothing about which of them is billed
        let [source] = &sources.into_iter().collect::<Vec<_>>()[..] else { continue };
        let Ok(source) = SourceId::new(source) else { continue };
        let (Ok(id), Ok(product)) = (RuleId::new(&code), ProductCode::new(&code)) else { continue };
        rules.push(Rule { skus: vec![code.into()], ..Rule::of(id, product, source) });
    }
    if rules.is_empty() {
        let why = "no product code is the SKU of exactly one source of the usage, so nothing can be compared; say with \
                   --rules what belongs together";
        return Err(RulesError { file: named(&args.billed), line: None, why: why.into() }.into());
    }
    Ok(RuleSet::new(rules)?)
}
