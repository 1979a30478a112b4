//! Pages as a browser asks for them. Redirects are not followed.

use serde_json::{Value, json};

use super::Harness;

/// The header by which a browser prefers pages to JSON.
pub const ACCEPT: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// An answer: its status, its headers, and its body as text.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Page {
    /// The value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the address that the answer redirects to.
    pub fn redirect(&self) -> (u16, &str) {
        (self.status, self.header("location"))
    }
}

/// Asks for a page with these headers.
pub fn get(server: &Harness, path: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = server.agent.get(server.url(path)).config().max_redirects(0).build();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    page(request.call())
}

/// Sends a form with these headers.
pub fn post(server: &Harness, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Page {
    let mut request = server.agent.post(server.url(path)).config().max_redirects(0).build();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    page(request.send_form(form.iter().copied()))
}

fn page(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Page {
    let mut answer = answer.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Page { status, headers, body: answer.body_mut().read_to_string().unwrap() }
}

/// A check-in of an hourly job.
pub fn run(slug: &str, environment: &str, id: &str, status: &str) -> Value {
    json!({
        "check_in_id": id, "monitor_slug": slug, "status": status, "environment": environment,
        "monitor_config": {"schedule": {"type": "crontab", "value": "0 * * * *"}},
    })
}

/// A server with the monitors `a`, `b` and `c`, each with `production` and `staging`.
pub fn three_monitors() -> Harness {
    let server = Harness::at("10:00:00");
    for (number, slug) in ["a", "b", "c"].into_iter().enumerate() {
        for (place, environment) in ["production", "staging"].into_iter().enumerate() {
            let id = format!("{:032x}", 1 + 2 * number + place);
            assert_eq!(server.send("10:00:00", &run(slug, environment, &id, "ok")).status, 200);
        }
    }
    server
}
