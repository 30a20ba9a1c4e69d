// Takes gzip and deflate off a body, piece by piece, in bounded memory.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace freellmapi::net {

enum class Coding { identity, gzip, deflate };

/// The coding a Content-Encoding field names; nothing when we do not know it (lists too).
std::optional<Coding> parse_coding(std::string_view field) noexcept;

class Inflator {
 public:
  /// `coding` is gzip or deflate (with or without the zlib wrapper).
  explicit Inflator(Coding coding) noexcept : coding_(coding) {}
  ~Inflator();
  Inflator(const Inflator&) = delete;
  Inflator& operator=(const Inflator&) = delete;

  struct Step {
    std::size_t consumed = 0, produced = 0;
    bool damaged = false;
  };
  /// Fills `out` as far as `in` reaches. Call until nothing is consumed and nothing produced.
  Step step(std::string_view in, std::span<char> out) noexcept;
  /// True when what was fed so far is a whole compressed body.
  bool finished() const noexcept { return finished_; }

 private:
  bool start(char first) noexcept;

  const Coding coding_;
  z_stream stream_{};
  bool started_ = false, finished_ = false;
};

}  // namespace freellmapi::net
