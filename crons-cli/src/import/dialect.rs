//! Items of schedules that cron, and robfig/cron of Kubernetes, read in another way than the server.

/// Explains an item of a schedule that cron refuses, or takes for other times than the server; `None` if there is none.
pub(super) fn foreign_item(fields: &str) -> Option<String> {
    fields.split([' ', ',']).find_map(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, ""));
        let is_last = item.eq_ignore_ascii_case("L") || item.eq_ignore_ascii_case("LW");
        let is_last_weekday = item.strip_suffix(['L', 'l']).is_some_and(|day| day.parse::<u8>().is_ok());
        if item.contains('#') || is_last || is_last_weekday {
            return Some(format!(
                "{item:?} is known to the server and not to cron; write days that cron knows"
            ));
        }
        let (first, last) = range.split_once('-')?;
        (first == last && !step.is_empty()).then(|| {
            format!(
                "{item:?} is {first} alone to cron, and a step without an end to the server; write {first}"
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_cron_reads_in_another_way_is_named() {
        for (fields, expected) in [
            (
                "5-5/2 * * * *",
                "\"5-5/2\" is 5 alone to cron, and a step without an end to the server; write 5",
            ),
            ("0 3 * * 1#1", "\"1#1\" is known to the server and not to cron"),
            ("0 3 L * *", "\"L\" is known"),
            ("0 3 * * 1,5L", "\"5L\" is known"),
        ] {
            let found = foreign_item(fields).unwrap_or_default();
            assert!(found.contains(expected), "{fields}: {found}");
        }
        for fields in ["*/5 1-5/2 5-5 jan,jul MON-FRI", "5/2 * * apr *", "@daily"] {
            assert_eq!(foreign_item(fields), None, "{fields}");
        }
    }
}
