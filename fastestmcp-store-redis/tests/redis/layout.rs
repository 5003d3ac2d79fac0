use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::event::{EventLog, Keep};
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::session::{CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;

use crate::steps::config;

/// Everything under our keys, one line each, bytes that are no ASCII as `\xx`.
pub(crate) const DUMP: &str = r"
local function shown(text)
  return (string.gsub(tostring(text), '[^%w%p]', function(c) return string.format('\\%02x', string.byte(c)) end))
end
local lines = {}
local keys = redis.call('KEYS', 'fastestmcp:*')
table.sort(keys)
for _, key in ipairs(keys) do
  local kind = redis.call('TYPE', key).ok
  local content
  if kind == 'hash' then content = redis.call('HGETALL', key)
  elseif kind == 'zset' then content = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'stream' then
    content = {}
    for _, event in ipairs(redis.call('XRANGE', key, '-', '+')) do
      content[#content + 1] = event[1]
      content[#content + 1] = event[2][1] .. '=' .. event[2][2]
    end
  end
  local pairs_of = {}
  for i = 1, #content, 2 do
    -- A replication id is another one at every start.
    if content[i] == 'r' then content[i + 1] = string.rep('0', #content[i + 1]) end
  end
  for i = 1, #content, 2 do pairs_of[#pairs_of + 1] = shown(content[i]) .. ' = ' .. shown(content[i + 1]) .. ';' end
  table.sort(pairs_of)
  lines[#lines + 1] = shown(key) .. ' ' .. kind
  for _, line in ipairs(pairs_of) do lines[#lines + 1] = '  ' .. line end
end
return table.concat(lines, '\n')
";

#[tokio::test]
async fn what_this_release_stores_is_what_format_1_is() {
    let server = Redis::start().unwrap();
    let config = config(&server).clock(Arc::new(ManualClock::default())).namespace(Namespace::new("a:{b}").unwrap());
    let store = RedisStore::open_with(config).await.unwrap();
    let life = Lifetime { ttl: Duration::from_secs(60), max_life: Some(Duration::from_secs(3600)) };
    let session = Scope::new(ScopeKind::Session, "id");
    let put = Op::Put {
        key: "key".into(),
        value: "value".into(),
        expect: fastestmcp_core::session::Expect::Any,
        ttl: Some(Duration::from_secs(5)),
    };
    store.commit(CommitRequest::new(session, CommitRule::CreateNew(life), vec![put, Op::put("", "")])).await.unwrap();
    let system = Scope::new(ScopeKind::System, "s");
    store.commit(CommitRequest::new(system.clone(), CommitRule::Existing, vec![Op::put("k", "v")])).await.unwrap();
    store.delete_scope(&system).await.unwrap();
    let keep = Keep::new(1, Duration::from_secs(1));
    store.append("topic", vec!["one".into(), "two".into()], keep).await.unwrap();
    let dump = server.command(&["EVAL", DUMP, "0"]).unwrap();
    let golden = include_str!("../golden/format_1.txt");
    assert!(dump.trim() == golden.trim(), "stored:\n{dump}\nformat 1:\n{golden}");
}
