//! Error codes and exit statuses are promises to scripts: they are only ever added to.

use session_forge::error::Code;

#[test]
fn codes_are_append_only() {
    let shipped = [
        ("usage", 2),
        ("screen_only", 2),
        ("config", 1),
        ("not_found", 1),
        ("tool", 1),
        ("partial", 1),
        ("unreachable", 3),
        ("refused", 4),
        ("conflict", 4),
        ("needs_consent", 4),
        ("secret_found", 4),
        ("cancelled", 130),
        ("timeout", 1),
        ("corrupt", 1),
        ("unsupported", 1),
        ("internal", 1),
    ];
    for (code, (word, exit)) in Code::ALL.into_iter().zip(shipped) {
        assert_eq!((code.as_str(), code.exit()), (word, exit));
    }
    assert!(Code::ALL.len() >= shipped.len());
}
