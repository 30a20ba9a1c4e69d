#include "net/request_head.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/head_fields.hpp"
#include "net/head_lines.hpp"

namespace freellmapi::net {

namespace {

Refusal refuse(int status, std::string_view code, std::string_view message) {
  Refusal refusal;
  refusal.status = status;
  refusal.code = code;
  refusal.message = message;
  return refusal;
}

// "GET / HTTP/2.0": a version we do not speak is another thing than a line that is no request line.
bool names_other_version(std::string_view bytes) noexcept {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  if (line.size() < 9) return false;
  const std::string_view version = line.substr(line.size() - 9);
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]) &&
         version.substr(6) != "1.0" && version.substr(6) != "1.1";
}

/// What frames a request, gathered in one walk over its fields.
struct Framing {
  std::size_t lengths = 0, encodings = 0, expectations = 0, hosts = 0;
  std::string_view length, encoding, expectation, host;
  bool close = false;

  explicit Framing(const std::vector<Field>& fields) {
    const auto note = [](std::size_t& count, std::string_view& first, std::string_view value) {
      if (count++ == 0) first = value;
    };
    for (const Field& field : fields) {
      switch (field.name.size()) {
        case 4:
          if (field.name == "host") note(hosts, host, field.value);
          break;
        case 6:
          if (field.name == "expect") note(expectations, expectation, field.value);
          break;
        case 10:
          if (field.name == "connection") close = close || says_close(field.value);
          break;
        case 14:
          if (field.name == "content-length") note(lengths, length, field.value);
          break;
        case 17:
          if (field.name == "transfer-encoding") note(encodings, encoding, field.value);
          break;
        default:
          break;
      }
    }
  }
};

Refusal judge_framing(const RequestHead& head, const Framing& framing, RequestPlan& plan) {
  const std::size_t lengths = framing.lengths, encodings = framing.encodings;
  if (encodings != 0) {
    if (head.version < 11) return bad_framing("Transfer-Encoding is not part of HTTP/1.0");
    if (lengths != 0)
      return bad_framing("Transfer-Encoding must be exactly chunked, and never beside Content-Length");
    if (encodings > 1 || !base::equal_ignoring_case(framing.encoding, "chunked")) {
      return bad_framing("Transfer-Encoding must be exactly chunked, and never beside Content-Length");
    }
    plan.body.kind = BodyPlan::Kind::chunked;
  } else if (lengths != 0) {
    const auto length = parse_content_length(framing.length);
    if (lengths > 1 || !length)
      return bad_framing("Content-Length must be one decimal number, and never beside Transfer-Encoding");
    plan.body.length = *length;
    if (*length != 0) plan.body.kind = BodyPlan::Kind::length;
  }
  plan.keep_alive = head.version >= 11 && !framing.close;
  return {};
}

Refusal judge_expectation(const RequestHead& head, const Framing& framing, RequestPlan& plan) {
  if (head.version < 11 || framing.expectations == 0) return {};
  if (framing.expectations > 1 || !base::equal_ignoring_case(framing.expectation, "100-continue")) {
    return refuse(417, "expectation_failed", "only Expect: 100-continue is known");
  }
  plan.expects_continue = plan.body.kind != BodyPlan::Kind::none;
  return {};
}

Refusal judge_method(std::string_view method) {
  constexpr std::array<std::string_view, 7> known = {"POST",  "GET",    "HEAD",   "PUT",
                                                     "PATCH", "DELETE", "OPTIONS"};
  if (std::find(known.begin(), known.end(), method) != known.end()) return {};
  Refusal refusal = method == "CONNECT" || method == "TRACE"
                        ? refuse(405, "method_not_allowed", "this method is not served")
                        : refuse(501, "method_not_implemented", "this method is not known");
  refusal.allow = refusal.status == 405;
  return refusal;
}

Refusal judge_authority(std::string_view text, const HostRules& hosts) {
  if (hosts.usual(text)) return {};
  const auto authority = parse_authority(text);
  if (!authority) return bad_framing("the Host field is not a host name with an optional port");
  if (hosts.allowed(*authority)) return {};
  Refusal refusal = refuse(421, "host_not_allowed", {});
  refusal.message = "this server does not answer for the host \"" + base::printable(text, 80) +
                    "\"; a name of your own has to be listed under server.hosts in the policy";
  return refusal;
}

// Splits the target, checks the Host field and, in an absolute target, its authority too.
Refusal judge_target(std::string_view target, const HostRules& hosts, const Framing& framing,
                     RequestHead& head) {
  const std::size_t named = framing.hosts;
  // Only a client from before the Host field may leave it out; a browser, which is whom the check is for,
  // never does.
  if (named > 1 || (named == 0 && head.version >= 11))
    return bad_framing("exactly one Host field is required");
  if (named == 1) {
    if (Refusal refusal = judge_authority(framing.host, hosts); refusal.status != 0) return refusal;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !base::equal_ignoring_case(target.substr(0, scheme.size()), scheme))
      continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    if (Refusal refusal = judge_authority(target.substr(0, end), hosts); refusal.status != 0) return refusal;
    target.remove_prefix(end);
    if (target.empty()) target = "/";
    break;
  }
  const std::size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  if (const std::string_view fault = path_fault(head.path); !fault.empty())
    return refuse(400, "bad_path", fault);
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (!std::all_of(head.query.begin(), head.query.end(), printable)) {
    return refuse(400, "bad_path", "the query holds bytes that must be percent-encoded");
  }
  return {};
}

/// Of a path's visible bytes those that mean nothing by themselves.
constexpr std::array<bool, 256> ordinary_path_bytes = [] {
  std::array<bool, 256> ordinary{};
  for (unsigned char c = 0x21; c < 0x7f; ++c)
    ordinary[c] = c != '/' && c != '.' && c != '%' && c != '\\' && c != '#';
  return ordinary;
}();

}  // namespace

Refusal bad_framing(std::string_view message) { return refuse(400, "bad_framing", message); }

std::string_view path_fault(std::string_view path) noexcept {
  if (path.empty() || path.front() != '/') return "the path must begin with a slash";
  std::size_t dots = 0, length = 0;  // of the segment so far, with %2e counted as a dot
  const auto dotted = [&] { return length == dots && (dots == 1 || dots == 2); };
  for (std::size_t at = 1; at < path.size(); ++at) {
    char c = path[at];
    if (ordinary_path_bytes[static_cast<unsigned char>(c)]) {
      ++length;
      continue;
    }
    if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '#')
      return "the path holds a byte that must not stand in it";
    if (c == '/') {
      if (length == 0) return "the path holds an empty segment";
      if (dotted()) return "the path holds a dot segment";
      dots = length = 0;
      continue;
    }
    if (c == '%') {
      const int high = at + 2 < path.size() ? hex_value(path[at + 1]) : -1;
      const int low = at + 2 < path.size() ? hex_value(path[at + 2]) : -1;
      if (high < 0 || low < 0) return "the path holds a broken percent-encoding";
      const int byte = high * 16 + low;
      if (byte < 0x20 || byte == 0x7f) return "the path holds an encoded control byte";
      if (byte == '\\') return "the path holds an encoded backslash";
      at += 2;
      if (byte == '/') {
        // Data inside a segment (a model id), never a separator; but no way around the rule for dots either.
        if (dotted()) return "the path holds a dot segment";
        dots = length = 0;
        continue;
      }
      c = static_cast<char>(byte);
    }
    ++length;
    if (c == '.') ++dots;
  }
  return dotted() ? "the path holds a dot segment" : std::string_view{};
}

Refusal parse_request_head(std::string& bytes, const ServerLimits& limits, const HostRules& hosts,
                           RequestHead& head, std::vector<Field>& fields, RequestPlan& plan) {
  head = {};
  plan = {};
  FirstLine first;
  const HeadFault fault = read_request_lines(bytes, limits.fields, first, fields);
  head.method = first.method;
  head.version = static_cast<unsigned>(first.version);
  head.fields = fields;
  if (fault == HeadFault::too_many) return refuse(431, "header_too_large", "the head holds too many fields");
  if (fault == HeadFault::version && names_other_version(bytes)) {
    return refuse(505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0");
  }
  if (fault != HeadFault::none) return bad_framing("the head is not valid HTTP/1.1");
  if (first.target.size() > limits.target_bytes)
    return refuse(414, "uri_too_long", "the request target is too long");
  const Framing framing(fields);
  Refusal refusal = judge_framing(head, framing, plan);
  if (refusal.status == 0) refusal = judge_method(head.method);
  if (refusal.status == 0) refusal = judge_target(first.target, hosts, framing, head);
  if (refusal.status == 0) refusal = judge_expectation(head, framing, plan);
  head.has_body = plan.body.kind != BodyPlan::Kind::none;
  return refusal;
}

}  // namespace freellmapi::net
