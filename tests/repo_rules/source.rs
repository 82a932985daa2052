//! The Rust files of the workspace, and what a rule can ask of them: code without comments, tests or the content of
//! strings. Deliberately absent: a real parser. The scanner knows comments, literals and braces, which is enough here.

use std::fs;
use std::path::{Path, PathBuf};

/// One file: its path from the root with `/`, and its text.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A violation of a rule, as `path:line: what is wrong`.
pub(crate) type Breach = String;

pub(crate) fn breach(file: &SourceFile, line: usize, what: impl std::fmt::Display) -> Breach {
    format!("{}:{line}: {what}", file.path)
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files below the root's folders of code, sorted by path.
pub(crate) fn rust_files() -> Vec<SourceFile> {
    files_below(&root(), "rs")
}

/// All files with an extension below `functions`, `shared`, `infra` and `tests` of a tree, sorted by path.
pub(crate) fn files_below(root: &Path, extension: &str) -> Vec<SourceFile> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["functions", "shared", "infra", "tests"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let parts = path.strip_prefix(root).unwrap().components();
                let parts: Vec<&str> = parts.map(|part| part.as_os_str().to_str().unwrap()).collect();
                found.push(SourceFile { path: parts.join("/"), text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl SourceFile {
    /// A made-up file, to plant a breach.
    pub(crate) fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether it is part of the product: the sources of libraries and binaries, without tests and examples.
    pub(crate) fn is_product(&self) -> bool {
        let mut parts = self.path.split('/');
        matches!(parts.next(), Some("shared" | "functions"))
            && parts.nth(1) == Some("src")
            && !self.path.ends_with("/tests.rs")
            && !self.path.contains("/tests/")
    }

    pub(crate) fn scan(&self) -> Scan {
        Scan::of(&self.text)
    }
}

/// A file's code with every line kept in its place.
pub(crate) struct Scan {
    /// The code with comments, characters and the content of strings blanked out.
    pub(crate) code: String,
    /// The content of each string literal, with the line on which it begins, from 1.
    pub(crate) strings: Vec<(usize, String)>,
}

impl Scan {
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner { chars: text.chars().collect(), at: 0, line: 1, code: String::new() };
        let mut strings = Vec::new();
        while let Some(c) = scanner.peek(0) {
            let is_word = scanner.code.chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_');
            match (c, scanner.peek(1)) {
                ('/', Some('/')) => scanner.blank_until(|rest| rest[0] == '\n'),
                ('/', Some('*')) => scanner.blank_block_comment(),
                ('"', _) => strings.push(scanner.string()),
                ('r', Some('"' | '#')) if !is_word && scanner.raw_hashes().is_some() => {
                    strings.push(scanner.raw_string())
                }
                ('\'', _) => scanner.character_or_lifetime(),
                _ => scanner.keep(),
            }
        }
        Self { code: scanner.code, strings }
    }

    /// The same without what is only compiled for tests.
    pub(crate) fn without_tests(self) -> Self {
        let mut code: Vec<char> = self.code.chars().collect();
        let mut test_lines = Vec::new();
        let mark: Vec<char> = "#[cfg(test)]".chars().collect();
        let mut at = 0;
        while at + mark.len() <= code.len() {
            if code[at..at + mark.len()] != mark[..] {
                at += 1;
                continue;
            }
            let end = end_of_item(&code, at + mark.len());
            let first = 1 + code[..at].iter().filter(|c| **c == '\n').count();
            let last = 1 + code[..end].iter().filter(|c| **c == '\n').count();
            test_lines.push(first..=last);
            for c in &mut code[at..end] {
                if *c != '\n' {
                    *c = ' ';
                }
            }
            at = end;
        }
        let is_test = |line: &usize| test_lines.iter().any(|lines| lines.contains(line));
        let strings = self.strings.into_iter().filter(|(line, _)| !is_test(line)).collect();
        Self { code: code.into_iter().collect(), strings }
    }

    /// The lines of code, numbered from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// Behind the item that begins here: its `;`, or the brace that closes its first block.
fn end_of_item(code: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.iter().enumerate().skip(from) {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        let c = self.chars[self.at];
        self.line += usize::from(c == '\n');
        self.code.push(c);
        self.at += 1;
    }

    fn blank(&mut self) {
        let c = self.chars[self.at];
        self.line += usize::from(c == '\n');
        self.code.push(if c == '\n' { '\n' } else { ' ' });
        self.at += 1;
    }

    fn blank_until(&mut self, is_end: impl Fn(&[char]) -> bool) {
        while self.at < self.chars.len() && !is_end(&self.chars[self.at..]) {
            self.blank();
        }
    }

    fn blank_block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) -> (usize, String) {
        let (line, from) = (self.line, self.at + 1);
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '\\' => {
                    self.blank();
                    if self.peek(0).is_some() {
                        self.blank();
                    }
                }
                '"' => break,
                _ => self.blank(),
            }
        }
        let content = self.chars[from..self.at].iter().collect();
        if self.peek(0).is_some() {
            self.keep();
        }
        (line, content)
    }

    /// The number of `#` of a raw string that begins here.
    fn raw_hashes(&self) -> Option<usize> {
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) -> (usize, String) {
        let hashes = self.raw_hashes().unwrap_or_default();
        let line = self.line;
        for _ in 0..hashes + 2 {
            self.keep();
        }
        let from = self.at;
        let end =
            |rest: &[char]| rest[0] == '"' && rest[1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        self.blank_until(end);
        let content = self.chars[from..self.at].iter().collect();
        for _ in 0..=hashes {
            if self.peek(0).is_some() {
                self.keep();
            }
        }
        (line, content)
    }

    fn character_or_lifetime(&mut self) {
        let length = match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => self.chars[self.at + 3..].iter().position(|c| *c == '\'').map(|more| more + 4),
            (Some(_), Some('\'')) => Some(3),
            _ => None,
        };
        match length {
            Some(length) => (0..length).for_each(|_| self.blank()),
            None => self.keep(),
        }
    }
}

#[test]
fn the_scanner_knows_comments_literals_and_tests() {
    let text = "let a = \"x { // no\"; // } \"y\"\nlet b = r#\"q\"r\"#; /* { /* \n */ } */ let c = '{'; let d: &'a str = \"\\\"z\";\n";
    let scan = Scan::of(text);
    assert_eq!(scan.strings, [(1, "x { // no".to_owned()), (2, "q\"r".to_owned()), (3, "\\\"z".to_owned())]);
    assert!(!scan.code.contains(['{', '}', 'x', 'z']), "{}", scan.code);
    assert_eq!(scan.code.lines().count(), text.lines().count());
    assert!(scan.code.contains("&'a str"), "{}", scan.code);

    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"b\"; }\n}\nfn c() { \"c\"; }\n#[cfg(test)]\nmod more;\n";
    let scan = Scan::of(text).without_tests();
    assert!(scan.code.contains("fn a") && scan.code.contains("fn c"), "{}", scan.code);
    assert!(!scan.code.contains("fn b") && !scan.code.contains("more"), "{}", scan.code);
    assert_eq!(scan.strings, [(6, "c".to_owned())]);
}
