async fn nightly_backup(db: &Db) -> anyhow::Result<()> {
    use ::crons::__private as __crons;
    let (__crons_run, __crons_output) = __crons::run_future(
        {
            static __CRONS_DEFINITION: __crons::Definition = __crons::Definition::new("nightly-backup")
                .crontab("0 3 * * MON-FRI")
                .timezone("Europe/Vienna")
                .max_runtime(120u32)
                .on_cancel(__crons::OnCancel::Ignore);
            __crons::list!(__CRONS_DEFINITION);
            &__CRONS_DEFINITION
        },
        async move {
            if false {
                return __crons::unreachable_output::<anyhow::Result<()>>();
            }
            db.copy().await
        },
    )
    .await;
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
