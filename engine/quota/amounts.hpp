// From needs and bills to what one window counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "quota/ledger.hpp"
#include "quota/window.hpp"

namespace freellmapi::quota {

inline constexpr std::uint64_t believable =
    4;  // a bill of more than so many times its bound is a fault in the bill

inline std::uint64_t believed(const std::optional<std::uint64_t>& billed, std::uint64_t bound,
                              std::uint64_t limit) noexcept {
  if (!billed) return bound;
  if (bound == 0) return *billed <= limit ? *billed : 0;
  return *billed / believable < bound || *billed == bound * believable ? *billed : bound;
}

/// What a plugin could not say the price of takes a whole unit, so that an empty window is not asked.
inline std::uint64_t own_bound(const Need& need) noexcept {
  return need.own_units > 0 ? need.own_units : 1'000;
}

/// What a window counts, in the words of its rule; parts of a unit are rounded up.
inline std::uint64_t in_units(std::uint64_t counted, const policy::Rule& rule) noexcept {
  return counted / rule.parts() + (counted % rule.parts() == 0 ? 0 : 1);
}

inline Amount amount_of(policy::Unit unit, const Need& need) noexcept {
  switch (unit) {
    case policy::Unit::requests:
      return {need.requests, 0};
    case policy::Unit::tokens:
      return {need.input_tokens, need.output_tokens};
    case policy::Unit::input_tokens:
      return {need.input_tokens, 0};
    case policy::Unit::output_tokens:
      return {0, need.output_tokens};
    case policy::Unit::concurrency:
      return {0, need.requests};
    case policy::Unit::own:
      return {own_bound(need), 0};
  }
  return {};
}

inline Amount amount_of(policy::Unit unit, const Need& need, const Bill& bill, std::uint64_t limit) noexcept {
  switch (unit) {
    case policy::Unit::requests:
      return {bill.request ? 1u : 0u, 0};
    case policy::Unit::tokens:
      return {believed(bill.input_tokens, need.input_tokens, limit),
              believed(bill.output_tokens, need.output_tokens, limit)};
    case policy::Unit::input_tokens:
      return {believed(bill.input_tokens, need.input_tokens, limit), 0};
    case policy::Unit::output_tokens:
      return {0, believed(bill.output_tokens, need.output_tokens, limit)};
    case policy::Unit::concurrency:
      return {};
    case policy::Unit::own:
      // A price nobody could tell beforehand may be anything the window holds.
      return {believed(bill.own_units, need.own_units == 0 && bill.own_units ? 0 : own_bound(need), limit),
              0};
  }
  return {};
}

}  // namespace freellmapi::quota
