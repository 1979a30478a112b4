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
        let __crons_outer = __crons::Probe::new(&__crons_output);
        let __crons_inner = (&&__crons_outer).__crons_inner();
        let __crons_innermost = (&&__crons_inner).__crons_inner();
        __crons::Verdict::innermost(
            (&&&&&__crons_outer).__crons_verdict(),
            (&&&&&__crons_inner).__crons_verdict(),
            (&&&&&__crons_innermost).__crons_verdict(),
        )
    });
    return __crons_output;
}
