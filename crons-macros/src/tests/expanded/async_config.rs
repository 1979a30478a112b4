async fn nightly_backup(db: &Db) -> anyhow::Result<()> {
    use ::crons::__private as __crons;
    return __crons::watch(
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
            if let ::core::option::Option::Some(__crons_output) = ::core::option::Option::None::<anyhow::Result<()>> {
                return __crons_output;
            }
            db.copy().await
        },
        |__crons_output| {
            use __crons::by_type::*;
            (&&&&&__crons::Probe(__crons_output)).__crons_verdict()
        },
    )
    .await;
}
