pub fn rotate_logs(folder: &Path, kept: usize) -> io::Result<usize> {
    use ::crons::__private as __crons;
    let run = __crons::start({
        static __CRONS_DEFINITION: __crons::Definition = __crons::Definition::new("rotate-logs");
        __crons::list!(__CRONS_DEFINITION);
        &__CRONS_DEFINITION
    });
    let output = __crons::call(run.as_ref(), move || -> io::Result<usize> {
        let mut kept = kept;
        kept += 1;
        fs::remove_dir(folder)?;
        Ok(kept)
    });
    __crons::finish(run, {
        use __crons::by_type::*;
        (&&&&&__crons::Probe(&output)).__crons_verdict()
    });
    return output;
}
