//! Tables of pages, which scroll sideways on narrow screens.

use maud::{Markup, html};

/// A table with these column headers. `heading` is the id of the heading above, which names the table for screen readers.
pub(super) fn table(heading: &str, class: Option<&str>, columns: &[&str], rows: &Markup) -> Markup {
    let head = html! { @for column in columns { th scope="col" { (column) } } };
    table_with_head(heading, class, &head, rows)
}

/// A table whose column headers have attributes of their own.
pub(super) fn table_with_head(heading: &str, class: Option<&str>, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby=(heading) {
            table class=[class] {
                thead { tr { (head) } }
                tbody { (rows) }
            }
        }
    }
}
