//! The keymaps and themes that come with the program: part of it in a release, read from the
//! source tree in a debug build, so that a change shows at the next start.

use include_dir::{Dir, include_dir};

static KEYMAPS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/keymaps");
static THEMES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/themes");

/// One of the two folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// `keymaps/`
    Keymaps,
    /// `themes/`
    Themes,
}

impl Folder {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keymaps => "keymaps",
            Self::Themes => "themes",
        }
    }

    fn embedded(self) -> &'static Dir<'static> {
        match self {
            Self::Keymaps => &KEYMAPS,
            Self::Themes => &THEMES,
        }
    }

    /// The names in it, sorted, without `.toml`.
    pub fn names(self) -> Vec<&'static str> {
        let mut names: Vec<&str> =
            self.embedded().files().filter_map(|f| f.path().to_str()?.strip_suffix(".toml")).collect();
        names.sort_unstable();
        names
    }

    /// The text of one of them.
    pub fn read(self, name: &str) -> Option<String> {
        let file = format!("{name}.toml");
        let embedded = self.embedded().get_file(&file)?;
        #[cfg(debug_assertions)]
        {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(self.as_str()).join(&file);
            if let Ok(text) = std::fs::read_to_string(path) {
                return Some(text);
            }
        }
        embedded.contents_utf8().map(str::to_owned)
    }
}
