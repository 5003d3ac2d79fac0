use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::{Selector, Subject};
use crate::limits::Refused;
use crate::record::Versioned;

const FORMAT: u8 = 1;
/// Rules of one session or principal.
const MOST: usize = 256;
/// Bytes of a name or a tag in one of them.
const LONGEST: usize = 2_048;

static NONE: LazyLock<Arc<VisibilityRules>> = LazyLock::new(Arc::default);

/// Rules of what is shown and what is hidden. The last one that fits a component decides.
///
/// ```
/// use fastestmcp_core::visibility::VisibilityRules;
///
/// let rules = VisibilityRules::default().hide("internal").show("beta");
/// # let _ = rules;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisibilityRules {
    format: u8,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    shown: bool,
    which: Selector,
}

impl Default for VisibilityRules {
    fn default() -> Self {
        Self { format: FORMAT, rules: Vec::new() }
    }
}

impl Versioned for VisibilityRules {
    const FORMAT: u8 = FORMAT;

    fn format(&self) -> u8 {
        self.format
    }
}

impl VisibilityRules {
    /// Shows these from here on.
    #[must_use]
    pub fn show(mut self, which: impl Into<Selector>) -> Self {
        self.put(which.into(), true);
        self
    }

    /// Hides these from here on.
    #[must_use]
    pub fn hide(mut self, which: impl Into<Selector>) -> Self {
        self.put(which.into(), false);
        self
    }

    /// That there are none.
    pub(crate) fn none() -> Arc<Self> {
        NONE.clone()
    }

    /// Adds a rule. Those before it that no longer decide anything are dropped.
    pub(crate) fn put(&mut self, which: Selector, shown: bool) {
        if which == Selector::all() {
            self.rules.clear();
        } else {
            self.rules.retain(|rule| rule.which != which);
        }
        self.rules.push(Rule { shown, which });
    }

    /// # Errors
    /// There are too many, or they say too much, to be stored.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        if self.rules.len() > MOST {
            return Err(Refused::invalid(format!("more than {MOST} visibility rules")));
        }
        match self.rules.iter().flat_map(|rule| rule.which.texts()).find(|text| text.len() > LONGEST) {
            Some(_) => Err(Refused::invalid(format!("a name or a tag of more than {LONGEST} bytes"))),
            None => Ok(()),
        }
    }

    /// Whether they show it; `None` if no rule fits.
    pub(crate) fn decide(&self, subject: &Subject<'_>) -> Option<bool> {
        self.rules.iter().rev().find(|rule| rule.which.fits(subject)).map(|rule| rule.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visibility::ComponentKind::{Prompt, Resource, Tool};

    fn decided(rules: &VisibilityRules, kind: super::super::ComponentKind, name: &str, tags: &[&str]) -> Option<bool> {
        let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        rules.decide(&Subject { kind, id: "x:y", name, tags: &tags })
    }

    #[test]
    fn the_last_rule_that_fits_decides_by_name_tag_and_kind() {
        let rules = VisibilityRules::default()
            .hide(Selector::all())
            .show("open")
            .hide(Selector::name("b").of_kind(Tool))
            .show(Selector::name("x:y").of_kind(Resource));
        assert_eq!(decided(&rules, Tool, "a", &["open", "other"]), Some(true));
        assert_eq!(decided(&rules, Tool, "b", &["open"]), Some(false), "a later one");
        assert_eq!(decided(&rules, Prompt, "b", &["open"]), Some(true), "of another kind");
        assert_eq!(decided(&rules, Prompt, "b", &["Open"]), Some(false), "another tag");
        assert_eq!(decided(&rules, Resource, "b", &[]), Some(true), "by its URI");
        assert_eq!(decided(&VisibilityRules::default(), Tool, "a", &[]), None);
        let both = VisibilityRules::default().hide(Selector::name("a").tagged("old"));
        assert_eq!(decided(&both, Tool, "a", &["old"]), Some(false));
        assert_eq!((decided(&both, Tool, "a", &[]), decided(&both, Tool, "b", &["old"])), (None, None));
    }

    #[test]
    fn what_decides_nothing_any_more_is_dropped_and_there_is_a_most() {
        let mut rules = VisibilityRules::default();
        for _ in 0..1_000 {
            rules = rules.show("a").hide("b").hide("a").show("b");
        }
        assert_eq!(rules, VisibilityRules::default().hide("a").show("b"));
        assert_eq!(rules.clone().hide(Selector::all()), VisibilityRules::default().hide(Selector::all()));
        for index in 0..MOST - 2 {
            rules.put(Selector::name(format!("n{index}")), true);
        }
        assert!(rules.check().is_ok() && rules.clone().show("one more").check().is_err());
        assert!(VisibilityRules::default().show(&*"x".repeat(LONGEST + 1)).check().is_err());
    }

    #[test]
    fn rules_are_stored_as_documented() {
        let rules = VisibilityRules::default().hide("a").show(Selector::name("b").of_kind(Prompt));
        let stored = r#"{"format":1,"rules":[{"shown":false,"which":{"tag":"a"}},{"shown":true,"which":{"kind":"prompt","name":"b"}}]}"#;
        assert_eq!(serde_json::to_string(&rules).unwrap(), stored);
        assert_eq!(serde_json::from_str::<VisibilityRules>(stored).unwrap(), rules);
    }
}
