//! Hides the public key of this server in every text that goes to the log, into an answer, or into a stored processing error.

use std::borrow::Cow;
use std::sync::Arc;

/// The length from which on a key is hidden. A shorter one may be an ordinary word, and hiding it would make messages unreadable.
const MIN_HIDDEN: usize = 8;

tokio::task_local! {
    /// The mask of the server that this task or thread belongs to.
    static CURRENT: Mask;
}

/// A key that is hidden in texts. The default hides nothing.
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
    /// A mask that hides this key, unless it is shorter than [`MIN_HIDDEN`].
    pub(crate) fn new(key: &str) -> Self {
        Self((key.len() >= MIN_HIDDEN).then(|| Secret(key.into())))
    }

    /// Replaces the key by `…`, in upper or lower case. The first three quarters of the key are enough to be replaced, since messages cut
    /// long values and may cut a key.
    pub(crate) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(Secret(key)) = &self.0 else { return Cow::Borrowed(text) };
        let min_match = key.len() - key.len() / 4;
        let mut hidden = String::new();
        // The text up to `copied` is in `hidden`, the text up to `at` has been searched.
        let (mut copied, mut at) = (0, 0);
        while at < text.len() {
            let same = text.as_bytes()[at..]
                .iter()
                .zip(key.as_bytes())
                .take_while(|(written, own)| written.eq_ignore_ascii_case(own))
                .count();
            if same < min_match {
                at += 1;
                continue;
            }
            // A key is ASCII, so its bytes begin and end at character boundaries.
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

    /// Runs a task; calls of [`hide`] in it hide this key.
    pub(crate) async fn scope<T>(&self, task: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), task).await
    }

    /// Runs the work of a thread; calls of [`hide`] in it hide this key.
    pub(crate) fn scope_thread<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }
}

/// Hides the key of the server that this task or thread belongs to. Outside of [`Mask::scope`] the text stays as it is.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    CURRENT.try_with(|mask| mask.hide(text)).unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "abcdef0123456789abcdef0123456789";

    #[test]
    fn a_key_is_hidden_anywhere_in_upper_and_lower_case() {
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
        fn no_text_keeps_a_key_and_the_rest_stays(before in ".{0,20}", after in ".{0,20}") {
            let text = format!("{before}{KEY}{after}");
            let hidden = Mask::new(KEY).hide(&text).into_owned();
            prop_assert!(!hidden.contains(KEY));
            prop_assert_eq!(hidden, format!("{before}\u{2026}{after}"));
        }
    }
}
