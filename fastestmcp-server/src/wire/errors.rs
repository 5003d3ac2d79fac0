use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::task::RpcError;
use rmcp::model::{ClientCapabilities, ErrorCode, ErrorData};

use crate::telemetry::{Refused, TARGET};

/// As the protocol layer has it.
pub(crate) fn data(error: RpcError) -> ErrorData {
    ErrorData::new(ErrorCode(error.code), error.message, error.data)
}

/// As core has it.
pub(crate) fn rpc(error: ErrorData) -> RpcError {
    RpcError { code: error.code.0, message: error.message.into_owned(), data: error.data }
}

/// Why a request has no result, in the words of the wire; what is masked there is logged here (contract R4).
pub(crate) fn refused(error: &CallError) -> ErrorData {
    match error {
        CallError::Store(cause) if cause.kind != StoreErrorKind::TooLarge => {
            tracing::error!(target: TARGET, error = %cause, "the store failed");
        }
        CallError::Unreadable(_) | CallError::NotSerializable(_) | CallError::Random(_) => {
            tracing::error!(target: TARGET, %error, "internal error");
        }
        _ => tracing::debug!(target: TARGET, error = %Refused(error), "refused"),
    }
    match error {
        // Its text has the id, and the protocol layer logs the text of errors.
        CallError::UnknownTask(_) => invalid_params("unknown task"),
        // Its text has the name, of any length.
        CallError::UnknownPrompt(_) => invalid_params("unknown prompt"),
        _ => data(error.to_rpc()),
    }
}

/// Params that do not fit the method.
pub(crate) fn invalid_params(message: &'static str) -> ErrorData {
    ErrorData::invalid_params(message, None)
}

/// A method that does not exist here.
pub(crate) fn method_not_found(method: &str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method.to_owned(), None)
}

/// What a client is told that needs the tasks extension and did not declare it (2026-07-28).
pub(crate) fn needs_tasks() -> ErrorData {
    ErrorData::missing_required_client_capability(ClientCapabilities::builder().enable_tasks().build())
}

/// A failure of this crate that is nobody's fault but its own.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> ErrorData {
    tracing::error!(target: TARGET, error, "internal error");
    data(RpcError::internal("internal"))
}
