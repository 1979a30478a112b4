//! Names of units: `backup.timer`, the template `backup@.timer` and its instance `backup@home.timer`.

/// The types of units, by which a name with an ending is told from a name with a dot.
const TYPES: [&str; 11] = [
    "automount",
    "device",
    "mount",
    "path",
    "scope",
    "service",
    "slice",
    "socket",
    "swap",
    "target",
    "timer",
];

/// The name of a unit in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitName {
    /// The name before `@`, or the whole name without its type.
    pub(super) prefix: String,
    /// The text after `@`: empty for a template, `None` for a unit that is neither a template nor an instance.
    pub(super) instance: Option<String>,
    /// The type, such as `timer`.
    pub(super) kind: String,
}

impl UnitName {
    /// Reads a name; without a type it is that of a timer.
    pub(super) fn parse(name: &str) -> Self {
        let typed = name.rsplit_once('.').filter(|(_, kind)| TYPES.contains(kind));
        let (stem, kind) = typed.unwrap_or((name, "timer"));
        let (prefix, instance) = match stem.split_once('@') {
            Some((prefix, instance)) => (prefix, Some(instance.to_owned())),
            None => (stem, None),
        };
        Self { prefix: prefix.to_owned(), instance, kind: kind.to_owned() }
    }

    /// The name with another type.
    pub(super) fn with_kind(&self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self.clone() }
    }

    /// The name without its type.
    pub(super) fn stem(&self) -> String {
        match &self.instance {
            Some(instance) => format!("{}@{instance}", self.prefix),
            None => self.prefix.clone(),
        }
    }

    pub(super) fn is_template(&self) -> bool {
        self.instance.as_deref() == Some("")
    }

    /// The template of an instance; `None` for any other unit.
    pub(super) fn template(&self) -> Option<Self> {
        let is_instance = self.instance.is_some() && !self.is_template();
        is_instance.then(|| Self { instance: Some(String::new()), ..self.clone() })
    }

    /// The names whose drop-ins apply to this unit, the most specific first: its own, its template's, those of its prefixes and its type.
    pub(super) fn names_of_drop_ins(&self) -> Vec<String> {
        let own = [Some(self.to_string()), self.template().map(|template| template.to_string())];
        let dashes = self.prefix.rmatch_indices('-').map(|(place, _)| place + 1);
        let prefixes = dashes.filter(|end| *end < self.prefix.len()).map(|end| &self.prefix[..end]);
        let prefixes = prefixes.map(|prefix| format!("{prefix}.{}", self.kind));
        own.into_iter().flatten().chain(prefixes).chain([self.kind.clone()]).collect()
    }

    /// Replaces the specifiers of a text that stand for parts of this name, such as `%i`; `None` if it has another one.
    pub(super) fn expand(&self, text: &str) -> Option<String> {
        let mut expanded = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                expanded.push(character);
                continue;
            }
            match characters.next()? {
                'i' => expanded.push_str(self.instance.as_deref()?),
                'p' => expanded.push_str(&self.prefix),
                'n' => expanded.push_str(&self.to_string()),
                'N' => expanded.push_str(&self.stem()),
                '%' => expanded.push('%'),
                _ => return None,
            }
        }
        Some(expanded)
    }
}

impl std::fmt::Display for UnitName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.stem(), self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_its_parts() {
        for (text, prefix, instance, kind, shown) in [
            ("backup", "backup", None, "timer", "backup.timer"),
            ("backup.service", "backup", None, "service", "backup.service"),
            ("example.com", "example.com", None, "timer", "example.com.timer"),
            ("bk@.timer", "bk", Some(""), "timer", "bk@.timer"),
            ("bk@home", "bk", Some("home"), "timer", "bk@home.timer"),
        ] {
            let name = UnitName::parse(text);
            let parts = (name.prefix.as_str(), name.instance.as_deref(), name.kind.as_str());
            assert_eq!(parts, (prefix, instance, kind), "{text}");
            assert_eq!(name.to_string(), shown);
        }
        let instance = UnitName::parse("bk@home.timer");
        assert_eq!(instance.template().unwrap().to_string(), "bk@.timer");
        assert!(instance.template().unwrap().is_template());
        assert_eq!(UnitName::parse("bk@.timer").template(), None);
    }

    #[test]
    fn drop_ins_are_those_of_the_unit_its_template_its_prefixes_and_its_type() {
        let names = UnitName::parse("a-b-c@x.service").names_of_drop_ins();
        assert_eq!(names, ["a-b-c@x.service", "a-b-c@.service", "a-b-.service", "a-.service", "service"]);
        assert_eq!(UnitName::parse("backup.timer").names_of_drop_ins(), ["backup.timer", "timer"]);
    }

    #[test]
    fn specifiers_of_the_name_are_replaced() {
        let name = UnitName::parse("bk@home.timer");
        for (text, expected) in [
            ("x@%i.service", Some("x@home.service")),
            ("%p.service", Some("bk.service")),
            ("%N.service", Some("bk@home.service")),
            ("100%%", Some("100%")),
            ("%H.service", None),
            ("%", None),
        ] {
            assert_eq!(name.expand(text).as_deref(), expected, "{text}");
        }
        assert_eq!(UnitName::parse("bk.timer").expand("%i"), None);
    }
}
