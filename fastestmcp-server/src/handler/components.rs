//! Resources, prompts and completions, in both eras.

use fastestmcp_core::operation::{GetPrompt, ListPrompts, ListResourceTemplates, ListResources, ReadResource};
use rmcp::model::{
    CompleteRequestParams, CompleteResult, ErrorData, GetPromptRequestParams, GetPromptResponse, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse,
};
use rmcp::service::{RequestContext, RoleServer};

use super::{McpHandler, resumed};
use crate::wire::{completion, content};
use crate::{catalog, era2026};

type Cx = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl McpHandler {
    pub(super) async fn resources(&self, page: Page, cx: &Cx) -> Result<ListResourcesResult, ErrorData> {
        self.check_served("resources/list")?;
        let incoming = self.incoming(cx);
        let page = incoming.ask(ListResources::new(page.and_then(|page| page.cursor))).await;
        page.map(catalog::resources).map_err(|error| incoming.refused(&error))
    }

    pub(super) async fn templates(&self, page: Page, cx: &Cx) -> Result<ListResourceTemplatesResult, ErrorData> {
        self.check_served("resources/templates/list")?;
        let incoming = self.incoming(cx);
        let page = incoming.ask(ListResourceTemplates::new(page.and_then(|page| page.cursor))).await;
        page.map(catalog::templates).map_err(|error| incoming.refused(&error))
    }

    pub(super) async fn read(
        &self,
        params: ReadResourceRequestParams,
        cx: Cx,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.check_served("resources/read")?;
        let incoming = self.incoming(&cx);
        let mut request = ReadResource::new(params.uri).meta(cx.meta.0.0);
        request.resume = resumed(params.request_state, params.input_responses);
        let outcome = incoming.ask(request).await.map_err(|error| incoming.refused(&error))?;
        era2026::answer_of(outcome, |output| Ok(content::read_result(output)))
    }

    pub(super) async fn prompts(&self, page: Page, cx: &Cx) -> Result<ListPromptsResult, ErrorData> {
        self.check_served("prompts/list")?;
        let incoming = self.incoming(cx);
        let page = incoming.ask(ListPrompts::new(page.and_then(|page| page.cursor))).await;
        page.map(catalog::prompts).map_err(|error| incoming.refused(&error))
    }

    pub(super) async fn prompt(&self, params: GetPromptRequestParams, cx: Cx) -> Result<GetPromptResponse, ErrorData> {
        self.check_served("prompts/get")?;
        let incoming = self.incoming(&cx);
        let mut request = GetPrompt::new(params.name, params.arguments.unwrap_or_default()).meta(cx.meta.0.0);
        request.resume = resumed(params.request_state, params.input_responses);
        let outcome = incoming.ask(request).await.map_err(|error| incoming.refused(&error))?;
        era2026::answer_of(outcome, content::prompt_result)
    }

    pub(super) async fn completion(&self, params: CompleteRequestParams, cx: Cx) -> Result<CompleteResult, ErrorData> {
        self.check_served("completion/complete")?;
        let incoming = self.incoming(&cx);
        let request = completion::complete(params)?;
        let completed = incoming.ask(request).await.map_err(|error| incoming.refused(&error))?;
        Ok(completion::completed(completed))
    }
}
