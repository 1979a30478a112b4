//! Messages about a server that stops answering, for the commands that ask again and again.

use std::io::Write;

use crate::api_client::ApiClient;
use crate::api_error::ApiError;

/// The outage of a server, with the last message about it.
#[derive(Default)]
pub(crate) struct ServerOutage {
    /// The last error that was printed; `None` while the server answers.
    printed: Option<String>,
}

impl ServerOutage {
    /// Prints the error of a request to standard error, once for as long as it stays the same, and a line when the server answers again.
    /// `error` is `None` if the request succeeded.
    ///
    /// # Errors
    /// If standard error cannot be written.
    pub(crate) fn report(&mut self, client: &ApiClient, error: Option<&ApiError>) -> std::io::Result<()> {
        match self.message(client.base(), error.map(ToString::to_string)) {
            Some(message) => writeln!(std::io::stderr(), "crons: {message}"),
            None => Ok(()),
        }
    }

    /// The message about the outcome of a request; `None` if the last one still holds.
    fn message(&mut self, base: &str, error: Option<String>) -> Option<String> {
        if error == self.printed {
            return None;
        }
        self.printed.clone_from(&error);
        Some(error.unwrap_or_else(|| format!("the server at {base} answers again")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_once_when_it_is_over() {
        let mut outage = ServerOutage::default();
        let mut told = |error: Option<&str>| outage.message("http://host", error.map(str::to_owned));
        for (error, expected) in [
            (None, None),
            (Some("refused"), Some("refused")),
            (Some("refused"), None),
            (Some("no answer"), Some("no answer")),
            (None, Some("the server at http://host answers again")),
            (None, None),
            (Some("refused"), Some("refused")),
        ] {
            assert_eq!(told(error).as_deref(), expected, "{error:?}");
        }
    }
}
