#include "surfaces/ops/answers.hpp"

#include <utility>

#include "relay/relay.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces {

net::Task<void> reply_json(Incoming& incoming, int status, std::string body) {
  return reply_text(incoming, status, "application/json", std::move(body));
}

net::Task<void> reply_text(Incoming& incoming, int status, std::string_view content_type, std::string body) {
  incoming.record.status = status;
  relay::Reply reply;
  reply.status = status;
  reply.fields.add("Content-Type", content_type);
  reply.fields.add("Cache-Control", "no-store");
  reply.body = std::move(body);
  incoming.record.response_bytes = reply.body.size();
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

net::Task<void> reply_error(Incoming& incoming, int status, std::string code, std::string message) {
  relay::Failure failure;
  failure.status = status;
  failure.code = std::move(code);
  failure.message = std::move(message);
  incoming.record.status = status;
  incoming.record.code = failure.code;
  const relay::Reply reply = openai::error_reply(incoming.record.request_id, failure);
  incoming.record.response_bytes = reply.body.size();
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

}  // namespace freellmapi::surfaces
