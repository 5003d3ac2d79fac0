use std::sync::OnceLock;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use rmcp::ServerHandler;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;

use crate::body::ResponseBody;

/// What says where a request goes, and from which page.
const DIRECTION: [HeaderName; 2] = [header::HOST, header::ORIGIN];

/// Tells whether requests are for this endpoint: its host, and an origin that it allows. rmcp decides, as if it were asked
/// for a method that it does not have.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    /// Host and origin of the first request that was for this endpoint: most have the same.
    known: OnceLock<[Vec<HeaderValue>; 2]>,
}

impl Direction {
    /// The answer to what is not.
    pub(crate) async fn misdirected<H: ServerHandler>(
        &self,
        rmcp: &StreamableHttpService<H, NeverSessionManager>,
        head: &Parts,
    ) -> Option<Response<ResponseBody>> {
        if self.is_known(head) {
            return None;
        }
        let mut asked = Request::new(Full::new(Bytes::new()));
        *asked.method_mut() = Method::OPTIONS;
        *asked.uri_mut() = head.uri.clone();
        for name in DIRECTION {
            for value in head.headers.get_all(&name) {
                asked.headers_mut().append(&name, value.clone());
            }
        }
        let response = Box::pin(rmcp.handle(asked)).await;
        if response.status() != StatusCode::METHOD_NOT_ALLOWED {
            return Some(response.map(BodyExt::boxed_unsync));
        }
        if head.uri.authority().is_none() {
            let _ = self.known.set(DIRECTION.map(|name| head.headers.get_all(name).iter().cloned().collect()));
        }
        None
    }

    fn is_known(&self, head: &Parts) -> bool {
        let same = |(name, values): (&HeaderName, &Vec<HeaderValue>)| head.headers.get_all(name).iter().eq(values);
        head.uri.authority().is_none() && self.known.get().is_some_and(|known| DIRECTION.iter().zip(known).all(same))
    }
}
