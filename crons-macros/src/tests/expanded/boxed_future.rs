fn run<'a>(&'a self) -> Pin<Box<dyn Future<Output = Option<u8>> + Send + 'a>> {
    use ::crons::__private as __crons;
    let __crons_future = __crons::build_future(move || -> Pin<Box<dyn Future<Output = Option<u8>> + Send + 'a>> {
        Box::pin(self.find())
    });
    return ::std::boxed::Box::pin(__crons::monitored_future::<Option<u8>, _, _>(
        {
            static __CRONS_DEFINITION: __crons::Definition = __crons::Definition::new(NIGHTLY);
            __crons::list!(__CRONS_DEFINITION);
            &__CRONS_DEFINITION
        },
        __crons_future,
        |__crons_output| {
            __crons::verdict_on_none(__crons_output, __crons::Verdict::NoneIsError, {
                use __crons::by_type::*;
                let __crons_outer = __crons::Probe::new(__crons_output);
                let __crons_inner = (&&__crons_outer).__crons_inner();
                let __crons_innermost = (&&__crons_inner).__crons_inner();
                __crons::Verdict::innermost(
                    (&&&&&__crons_outer).__crons_verdict(),
                    (&&&&&__crons_inner).__crons_verdict(),
                    (&&&&&__crons_innermost).__crons_verdict(),
                )
            })
        },
    ));
}
