// The request's body as it grows: small pieces are gathered, long ones are handed over from where they lie.
#pragma once

#include <cstddef>
#include <freellmapi/json.hpp>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::google {

class Writer {
 public:
  explicit Writer(sdk::RequestOut& out) : out_(out) { gathered_.reserve(1024); }

  /// JSON text; of any origin.
  void put(std::string_view json) {
    if (json.size() < worth_a_piece) {
      gathered_ += json;
    } else {
      flush();
      out_.body(json);
    }
  }
  void put_string(std::string_view plain) { sdk::append_json_string(gathered_, plain); }
  /// Hands over what is gathered. Call it last.
  void flush() {
    out_.body(gathered_);
    gathered_.clear();
  }

 private:
  static constexpr std::size_t worth_a_piece = 512;  // below it a copy is cheaper than one more piece to send
  sdk::RequestOut& out_;
  std::string gathered_;
};

/// Writes the commas of an object's members or an array's items.
class Commas {
 public:
  explicit Commas(Writer& writer) noexcept : writer_(writer) {}
  Writer& next() {
    if (!first_) writer_.put(",");
    first_ = false;
    return writer_;
  }
  bool none() const noexcept { return first_; }

 private:
  Writer& writer_;
  bool first_ = true;
};

}  // namespace freellmapi::google
