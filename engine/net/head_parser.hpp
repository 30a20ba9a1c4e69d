// Beast's grammar, used for heads alone: bodies go through BodyDecoder.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/head_fields.hpp"

namespace freellmapi::net {

/// Collects the fields of one head. `bytes` holds the whole head and must not move.
template <bool is_request>
class HeadParser : public boost::beast::http::basic_parser<is_request> {
 public:
  using ErrorCode = boost::system::error_code;
  using Text = boost::beast::string_view;
  using Verb = boost::beast::http::verb;

  HeadParser(std::string& bytes, std::size_t most, std::vector<Field>& fields)
      : bytes_(bytes), fields_(bytes, most, fields) {
    this->header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
    this->body_limit(boost::none);
  }

  /// Parses the whole head.
  ErrorCode parse() {
    ErrorCode ec;
    this->put(boost::asio::const_buffer(bytes_.data(), bytes_.size()), ec);
    if (!ec && !this->is_header_done()) ec = boost::beast::http::error::partial_message;
    return ec;
  }
  bool too_many_fields() const noexcept { return fields_.too_many(); }
  std::string_view method() const noexcept { return method_; }
  std::string_view target() const noexcept { return target_; }
  int status() const noexcept { return status_; }
  int version() const noexcept { return version_; }

 private:
  void on_request_impl(Verb, Text method, Text target, int version, ErrorCode&) override {
    method_ = std::string_view(method.data(), method.size());
    target_ = std::string_view(target.data(), target.size());
    version_ = version;
  }
  void on_response_impl(int status, Text, int version, ErrorCode&) override {
    status_ = status;
    version_ = version;
  }
  void on_field_impl(boost::beast::http::field, Text name, Text value, ErrorCode& ec) override {
    const std::string_view field_name(name.data(), name.size());
    const std::string_view field_value(value.data(), value.size());
    if (!fields_.add(field_name, field_value)) ec = boost::beast::http::error::header_limit;
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}

  std::string& bytes_;
  FieldCollector fields_;
  std::string_view method_, target_;
  int status_ = 0, version_ = 11;
};

}  // namespace freellmapi::net
