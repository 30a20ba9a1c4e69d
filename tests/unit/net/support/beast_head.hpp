// Beast's parser of heads, to hold ours against.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freellmapi::net::testing {

/// Collects the fields of one whole head, names in lower case.
template <bool is_request>
class BeastHead final : public boost::beast::http::basic_parser<is_request> {
 public:
  explicit BeastHead(const std::string& bytes) {
    this->header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
    this->body_limit(boost::none);
    this->skip(true);
    boost::system::error_code ec;
    this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    good = !ec && this->is_header_done();
  }

  bool good = false;
  std::string method, target;
  int status = 0, version = 0;
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  using ErrorCode = boost::system::error_code;
  using Text = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb, Text its_method, Text its_target, int its_version,
                       ErrorCode&) override {
    method = std::string(its_method);
    target = std::string(its_target);
    version = its_version;
  }
  void on_response_impl(int its_status, Text, int its_version, ErrorCode&) override {
    status = its_status;
    version = its_version;
  }
  void on_field_impl(boost::beast::http::field, Text name, Text value, ErrorCode&) override {
    std::string lower(name);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    fields.emplace_back(std::move(lower), std::string(value));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}
};

}  // namespace freellmapi::net::testing
