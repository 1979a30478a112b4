//! Reads which modules a crate declares, and which of them each one uses.

use std::fs;
use std::path::Path;

/// The modules of a crate by path, each after the one that declares it; those for tests are left out.
pub(crate) struct Modules(Vec<Module>);

struct Module {
    path: Vec<String>,
    children: Vec<String>,
    /// The names that `use` brings into scope, with their absolute paths.
    imports: Vec<(String, Vec<String>)>,
    /// The absolute paths that the code names.
    paths: Vec<Vec<String>>,
}

impl Modules {
    pub(crate) fn read(file: &Path, folder: &Path) -> Self {
        let mut modules = Vec::new();
        read_module(file, folder, &[], &mut modules);
        Self(modules)
    }

    fn get(&self, path: &[String]) -> Option<&Module> {
        self.0.iter().find(|module| module.path == path)
    }

    /// The module that defines what `path` names, through re-exports.
    fn definition(&self, path: &[String], depth: usize) -> Vec<String> {
        let mut at = Vec::new();
        for (place, segment) in path.iter().enumerate() {
            let Some(module) = self.get(&at) else { return at };
            if module.children.contains(segment) {
                at.push(segment.clone());
            } else {
                let import = module.imports.iter().find(|(name, _)| name == segment);
                let Some((_, target)) = import.filter(|_| depth < 8) else { return at };
                let target = [target.as_slice(), &path[place + 1..]].concat();
                return self.definition(&target, depth + 1);
            }
        }
        at
    }

    /// The uses of a module that is declared later than the user, or of one that contains the user. As the modules of a folder are in
    /// order, no circle is left without such a use.
    pub(crate) fn upward_uses(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for module in &self.0 {
            for path in &module.paths {
                let target = self.definition(path, 0);
                let common = module.path.iter().zip(&target).take_while(|(a, b)| a == b).count();
                let why = match (module.path.get(common), target.get(common)) {
                    (Some(_), None) => "contains it",
                    (Some(child), Some(other)) => {
                        let order = &self.get(&target[..common]).unwrap().children;
                        let place = |name| order.iter().position(|child| child == name);
                        if place(other) < place(child) {
                            continue;
                        }
                        "is above it"
                    }
                    _ => continue,
                };
                let fault = format!("{} uses {}, which {why}", module.path.join("::"), target.join("::"));
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        faults
    }
}

fn read_module(file: &Path, folder: &Path, path: &[String], modules: &mut Vec<Module>) {
    let tokens = tokens(&fs::read_to_string(file).unwrap());
    let children = declared(&tokens);
    let (imports, paths) = names(&tokens, path, &children);
    modules.push(Module { path: path.to_vec(), children: children.clone(), imports, paths });
    for child in children {
        let beside = folder.join(format!("{child}.rs"));
        let below = folder.join(&child).join("mod.rs");
        let file = if beside.exists() { beside } else { below };
        let child_path = [path, std::slice::from_ref(&child)].concat();
        read_module(&file, &folder.join(&child), &child_path, modules);
    }
}

/// Identifiers, `::` and single punctuation marks; no comments, texts and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            text_length(rest)
        } else if first == '\'' {
            char_length(rest)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of a `char` literal, or of the quote of a lifetime.
fn char_length(rest: &str) -> usize {
    let inner = &rest[1..];
    if inner.starts_with('\\') {
        return inner[2..].find('\'').map_or(rest.len(), |end| end + 4);
    }
    let first = inner.chars().next().map_or(0, char::len_utf8);
    if inner[first..].starts_with('\'') { first + 2 } else { 1 }
}

/// The modules that `mod name;` declares, in order, without those for tests.
fn declared(tokens: &[String]) -> Vec<String> {
    let is_for_tests = |at: usize| {
        let before = &tokens[..at];
        let attribute = before.rsplit(|token| token == ";" || token == "}").next().unwrap_or_default();
        attribute.windows(3).any(|window| window[0] == "cfg" && window[1] == "(" && window[2] == "test")
            || attribute.iter().any(|token| token == "crons_model")
    };
    let declared = tokens.windows(3).enumerate();
    declared
        .filter(|(at, window)| window[0] == "mod" && window[2] == ";" && !is_for_tests(*at))
        .map(|(_, window)| window[1].clone())
        .collect()
}

/// The imports and all absolute paths of a file. Modules for tests inside it are left out.
#[expect(clippy::type_complexity, reason = "two lists")]
fn names(
    tokens: &[String],
    path: &[String],
    children: &[String],
) -> (Vec<(String, Vec<String>)>, Vec<Vec<String>>) {
    let (mut imports, mut paths) = (Vec::new(), Vec::new());
    let (mut at, mut depth) = (0, 0);
    // The depths at which modules inside the file begin.
    let mut inner = Vec::new();
    while at < tokens.len() {
        let next = |by: usize| tokens.get(at + by).map_or("", String::as_str);
        match tokens[at].as_str() {
            "mod" if next(2) == "{" => {
                if next(1) == "tests" {
                    break;
                }
                inner.push(depth);
                at += 1;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.pop_if(|begin| *begin == depth);
            }
            "use" => {
                let end =
                    tokens[at..].iter().position(|token| token == ";").map_or(tokens.len(), |end| at + end);
                let mut uses = Vec::new();
                use_tree(&tokens[at + 1..end], &[], &mut uses);
                for (name, used) in uses {
                    if let Some(used) = absolute(&used, path, children, inner.len()) {
                        paths.push(used.clone());
                        if inner.is_empty() {
                            imports.push((name, used));
                        }
                    }
                }
                at = end;
            }
            "crate" | "super" | "self" if next(1) == "::" && (at == 0 || tokens[at - 1] != "$") => {
                let mut used = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens
                        .get(at + 2)
                        .is_some_and(|token| token.starts_with(|c: char| c.is_alphabetic() || c == '_'))
                {
                    used.push(tokens[at + 2].clone());
                    at += 2;
                }
                paths.extend(absolute(&used, path, children, inner.len()));
            }
            _ => {}
        }
        at += 1;
    }
    (imports, paths)
}

/// Collects each name that a tree of `use` brings into scope, with its path as written.
fn use_tree(tokens: &[String], prefix: &[String], uses: &mut Vec<(String, Vec<String>)>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "as" => {
                name = tokens.get(at + 1).cloned();
                at += 1;
            }
            "{" => {
                let mut depth = 0;
                let inside = tokens[at..].iter().position(|token| {
                    depth += i32::from(token == "{") - i32::from(token == "}");
                    depth == 0
                });
                let end = at + inside.unwrap();
                let mut begin = at + 1;
                let mut depth = 0;
                for place in at + 1..=end {
                    let token = tokens[place].as_str();
                    if depth == 0 && (token == "," || place == end) {
                        if begin < place {
                            use_tree(&tokens[begin..place], &path, uses);
                        }
                        begin = place + 1;
                    }
                    depth += i32::from(token == "{") - i32::from(token == "}");
                }
                return;
            }
            "self" if !path.is_empty() => {}
            segment => path.push(segment.to_owned()),
        }
        at += 1;
    }
    if let Some(last) = path.last() {
        uses.push((name.unwrap_or_else(|| last.clone()), path));
    }
}

/// The path from the root of the crate; `None` for another crate. `inner` modules lie between the path and its file.
fn absolute(used: &[String], file: &[String], children: &[String], inner: usize) -> Option<Vec<String>> {
    let mut at: Vec<String> = match used.first()?.as_str() {
        "crate" => return Some(used[1..].to_vec()),
        "super" | "self" => file.to_vec(),
        first if inner == 0 && children.iter().any(|child| child == first) => {
            return Some([file, used].concat());
        }
        _ => return None,
    };
    let mut inner = inner;
    let mut rest = used;
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "super" if inner > 0 => inner -= 1,
            "super" => _ = at.pop(),
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    Some([at.as_slice(), rest].concat())
}
