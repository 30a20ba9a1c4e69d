#include <fmt/format.h>

#include <freellmapi/request_rules.hpp>
#include <new>

#include "base/text.hpp"
#include "host/request_writer.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace rules = sdk::rules;

void UpstreamRequest::set_target(std::string_view method, std::string_view path) {
  held_->method = held_->kept.keep(method);
  held_->path = held_->kept.keep(path);
}

void UpstreamRequest::fix() {
  std::string lines;
  std::vector<Header> credentials;
  for (const Header& header : held_->headers) {
    if (header.credential) {
      credentials.push_back(header);
    } else {
      lines.append(header.name).append(": ").append(header.value).append("\r\n");
    }
  }
  held_->lines = held_->kept.keep(lines);
  held_->line_count = held_->headers.size() - credentials.size();
  held_->headers = std::move(credentials);
}

void UpstreamRequest::stand_behind(const UpstreamRequest& head) noexcept {
  held_->fixed = head.held_.get();
  held_->method = head.held_->method;
  held_->path = head.held_->path;
  held_->lines = head.held_->lines;
  held_->line_count = head.held_->line_count;
}

void UpstreamRequest::add_header(const Header& header) {
  constexpr std::size_t usual_headers = 8;
  std::vector<Header>& headers = held_->headers;
  if (headers.empty()) headers.reserve(usual_headers);
  headers.push_back({held_->kept.keep(header.name), held_->kept.keep(header.value), header.credential});
}

void UpstreamRequest::append(std::string_view bytes, std::string_view shared) {
  if (bytes.empty()) return;
  held_->body_size += bytes.size();
  if (!rules::lies_inside(bytes, shared)) bytes = held_->kept.keep(bytes);
  Pieces& pieces = held_->pieces;
  if (!pieces.empty()) {
    std::string_view& last = pieces.back();
    if (last.data() + last.size() == bytes.data()) {
      last = {last.data(), last.size() + bytes.size()};
      return;
    }
  }
  pieces.push_back(bytes);
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

RequestWriter::RequestWriter(UpstreamRequest& request, std::string_view shared)
    : request_(request), shared_(shared) {
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
  if (!request_.method().empty())
    return refuse(FREELLM_E_INVALID, "the plugin gave two targets for one request");
  if (!rules::is_method(method)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave \"{}\" as the method", base::printable(method, 32)));
  }
  if (!rules::is_path(path)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave \"{}\" as the path, which no request may have",
                              base::printable(path, 100)));
  }
  request_.set_target(method, path);
  return FREELLM_OK;
}

freellm_status RequestWriter::add_header(std::string_view name, std::string_view value,
                                         std::optional<std::uint32_t> part) {
  const auto shown = [&] { return base::printable(name, 64); };
  if (!rules::is_name(name)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin gave a header named \"{}\", which is no legal name", shown()));
  }
  if (rules::is_the_hosts(name)) {
    return refuse(FREELLM_E_INVALID,
                  fmt::format("the plugin wrote the header {}, which is the host's to write", shown()));
  }
  if (!rules::is_value(value)) {
    return refuse(
        FREELLM_E_INVALID,
        fmt::format("the plugin gave the header {} a value with control characters or over {} bytes", shown(),
                    rules::longest_text));
  }
  if (part && *part > 2) {
    return refuse(
        FREELLM_E_INVALID,
        fmt::format("the plugin asked for part {} of the key in the header {}; there are 0, 1 and 2", *part,
                    shown()));
  }
  if (request_.header_count() == rules::most_headers) {
    return refuse(FREELLM_E_LIMIT, fmt::format("the plugin gave more than {} headers", rules::most_headers));
  }
  request_.add_header({name, value, part});
  return FREELLM_OK;
}

freellm_status RequestWriter::add_body(const void* data, std::size_t size) {
  if (size == 0) return FREELLM_OK;
  if (data == nullptr)
    return refuse(FREELLM_E_INVALID, "the plugin gave a null pointer as a piece of the body");
  if (size > rules::most_body - request_.body_size()) {
    return refuse(FREELLM_E_LIMIT,
                  fmt::format("the plugin wrote a body of more than {} bytes", rules::most_body));
  }
  if (++pieces_ > rules::most_pieces) {
    return refuse(FREELLM_E_LIMIT,
                  fmt::format("the plugin wrote the body in more than {} pieces", rules::most_pieces));
  }
  request_.append({static_cast<const char*>(data), size}, shared_);
  return FREELLM_OK;
}

void RequestWriter::stand_behind(const UpstreamRequest* head) {
  if (fault_ < 0) return;
  if (head == nullptr) {
    refuse(FREELLM_E_INTERNAL, "the plugin named a head that it does not have");
  } else if (!request_.method().empty()) {
    refuse(FREELLM_E_INVALID, "the plugin gave two targets for one request");
  } else if (head->field_count() + request_.header_count() > rules::most_headers) {
    refuse(FREELLM_E_LIMIT, fmt::format("the plugin gave more than {} headers", rules::most_headers));
  } else {
    request_.stand_behind(*head);
  }
}

std::optional<base::Error> RequestWriter::end(freellm_status status, std::string_view provider) const {
  if (fault_ < 0) return error_of(fault_, provider, why_);
  if (status < 0) return error_of(status, provider, {});
  if (request_.method().empty()) {
    return base::Error{base::Errc::internal, "the plugin wrote a request without a target",
                       std::string{provider}};
  }
  return std::nullopt;
}

}  // namespace freellmapi::host
