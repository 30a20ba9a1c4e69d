// Odd bytes, the same ones every time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::kit {

/// xorshift64*: a fixed seed gives a fixed course, so that what was seen is seen again.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}
  std::uint64_t next();
  /// 0 to below - 1; 0 when below is 0.
  std::size_t below(std::size_t below) { return below == 0 ? 0 : static_cast<std::size_t>(next() % below); }
  std::string bytes(std::size_t n);

 private:
  std::uint64_t state_;
};

/// `seed` with one to eight changes: bytes flipped, cut out, doubled, put in; pieces of `other` spliced in.
std::string mutated(Random& random, std::string seed, std::string_view other);
/// Cut at up to four random places.
std::vector<std::string_view> cut(Random& random, std::string_view body);

}  // namespace freellmapi::kit
