//! Revisions of monitors in the headers `ETag` and `If-Match`.

use axum::http::{HeaderMap, header};

use crate::store::MonitorView;

/// The value of `ETag` for a monitor, which differs after each change by a person. Check-ins leave it as it is.
pub(super) fn etag(view: &MonitorView) -> String {
    format!("\"{:016x}\"", view.revision())
}

/// The revisions that `If-Match` names; `None` without the header, and for `*`. A foreign tag names no revision.
pub(super) fn expected(headers: &HeaderMap) -> Option<Vec<u64>> {
    let mut tags = headers.get_all(header::IF_MATCH).into_iter().peekable();
    tags.peek()?;
    let mut revisions = Vec::new();
    for tag in tags.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let tag = String::from_utf8_lossy(tag.trim_ascii());
        if tag == "*" {
            return None;
        }
        // A proxy that compresses answers makes tags weak.
        let tag = tag.strip_prefix("W/").unwrap_or(&tag).trim_matches('"');
        let is_ours = tag.len() == 16 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        revisions.extend(u64::from_str_radix(tag, 16).ok().filter(|_| is_ours));
    }
    Some(revisions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_is_read_in_all_its_forms() {
        for (written, expected_revisions) in [
            (&[][..], None),
            (&["*"], None),
            (&["\"000000000000000a\""], Some(vec![10])),
            (&["W/\"000000000000000a\""], Some(vec![10])),
            (&["\"000000000000000a\", \"000000000000000b\""], Some(vec![10, 11])),
            (&["\"000000000000000a\"", "\"000000000000000b\""], Some(vec![10, 11])),
            (&["\"other\""], Some(vec![])),
            (&["\"+00000000000000a\""], Some(vec![])),
            (&[""], Some(vec![])),
        ] {
            let mut headers = HeaderMap::new();
            for value in written {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            assert_eq!(expected(&headers), expected_revisions, "{written:?}");
        }
    }
}
