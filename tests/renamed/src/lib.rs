//! The crate under another name, which `crate = ..` gives.

/// A facade, as a company may have one.
pub mod facade {
    /// A module that re-exports the crate, which is found there, too.
    pub mod watching {
        pub use c::*;
    }
}

/// The crate is named as among the dependencies.
#[c::monitor(crate = c)]
pub fn renamed() {}

/// The crate is named by an absolute path.
#[c::monitor(crate = ::c, interval = "1 hour", on_cancel = "ok")]
pub async fn absolute() -> Result<u8, String> {
    Ok(3)
}

/// The crate is named through a module of this crate.
#[facade::watching::monitor(crate = crate::facade::watching, schedule = "@daily")]
pub fn through_a_facade() -> Option<u8> {
    None
}

/// A macro of a facade hands in where it is.
#[macro_export]
macro_rules! job {
    ($name:ident) => {
        /// The function is made by a macro.
        #[$crate::facade::watching::monitor(crate = $crate::facade::watching)]
        pub fn $name() {}
    };
}

job!(made);

#[cfg(test)]
mod tests {
    #[test]
    fn jobs_run_whatever_the_crate_is_called() {
        super::renamed();
        super::made();
        assert_eq!(super::through_a_facade(), None);
        drop(super::absolute());
    }
}
