//! What a command line is about: tests, packages.

use std::sync::OnceLock;

use regex::Regex;

use super::Package;

/// What was found in a command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Commands that run tests.
    pub tests: Vec<String>,
    /// Packages that are installed.
    pub packages: Vec<Package>,
}

/// Words before a command that change nothing about what it is.
const WRAPPERS: [&str; 9] = ["sudo", "env", "time", "nice", "npx", "bunx", "exec", "command", "then"];
/// Two words before a command.
const WRAPPERS_2: [(&str, &str); 6] = [
    ("uv", "run"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("bundle", "exec"),
    ("pnpm", "exec"),
    ("python", "-m"),
];
/// Programs that do nothing but run tests.
const RUNNERS: [&str; 11] =
    ["pytest", "jest", "vitest", "mocha", "ctest", "tox", "nox", "rspec", "phpunit", "unittest", "nextest"];
/// Programs with a word for it.
const TESTS: [(&str, &[&str]); 14] = [
    ("cargo", &["test", "nextest"]),
    ("go", &["test"]),
    ("npm", &["test", "t"]),
    ("yarn", &["test"]),
    ("pnpm", &["test"]),
    ("bun", &["test"]),
    ("make", &["test", "tests", "check"]),
    ("just", &["test"]),
    ("mvn", &["test", "verify"]),
    ("gradle", &["test", "check"]),
    ("dotnet", &["test"]),
    ("deno", &["test"]),
    ("swift", &["test"]),
    ("mix", &["test"]),
];
/// Programs that install packages, with the words for it.
const INSTALLERS: [(&str, &[&str]); 19] = [
    ("npm", &["install", "i", "add"]),
    ("yarn", &["add"]),
    ("pnpm", &["add", "install", "i"]),
    ("bun", &["add", "install"]),
    ("pip", &["install"]),
    ("pip3", &["install"]),
    ("pipx", &["install"]),
    ("uv", &["add"]),
    ("poetry", &["add"]),
    ("conda", &["install"]),
    ("cargo", &["add", "install"]),
    ("go", &["get", "install"]),
    ("gem", &["install"]),
    ("composer", &["require"]),
    ("apt", &["install"]),
    ("apt-get", &["install"]),
    ("apk", &["add"]),
    ("dnf", &["install"]),
    ("brew", &["install"]),
];
/// Options of installers that are followed by something that is no package.
const WITH_VALUE: [&str; 10] =
    ["-r", "-e", "-c", "--requirement", "--editable", "--features", "-F", "--index-url", "--path", "--git"];

/// Looks at a command line.
pub fn look(line: &str) -> Found {
    let mut found = Found::default();
    for part in parts(line) {
        let Some(words) = shlex::split(&part) else { continue };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = unwrapped(&words);
        let Some((program, rest)) = words.split_first() else { continue };
        let program = program.rsplit('/').next().unwrap_or(program);
        let run = rest.first() == Some(&"run");
        let verb = if run { rest.get(1) } else { rest.iter().find(|word| !word.starts_with(['-', '+'])) };
        // These take options with values before their targets.
        let targets = matches!(program, "make" | "mvn" | "gradle" | "just");
        let named = |list: &[&str]| match targets {
            true => rest.iter().any(|word| list.contains(word)),
            false => verb.is_some_and(|verb| list.contains(verb)),
        };
        let script = run && verb.is_some_and(|verb| verb.starts_with("test"));
        if RUNNERS.contains(&program)
            || script
            || TESTS.iter().any(|(name, verbs)| *name == program && named(verbs))
        {
            found.tests.push(part.trim().to_owned());
        }
        let rest = if (program, rest.first()) == ("uv", Some(&"pip")) { &rest[1..] } else { rest };
        let pip = rest.first() == Some(&"install") && program == "uv";
        if pip || INSTALLERS.iter().any(|(name, verbs)| *name == program && named(verbs)) {
            found.packages.extend(packages(program, rest));
        }
    }
    found
}

/// The words behind the verb that are packages.
fn packages(program: &str, words: &[&str]) -> Vec<Package> {
    let mut out = Vec::new();
    let mut words = words.iter().skip_while(|word| word.starts_with('-')).skip(1);
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(word) {
            words.next();
        } else if !word.starts_with('-')
            && !word.starts_with(['.', '/', '>', '<', '$'])
            && !word.contains(">&")
        {
            out.push(Package { by: program.to_owned(), name: (*word).to_owned() });
        }
    }
    out
}

/// Without variables and wrappers in front.
fn unwrapped<'a>(mut words: &'a [&'a str]) -> &'a [&'a str] {
    loop {
        words = match words {
            [first, rest @ ..] if WRAPPERS.contains(first) || is_variable(first) => rest,
            ["timeout", _, rest @ ..] => rest,
            [first, second, rest @ ..]
                if WRAPPERS_2.iter().any(|(a, b)| first.trim_end_matches('3') == *a && second == b) =>
            {
                rest
            }
            _ => return words,
        };
    }
}

fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// A line cut at what stands between commands, outside of quotes.
fn parts(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let cut = quote.is_none() && matches!(c, ';' | '\n' | '|' | '(' | ')')
            || quote.is_none() && c == '&' && chars.peek() == Some(&'&');
        if cut {
            if c == '&' {
                chars.next();
            }
            out.push(String::new());
            continue;
        }
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

/// The sum of the numbers before a word: `3 passed`, as most runners print it.
pub fn count(output: &str, word: &str) -> Option<u64> {
    static NUMBERS: OnceLock<Option<Regex>> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| Regex::new(r"(\d+) (passed|failed)").ok()).as_ref()?;
    let all = numbers.captures_iter(output).filter(|found| &found[2] == word);
    all.filter_map(|found| found[1].parse::<u64>().ok()).fold(None, |sum, n| Some(sum.unwrap_or(0) + n))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(line: &str) -> Vec<String> {
        look(line).packages.into_iter().map(|p| format!("{} {}", p.by, p.name)).collect()
    }

    #[test]
    fn tests_are_known_by_their_runners() {
        for line in [
            "cargo test --lib",
            "cd x && RUST_LOG=debug cargo +nightly nextest run",
            "timeout 60 python3 -m pytest -q 2>&1 | tail -5",
            "npm run test:unit",
            "npx vitest",
            "uv run pytest; echo done",
            "make -C build check",
            "./node_modules/.bin/jest src",
        ] {
            assert_eq!(look(line).tests.len(), 1, "{line}");
        }
        for line in ["cargo build", "echo 'cargo test; npm test'", "git commit -m 'pytest'", "cat tests/run"]
        {
            assert_eq!(look(line).tests, Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn packages_are_what_stands_behind_install() {
        assert_eq!(names("sudo apt-get install -y git curl"), ["apt-get git", "apt-get curl"]);
        assert_eq!(names("pip install -r requirements.txt requests==2.31"), ["pip requests==2.31"]);
        assert_eq!(
            names("npm i -D @types/node && cargo add serde --features derive"),
            ["npm @types/node", "cargo serde"]
        );
        assert_eq!(names("uv pip install httpx"), ["uv httpx"]);
        assert_eq!(names("pip install -e ."), Vec::<String>::new());
        assert_eq!(names("npm install"), Vec::<String>::new());
    }

    #[test]
    fn numbers_are_summed() {
        let output = "test result: ok. 3 passed; 0 failed\ntest result: FAILED. 4 passed; 2 failed;";
        assert_eq!((count(output, "passed"), count(output, "failed")), (Some(7), Some(2)));
        assert_eq!(count("nothing", "passed"), None);
    }

    proptest! {
        #[test]
        fn any_line_can_be_looked_at(line in "\\PC*") {
            let _ = look(&line);
            let _ = count(&line, "failed");
        }
    }
}
