#include "base/keyed_hash.hpp"

#include <bit>
#include <cstddef>

namespace freellmapi::base {

namespace {

std::uint64_t little(const unsigned char* bytes, std::size_t count) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < count; ++i) out |= std::uint64_t{bytes[i]} << (8 * i);
  return out;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  [[gnu::always_inline]] void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  [[gnu::always_inline]] void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

State begun(std::uint64_t k0, std::uint64_t k1) noexcept {
  return {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL, k0 ^ 0x6c7967656e657261ULL,
          k1 ^ 0x7465646279746573ULL};
}

/// `last`: the bytes that fill no word.
[[gnu::always_inline]] inline std::uint64_t ended(State s, std::uint64_t last, std::size_t size) noexcept {
  s.take(last | std::uint64_t{size & 0xffU} << 56U);
  s.v2 ^= 0xffU;
  for (int i = 0; i < 4; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace

KeyedHash::KeyedHash(const Key& key) noexcept : k0_(little(key.data(), 8)), k1_(little(key.data() + 8, 8)) {}

std::uint64_t KeyedHash::operator()(std::string_view bytes) const noexcept {
  const auto* const at = reinterpret_cast<const unsigned char*>(bytes.data());
  State s = begun(k0_, k1_);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) s.take(little(at + i, 8));
  return ended(s, little(at + i, bytes.size() - i), bytes.size());
}

std::uint64_t KeyedHash::operator()(std::uint64_t value) const noexcept {
  State s = begun(k0_, k1_);
  s.take(value);
  return ended(s, 0, sizeof value);
}

}  // namespace freellmapi::base
