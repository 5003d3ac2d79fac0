use std::sync::Arc;

use tokio::sync::mpsc;

use crate::context::{Client, LogMessage};
use crate::task::Progress;

/// What a handler says on its way.
#[derive(Clone, Debug)]
pub(super) enum Report {
    Progress(Progress),
    Log(LogMessage),
}

/// Boxed: a channel makes room for many at once, and most calls say nothing.
pub(super) type Reports = mpsc::Receiver<Box<Report>>;

/// Passes on what is said until nobody can say any more.
pub(super) async fn report(client: Arc<dyn Client>, mut reports: Reports) {
    while let Some(report) = reports.recv().await {
        match *report {
            Report::Progress(progress) => client.progress(&progress).await,
            Report::Log(message) => client.log(&message).await,
        }
    }
}
