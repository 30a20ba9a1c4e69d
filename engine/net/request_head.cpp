#include "net/request_head.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/head_fields.hpp"
#include "net/head_lines.hpp"

namespace freellmapi::net {

namespace {

using Refused = std::unique_ptr<Refusal>;

/// False, as who refuses says.
bool refuse(Refused& refusal, int status, std::string_view code, std::string_view message) {
  refusal = std::make_unique<Refusal>();
  refusal->status = status;
  refusal->code = code;
  refusal->message = message;
  return false;
}
bool refuse_framing(Refused& refusal, std::string_view message) {
  return refuse(refusal, 400, "bad_framing", message);
}

// "GET / HTTP/2.0": a version we do not speak is another thing than a line that is no request line.
bool names_other_version(std::string_view bytes) noexcept {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  if (line.size() < 9) return false;
  const std::string_view version = line.substr(line.size() - 9);
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]) &&
         version.substr(6) != "1.0" && version.substr(6) != "1.1";
}

bool judge_framing(const RequestHead& head, const Framing& framing, RequestPlan& plan, Refused& refusal) {
  const Framing::Noted &lengths = framing.content_length, &encodings = framing.transfer_encoding;
  if (encodings.count != 0) {
    if (head.version < 11) return refuse_framing(refusal, "Transfer-Encoding is not part of HTTP/1.0");
    if (lengths.count != 0 || encodings.count > 1 ||
        !base::equal_ignoring_case(head.fields[encodings.at].value, "chunked"))
      return refuse_framing(refusal,
                            "Transfer-Encoding must be exactly chunked, and never beside Content-Length");
    plan.body.kind = BodyPlan::Kind::chunked;
  } else if (lengths.count != 0) {
    const auto length = parse_content_length(head.fields[lengths.at].value);
    if (lengths.count > 1 || !length)
      return refuse_framing(refusal,
                            "Content-Length must be one decimal number, and never beside Transfer-Encoding");
    plan.body.length = *length;
    if (*length != 0) plan.body.kind = BodyPlan::Kind::length;
  }
  plan.keep_alive = head.version >= 11 && !framing.close;
  return true;
}

bool judge_expectation(const RequestHead& head, const Framing::Noted& expectations, RequestPlan& plan,
                       Refused& refusal) {
  if (head.version < 11 || expectations.count == 0) return true;
  if (expectations.count > 1 ||
      !base::equal_ignoring_case(head.fields[expectations.at].value, "100-continue")) {
    return refuse(refusal, 417, "expectation_failed", "only Expect: 100-continue is known");
  }
  plan.expects_continue = plan.body.kind != BodyPlan::Kind::none;
  return true;
}

bool judge_method(std::string_view method, Refused& refusal) {
  constexpr std::array<std::string_view, 7> known = {"POST",  "GET",    "HEAD",   "PUT",
                                                     "PATCH", "DELETE", "OPTIONS"};
  if (std::find(known.begin(), known.end(), method) != known.end()) return true;
  if (method != "CONNECT" && method != "TRACE")
    return refuse(refusal, 501, "method_not_implemented", "this method is not known");
  refuse(refusal, 405, "method_not_allowed", "this method is not served");
  refusal->allow = true;
  return false;
}

bool judge_authority(std::string_view text, const HostRules& hosts, Refused& refusal) {
  if (hosts.usual(text)) return true;
  const auto authority = parse_authority(text);
  if (!authority) return refuse_framing(refusal, "the Host field is not a host name with an optional port");
  if (hosts.allowed(*authority)) return true;
  return refuse(refusal, 421, "host_not_allowed",
                "this server does not answer for the host \"" + base::printable(text, 80) +
                    "\"; a name of your own has to be listed under server.hosts in the policy");
}

// Splits the target, checks the Host field and, in an absolute target, its authority too.
bool judge_target(std::string_view target, const HostRules& hosts, const Framing::Noted& named,
                  RequestHead& head, Refused& refusal) {
  // Only a client from before the Host field may leave it out; a browser, which is whom the check is for,
  // never does.
  if (named.count > 1 || (named.count == 0 && head.version >= 11))
    return refuse_framing(refusal, "exactly one Host field is required");
  if (named.count == 1 && !judge_authority(head.fields[named.at].value, hosts, refusal)) return false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.starts_with('/')) break;
    if (target.size() < scheme.size() || !base::equal_ignoring_case(target.substr(0, scheme.size()), scheme))
      continue;
    const std::string_view slash = target.substr(scheme.size() - 1, 1);
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    if (!judge_authority(target.substr(0, end), hosts, refusal)) return false;
    target.remove_prefix(end);
    if (target.empty()) target = slash;
    break;
  }
  const std::size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  if (const std::string_view fault = path_fault(head.path); !fault.empty())
    return refuse(refusal, 400, "bad_path", fault);
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (!std::all_of(head.query.begin(), head.query.end(), printable)) {
    return refuse(refusal, 400, "bad_path", "the query holds bytes that must be percent-encoded");
  }
  return true;
}

/// Of a path's visible bytes those that mean nothing by themselves.
constexpr std::array<bool, 256> ordinary_path_bytes = [] {
  std::array<bool, 256> ordinary{};
  for (unsigned char c = 0x21; c < 0x7f; ++c)
    ordinary[c] = c != '/' && c != '.' && c != '%' && c != '\\' && c != '#';
  return ordinary;
}();

/// True for a path of nothing but slashes, never two together, and bytes that mean nothing: nearly every one.
/// Of others it says nothing.
bool is_plain_path(std::string_view path) noexcept {
#if defined(__SSE2__)
  constexpr std::size_t seen = 16;
  if (path.size() <= seen || path.front() != '/') return false;
  const auto sixteen = [](const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
  const auto are = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const std::size_t last = path.size() - seen - 1;
  for (std::size_t at = 0;; at = std::min(at + seen, last)) {
    const __m128i bytes = sixteen(path.data() + at), next = sixteen(path.data() + at + 1);
    const __m128i marks = _mm_or_si128(_mm_or_si128(are(next, '.'), are(next, '%')),
                                       _mm_or_si128(are(next, '\\'), are(next, '#')));
    const __m128i slashes = _mm_and_si128(are(bytes, '/'), are(next, '/'));
    const __m128i visible = _mm_andnot_si128(are(next, 0x7f), _mm_cmpgt_epi8(next, _mm_set1_epi8(0x20)));
    if (_mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(marks, slashes), visible)) != 0xFFFF) return false;
    if (at == last) return true;
  }
#else
  static_cast<void>(path);
  return false;
#endif
}

}  // namespace

std::unique_ptr<Refusal> bad_framing(std::string_view message) {
  Refused refusal;
  refuse_framing(refusal, message);
  return refusal;
}

std::string_view path_fault(std::string_view path) noexcept {
  if (is_plain_path(path)) return {};
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

std::unique_ptr<Refusal> parse_request_head(std::span<char> bytes, const ServerLimits& limits,
                                            const HostRules& hosts, RequestHead& head,
                                            std::vector<Field>& fields, RequestPlan& plan) {
  Refused refusal;
  HeadLines lines;
  const HeadFault fault = read_request_lines(bytes, limits.fields, lines, fields);
  const FirstLine& first = lines.first;
  head.method = first.method;
  head.path = head.query = {};
  head.version = static_cast<unsigned>(first.version);
  head.fields = fields;
  head.marks = lines.framing.marks;
  head.has_body = false;
  plan = {};
  plan.head_size = lines.size;
  if (fault == HeadFault::too_many) {
    refuse(refusal, 431, "header_too_large", "the head holds too many fields");
  } else if (fault == HeadFault::version && names_other_version({bytes.data(), bytes.size()})) {
    refuse(refusal, 505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0");
  } else if (fault != HeadFault::none) {
    refuse_framing(refusal, "the head is not valid HTTP/1.1");
  } else if (first.target.size() > limits.target_bytes) {
    refuse(refusal, 414, "uri_too_long", "the request target is too long");
  } else if (judge_framing(head, lines.framing, plan, refusal)) {
    head.has_body = plan.body.kind != BodyPlan::Kind::none;
    judge_method(head.method, refusal) &&
        judge_target(first.target, hosts, lines.framing.host, head, refusal) &&
        judge_expectation(head, lines.framing.expect, plan, refusal);
  }
  return refusal;
}

}  // namespace freellmapi::net
