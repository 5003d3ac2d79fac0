use fastestmcp_conformance::{Damage, HarnessError};
use fastestmcp_core::ids::digest_bytes;
use fastestmcp_core::session::Scope;
use fastestmcp_test_servers::ServerError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Writes nonsense in the place of a field that is there.
const SCRIPT: &str = r"
local field = string.gsub(ARGV[1], '..', function(digits) return string.char(tonumber(digits, 16)) end)
if redis.call('HEXISTS', KEYS[1], field) == 0 then return 'there is no such record' end
redis.call('HSET', KEYS[1], field, 'nonsense')
return 'damaged'
";

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
const DIGEST_BYTES: usize = 24;

/// Makes a record unreadable behind the store's back. `run` runs a command on the server that has its first key.
pub(crate) fn damage(
    run: impl Fn(&[&str]) -> Result<String, ServerError>,
    namespace: &str,
    record: &Damage,
) -> Result<(), HarnessError> {
    let namespace = utf8_percent_encode(namespace, PLAIN).to_string();
    let (part, name, field) = match record {
        Damage::Task(id) => ("tasks".to_owned(), "records", [b"h", id.as_str().as_bytes()].concat()),
        Damage::Scope(scope) => state(&run, &namespace, scope, b"s", "")?,
        Damage::Entry(scope, key) => state(&run, &namespace, scope, b"e", key)?,
        other => return Err(HarnessError::Unsupported(format!("{other:?}"))),
    };
    let field: String = field.iter().map(|byte| format!("{byte:02x}")).collect();
    let done = run(&["EVAL", SCRIPT, "1", &format!("fastestmcp:{{{namespace}:{part}}}:{name}"), &field]);
    match done.map_err(HarnessError::failed)?.as_str() {
        "damaged" => Ok(()),
        other => Err(HarnessError::failed(format!("{record:?}: {other}"))),
    }
}

/// The part, key and field of what is stored of a scope.
fn state(
    run: impl Fn(&[&str]) -> Result<String, ServerError>,
    namespace: &str,
    scope: &Scope,
    kind: &[u8],
    key: &str,
) -> Result<(String, &'static str, Vec<u8>), HarnessError> {
    let format = format!("fastestmcp:{{{namespace}:format}}:format");
    let parts = run(&["HGET", &format, "parts"]).map_err(HarnessError::failed)?;
    let parts: u16 = parts.parse().map_err(HarnessError::failed)?;
    let digest = digest_bytes(&[&[scope.kind.code()], scope.id.as_bytes()]);
    let spread = u16::from_be_bytes([digest[DIGEST_BYTES], digest[DIGEST_BYTES + 1]]);
    Ok((format!("{:02x}", spread % parts), "state", [kind, &digest[..DIGEST_BYTES], key.as_bytes()].concat()))
}
