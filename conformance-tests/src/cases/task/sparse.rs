//! Listings of which little fits: pages may be short or empty, and the walk goes on (G13).

use fastestmcp_core::principal::{Owner, OwnerFilter};

use super::steps::{MS, Tasks, insert, task};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::walk::{limit, walk};

cases! { Task, "task.sparse";
    "G13": a_walk_finds_the_one_that_fits_among_many_of_another_status,
    "G13": a_walk_finds_the_one_that_lives_behind_many_that_have_expired,
}

/// How many of another status or owner, or expired: many times what one page by 1 examines.
const MANY: usize = 60;

async fn list(scene: &Scene, tasks: &Tasks, owner: &str, status: u8, rows: usize) -> Result<Vec<String>, Halt> {
    let filter = OwnerFilter::Is(Owner::new(owner));
    let page = async |page| tasks.list_tasks(&filter, Some(status), page).await;
    let heads = walk(scene, limit(rows)?, page, async |_| Ok(())).await?;
    Ok(heads.into_iter().map(|head| head.id.as_str().to_owned()).collect())
}

async fn a_walk_finds_the_one_that_fits_among_many_of_another_status(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut wanted = Vec::new();
    for index in 0..=MANY * 2 {
        let mut new = task(scene, "q");
        new.owner = Owner::new("mine");
        let fits = index == 0 || index == MANY;
        new.status = if fits { 7 } else { 1 };
        wanted.extend(fits.then(|| new.id.as_str().to_owned()));
        insert(&tasks, new).await?;
        scene.advance(MS);
    }
    wanted.reverse();
    for rows in [1, 2, 5, 100] {
        let seen = list(scene, &tasks, "mine", 7, rows).await?;
        scene.same(&format!("2 of {} tasks walked by {rows}", MANY * 2 + 1), &seen, &wanted);
    }
    Ok(())
}

async fn a_walk_finds_the_one_that_lives_behind_many_that_have_expired(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let lasting = task(scene, "q");
    insert(&tasks, lasting.clone()).await?;
    for _ in 0..MANY {
        scene.advance(MS);
        let mut mortal = task(scene, "q");
        mortal.ttl = Some(MS);
        insert(&tasks, mortal).await?;
    }
    scene.advance(MS);
    for rows in [1, 3] {
        let seen = list(scene, &tasks, "owner", lasting.status, rows).await?;
        scene.same(&format!("walked by {rows}"), &seen, &vec![lasting.id.as_str().to_owned()]);
    }
    Ok(())
}
