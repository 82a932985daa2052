//! No circle between the top-level modules of `app`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Breach, SourceFile, rust_files};

const SRC: &str = "shared/app/src/";

/// Each top-level module, and those whose items it names.
fn uses(files: &[SourceFile]) -> BTreeMap<String, BTreeSet<String>> {
    let own = || files.iter().filter(|file| file.path.starts_with(SRC) && file.is_product());
    let modules: BTreeSet<String> = own().filter_map(|file| module_of(&file.path)).collect();
    let root = own().find(|file| file.path == format!("{SRC}lib.rs"));
    let exports = root.map(|file| exports(&file.scan().without_tests().code, &modules)).unwrap_or_default();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in own() {
        let Some(module) = module_of(&file.path) else { continue };
        let code = file.scan().without_tests().code;
        let named = names_from_crate(&code);
        let targets = named.iter().filter_map(|name| modules.get(name).or_else(|| exports.get(name)));
        let found = uses.entry(module.clone()).or_default();
        found.extend(targets.filter(|target| **target != module).cloned());
    }
    uses
}

/// The top-level module that a file belongs to; `None` for the root.
fn module_of(path: &str) -> Option<String> {
    let inside = path.strip_prefix(SRC)?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (module != "lib").then(|| module.to_owned())
}

/// Names that the root exports, with the module that they come from.
fn exports(code: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for statement in code.split(';') {
        let Some((_, tree)) = statement.split_once("use ") else { continue };
        for path in expand(tree) {
            let path = path.strip_prefix("self::").or(path.strip_prefix("crate::")).unwrap_or(&path);
            let (Some(module), Some(name)) = (path.split("::").next(), path.rsplit("::").next()) else { continue };
            let name = name.rsplit(" as ").next().unwrap_or(name).trim();
            if modules.contains(module) && name != module {
                found.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    found
}

/// The first names behind `crate::`, in `use` statements and in paths.
fn names_from_crate(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let tree = &rest[..group_end(group) + 2];
            found.extend(expand(tree).iter().filter_map(|path| first_name(path)));
        } else {
            found.extend(first_name(rest));
        }
    }
    found
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Where the group closes whose `{` stands just before.
fn group_end(group: &str) -> usize {
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    group.len()
}

/// The single paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let group = &group[..group_end(group)];
    let mut paths = Vec::new();
    let (mut from, mut depth) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[from..at].trim();
                if !part.is_empty() {
                    paths.extend(expand(part).into_iter().map(|path| format!("{}{path}", prefix.trim())));
                }
                from = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// Modules that use each other, directly or through others.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Breach> {
    let reach = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&String> = uses.get(from).into_iter().flatten().collect();
        while let Some(name) = waiting.pop() {
            if seen.insert(name) {
                waiting.extend(uses.get(name).into_iter().flatten());
            }
        }
        seen
    };
    let mut breaches = Vec::new();
    for (module, used) in uses {
        for other in used.iter().filter(|other| reach(other).contains(module)) {
            breaches.push(format!("`{module}` uses `{other}`, which leads back to `{module}`"));
        }
    }
    breaches
}

#[test]
fn the_modules_of_app_form_no_circle() {
    let uses = uses(&rust_files());
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 20, "the walk itself must see what is there: {uses:?}");
    assert_eq!(circles(&uses), [""; 0]);
}

#[test]
fn a_circle_is_refused() {
    let file = |path: &str, text: &str| SourceFile::planted(&format!("{SRC}{path}"), text);
    let root = file("lib.rs", "mod a;\nmod b;\nmod c;\npub use self::c::{Deep, shallow as flat};\npub use b::Known;");
    let a = file(
        "a.rs",
        "use crate::{\n    b::{self, one},\n    Known,\n};\n#[cfg(test)]\nmod tests { use crate::c::Deep; }",
    );
    let b = file("b/mod.rs", "fn f() { crate::flat(); }");
    let open = [root.clone(), a.clone(), b.clone(), file("c.rs", "// use crate::a;\nuse super::x;")];
    let found = uses(&open);
    assert_eq!(found["a"], BTreeSet::from(["b".to_owned()]));
    assert_eq!(found["b"], BTreeSet::from(["c".to_owned()]));
    assert_eq!(circles(&found), [""; 0]);
    let closed = [root, a, b, file("c/deep.rs", "use crate::a::A;")];
    assert_eq!(circles(&uses(&closed)).len(), 3);
}
