//! The checks that hold on every page.

use std::path::Path;

use serde_json::Value;

use crate::browser::Browser;

const MISSING: &str = "the browser tests need axe-core: `tests/browser/run` installs it from npm, and CRONS_AXE names another \
    `axe.min.js`";

/// The script of axe-core, which finds faults of accessibility.
fn axe() -> String {
    let installed =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/browser/node_modules/axe-core/axe.min.js");
    let path = std::env::var("CRONS_AXE").unwrap_or_else(|_| installed.to_owned());
    std::fs::read_to_string(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}; {MISSING}"))
}

impl Browser {
    /// Asserts that axe-core finds nothing, that the console has no error and no violation of the content-security policy, that nothing is
    /// wider than the window, and that the page sets text and background for the colour scheme.
    pub async fn assert_well(&self) {
        let path = self.path().await;
        let console = self.console().await;
        assert!(console.is_empty(), "{path}: the console has {console:#?}");
        self.assert_accessible(&path).await;
        let widths = self
            .evaluate("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            .await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{path}: the page scrolls sideways, {widths}");
        let colours = self
            .evaluate("const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]")
            .await;
        let luminance = |colour: &Value| {
            let colour = colour.as_str().unwrap_or_default();
            let parts = colour.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
            parts.map(|part| part.parse::<u32>().unwrap_or(u32::MAX / 4)).sum::<u32>()
        };
        let is_dark = luminance(&colours[0]) > luminance(&colours[1]);
        assert_eq!(is_dark, self.look.dark, "{path}: text and background are {colours}");
    }

    /// Asserts that axe-core finds no violation on the page.
    async fn assert_accessible(&self, path: &str) {
        // The scripts of the page are not run by this: axe-core is asynchronous, which needs scripts.
        self.run_scripts(true).await;
        self.client.execute(&axe(), Vec::new()).await.unwrap();
        // A row that fades in has less contrast for a moment, so animations that end are at their end.
        let script = "const done = arguments[0];
            for (const animation of document.getAnimations()) {
                if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
            }
            axe.run(document, {resultTypes: ['violations']}).then(
                (found) => done(found.violations.map((v) => [v.id, v.help, ...v.nodes.map((n) => n.html + ' ' + n.failureSummary)])),
                (error) => done(['axe', String(error)]));";
        let found: Value = self.client.execute_async(script, Vec::new()).await.unwrap();
        self.run_scripts(self.look.scripts).await;
        assert!(found.as_array().is_some_and(Vec::is_empty), "{path}: axe-core finds {found:#}");
    }
}
