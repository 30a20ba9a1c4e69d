// Keeps a plugin's faults the plugin's own: exceptions end at the call, writes past its memory are seen.
#pragma once

#include <freellmapi/abi.h>

#include <array>
#include <cstdint>

#include "host/provider.hpp"

namespace freellmapi::host {

/// Calls into a plugin. What it throws, against the ABI, ends here as plugin_fault. A noexcept function that
/// throws ends the process; nobody can help that.
template <class Function>
freellm_status call_plugin(Function&& function) {
  try {
    return function();
  } catch (...) {
    return plugin_fault;
  }
}

/// Sixty-four bytes that a plugin has no reason to touch. They stand beside what it may write.
class Fence {
 public:
  Fence() noexcept : bytes_(whole) {}
  bool stands() const noexcept {
    const auto& b = bytes_;
    const std::uint64_t all = b[0] & b[1] & b[2] & b[3] & b[4] & b[5] & b[6] & b[7];
    const std::uint64_t any = b[0] | b[1] | b[2] | b[3] | b[4] | b[5] | b[6] | b[7];
    return all == mark && any == mark;
  }

 private:
  static constexpr std::uint64_t mark = 0xF3EE'11A9'0FE2'CE5Du;
  static constexpr std::array<std::uint64_t, 8> whole = {mark, mark, mark, mark, mark, mark, mark, mark};
  std::array<std::uint64_t, 8> bytes_;
};

/// Something of ours that a plugin fills, between two fences.
template <class T>
struct Fenced {
  Fence before;
  T value{};
  Fence after;
  bool intact() const noexcept { return before.stands() && after.stands(); }
};

}  // namespace freellmapi::host
