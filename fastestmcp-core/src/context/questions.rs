//! What a handler asks of its client (contract T7).

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Context;
use super::error::{ContextError, too_deep};
use super::form::{as_declared, filled_in, form, form_of};
use crate::json;
use crate::task::InputRequest;

/// What the user answered to an elicitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// They filled in the form.
    Accepted(T),
    /// They said no.
    Declined,
    /// They closed the form.
    Cancelled,
}

impl Context {
    /// Asks the user to fill in a form with the fields of `T`, a flat struct of strings, numbers, booleans, enums without
    /// data and lists of these: see [`form_of`] for every kind of field and what it may say.
    ///
    /// A replay point (contract T15): the key stands for this question for the life of the call or task; when the
    /// handler runs again, an answer that was given is returned at once.
    ///
    /// ```
    /// use fastestmcp_core::context::{Answer, Context, ToolError};
    /// use fastestmcp_core::component::NoArgs;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Confirm {
    ///     /// Go ahead?
    ///     yes: bool,
    /// }
    ///
    /// async fn deploy(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    ///     match cx.elicit::<Confirm>("confirm", "Deploy to production?").await? {
    ///         Answer::Accepted(Confirm { yes: true }) => Ok("deployed"),
    ///         _ => Err(ToolError::new("not confirmed")),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// `T` is no form ([`ContextError::NotAForm`]), the client does not support forms, the key was used for something
    /// else, or the client failed.
    pub async fn elicit<T>(&self, key: &str, message: impl Into<String> + Send) -> Result<Answer<T>, ContextError>
    where
        T: JsonSchema + DeserializeOwned,
    {
        let form = form_of::<T>()?;
        let params = json!({ "mode": "form", "message": message.into(), "requestedSchema": &form });
        let mut answer = self.raise(key, "elicitation/create", params).await?;
        match answer.get("action").and_then(Value::as_str) {
            Some("accept") => {
                let content = answer.get_mut("content").map(Value::take).filter(|content| !content.is_null());
                let content = content.unwrap_or_else(|| Value::Object(Map::new()));
                filled_in(&form, content).map(Answer::Accepted).map_err(ContextError::NotReadable)
            }
            Some("decline") => Ok(Answer::Declined),
            _ => Ok(Answer::Cancelled),
        }
    }

    /// Asks the client's model: params and result as MCP's `sampling/createMessage` has them. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn sample(&self, key: &str, params: Value) -> Result<Value, ContextError> {
        self.ask(key, "sampling/createMessage", params).await
    }

    /// Asks the client for its roots. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn roots(&self, key: &str) -> Result<Value, ContextError> {
        self.ask(key, "roots/list", json!({})).await
    }

    /// Sends the client one of the three requests that MCP allows, with any params. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn ask(&self, key: &str, method: &'static str, mut params: Value) -> Result<Value, ContextError> {
        if method == "elicitation/create"
            && let Some(schema) = params.get_mut("requestedSchema")
        {
            *schema = Value::Object(form(schema.take())?);
        }
        self.raise(key, method, params).await
    }

    async fn raise(&self, key: &str, method: &'static str, params: Value) -> Result<Value, ContextError> {
        let abilities = self.0.caller.abilities;
        let declared = match method {
            "elicitation/create" if params.get("mode").is_some_and(|mode| mode == "url") => abilities.url_elicitation,
            "elicitation/create" => abilities.elicitation,
            "sampling/createMessage" => abilities.sampling,
            "roots/list" => abilities.roots,
            _ => false,
        };
        if !declared {
            return Err(ContextError::NotDeclared(method));
        }
        json::check_depth(&params).map_err(too_deep)?;
        let request = InputRequest { method: method.to_owned(), params };
        let answer = self.0.replay.answer(key, &request).await?;
        Ok(match request.params.get("requestedSchema").and_then(Value::as_object) {
            Some(form) => as_declared(form, answer),
            None => answer,
        })
    }
}
