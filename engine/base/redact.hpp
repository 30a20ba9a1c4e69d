// Takes secrets out of any text that leaves the process.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::base {

/// Knows the secrets the process holds (and their URL- and base64-encoded forms) and the shapes of keys it
/// does not hold. Immutable after construction, so any thread may use it. One pass over the text, however
/// many secrets there are.
class Redactor {
 public:
  Redactor();
  /// Secrets shorter than eight characters are ignored: replacing them would destroy ordinary text.
  explicit Redactor(const std::vector<std::string>& secrets);

  /// The text with every known secret, and everything shaped like a key, replaced by "[redacted]".
  std::string redact(std::string_view text) const;
  /// True when redact() would change nothing. Allocates nothing.
  bool clean(std::string_view text) const noexcept { return next_finding(text, 0).length == 0; }

 private:
  struct Needle {
    std::uint64_t start;  // the first eight bytes, to compare in one step
    std::string text;
  };
  struct Finding {
    std::size_t at = 0;
    std::size_t length = 0;  // 0: there is none
    std::size_t shown = 0;   // the bytes at its start that may stay
  };
  void add(std::string text);
  Finding next_finding(std::string_view text, std::size_t from) const noexcept;
  std::size_t known_secret_at(std::string_view rest) const noexcept;

  std::vector<Needle>
      needles_;  // by start; of one start the longest first, so that a key that holds another goes whole
  std::bitset<256> first_bytes_;      // of the needles
  std::bitset<256 * 256> looked_at_;  // what begins with another two bytes is no secret
  std::bitset<4096>
      starts_;  // hashes of all starts: nearly every position of a text is passed by one look here
};

}  // namespace freellmapi::base
