//! Cases for this seam.

use crate::case::Case;

pub(super) const ALL: &[&[Case]] = &[];
