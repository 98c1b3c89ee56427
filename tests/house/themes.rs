//! Themes: every role has a look of its own, and nothing else is in them.

use std::path::Path;

use session_forge::config::Theme;
use session_forge::config::embed::Folder;
use session_forge::config::theme::Role;

#[test]
fn every_theme_defines_every_role() {
    let names = Folder::Themes.names();
    for needed in ["default", "harbor", "high-contrast", "light"] {
        assert!(names.contains(&needed), "{names:?}");
    }
    for name in names {
        let (_, notices) = Theme::load(name, Path::new("/nonexistent/theme.toml"));
        assert!(notices.is_empty(), "{name}: {notices:?}");
        let table = Folder::Themes.read(name).expect(name).parse().expect(name);
        let set = Theme::roles_set(&table);
        let missing: Vec<&str> = Role::ALL.iter().filter(|r| !set.contains(r)).map(|r| r.as_str()).collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}");
    }
}

#[test]
fn the_default_theme_has_no_background_and_sixteen_colours() {
    use session_forge::config::theme::Color;
    let (theme, _) = Theme::load("default", Path::new("/nonexistent/theme.toml"));
    for role in Role::ALL {
        let look = theme.look(*role);
        for color in [look.fg, look.bg].into_iter().flatten() {
            assert!(matches!(color, Color::Default | Color::Index(0..=15)), "{}", role.as_str());
        }
    }
    assert_eq!(theme.look(Role::Text).bg, None);
}
