#include "quota/identity.hpp"

#include <array>

#include "base/ids.hpp"

namespace freellmapi::quota {
namespace {

constexpr std::string_view second_seed = "freellmapi ledger identity";
constexpr std::string_view separator{"\0", 1};  // so that "ab" + "c" is not "a" + "bc"

}  // namespace

Identity::Identity(std::string_view kind) : high(base::fnv1a(second_seed)), low(base::fnv1a({})) {
  with(kind);
}

Identity& Identity::with(std::string_view part) {
  high = base::fnv1a(separator, base::fnv1a(part, high));
  low = base::fnv1a(separator, base::fnv1a(part, low));
  return *this;
}

Identity& Identity::with(std::uint64_t part) {
  std::array<char, 8> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(part & 0xFFu);
    part >>= 8;
  }
  return with(std::string_view{bytes.data(), bytes.size()});
}

Identity identity_of(const Identity& owner, const policy::Rule& rule, unsigned repeat) {
  Identity id = owner;
  id.with("rule").with(static_cast<std::uint64_t>(rule.of)).with(rule.own_unit);
  id.with(static_cast<std::uint64_t>(rule.per)).with(static_cast<std::uint64_t>(rule.length.count()));
  id.with(static_cast<std::uint64_t>(rule.scope)).with(static_cast<std::uint64_t>(rule.reset));
  id.with(rule.zone).with(static_cast<std::uint64_t>(rule.at.count())).with(rule.pool);
  return id.with(repeat);
}

}  // namespace freellmapi::quota
