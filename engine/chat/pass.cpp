#include "chat/pass.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace freellmapi::chat {

bool Pass::wrong(std::string_view code, std::string_view param, std::string_view message) {
  if (!scan.failed()) fault = Fault{400, std::string{code}, std::string{param}, std::string{message}};
  return false;
}

bool Pass::within(std::string_view outer) {
  if (scan.failed()) return false;
  const bool direct = fault->param.empty() || fault->param.front() == '[';
  fault->param.insert(0, std::string{outer} + (direct ? "" : "."));
  return false;
}

bool Pass::within(std::string_view outer, std::size_t index) {
  return within(std::string{outer} + "[" + std::to_string(index) + "]");
}

namespace {

// Signed for comparing, unsigned for what may go beyond.
struct Lanes16 {
  typedef signed char Bytes __attribute__((vector_size(16)));
  typedef unsigned char Wrapping __attribute__((vector_size(16)));
};
struct Lanes32 {
  typedef signed char Bytes __attribute__((vector_size(32)));
  typedef unsigned char Wrapping __attribute__((vector_size(32)));
};

/// Neither small letters nor blanks nor wide: what tokenizers cut small.
template <class Lanes>
[[gnu::always_inline]] inline std::size_t dense_in(std::string_view text) noexcept {
  using Bytes = typename Lanes::Bytes;
  using Wrapping = typename Lanes::Wrapping;
  constexpr std::size_t lanes = sizeof(Bytes);
  // What is added up in a byte must fit into it.
  constexpr std::size_t most_rounds = 255;
  const char* at = text.data();
  std::size_t left = text.size(), dense = 0;
  while (left != 0) {
    // As signed numbers, wide bytes are below the blank too. Small letters are a part of what is above it:
    // moved up until z is the largest number there is, they are the largest. A comparison that holds is -1.
    Bytes found{};
    const auto count = [&found](const Bytes& bytes) {
      constexpr unsigned char up = 127 - 'z';
      found -= bytes > ' ';
      found += reinterpret_cast<Bytes>(reinterpret_cast<Wrapping>(bytes) + up) >
               static_cast<signed char>('a' + up - 1);
    };
    Bytes bytes{};
    const char* const end = at + std::min(left / lanes, most_rounds) * lanes;
    left -= static_cast<std::size_t>(end - at);
    for (; at != end; at += lanes) {
      std::memcpy(&bytes, at, lanes);
      count(bytes);
    }
    if (left < lanes) {
      bytes = Bytes{};
      std::memcpy(&bytes, at, left);
      count(bytes);
      left = 0;
    }
    std::array<std::uint64_t, lanes / sizeof(std::uint64_t)> words{};
    std::memcpy(words.data(), &found, lanes);
    // From bytes to pairs of bytes, which no sum of eight overflows.
    constexpr std::uint64_t low = 0x00FF'00FF'00FF'00FF;
    for (const std::uint64_t word : words)
      dense += (((word & low) + ((word >> 8) & low)) * 0x0001'0001'0001'0001) >> 48;
  }
  return dense;
}

std::size_t dense_anywhere(std::string_view text) noexcept { return dense_in<Lanes16>(text); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] std::size_t dense_wide(std::string_view text) noexcept {
  return dense_in<Lanes32>(text);
}
const auto dense_bytes = __builtin_cpu_supports("avx2") ? &dense_wide : &dense_anywhere;
#else
constexpr auto dense_bytes = &dense_anywhere;
#endif

}  // namespace

void Pass::count(std::string_view raw, std::size_t wide) noexcept {
  facts.text_bytes += raw.size();
  facts.wide_bytes += wide;
  facts.dense_bytes += dense_bytes(raw);
}

bool Pass::text(std::string_view param, JsonText& out) {
  if (scan.peek() != JsonType::string) return wrong_type(param, "a string");
  return scan.string(out);
}

bool Pass::counted_text(std::string_view param, JsonText& out) {
  if (!text(param, out)) return false;
  count(out.raw, out.wide);
  return true;
}

}  // namespace freellmapi::chat
