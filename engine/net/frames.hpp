// The memory of coroutine frames.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace freellmapi::net {

/// A thread keeps what was given back, up to a bound, and gives it out again: a request takes and gives some
/// twenty frames of always the same sizes. Sanitizers see every frame come and go.
class Frames {
 public:
  static void* take(std::size_t size) {
    const std::size_t rank = (size - 1) / step;
    if (!keeps || rank >= ranks) return ::operator new(size);
    Kept*& first = mine_.first[rank];
    const std::size_t whole = (rank + 1) * step;
    if (first == nullptr) return ::operator new(whole);
    mine_.bytes -= whole;
    return std::exchange(first, first->next);
  }
  static void give(void* at, std::size_t size) noexcept {
    const std::size_t rank = (size - 1) / step;
    if (!keeps || rank >= ranks) return ::operator delete(at);
    const std::size_t whole = (rank + 1) * step;
    if (mine_.bytes + whole > most) return ::operator delete(at);
    mine_.bytes += whole;
    mine_.first[rank] = new (at) Kept{mine_.first[rank]};
  }
  /// What the calling thread keeps goes back: before it ends.
  static void release() noexcept;
  /// Bytes that the calling thread keeps.
  static std::size_t kept() noexcept { return mine_.bytes; }

  static constexpr std::size_t most = 128 * 1024;  ///< of kept()
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool keeps = false;
#else
  static constexpr bool keeps = true;
#endif

 private:
  static constexpr std::size_t step = 64, ranks = 40;

  struct Kept {
    Kept* next;
  };
  struct Mine {
    std::array<Kept*, ranks> first{};
    std::size_t bytes = 0;
  };
  static constinit thread_local Mine mine_;
};

inline constinit thread_local Frames::Mine Frames::mine_;

}  // namespace freellmapi::net
