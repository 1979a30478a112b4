//! Programs that run other programs or scripts, and the options of them that must be known to find those.

/// A program that runs another one.
pub(super) struct Wrapper {
    pub(super) name: &'static str,
    /// The options of the program that have a value of their own.
    pub(super) valued: &'static [&'static str],
    /// The number of arguments of the program before the other one.
    pub(super) own: usize,
}

pub(super) const WRAPPERS: [Wrapper; 16] = [
    Wrapper { name: "chronic", valued: &[], own: 0 },
    Wrapper { name: "chrt", valued: &[], own: 1 },
    Wrapper { name: "command", valued: &[], own: 0 },
    Wrapper { name: "env", valued: &["-u", "-C"], own: 0 },
    Wrapper { name: "exec", valued: &["-a"], own: 0 },
    Wrapper { name: "flock", valued: &["-w", "-E"], own: 1 },
    Wrapper { name: "ionice", valued: &["-c", "-n", "-p"], own: 0 },
    Wrapper { name: "nice", valued: &["-n"], own: 0 },
    Wrapper { name: "nohup", valued: &[], own: 0 },
    Wrapper { name: "setsid", valued: &[], own: 0 },
    Wrapper { name: "stdbuf", valued: &["-i", "-o", "-e"], own: 0 },
    Wrapper { name: "sudo", valued: &["-u", "-g", "-h", "-p"], own: 0 },
    Wrapper { name: "systemd-cat", valued: &["-t", "-p"], own: 0 },
    Wrapper { name: "taskset", valued: &[], own: 1 },
    Wrapper { name: "time", valued: &["-f", "-o"], own: 0 },
    Wrapper { name: "timeout", valued: &["-k", "-s"], own: 1 },
];

/// A program that runs a script.
pub(super) struct Interpreter {
    pub(super) name: &'static str,
    /// The options of the program that have a value of their own.
    pub(super) valued: &'static [&'static str],
    /// The options whose value is the code to run.
    pub(super) code: &'static [&'static str],
}

pub(super) const INTERPRETERS: [Interpreter; 8] = [
    Interpreter { name: "java", valued: &["-cp", "-classpath", "--class-path"], code: &[] },
    Interpreter {
        name: "node",
        valued: &["-r", "--require", "--import", "--loader"],
        code: &["-e", "-p", "--eval"],
    },
    Interpreter { name: "perl", valued: &["-I"], code: &["-e", "-E"] },
    Interpreter { name: "php", valued: &["-d", "-c", "-z"], code: &["-r"] },
    Interpreter { name: "python", valued: &["-W", "-X"], code: &["-c"] },
    Interpreter { name: "Rscript", valued: &[], code: &["-e"] },
    Interpreter { name: "ruby", valued: &["-r", "-I", "-C"], code: &["-e"] },
    Interpreter { name: "run-parts", valued: &["-a", "-u", "--arg", "--umask"], code: &[] },
];

pub(super) const SHELLS: [&str; 5] = ["bash", "dash", "ksh", "sh", "zsh"];

/// Programs that prepare a job and are none.
pub(super) const PREPARATIONS: [&str; 5] = ["logger", "mkdir", "sleep", "touch", "true"];

/// Programs whose next word says what they do.
pub(super) const DISPATCHERS: [&str; 14] = [
    "artisan",
    "bin/console",
    "composer",
    "console",
    "docker",
    "drush",
    "magento",
    "make",
    "manage",
    "npm",
    "occ",
    "rake",
    "wp",
    "yarn",
];
