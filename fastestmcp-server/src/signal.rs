//! How a process is asked to stop.

/// A future that ends when the process is asked to stop, from this call on: by SIGTERM, SIGINT or SIGHUP, or by Ctrl-C where there are no signals. Once
/// asked, it ends at once whenever it is called again.
///
/// Another SIGTERM or SIGINT then ends the process at once, with the exit code 128 + n, even if nothing in it runs any
/// more. (Not one that comes within 100 ms: who starts a process often passes on a signal that it got as well.) A SIGHUP
/// that the process was started to ignore, as by `nohup`, is ignored.
pub fn stop_signal() -> impl Future<Output = ()> + Send {
    let asked = asked();
    async {
        asked.await;
    }
}

/// The same, with what it was asked by.
#[cfg(unix)]
pub(crate) fn asked() -> impl Future<Output = &'static str> + Send {
    let mut asked = unix::asked();
    async move {
        if let Ok(signal) = asked.wait_for(Option::is_some).await {
            return signal.unwrap_or_default();
        }
        // Without a handler nothing will ever ask; never ending is better than stopping at once.
        std::future::pending().await
    }
}

#[cfg(not(unix))]
pub(crate) fn asked() -> impl Future<Output = &'static str> + Send {
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
        "Ctrl-C"
    }
}

/// What the process was asked by, if it was.
pub(crate) fn received() -> Option<&'static str> {
    #[cfg(unix)]
    return unix::received();
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, OnceLock};
    use std::time::Duration;
    use std::{fs, io, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use tokio::sync::watch;

    use crate::telemetry::TARGET;

    type Asked = Option<&'static str>;

    /// How long after the first signal another one is taken for its echo.
    const ECHO: Duration = Duration::from_millis(100);

    static ASKED: OnceLock<watch::Receiver<Asked>> = OnceLock::new();

    pub(super) fn received() -> Asked {
        ASKED.get().and_then(|asked| *asked.borrow())
    }

    pub(super) fn asked() -> watch::Receiver<Asked> {
        let listen = || {
            let (sender, receiver) = watch::channel(None);
            if let Err(error) = handle(sender) {
                tracing::error!(target: TARGET, %error, "signals cannot be handled: they end the process at once");
            }
            receiver
        };
        ASKED.get_or_init(listen).clone()
    }

    fn handle(asked: watch::Sender<Asked>) -> io::Result<()> {
        let ends = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            flag::register_conditional_shutdown(signal, 128 + signal, ends.clone())?;
        }
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        if !ignores_hangup() {
            signals.add_signal(SIGHUP)?;
        }
        // On a thread, so that a second signal ends the process also if its runtime is stuck.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            asked.send_replace(Some(match signal {
                SIGTERM => "SIGTERM",
                SIGINT => "SIGINT",
                _ => "SIGHUP",
            }));
            thread::sleep(ECHO);
            ends.store(true, Ordering::SeqCst);
        })?;
        Ok(())
    }

    /// Whether the process was started with SIGHUP ignored, as far as the system tells.
    fn ignores_hangup() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
    }
}
