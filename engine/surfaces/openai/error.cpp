#include "surfaces/openai/error.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace freellmapi::surfaces::openai {

namespace {

constexpr std::size_t most_details = 64;
// OpenAI's SDKs wait as long as retry-after says up to a minute; beyond it they try again after seconds.
constexpr std::uint64_t sdk_patience_seconds = 60;

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  base::append_json_string(out, value);
}

void append_details(std::string& out, const relay::Failure& failure) {
  out += ",\"details\":[";
  for (std::size_t i = 0; i < std::min(failure.details.size(), most_details); ++i) {
    const relay::Detail& detail = failure.details[i];
    out += i == 0 ? "{" : ",{";
    append_member(out, "provider", detail.provider);
    out += ',';
    append_member(out, "model", detail.model);
    out += ',';
    append_member(out, "key", detail.key);
    out += ',';
    append_member(out, "reason", detail.reason);
    if (!detail.rule.empty()) {
      out += ',';
      append_member(out, "rule", detail.rule);
    }
    if (detail.free_at)
      fmt::format_to(std::back_inserter(out), ",\"free_at\":\"{:%Y-%m-%dT%H:%M:%SZ}\"",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::ceil<std::chrono::seconds>(*detail.free_at))));
    out += '}';
  }
  out += ']';
}

bool sdk_retries(int status) noexcept {
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool retry_is_useless(const relay::Failure& failure) noexcept {
  if (!sdk_retries(failure.status)) return false;
  if (failure.retry_after_seconds) return *failure.retry_after_seconds > sdk_patience_seconds;
  // Nobody knows of a time when it will be better.
  return failure.status == 429 || failure.status == 501 || failure.status == 503;
}

}  // namespace

std::string_view error_type(int status) noexcept {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string error_body(std::string_view request_id, const relay::Failure& failure) {
  std::string out = "{\"error\":{";
  append_member(out, "message", failure.message);
  out += ',';
  append_member(out, "type", failure.type.empty() ? error_type(failure.status) : failure.type);
  out += ",\"param\":";
  if (failure.param && !failure.param->empty()) {
    base::append_json_string(out, *failure.param);
  } else {
    out += "null";
  }
  out += ",\"code\":";
  if (failure.code.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, failure.code);
  }
  if (failure.retry_after_seconds)
    fmt::format_to(std::back_inserter(out), ",\"retry_after\":{}", *failure.retry_after_seconds);
  if (!failure.details.empty()) append_details(out, failure);
  out += "},";
  append_member(out, "request_id", request_id);
  out += '}';
  return out;
}

relay::Reply error_reply(std::string_view request_id, const relay::Failure& failure) {
  relay::Reply reply;
  reply.status = failure.status;
  reply.fields.add("content-type", "application/json");
  if (failure.retry_after_seconds)
    reply.fields.add("retry-after", std::to_string(*failure.retry_after_seconds));
  if (retry_is_useless(failure)) reply.fields.add("x-should-retry", "false");
  reply.body = error_body(request_id, failure);
  return reply;
}

relay::Failure failure_of(const chat::Fault& fault) {
  relay::Failure failure;
  failure.status = fault.status;
  failure.type = error_type(fault.status);
  failure.code = fault.code;
  failure.message = fault.message;
  if (!fault.param.empty()) failure.param = fault.param;
  return failure;
}

}  // namespace freellmapi::surfaces::openai
