//! The sandbox's two bare repositories, made by git itself.

use std::path::Path;

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::fleet::Step;
use crate::model::HostName;

/// What a repository holds: its files in order of the commits that bring them.
type Files = &'static [(&'static str, &'static str, &'static str)];

const CORE: Files = &[
    ("README.md", "# core\n\nThe payment service of the demo.\n", "Describe the service"),
    (
        "src/retry.py",
        "import time\n\n\ndef retry(call, attempts=3, pause=0.5):\n    for attempt in range(attempts):\n        try:\n            return call()\n        except TimeoutError:\n            time.sleep(pause * 2 ** attempt)\n    raise TimeoutError(\"gave up\")\n",
        "Retry a call that timed out",
    ),
    (
        "tests/test_retry.py",
        "from src.retry import retry\n\n\ndef test_first_try():\n    assert retry(lambda: 7) == 7\n",
        "Test the first try",
    ),
];

const WEB: Files = &[
    ("README.md", "# web\n\nThe shop's pages of the demo.\n", "Describe the pages"),
    (
        "index.html",
        "<!doctype html>\n<title>Checkout</title>\n<form action=\"/pay\" method=\"post\">\n  <button>Pay</button>\n</form>\n",
        "Show a form to pay with",
    ),
];

/// Makes what is missing; gives name and path of each.
pub(super) async fn make(cx: &Ctx, dir: &Path, home: &Path) -> Result<Vec<(&'static str, String)>> {
    let repos = [("core", CORE), ("web", WEB)];
    let steps = repos.iter().enumerate().map(|(lane, (name, files))| Step {
        script: script(name, files, dir, home),
        lane: u32::try_from(lane).unwrap_or(0),
    });
    let host = cx.host(&HostName::local()).await?;
    for output in host.steps(steps.collect(), 2).await? {
        if output.status != 0 {
            return Err(Error::tool(format!(
                "git cannot make the demo's repositories: {}",
                output.stderr.trim()
            ))
            .hint("the demo needs git 2.28 or newer"));
        }
    }
    Ok(repos.map(|(name, _)| (name, dir.join(format!("{name}.git")).display().to_string())).into())
}

/// Builds in a temporary name and renames, so that a demo that was interrupted is built again.
fn script(name: &str, files: Files, dir: &Path, home: &Path) -> String {
    let (dir, home) = (quote(&dir.display().to_string()), quote(&home.display().to_string()));
    let mut text = format!(
        "set -e\ntest -e {home}/.gitconfig || printf '[user]\\n\\tname = Demo\\n\\temail = demo@example.org\\n[init]\\n\\tdefaultBranch = main\\n' > {home}/.gitconfig\n\
         cd {dir}\ntest -d {name}.git && exit 0\nrm -rf {name}.new {name}.tmp\ngit init -q -b main {name}.new\ncd {name}.new\n\
         g() {{ git -c user.name=Demo -c user.email=demo@example.org -c commit.gpgsign=false \"$@\"; }}\n"
    );
    for (path, content, subject) in files {
        let folder = Path::new(path).parent().map(|p| p.display().to_string()).unwrap_or_default();
        if !folder.is_empty() {
            text.push_str(&format!("mkdir -p {folder}\n"));
        }
        text.push_str(&format!(
            "printf %s {} > {path}\ng add {path}\ng commit -qm {}\n",
            quote(content),
            quote(subject)
        ));
    }
    text.push_str(&format!(
        "cd ..\ngit clone -q --bare {name}.new {name}.tmp\nmv {name}.tmp {name}.git\nrm -rf {name}.new\n"
    ));
    text
}

/// A word of POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
