#include "chat/calibration.hpp"

#include <algorithm>
#include <limits>

#include "chat/decode.hpp"

namespace freellmapi::chat {
namespace {

constexpr std::uint64_t one = 1024;  // a share of 1
constexpr std::size_t cells_per_kind = 4;
constexpr std::uint64_t most_share = 16 * one;
constexpr std::uint64_t largest_estimate = std::uint64_t{1} << 40;
constexpr std::size_t probes = 16;  // a family that finds no place among so many is not learned

enum Kind : std::uint8_t { prose, code, dense, foreign, schemas, media };
// What a kind may cost for each estimated token, as long as nobody has billed its like. Keys, hashes and
// digits come to a token for four bytes in the best case and for one in the worst.
constexpr std::array<std::uint64_t, 6> at_first{one + one / 4, one + one / 2, 3 * one,
                                                one + one / 2, one + one / 4, one + one / 2};

Kind kind_of(const Facts& f) noexcept {
  if (f.image_count > 0 || f.file_bytes > 0) return media;
  if (f.schema_bytes > f.text_bytes) return schemas;
  if (f.wide_bytes > f.text_bytes / 4) return foreign;
  if (f.dense_bytes > f.text_bytes / 5 * 2) return dense;
  return f.dense_bytes > f.text_bytes / 8 ? code : prose;
}

// Of a short input the template and what a provider puts before it are most.
std::uint8_t size_of(std::uint64_t estimate) noexcept {
  if (estimate < 128) return 0;
  if (estimate < 1'024) return 1;
  return estimate < 16'384 ? 2 : 3;
}

std::uint64_t with_margin(std::uint64_t share) noexcept { return share + share / 16; }

std::uint64_t scaled(std::uint64_t estimate, std::uint64_t share) noexcept {
  return (std::min(estimate, largest_estimate) * share + one - 1) / one;
}

}  // namespace

InputShape shape_of(const Facts& facts) noexcept {
  InputShape shape;
  shape.estimate = estimate_tokens(facts);
  shape.cell = static_cast<std::uint8_t>(kind_of(facts) * cells_per_kind + size_of(shape.estimate));
  return shape;
}

const Calibration::Family* Calibration::find(std::uint64_t family) const noexcept {
  for (std::size_t i = 0; family != 0 && i < probes; ++i) {
    const Family& at = families_[(family + i) % most_families];
    const std::uint64_t name = at.name.load(std::memory_order_acquire);
    if (name == family) return &at;
    if (name == 0) break;
  }
  return nullptr;
}

Calibration::Family* Calibration::find_or_claim(std::uint64_t family) noexcept {
  for (std::size_t i = 0; family != 0 && i < probes; ++i) {
    Family& at = families_[(family + i) % most_families];
    std::uint64_t name = 0;
    if (at.name.compare_exchange_strong(name, family, std::memory_order_acq_rel) || name == family)
      return &at;
  }
  return nullptr;
}

std::uint64_t Calibration::bound(std::uint64_t family, InputShape shape) const noexcept {
  const Family* const known = find(family);
  if (shape.cell >= input_cells || shape.estimate > largest_estimate) return shape.estimate;
  const std::uint64_t first = at_first[shape.cell / cells_per_kind];
  if (known == nullptr) return scaled(shape.estimate, first);
  const std::uint64_t cell = known->cells[shape.cell].load(std::memory_order_relaxed);
  const std::uint64_t seen = cell & std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t dearest = with_margin(cell >> 32U);
  if (dearest < first) {
    const std::uint64_t doubt = first - dearest;
    const std::uint64_t left = settled_after - std::min<std::uint64_t>(seen, settled_after);
    return scaled(shape.estimate, dearest + doubt * left / settled_after);
  }
  return scaled(shape.estimate, dearest);
}

std::vector<Calibration::Learned> Calibration::learned() const {
  std::vector<Learned> all;
  for (const Family& family : families_) {
    const std::uint64_t name = family.name.load(std::memory_order_acquire);
    for (std::uint32_t cell = 0; name != 0 && cell < input_cells; ++cell) {
      const std::uint64_t word = family.cells[cell].load(std::memory_order_relaxed);
      if (word != 0) all.push_back({name, cell, word});
    }
  }
  return all;
}

void Calibration::restore(const Learned& before) noexcept {
  const std::uint64_t share = before.word >> 32U;
  const std::uint64_t seen = before.word & std::numeric_limits<std::uint32_t>::max();
  if (before.cell >= input_cells || share == 0 || share > most_share || seen == 0 || seen > settled_after)
    return;
  Family* const known = find_or_claim(before.family);
  if (known == nullptr) return;
  Cell& cell = known->cells[before.cell];
  std::uint64_t present = cell.load(std::memory_order_relaxed);
  while (present >> 32U < share &&
         !cell.compare_exchange_weak(present, before.word, std::memory_order_relaxed)) {
  }
}

void Calibration::learn(std::uint64_t family, InputShape shape, std::uint64_t tokens) noexcept {
  if (tokens == 0 || shape.estimate == 0 || shape.cell >= input_cells || shape.estimate > largest_estimate)
    return;
  if (tokens / believable > bound(family, shape)) return;
  Family* const known = find_or_claim(family);
  if (known == nullptr) return;
  const std::uint64_t share = std::min((tokens * one + shape.estimate - 1) / shape.estimate, most_share);
  Cell& cell = known->cells[shape.cell];
  std::uint64_t before = cell.load(std::memory_order_relaxed);
  std::uint64_t after = 0;
  do {
    const std::uint64_t seen = before & std::numeric_limits<std::uint32_t>::max();
    after = std::max(before >> 32U, share) << 32U | std::min<std::uint64_t>(seen + 1, settled_after);
  } while (!cell.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

}  // namespace freellmapi::chat
