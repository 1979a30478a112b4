//! The server's own key, hidden in every text on its way to the log, an answer, or a stored processing error.

use std::borrow::Cow;
use std::sync::Arc;

/// Shorter keys are words rather than secrets, and would make messages unreadable.
const SHORTEST: usize = 8;

tokio::task_local! {
    /// The mask of the server that this task or thread works for.
    static CURRENT: Mask;
}

/// Hides one key; the default hides nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask(Option<Secret>);

#[derive(Clone)]
struct Secret(Arc<str>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Mask {
    pub(crate) fn new(key: &str) -> Self {
        Self((key.len() >= SHORTEST).then(|| Secret(key.into())))
    }

    /// The text with `…` in place of the key, in upper or lower case, and of its first three
    /// quarters or more: messages cut long values, and with them a key.
    pub(crate) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(Secret(key)) = &self.0 else { return Cow::Borrowed(text) };
        let enough = key.len() - key.len() / 4;
        let mut hidden = String::new();
        // Where in the text the part begins that was not copied yet, and the part that was not looked at.
        let (mut copied, mut at) = (0, 0);
        while at < text.len() {
            let same = text.as_bytes()[at..]
                .iter()
                .zip(key.as_bytes())
                .take_while(|(written, own)| written.eq_ignore_ascii_case(own))
                .count();
            if same < enough {
                at += 1;
                continue;
            }
            // A key is ASCII, so that it begins and ends between characters.
            hidden.push_str(&text[copied..at]);
            hidden.push('\u{2026}');
            at += same;
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        hidden.push_str(&text[copied..]);
        Cow::Owned(hidden)
    }

    /// Runs a task in which [`hide`] hides this key.
    pub(crate) async fn scope<T>(&self, task: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), task).await
    }

    /// Runs the work of a thread in which [`hide`] hides this key.
    pub(crate) fn scope_thread<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }
}

/// The text without the key of the server that this task or thread works for.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    CURRENT.try_with(|mask| mask.hide(text)).unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "abcdef0123456789abcdef0123456789";

    #[test]
    fn a_key_is_hidden_wherever_it_stands_and_however_it_is_written() {
        let mask = Mask::new(KEY);
        for (text, expected) in [
            ("KEY", "…"),
            ("job-KEYx", "job-…x"),
            ("http://KEY@127.0.0.1/1, and KEYKEY", "http://…@127.0.0.1/1, and ……"),
            ("é KEY é", "é … é"),
            ("abcdef0123456789abcdef01", "…"),
            ("abcdef0123456789abcdef0", "abcdef0123456789abcdef0"),
            ("abcabcdef0123456789abcdef0123", "abc…"),
            ("", ""),
        ] {
            for key in [KEY.to_owned(), KEY.to_uppercase()] {
                assert_eq!(mask.hide(&text.replace("KEY", &key)), expected, "{text}");
            }
        }
        assert_eq!(Mask::new("job").hide("the job"), "the job");
        assert_eq!(Mask::default().hide(KEY), KEY);
        assert!(!format!("{mask:?}").contains(KEY));
    }

    proptest! {
        #[test]
        fn no_text_keeps_a_key_and_all_else_of_it_stays(before in ".{0,20}", after in ".{0,20}") {
            let text = format!("{before}{KEY}{after}");
            let hidden = Mask::new(KEY).hide(&text).into_owned();
            prop_assert!(!hidden.contains(KEY));
            prop_assert_eq!(hidden, format!("{before}\u{2026}{after}"));
        }
    }
}
