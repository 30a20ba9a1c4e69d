// The requests of a simulation, one by one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "routing/decide.hpp"

namespace freellmapi::sim {

/// Sizes and shapes of one request; never a word of it.
struct Arrival {
  base::WallTime at{};
  std::string model = "auto";
  routing::Features features;
  bool follows = false;  ///< it goes on with a conversation: it stays with who answered it
  std::uint64_t seed = 0;
  std::uint64_t input = 0;            ///< tokens that will be billed; 0: as estimated
  std::uint64_t output = 0;           ///< tokens that will be made
  std::chrono::milliseconds took{0};  ///< until the answer's end; 0: as long as such an answer usually takes
  std::string route;                  ///< provider/model that answered, where that is known
};

class Arrivals {
 public:
  virtual ~Arrivals() = default;
  /// In the order of their times; nothing: there are no more. The error names the place.
  virtual base::Result<std::optional<Arrival>> next() = 0;
  /// How much has been given, 0 to 1.
  virtual double done() const noexcept = 0;
};

/// The same numbers on every machine, which the standard's distributions are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t bits() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 to `end` - 1. `end` > 0.
  std::uint64_t below(std::uint64_t end) noexcept { return bits() % end; }

 private:
  std::uint64_t state_;
};

}  // namespace freellmapi::sim
