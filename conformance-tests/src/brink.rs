//! What a write keeps alive at the last moment, on the clock that the backend uses in production (G10).

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

/// How long what is made for [`on_the_brink`] lives.
pub(crate) const LIFE: Duration = Duration::from_millis(30);
/// The last moments of it.
const LAST: Duration = Duration::from_millis(12);
/// How many live at once.
pub(crate) const AT_ONCE: usize = 24;

/// Keeps alive what was made just now and is about to end, while it is looked for. `save` tells whether it came in time:
/// then nobody may have found gone meanwhile what is there ever after.
pub(crate) async fn on_the_brink(
    scene: &Scene,
    what: &str,
    save: impl Future<Output = Result<bool, Halt>> + Send + 'static,
    is_there: impl AsyncFn() -> Result<bool, Halt>,
) -> CaseResult {
    let early = Duration::from_micros(scene.random.next() % LAST.as_micros() as u64);
    let saving = tokio::spawn(async move {
        sleep(LIFE - early).await;
        save.await
    });
    sleep(LIFE - LAST).await;
    let mut found = true;
    while found && !saving.is_finished() {
        found = is_there().await?;
        tokio::task::yield_now().await;
    }
    let saved = saving.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    scene.check(found || !saved, || format!("{what} was found gone, although a write kept it alive"));
    Ok(())
}
