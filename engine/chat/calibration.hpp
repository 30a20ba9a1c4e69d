// How many tokens an input may cost at a model, learned from what its providers bill. A tokenizer for every
// model there is would be megabytes that are out of date; what was billed for inputs of the same shape is
// not.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "chat/request.hpp"

namespace freellmapi::chat {

/// What is known of an input before anybody has counted it.
struct InputShape {
  std::uint64_t estimate = 0;  ///< estimate_tokens()
  std::uint8_t cell = 0;       ///< inputs of one cell cost much the same per estimated token; < input_cells
};
inline constexpr std::size_t input_cells = 24;  ///< 6 kinds of text in 4 sizes

InputShape shape_of(const Facts& facts) noexcept;

/// For each family of models and shape of input the dearest token count ever billed, as a share of the
/// estimate. The bound begins at a cautious share for the kind of text and comes down to the dearest seen
/// (and a sixteenth more) within `settled_after` observations; it is never below that, and a dearer one lifts
/// it at once. Families beyond `most_families` keep the cautious share. Thread safety: any thread; an atomic
/// for each shape, no lock.
class Calibration {
 public:
  static constexpr std::size_t most_families = 512;
  static constexpr std::uint32_t settled_after = 32;
  /// A bill of more than so many times what was held possible is a fault in the bill.
  static constexpr std::uint64_t believable = 4;

  Calibration() = default;
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;

  /// An upper bound. `family` is a hash that stands for a tokenizer; 0: unknown.
  std::uint64_t bound(std::uint64_t family, InputShape shape) const noexcept;
  /// A provider has billed `tokens` for such an input. Absurd figures teach nothing.
  void learn(std::uint64_t family, InputShape shape, std::uint64_t tokens) noexcept;

  /// What one cell has learned, for whoever writes it down.
  struct Learned {
    std::uint64_t family = 0;
    std::uint32_t cell = 0;
    std::uint64_t word = 0;
    bool operator==(const Learned&) const = default;
  };
  /// Every cell that has seen a bill.
  std::vector<Learned> learned() const;
  /// As it was written down. What no cell can have learned is passed over; what is dearer stays.
  void restore(const Learned& before) noexcept;

 private:
  /// The dearest share in 1/1024 above, how many were seen below.
  using Cell = std::atomic<std::uint64_t>;
  struct Family {
    std::atomic<std::uint64_t> name{0};
    std::array<Cell, input_cells> cells{};
  };

  const Family* find(std::uint64_t family) const noexcept;
  Family* find_or_claim(std::uint64_t family) noexcept;

  std::array<Family, most_families> families_{};
};

}  // namespace freellmapi::chat
