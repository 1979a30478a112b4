pub fn rotate_logs(folder: &Path, kept: usize) -> io::Result<usize> {
    use ::crons::__private as __crons;
    let __crons_run = __crons::start({
        static __CRONS_DEFINITION: __crons::Definition = __crons::Definition::new("rotate-logs");
        __crons::list!(__CRONS_DEFINITION);
        &__CRONS_DEFINITION
    });
    let __crons_output = __crons::call(&__crons_run, move || -> io::Result<usize> {
        #[allow(clippy::shadow_same)]
        let mut kept = kept;
        kept += 1;
        fs::remove_dir(folder)?;
        Ok(kept)
    });
    __crons::finish(__crons_run, {
        use __crons::by_type::*;
        (&&&&&__crons::Probe(&__crons_output)).__crons_verdict()
    });
    return __crons_output;
}
