use serde_json::json;

use super::KiloCode;
use crate::tool::samples::{capture, cases};

#[test]
fn every_case_is_what_the_extension_wrote() {
    let cases = cases("kilo-code");
    let (name, case, home) = cases.into_iter().find(|c| c.0 == "legacy-vscode-5x").expect("the case");
    let tapes = capture(&KiloCode, &home);
    for (id, wanted) in case["expect"].as_object().expect("tasks") {
        let tape = &tapes[id];
        assert_eq!(json!(tape.messages.len()), wanted["messages"], "{name}");
        assert_eq!(
            json!(tape.progress.head.workdir),
            wanted["cwd"],
            "from the environment that the model was told"
        );
        assert_eq!(json!(tape.calls().len()), wanted["tool_calls"]);
        assert_eq!(tape.calls()[0].2, json!({"path": "x.py", "content": "y=1"}));
        assert_eq!(tape.prompts(), ["rename x"]);
        assert_eq!(tape.results()["tk1"].0, "done");
        assert_eq!((tape.usage().input, tape.usage().output), (5, 6));
        assert_eq!(tape.progress.head.cost_usd, Some(0.0001));
    }
}
