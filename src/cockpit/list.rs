//! A list that knows its place: the row under the cursor stays chosen while rows come and go.

use super::subject::Subject;

/// A row: what it stands for, and where that lies in the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it stands for.
    pub subject: Subject,
    /// Its place in its section of the snapshot; `None` when it is not there (a worktree that was
    /// attached and never seen).
    pub index: Option<usize>,
}

/// The rows of a pane, after its filter.
#[derive(Clone, Debug, Default)]
pub struct List {
    items: Vec<Item>,
    cursor: usize,
    offset: usize,
    /// What the person is looking for.
    pub filter: String,
    /// To be chosen as soon as it is there.
    wanted: Option<Subject>,
}

impl List {
    /// The rows.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The chosen row.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// What is chosen.
    pub fn selected(&self) -> Option<&Subject> {
        self.items.get(self.cursor).map(|item| &item.subject)
    }

    /// The first row that is shown.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Replaces the rows; the cursor stays on what it was on, or near it.
    pub fn set(&mut self, items: Vec<Item>) {
        let find = |subject: &Subject| items.iter().position(|item| item.subject == *subject);
        let wanted = self.wanted.as_ref().and_then(find);
        if wanted.is_some() {
            self.wanted = None;
        }
        let kept = wanted.or_else(|| self.selected().and_then(find));
        self.cursor = kept.unwrap_or(self.cursor).min(items.len().saturating_sub(1));
        self.items = items;
    }

    /// Chooses something, now or as soon as it is there.
    pub fn choose(&mut self, subject: Subject) {
        match self.items.iter().position(|item| item.subject == subject) {
            Some(at) => self.cursor = at,
            None => self.wanted = Some(subject),
        }
    }

    /// Moves the cursor by rows, stopping at both ends.
    pub fn step(&mut self, by: isize) {
        self.put(self.cursor.saturating_add_signed(by));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, at: usize) {
        self.wanted = None;
        self.cursor = at.min(self.items.len().saturating_sub(1));
    }

    /// Scrolls so that the cursor is among `rows` rows and none stay empty without need.
    pub fn show(&mut self, rows: usize) {
        if rows == 0 {
            return;
        }
        let last = self.items.len().saturating_sub(rows);
        self.offset = self.offset.clamp(self.cursor.saturating_sub(rows - 1), self.cursor).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(names: &[&str]) -> Vec<Item> {
        let item = |name: &&str| Item { subject: Subject::Host(name.parse().expect("a name")), index: None };
        names.iter().map(item).collect()
    }

    fn at(list: &List) -> String {
        match list.selected() {
            Some(Subject::Host(name)) => name.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_cursor_stays_on_its_row() {
        let mut list = List::default();
        list.set(items(&["a", "b", "c"]));
        list.step(1);
        list.set(items(&["x", "a", "b", "c"]));
        assert_eq!(at(&list), "b");
        list.set(items(&["x", "a", "c"]));
        assert_eq!(at(&list), "c", "the next one when it is gone");
        list.choose(items(&["new"])[0].subject.clone());
        assert_eq!(at(&list), "c");
        list.set(items(&["a", "new"]));
        assert_eq!(at(&list), "new");
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        let mut list = List::default();
        list.set(items(&["a", "b", "c", "d", "e"]));
        list.step(3);
        list.show(2);
        assert_eq!(list.offset(), 2);
        list.step(-9);
        list.show(2);
        assert_eq!((list.cursor(), list.offset()), (0, 0));
        list.step(9);
        list.show(10);
        assert_eq!((list.cursor(), list.offset()), (4, 0));
        list.show(0);
    }
}
