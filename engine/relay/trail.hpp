// What was tried before the answer: for the response headers, the error details and the log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::relay {

/// One attempt that did not serve.
struct Hop {
  std::string provider, model, key;
  std::string_view outcome;  ///< a ruling's name; static storage
  bool cut = false;          ///< the client has a part of its answer
};

/// At most 64 hops are kept; the header shows the first ten and at most 1 KiB.
class Trail {
 public:
  void add(Hop hop) {
    ++count_;
    if (hops_.size() < 64) hops_.push_back(std::move(hop));
  }
  std::size_t count() const noexcept { return count_; }
  const std::vector<Hop>& hops() const noexcept { return hops_; }
  /// "groq/llama-3.3-70b key1=rate_limited; mistral/… key2=timeout"; bytes that a header must not hold are
  /// percent-encoded.
  std::string header() const;

 private:
  std::vector<Hop> hops_;
  std::size_t count_ = 0;
};

}  // namespace freellmapi::relay
