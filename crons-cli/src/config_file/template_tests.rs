//! The template has every key, with its default or with an example that works.

use super::*;

/// The lines of the template that begin with `mark`, without it: defaults for `#`, examples for `# `.
fn uncommented(mark: &str) -> String {
    let is_toml = |line: &&str| {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    TEMPLATE.lines().filter_map(|line| line.strip_prefix(mark)).filter(is_toml).collect::<Vec<_>>().join("\n")
}

fn keys_of(table: &DeTable<'_>) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(inner) => {
                keys.extend(keys_of(inner).iter().map(|inner| format!("{}.{inner}", key.get_ref())));
            }
            _ => keys.push(key.get_ref().to_string()),
        }
    }
    keys
}

#[test]
fn the_template_as_printed_sets_nothing() {
    assert!(DeTable::parse(TEMPLATE).unwrap().get_ref().is_empty());
}

#[test]
fn the_defaults_in_the_template_are_the_defaults() {
    let text = uncommented("#");
    // The values differ from the defaults, so that a key that the template lacks fails the test.
    let mut config = Config::default();
    for (key, other) in [
        ("listen", "[::1]:1"),
        ("database", "sqlite:other.db"),
        ("allow_private_targets", "true"),
        ("drill", "weekly"),
        ("rate_limit", "off"),
        ("max_monitors", "1"),
        ("max_environments", "1"),
        ("retention.success_days", "1"),
        ("retention.failure_days", "1"),
        ("retention.check_ins", "720"),
    ] {
        config.set(key, other).unwrap();
    }
    let faults = apply(Path::new(NAME), &text, &mut config);
    assert!(faults.is_empty(), "{faults:?} in\n{text}");
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
}

#[test]
fn every_key_is_in_the_template() {
    let (defaults, examples) = (uncommented("#"), uncommented("# "));
    let mut keys = keys_of(DeTable::parse(&defaults).unwrap().get_ref());
    let examples = DeTable::parse(&examples).unwrap();
    keys.extend(keys_of(examples.get_ref()));
    for key in KEYS.into_iter().chain(TARGET_KEYS).chain([
        "alert",
        "maintenance",
        "pulse.url",
        "pulse.every",
        "pulse.timeout",
        "digest.at",
        "digest.timezone",
        "digest.days",
        "digest.to",
    ]) {
        assert!(keys.iter().any(|there| there == key), "{key} is not in {keys:?}");
    }
    assert_eq!(keys.len(), KEYS.len() + TARGET_KEYS.len() + 9, "{keys:?}");
}

/// The keys of the tables of targets, by the names in the template; those of secrets in files and variables are left out where the template
/// has the secret itself.
const TARGET_KEYS: [&str; 47] = [
    "webhook.ops.url",
    "webhook.ops.secret",
    "webhook.ops.timeout",
    "slack.team.url",
    "slack.team.timeout",
    "email.oncall.url",
    "email.oncall.starttls",
    "email.oncall.username",
    "email.oncall.password_file",
    "email.oncall.from",
    "email.oncall.to",
    "email.oncall.timeout",
    "discord.team2.url",
    "discord.team2.timeout",
    "telegram.team3.token",
    "telegram.team3.chat_id",
    "telegram.team3.message_thread_id",
    "telegram.team3.url",
    "telegram.team3.timeout",
    "teams.team4.url",
    "teams.team4.timeout",
    "pagerduty.oncall2.routing_key",
    "pagerduty.oncall2.severity",
    "pagerduty.oncall2.url",
    "pagerduty.oncall2.timeout",
    "ntfy.phone.topic",
    "ntfy.phone.token",
    "ntfy.phone.url",
    "ntfy.phone.timeout",
    "pushover.phone2.token",
    "pushover.phone2.user",
    "pushover.phone2.url",
    "pushover.phone2.timeout",
    "google_chat.team5.url",
    "google_chat.team5.timeout",
    "matrix.team6.url",
    "matrix.team6.token",
    "matrix.team6.room",
    "matrix.team6.timeout",
    "gotify.phone3.url",
    "gotify.phone3.token_env",
    "gotify.phone3.timeout",
    "apprise.others.url",
    "apprise.others.tag",
    "apprise.others.timeout",
    "command.pager.run",
    "command.pager.timeout",
];

#[test]
fn the_alerts_of_the_template_work_with_a_real_secret() {
    let text = uncommented("# ");
    let examples = text.split_once("[webhook").unwrap().1;
    let (mut config, secret) = (Config::default(), "whsec_, and what `openssl rand -base64 32` prints");
    let text = format!("[webhook{examples}");
    assert!(!apply(Path::new(NAME), &text, &mut config).is_empty(), "the placeholder is a secret");
    let text = text.replace(secret, "whsec_bm90IGEgc2VjcmV0LCBtYWtlIG9uZSBvZiB5b3VyIG93bg==");
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "secret\n").unwrap();
    let text = text.replace("/etc/crons/mail-password", password.to_str().unwrap());
    // Cargo sets this variable.
    let text = text.replace("CRONS_GOTIFY_TOKEN", "CARGO_PKG_NAME");
    assert_eq!(apply(Path::new(NAME), &text, &mut config), [""; 0]);
    let alerts = config.settings.alerts;
    let kinds: Vec<_> = alerts.targets().map(|(_, target)| target.kind()).collect();
    assert_eq!(kinds.len(), 14, "{kinds:?}");
    assert_eq!(alerts.digest().unwrap().to(), ["ops", "team"]);
    assert!(!format!("{alerts:?}").contains("secret\""), "{alerts:?}");
}

#[test]
fn the_maintenance_window_of_the_template_works() {
    let text = uncommented("# ");
    let (_, examples) = text.split_once("[[maintenance]]").unwrap();
    let (example, _) = examples.split_once("[webhook").unwrap();
    let mut config = Config::default();
    assert_eq!(apply(Path::new(NAME), &format!("[[maintenance]]{example}"), &mut config), [""; 0]);
    assert_eq!(config.settings.maintenance.len(), 1);
}

#[test]
fn the_placeholders_of_secrets_are_not_accepted() {
    for (key, value) in [
        ("key", "what stands before the @ in the DSN"),
        ("admin_token", "what `openssl rand -hex 32` prints"),
    ] {
        assert!(TEMPLATE.contains(value));
        assert!(Config::default().set(key, value).is_err(), "{key}");
    }
}
