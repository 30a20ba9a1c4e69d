#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>

#include "base/text.hpp"
#include "host/request_writer.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {

constexpr std::size_t headers_max = 64;
constexpr std::size_t header_name_max = 128;
constexpr std::size_t text_max = 8192;  // a header's value, a path
constexpr std::size_t body_max = 64u * 1024 * 1024;
constexpr std::size_t pieces_max = 65'536;

// What frames a message or belongs to one connection is the host's; so is what it can decode.
constexpr std::array<std::string_view, 14> host_headers = {"host",
                                                           "content-length",
                                                           "connection",
                                                           "transfer-encoding",
                                                           "user-agent",
                                                           "accept-encoding",
                                                           "upgrade",
                                                           "te",
                                                           "trailer",
                                                           "keep-alive",
                                                           "expect",
                                                           "proxy-connection",
                                                           "proxy-authorization",
                                                           "proxy-authenticate"};

bool is_token(std::string_view text) noexcept {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || c == '\t';
  });
}

bool is_method(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Visible ASCII without a fragment; braces only where the key's places are.
bool is_path(std::string_view text) noexcept {
  if (!text.starts_with('/') || text.size() > text_max) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= ' ' || c >= 0x7F || c == '#' || c == '\\' || c == '}') return false;
    if (c != '{') continue;
    const std::string_view rest = text.substr(i);
    const std::size_t place = rest.starts_with("{key}")                                    ? 5
                              : rest.starts_with("{key:1}") || rest.starts_with("{key:2}") ? 7
                                                                                           : 0;
    if (place == 0) return false;
    i += place - 1;
  }
  return true;
}

bool lies_inside(std::string_view piece, std::string_view whole) noexcept {
  const std::less_equal<const char*> at_most;  // < on foreign pointers is not defined
  return !piece.empty() && !whole.empty() && at_most(whole.data(), piece.data()) &&
         at_most(piece.data() + piece.size(), whole.data() + whole.size());
}

}  // namespace

std::vector<std::string_view> UpstreamRequest::pieces() const {
  std::vector<std::string_view> result;
  result.reserve(pieces_.size());
  for (const Piece& piece : pieces_) {
    const char* data = piece.external != nullptr ? piece.external : owned_.data() + piece.offset;
    result.emplace_back(data, piece.size);
  }
  return result;
}

void UpstreamRequest::append(std::string_view bytes, std::string_view shared) {
  if (bytes.empty()) return;
  body_size_ += bytes.size();
  Piece* last = pieces_.empty() ? nullptr : &pieces_.back();
  if (lies_inside(bytes, shared)) {
    if (last != nullptr && last->external != nullptr && last->external + last->size == bytes.data()) {
      last->size += bytes.size();
    } else {
      pieces_.push_back({bytes.data(), 0, bytes.size()});
    }
    return;
  }
  if (last != nullptr && last->external == nullptr) {
    last->size += bytes.size();  // owned pieces follow each other, so the last one ends where owned_ does
  } else {
    pieces_.push_back({nullptr, owned_.size(), bytes.size()});
  }
  owned_ += bytes;
}

template <class Write>
freellm_status RequestWriter::guarded(freellm_request_out* out, Write&& write) noexcept {
  auto& self = *static_cast<RequestWriter*>(out->ctx);
  if (self.fault_ < 0) return self.fault_;
  try {
    return write(self);
  } catch (const std::bad_alloc&) {
    return self.fault_ = FREELLM_E_LIMIT;
  } catch (...) {
    return self.fault_ = FREELLM_E_INTERNAL;
  }
}

RequestWriter::RequestWriter(std::string_view shared) : shared_(shared) {
  out_.size = sizeof out_;
  out_.ctx = this;
  out_.target = [](freellm_request_out* out, freellm_str method, freellm_str path) {
    return guarded(out, [&](RequestWriter& self) { return self.set_target(view(method), view(path)); });
  };
  out_.header = [](freellm_request_out* out, freellm_str name, freellm_str value) {
    return guarded(
        out, [&](RequestWriter& self) { return self.add_header(view(name), view(value), std::nullopt); });
  };
  out_.credential = [](freellm_request_out* out, freellm_str name, freellm_str prefix, std::uint32_t part) {
    return guarded(out, [&](RequestWriter& self) { return self.add_header(view(name), view(prefix), part); });
  };
  out_.body = [](freellm_request_out* out, const void* data, std::size_t size) {
    return guarded(out, [&](RequestWriter& self) { return self.add_body(data, size); });
  };
  out_.output_bound = [](freellm_request_out* out, std::uint64_t tokens) {
    return guarded(out, [&](RequestWriter& self) {
      self.request_.output_bound = tokens;
      return FREELLM_OK;
    });
  };
}

freellm_status RequestWriter::refuse(freellm_status status, std::string why) {
  fault_ = status;
  why_ = std::move(why);
  return status;
}

freellm_status RequestWriter::set_target(std::string_view method, std::string_view path) {
  if (!request_.method.empty())
    return refuse(FREELLM_E_INVALID, "the plugin gave two targets for one request");
  if (!is_method(method)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave \"{}\" as the method", base::printable(method, 32)));
  }
  if (!is_path(path)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave \"{}\" as the path, which no request may have",
                              base::printable(path, 100)));
  }
  request_.method = method;
  request_.path = path;
  return FREELLM_OK;
}

freellm_status RequestWriter::add_header(std::string_view name, std::string_view value,
                                         std::optional<std::uint32_t> part) {
  const auto shown = [&] { return base::printable(name, 64); };
  if (!is_token(name) || name.size() > header_name_max) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave a header named \"{}\", which is no legal name", shown()));
  }
  if (std::find(host_headers.begin(), host_headers.end(), base::to_lower(name)) != host_headers.end()) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin wrote the header {}, which is the host's to write", shown()));
  }
  if (!is_header_value(value) || value.size() > text_max) {
    return refuse(
        FREELLM_E_INVALID,
        fmt::format("the plugin gave the header {} a value with control characters or over {} bytes", shown(),
                    text_max));
  }
  if (part && *part > 2) {
    return refuse(
        FREELLM_E_INVALID,
        fmt::format("the plugin asked for part {} of the key in the header {}; there are 0, 1 and 2", *part,
                    shown()));
  }
  if (request_.headers.size() == headers_max) {
    return refuse(FREELLM_E_LIMIT, fmt::format("the plugin gave more than {} headers", headers_max));
  }
  request_.headers.push_back({std::string{name}, std::string{value}, part});
  return FREELLM_OK;
}

freellm_status RequestWriter::add_body(const void* data, std::size_t size) {
  if (size == 0) return FREELLM_OK;
  if (data == nullptr)
    return refuse(FREELLM_E_INVALID, "the plugin gave a null pointer as a piece of the body");
  if (size > body_max - request_.body_size()) {
    return refuse(FREELLM_E_LIMIT, fmt::format("the plugin wrote a body of more than {} bytes", body_max));
  }
  if (++pieces_ > pieces_max) {
    return refuse(FREELLM_E_LIMIT,
                  fmt::format("the plugin wrote the body in more than {} pieces", pieces_max));
  }
  request_.append({static_cast<const char*>(data), size}, shared_);
  return FREELLM_OK;
}

base::Result<UpstreamRequest> RequestWriter::take(freellm_status status, std::string_view provider) && {
  if (fault_ < 0) return error_of(fault_, provider, why_);
  if (status < 0) return error_of(status, provider, {});
  if (request_.method.empty()) {
    return base::Error{base::Errc::internal, "the plugin wrote a request without a target",
                       std::string{provider}};
  }
  return std::move(request_);
}

}  // namespace freellmapi::host
