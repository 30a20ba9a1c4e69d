#include <optional>
#include <string_view>

#include "chat/decode.hpp"
#include "surfaces/openai/encode.hpp"
#include "surfaces/openai/endpoints.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces::openai {

namespace {

std::optional<bool> said_on_or_off(std::string_view value) noexcept {
  if (value == "on") return true;
  if (value == "off") return false;
  return std::nullopt;
}

// By itself, so that what a refusal needs is not held while an answer streams.
net::Task<void> refuse(Incoming& incoming, const chat::Fault& fault) {
  const relay::Failure failure = failure_of(fault);
  incoming.record.status = failure.status;
  incoming.record.code = failure.code;
  const relay::Reply reply = error_reply(incoming.record.request_id, failure);
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

}  // namespace

net::Task<void> ChatEndpoint::handle(Incoming& incoming) {
  co_await incoming.core.turn().at(net::Step::read);
  auto decoded = chat::decode(*incoming.body);
  if (!decoded) {
    co_await refuse(incoming, decoded.error());
    co_return;
  }
  chat::Request& request = *decoded;
  request.session = chat::session_named(incoming.asked.session_id);
  ChatEncoder encoder(request.include_usage);
  relay::Job job{request, encoder, incoming.common, incoming.record};
  job.continue_stream = said_on_or_off(incoming.asked.continue_stream);
  co_await relay_.serve(incoming.exchange, incoming.core, job);
}

}  // namespace freellmapi::surfaces::openai
