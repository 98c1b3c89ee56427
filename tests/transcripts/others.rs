//! Amp and Roo Code: which session belongs to which.

use super::{home_of, rows};

#[test]
fn forks_and_delegated_tasks_name_their_origin() {
    for (tool, name, child, parent) in [
        (
            "amp",
            "local-thread-2026",
            "T-0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002",
            "T-0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001",
        ),
        (
            "roo-code",
            "parent-child-native-tools",
            "019a7d2e-9d22-7aaa-8bbb-000000000002",
            "019a7d2e-7c11-7aaa-8bbb-000000000001",
        ),
    ] {
        let sandbox = home_of(tool, name);
        let _ = sandbox.json(&["capture"]);
        let rows = rows(&sandbox);
        let id =
            |native: &str| rows.iter().find(|r| r["native_id"] == native).expect("the row")["id"].clone();
        let of = rows.iter().find(|r| r["native_id"] == child).expect("the row");
        assert_eq!(of["parent"], id(parent), "{tool}");
    }
}
