fn run<'a>(&'a self) -> Pin<Box<dyn Future<Output = Option<u8>> + Send + 'a>> {
    use ::crons::__private as __crons;
    let __crons_future = __crons::make(move || -> Pin<Box<dyn Future<Output = Option<u8>> + Send + 'a>> {
        Box::pin(self.find())
    });
    return ::std::boxed::Box::pin(__crons::watch::<Option<u8>, _, _>(
        {
            static __CRONS_DEFINITION: __crons::Definition = __crons::Definition::new(NIGHTLY);
            __crons::list!(__CRONS_DEFINITION);
            &__CRONS_DEFINITION
        },
        __crons_future,
        |__crons_output| {
            __crons::judge_none(__crons_output, __crons::Verdict::None, {
                use __crons::by_type::*;
                (&&&&&__crons::Probe(__crons_output)).__crons_verdict()
            })
        },
    ));
}
