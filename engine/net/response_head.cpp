#include "net/response_head.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/head_fields.hpp"
#include "net/head_lines.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t most_fields = 200;

/// What belongs to one connection, whatever its Connection field says.
constexpr std::array<std::string_view, 7> hop_by_hop = {
    "te", "trailer", "upgrade", "connection", "keep-alive", "proxy-connection", "transfer-encoding"};

bool is_hop_by_hop(std::string_view name) noexcept {
  return std::find(hop_by_hop.begin(), hop_by_hop.end(), name) != hop_by_hop.end();
}
bool may_hold_hop_by_hop(const NameMarks& marks) noexcept {
  return std::any_of(hop_by_hop.begin(), hop_by_hop.end(),
                     [&](std::string_view name) { return marks.may_hold(name); });
}

std::string_view judge_body(const Framing& framing, const std::vector<Field>& fields, int version,
                            bool bodiless, ResponsePlan& plan) {
  const Framing::Noted &lengths = framing.content_length, &encodings = framing.transfer_encoding;
  if (encodings.count != 0 && lengths.count != 0) return "Content-Length and Transfer-Encoding together";
  if (encodings.count != 0) {
    if (version < 11 || encodings.count > 1 ||
        !base::equal_ignoring_case(fields[encodings.at].value, "chunked")) {
      return "a Transfer-Encoding that is not exactly chunked";
    }
    plan.body.kind = BodyPlan::Kind::chunked;
  } else if (lengths.count != 0) {
    const auto length = parse_content_length(fields[lengths.at].value);
    if (lengths.count > 1 || !length) return "a Content-Length that is not one decimal number";
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

std::string_view parse_response_head(std::span<char> bytes, bool to_head, std::vector<Field>& fields,
                                     ResponsePlan& plan) {
  plan = {};
  HeadLines lines;
  if (read_response_lines(bytes, most_fields, lines, fields) != HeadFault::none)
    return "the head is not valid HTTP/1.1";
  const FirstLine& first = lines.first;
  plan.head_size = lines.size;
  plan.status = first.status;
  if (plan.status < 100 || plan.status > 599) return "a status outside of 100 to 599";
  if (plan.status < 200) return {};
  const Framing& framing = lines.framing;
  const bool bodiless = to_head || plan.status == 204 || plan.status == 304;
  const std::string_view fault = judge_body(framing, fields, first.version, bodiless, plan);
  if (!fault.empty()) return fault;
  const Framing::Noted& codings = framing.content_encoding;
  const std::optional<Coding> coding =
      codings.count == 0 ? Coding::identity : parse_coding(fields[codings.at].value);
  if (!coding || codings.count > 1) return "a Content-Encoding that was not asked for";
  plan.coding = plan.body.kind == BodyPlan::Kind::none ? Coding::identity : *coding;
  plan.keep_alive = first.version >= 11 && !framing.close && plan.body.kind != BodyPlan::Kind::until_close;
  const bool inflated = plan.coding != Coding::identity;
  if (may_hold_hop_by_hop(framing.marks) || inflated) drop_hop_by_hop(fields, inflated);
  return {};
}

}  // namespace freellmapi::net
