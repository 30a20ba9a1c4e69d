#include "net/address.hpp"

#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace freellmapi::net {

namespace {

struct Block {
  std::uint32_t network, bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr bool inside(std::uint32_t address, Block block) {
  return (address ^ block.network) >> (32 - block.bits) == 0;
}

constexpr std::array<Block, 5> never_v4 = {{{ipv4(169, 254, 0, 0), 16},
                                            {ipv4(100, 100, 100, 200), 32},
                                            {ipv4(224, 0, 0, 0), 4},
                                            {ipv4(240, 0, 0, 0), 4},
                                            {ipv4(192, 0, 0, 192), 32}}};
constexpr std::array<Block, 6> local_v4 = {{{ipv4(127, 0, 0, 0), 8},
                                            {ipv4(10, 0, 0, 0), 8},
                                            {ipv4(172, 16, 0, 0), 12},
                                            {ipv4(192, 168, 0, 0), 16},
                                            {ipv4(100, 64, 0, 0), 10},
                                            {ipv4(0, 0, 0, 0), 8}}};

Reach reach_of_v4(std::uint32_t address) noexcept {
  for (const Block block : never_v4) {
    if (inside(address, block)) return Reach::never;
  }
  for (const Block block : local_v4) {
    if (inside(address, block)) return Reach::local;
  }
  return Reach::everywhere;
}

Reach reach_of_v6(const boost::asio::ip::address_v6& address) noexcept {
  if (address.is_loopback() || address.is_unspecified()) return Reach::local;
  const auto bytes = address.to_bytes();
  const auto begins = [&](std::initializer_list<unsigned> prefix) {
    std::size_t at = 0;
    for (const unsigned byte : prefix) {
      if (bytes[at++] != byte) return false;
    }
    return true;
  };
  if (address.is_link_local() || address.is_multicast() || address.is_v4_mapped()) return Reach::never;
  if (begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) return Reach::never;  // IPv4-compatible
  if (begins({0x00, 0x64, 0xff, 0x9b})) return Reach::never;              // NAT64, well-known and local
  if (begins({0x20, 0x02})) return Reach::never;                          // 6to4
  if (begins({0x20, 0x01, 0x00, 0x00})) return Reach::never;              // Teredo
  if (begins({0xfe, 0xc0})) return Reach::never;                          // the old site-local
  if (begins({0xfd, 0x00, 0x0e, 0xc2})) return Reach::never;              // a cloud's own services
  return (bytes[0] & 0xfe) == 0xfc ? Reach::local : Reach::everywhere;
}

}  // namespace

Reach reach_of(const boost::asio::ip::address& address) noexcept {
  return address.is_v4() ? reach_of_v4(address.to_v4().to_uint()) : reach_of_v6(address.to_v6());
}

bool is_forbidden_name(std::string_view host) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view metadata = "metadata";
  if (host.size() < metadata.size() ||
      !base::equal_ignoring_case(host.substr(0, metadata.size()), metadata)) {
    return false;
  }
  return host.size() == metadata.size() || host[metadata.size()] == '.';
}

}  // namespace freellmapi::net
