#include "cli/unified_key.hpp"

#include <openssl/rand.h>

#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/files.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::string_view prefix = "freellmapi-";

base::Result<base::Secret> checked(std::string value, const std::string& where) {
  if (!value.starts_with(prefix) || value.size() < 24 || value.size() > 256) {
    return base::Error{base::Errc::invalid_argument,
                       "the unified key must begin with freellmapi- and have 24 to 256 characters", where};
  }
  for (const char c : value) {
    if (c <= 0x20 || c >= 0x7f) {
      return base::Error{base::Errc::invalid_argument,
                         "the unified key holds a character that no header can carry", where};
    }
  }
  return base::Secret(std::move(value));
}

}  // namespace

base::Result<base::Secret> unified_key(const std::filesystem::path& data) {
  std::vector<std::string> problems;
  if (auto set = environment("FREELLMAPI_KEY", &problems)) return checked(std::move(*set), "FREELLMAPI_KEY");
  // Clients hold the key in that file: making another one instead would lock them out.
  if (!problems.empty()) return base::Error{base::Errc::io, problems.front()};

  const std::filesystem::path file = data / "unified.key";
  std::error_code ec;
  if (std::filesystem::exists(file, ec)) {
    auto text = read_file(file, 4096);
    if (!text) return text.error();
    return checked(std::string(base::trim(*text)), "unified.key");
  }
  std::array<unsigned char, 24> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return base::Error{base::Errc::internal, "the system gave no random bytes for the unified key"};
  }
  static constexpr char hex[] = "0123456789abcdef";
  std::string value{prefix};
  for (const unsigned char byte : random) {
    value += hex[byte >> 4];
    value += hex[byte & 15];
  }
  if (auto written = write_private_file(file, value + "\n"); !written) return written.error();
  return base::Secret(std::move(value));
}

}  // namespace freellmapi::cli
