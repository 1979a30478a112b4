//! Unit files of systemd: sections of `Key=value`.

/// The assignments of a unit file, each with its section, in order.
#[derive(Debug, Default)]
pub(super) struct UnitFile(Vec<(String, String, String)>);

impl UnitFile {
    /// Reads a file. A backslash at the end of a line joins it with the next one; lines without `=` and comments are passed over.
    pub(super) fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        let mut section = String::new();
        let mut joined = String::new();
        for line in text.lines() {
            let is_comment = line.trim_start().starts_with(['#', ';']);
            if is_comment {
                continue;
            }
            if let Some(part) = line.trim_end().strip_suffix('\\') {
                joined.push_str(part);
                joined.push(' ');
                continue;
            }
            joined.push_str(line);
            let whole = std::mem::take(&mut joined);
            let whole = whole.trim();
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = whole.split_once('=') {
                entries.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self(entries)
    }

    /// Adds the assignments of a drop-in.
    pub(super) fn append(&mut self, drop_in: Self) {
        self.0.extend(drop_in.0);
    }

    /// Returns whether a key is assigned, be it an empty value.
    pub(super) fn sets(&self, section: &str, key: &str) -> bool {
        self.0.iter().any(|(of, name, _)| of == section && name == key)
    }

    /// The assignments of keys that belong together, in order. An empty value of any of them takes back those before it.
    pub(super) fn assignments<'a>(&'a self, section: &str, keys: &[&str]) -> Vec<(&'a str, &'a str)> {
        let mut found = Vec::new();
        for (_, key, value) in
            self.0.iter().filter(|(of, key, _)| of == section && keys.contains(&key.as_str()))
        {
            if value.is_empty() {
                found.clear();
            } else {
                found.push((key.as_str(), value.as_str()));
            }
        }
        found
    }

    /// The values of a key, in order. An empty value takes back those before it.
    pub(super) fn values(&self, section: &str, key: &str) -> Vec<&str> {
        self.assignments(section, &[key]).into_iter().map(|(_, value)| value).collect()
    }

    /// The last value of a key.
    pub(super) fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.values(section, key).pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_section_and_key_and_can_be_taken_back() {
        let text = "# a\n[Timer]\nOnCalendar=hourly\nOnCalendar=\n OnCalendar = daily \n; b\n[Service]\n\
            ExecStart=/bin/a \\\n# c\n  b\nOnCalendar=x\nnonsense\n";
        let unit = UnitFile::parse(text);
        assert_eq!(unit.values("Timer", "OnCalendar"), ["daily"]);
        assert_eq!(
            unit.value("Service", "ExecStart").unwrap().split_whitespace().collect::<Vec<_>>(),
            ["/bin/a", "b"]
        );
        assert_eq!(unit.value("Install", "WantedBy"), None);
    }

    #[test]
    fn a_drop_in_adds_to_the_unit_or_takes_back() {
        let mut unit = UnitFile::parse("[Timer]\nOnBootSec=5min\nOnCalendar=daily\n");
        unit.append(UnitFile::parse("[Timer]\nOnCalendar=\nOnCalendar=hourly\n"));
        assert_eq!(unit.values("Timer", "OnCalendar"), ["hourly"]);
        assert_eq!(unit.assignments("Timer", &["OnBootSec", "OnCalendar"]), [("OnCalendar", "hourly")]);
        assert!(unit.sets("Timer", "OnBootSec") && !unit.sets("Service", "ExecStart"));
    }
}
