//! What only Postgres can get wrong about tasks: its clock, its plans, what its updates leave behind.

mod clock;
mod leftovers;
mod plans;
mod scene;
