//! What our side of the rows about the server serves, for every binary that is one.

mod serve;

pub use serve::{
    CALLS, COUNT, ECHO, GET, HEAP, HIDDEN, HIDE, OPEN, PUBLISH, PUT, ServeError, Serving, UPDATE, news, serve,
};
