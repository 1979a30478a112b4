//! Units of systemd, found by name or by path, each with the drop-ins that change it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::unit_file::UnitFile;
use super::unit_name::UnitName;

/// The folders in which systemd looks for units of the system, the most important first.
pub(crate) const FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The folders of units of users, beside those in a home.
const USER_FOLDERS: &[&str] = &[
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// The manager that runs a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    /// The manager of the machine.
    System,
    /// The manager of each user.
    User,
    /// The manager of one user, who has the unit in the home.
    Home,
}

impl Manager {
    /// Tells the manager by the folder of a unit.
    fn of(folder: &Path) -> Self {
        if [".config/systemd/user", ".local/share/systemd/user"].iter().any(|end| folder.ends_with(end)) {
            Self::Home
        } else if folder.ends_with("systemd/user") {
            Self::User
        } else {
            Self::System
        }
    }

    /// The folder for drop-ins of the administrator, or of the user.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::System => "/etc/systemd/system",
            Self::User => "/etc/systemd/user",
            Self::Home => "~/.config/systemd/user",
        }
    }
}

/// A unit with its drop-ins applied.
pub(super) struct Unit {
    pub(super) name: UnitName,
    pub(super) content: UnitFile,
    /// The file name of the last drop-in that sets `ExecStart=`.
    pub(super) last_exec_start: Option<String>,
}

/// The folders in which the units that one argument is about are looked for.
pub(super) struct Units {
    /// Folders that belong together. A unit and its drop-ins are in those of one group.
    groups: Vec<Vec<PathBuf>>,
    pub(super) manager: Manager,
}

impl Units {
    /// The folders for a unit that is named by its path, or by its name in one of the folders of the system.
    pub(super) fn around(unit: &str, system: &[&str]) -> Self {
        let paths = |folders: &[&str]| folders.iter().map(PathBuf::from).collect::<Vec<_>>();
        if !unit.contains('/') {
            return Self { groups: vec![paths(system)], manager: Manager::System };
        }
        let path = std::path::absolute(unit).unwrap_or_else(|_| unit.into());
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let manager = Manager::of(&folder);
        let known = paths(if manager == Manager::System { system } else { USER_FOLDERS });
        let groups = match manager {
            Manager::System if known.contains(&folder) => vec![known],
            Manager::System => vec![vec![folder], known],
            Manager::User | Manager::Home => {
                let mut all = vec![folder];
                all.extend(known);
                vec![all]
            }
        };
        Self { groups, manager }
    }

    /// Reads a unit with its drop-ins. The file of an instance may be that of its template.
    ///
    /// # Errors
    /// If there is no such file, or one cannot be read.
    pub(super) fn read(&self, name: &UnitName) -> Result<Unit, String> {
        let file_names =
            [Some(name.clone()), name.template()].into_iter().flatten().map(|name| name.to_string());
        let file_names: Vec<String> = file_names.collect();
        let found = self.groups.iter().find_map(|group| {
            let paths = file_names.iter().flat_map(|file| group.iter().map(move |folder| folder.join(file)));
            Some((group, paths.into_iter().find(|path| path.is_file())?))
        });
        let (group, path) = found.ok_or_else(|| {
            let folders = self.groups.iter().flatten().map(|folder| folder.display().to_string());
            format!(
                "there is no unit {} in {}; name the path of its file",
                file_names.join(" or "),
                folders.collect::<Vec<_>>().join(", ")
            )
        })?;
        let mut content = read(&path)?;
        let mut last_exec_start = None;
        for (file_name, path) in drop_ins(name, group) {
            let drop_in = read(&path)?;
            if drop_in.sets("Service", "ExecStart") {
                last_exec_start = Some(file_name);
            }
            content.append(drop_in);
        }
        Ok(Unit { name: name.clone(), content, last_exec_start })
    }
}

/// The drop-ins of a unit in the order in which systemd applies them, by file name. Of two with one name that of the first folder counts.
fn drop_ins(name: &UnitName, folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for of in name.names_of_drop_ins() {
            let Ok(entries) = std::fs::read_dir(folder.join(format!("{of}.d"))) else { continue };
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.extension().is_some_and(|ending| ending == "conf") {
                    found.entry(file_name).or_insert(path);
                }
            }
        }
    }
    found
}

fn read(path: &Path) -> Result<UnitFile, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(UnitFile::parse(&text))
}
