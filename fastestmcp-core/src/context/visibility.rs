//! What the caller is shown (contract C7).

use super::Context;
use super::error::ContextError;
use super::host::ValueRef;
use crate::session::VISIBILITY;
use crate::visibility::{Selector, VisibilityRules};

impl Context {
    /// Shows components to the session of this call, or to the principal where there is no session: those that are
    /// [hidden](crate::component::Tool::hidden) from the start, or were hidden from it. Rules of the server itself win.
    ///
    /// It holds at once on this node, and on every other at the next request of the session, or within
    /// [`HOLDS_WITHIN`](crate::visibility::HOLDS_WITHIN) where there is none. Those whose lists are others by it are told.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let unlock = Tool::new("unlock", async |cx: Context, _: NoArgs| {
    ///     cx.show("admin").await?;
    ///     Ok("the tools of administrators are there now")
    /// });
    /// let refund = Tool::new("refund", async |_cx: Context, _: NoArgs| Ok("refunded")).tags(["admin"]).hidden();
    /// # let _ = (unlock, refund);
    /// ```
    ///
    /// # Errors
    /// [`ContextError::NoState`] for an anonymous caller without a session, [`ContextError::Limit`] above 256 rules, or the
    /// store failed.
    pub async fn show(&self, which: impl Into<Selector>) -> Result<(), ContextError> {
        let which = which.into();
        self.update_rules(&mut |rules| rules.put(which.clone(), true)).await
    }

    /// Hides components from the session of this call, or from the principal where there is no session: they are absent
    /// from its lists, and refused as if they were not there. Otherwise as [`Context::show`].
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    /// use fastestmcp_core::visibility::{ComponentKind, Selector};
    ///
    /// let focus = Tool::new("focus", async |cx: Context, _: NoArgs| {
    ///     cx.hide(Selector::tag("distracting").of_kind(ComponentKind::Tool)).await?;
    ///     Ok("only what helps is left")
    /// });
    /// # let _ = focus;
    /// ```
    ///
    /// # Errors
    /// As [`Context::show`].
    pub async fn hide(&self, which: impl Into<Selector>) -> Result<(), ContextError> {
        let which = which.into();
        self.update_rules(&mut |rules| rules.put(which.clone(), false)).await
    }

    /// Takes back whatever was shown to and hidden from the session of this call, or the principal.
    ///
    /// ```
    /// use fastestmcp_core::component::{NoArgs, Tool};
    /// use fastestmcp_core::context::Context;
    ///
    /// let lock = Tool::new("lock", async |cx: Context, _: NoArgs| {
    ///     cx.reset_visibility().await?;
    ///     Ok("as in the beginning")
    /// });
    /// # let _ = lock;
    /// ```
    ///
    /// # Errors
    /// As [`Context::show`].
    pub async fn reset_visibility(&self) -> Result<(), ContextError> {
        self.update_rules(&mut |rules| *rules = VisibilityRules::default()).await
    }

    async fn update_rules(&self, change: &mut (dyn FnMut(&mut VisibilityRules) + Send)) -> Result<(), ContextError> {
        let (scope, rule, touch) = self.default_place()?;
        self.0.values.update_rules(ValueRef { scope: &scope, key: VISIBILITY, rule, touch }, change).await
    }
}
