//! Counting tokens once.
//!
//! 0.169 writes an exact `token_usage_record` for each response. Before, there are only
//! `token_count` events with a running sum: repeated, restarted at 0 when a session is resumed
//! (0.42, 0.77), and with the parts at 0 after the context overflowed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::message::Usage;
use crate::tool::format::value;

/// The running sum as it was last seen.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Meter {
    sum: Sum,
    /// Whether a record has counted what the next sum will repeat.
    recorded: bool,
    /// Whether the first sum includes another session's: a fork that has only its own lines.
    inherited: bool,
}

/// The parts as the tool names them; input includes what was cached.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Sum {
    input: u64,
    cached: u64,
    written: u64,
    output: u64,
    reasoning: u64,
}

impl Sum {
    fn of(map: &Map<String, Value>) -> Self {
        Self {
            input: value::count(map, "input_tokens"),
            cached: value::count(map, "cached_input_tokens"),
            written: value::count(map, "cache_write_input_tokens"),
            output: value::count(map, "output_tokens"),
            reasoning: value::count(map, "reasoning_output_tokens"),
        }
    }

    fn usage(self) -> Usage {
        Usage {
            input: self.input.saturating_sub(self.cached).saturating_sub(self.written),
            output: self.output,
            cache_read: self.cached,
            cache_write: self.written,
            reasoning: self.reasoning,
        }
    }

    fn since(self, old: Self) -> Self {
        if self.input < old.input || self.output < old.output {
            return self;
        }
        Self {
            input: self.input - old.input,
            cached: self.cached.saturating_sub(old.cached),
            written: self.written.saturating_sub(old.written),
            output: self.output - old.output,
            reasoning: self.reasoning.saturating_sub(old.reasoning),
        }
    }
}

impl Meter {
    /// The session is a fork, and its sums go on from its origin's.
    pub fn inherit(&mut self) {
        self.inherited = true;
    }

    /// What a `token_usage_record` adds.
    pub fn record(&mut self, payload: &Map<String, Value>) -> Usage {
        self.recorded = true;
        value::object(payload, "usage").map(|usage| Sum::of(usage).usage()).unwrap_or_default()
    }

    /// What a `token_count` event adds; nothing when a record said it before.
    pub fn count(&mut self, payload: &Map<String, Value>) -> Usage {
        let total = value::object(payload, "info").and_then(|info| value::object(info, "total_token_usage"));
        let Some(sum) = total.map(Sum::of).filter(|sum| *sum != Sum::default()) else {
            return Usage::default();
        };
        let more = sum.since(std::mem::replace(&mut self.sum, sum));
        let known = std::mem::take(&mut self.recorded) | std::mem::take(&mut self.inherited);
        if known { Usage::default() } else { more.usage() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(input: u64, cached: u64, output: u64) -> Map<String, Value> {
        let json = serde_json::json!({"info": {"total_token_usage": {
            "input_tokens": input, "cached_input_tokens": cached, "output_tokens": output, "total_tokens": 9}}});
        json.as_object().expect("an object").clone()
    }

    #[test]
    fn sums_are_counted_once_and_may_start_again() {
        let mut meter = Meter::default();
        let mut sum = Usage::default();
        for (input, cached, output) in [(100, 0, 10), (100, 0, 10), (250, 100, 15), (0, 0, 0), (60, 50, 5)] {
            sum = sum.plus(meter.count(&event(input, cached, output)));
        }
        assert_eq!((sum.input, sum.cache_read, sum.output), (150 + 10, 100 + 50, 20));
    }

    #[test]
    fn a_record_is_not_counted_again_by_the_sum() {
        let mut meter = Meter::default();
        let record =
            serde_json::json!({"usage": {"input_tokens": 40, "cached_input_tokens": 30, "output_tokens": 2}});
        let mut sum = meter.record(record.as_object().expect("an object"));
        sum = sum.plus(meter.count(&event(40, 30, 2)));
        sum = sum.plus(meter.count(&event(40, 30, 2)));
        assert_eq!((sum.input, sum.cache_read, sum.output), (10, 30, 2));
    }
}
