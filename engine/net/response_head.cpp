#include "net/response_head.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/head_fields.hpp"
#include "net/head_lines.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t most_fields = 200;

struct Framing {
  std::size_t lengths = 0, encodings = 0, codings = 0;
  std::string_view length, encoding, coding;
  bool close = false, hop_by_hop = false;
};

/// True for what belongs to one connection, whatever its Connection field says.
bool is_hop_by_hop(std::string_view name) noexcept {
  switch (name.size()) {
    case 2:
      return name == "te";
    case 7:
      return name == "trailer" || name == "upgrade";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

Framing collect(const std::vector<Field>& fields) {
  Framing framing;
  for (const Field& field : fields) {
    if (is_hop_by_hop(field.name)) framing.hop_by_hop = true;
    switch (field.name.size()) {
      case 10:
        if (field.name == "connection") framing.close = framing.close || says_close(field.value);
        break;
      case 14:
        if (field.name != "content-length") break;
        ++framing.lengths;
        framing.length = field.value;
        break;
      case 16:
        if (field.name != "content-encoding") break;
        ++framing.codings;
        framing.coding = field.value;
        break;
      case 17:
        if (field.name != "transfer-encoding") break;
        ++framing.encodings;
        framing.encoding = field.value;
        break;
      default:
        break;
    }
  }
  return framing;
}

std::string_view judge_body(const Framing& framing, int version, bool bodiless, ResponsePlan& plan) {
  if (framing.encodings != 0 && framing.lengths != 0) return "Content-Length and Transfer-Encoding together";
  if (framing.encodings != 0) {
    if (version < 11 || framing.encodings > 1 || !base::equal_ignoring_case(framing.encoding, "chunked")) {
      return "a Transfer-Encoding that is not exactly chunked";
    }
    plan.body.kind = BodyPlan::Kind::chunked;
  } else if (framing.lengths != 0) {
    const auto length = parse_content_length(framing.length);
    if (framing.lengths > 1 || !length) return "a Content-Length that is not one decimal number";
    plan.body.kind = BodyPlan::Kind::length;
    plan.body.length = *length;
  } else {
    plan.body.kind = BodyPlan::Kind::until_close;
  }
  if (bodiless) plan.body = {};
  return {};
}

void drop_hop_by_hop(std::vector<Field>& fields, bool inflated) {
  std::vector<std::string_view> named;
  for (const Field& field : fields) {
    if (field.name == "connection")
      for_each_element(field.value, [&](std::string_view token) { named.push_back(token); });
  }
  std::erase_if(fields, [&](const Field& field) {
    if (is_hop_by_hop(field.name)) return true;
    if (inflated && (field.name == "content-length" || field.name == "content-encoding")) return true;
    return std::any_of(named.begin(), named.end(),
                       [&](std::string_view token) { return base::equal_ignoring_case(token, field.name); });
  });
}

}  // namespace

std::string_view parse_response_head(std::string& bytes, bool to_head, std::vector<Field>& fields,
                                     ResponsePlan& plan) {
  plan = {};
  FirstLine first;
  if (read_response_lines(bytes, most_fields, first, fields) != HeadFault::none)
    return "the head is not valid HTTP/1.1";
  plan.status = first.status;
  if (plan.status < 100 || plan.status > 599) return "a status outside of 100 to 599";
  if (plan.status < 200) return {};
  const Framing framing = collect(fields);
  const bool bodiless = to_head || plan.status == 204 || plan.status == 304;
  if (const auto fault = judge_body(framing, first.version, bodiless, plan); !fault.empty()) return fault;
  const auto coding = parse_coding(framing.coding);
  if (!coding || framing.codings > 1) return "a Content-Encoding that was not asked for";
  plan.coding = plan.body.kind == BodyPlan::Kind::none ? Coding::identity : *coding;
  plan.keep_alive = first.version >= 11 && !framing.close && plan.body.kind != BodyPlan::Kind::until_close;
  const bool inflated = plan.coding != Coding::identity;
  if (framing.hop_by_hop || inflated) drop_hop_by_hop(fields, inflated);
  return {};
}

}  // namespace freellmapi::net
