#include "kit/random.hpp"

#include <algorithm>

namespace freellmapi::kit {
namespace {

constexpr std::string_view words[] = {"\n\n",
                                      "\r",
                                      "data: ",
                                      "data:",
                                      "[DONE]",
                                      "null",
                                      "{}",
                                      "[]",
                                      "\"",
                                      "\\u0000",
                                      "\\ud83d",
                                      "\xFF",
                                      "\xC3",
                                      "1e999",
                                      "-1",
                                      "true",
                                      "{\"error\":",
                                      "\"choices\":[",
                                      "\"delta\":",
                                      "\"usage\":{",
                                      "\"tool_calls\":[{",
                                      "\"index\":4294967295",
                                      "\"finish_reason\":\"stop\"",
                                      "<think>",
                                      "</think>",
                                      ":",
                                      ",",
                                      "event: error\n",
                                      "99999999999999999999",
                                      std::string_view("\0", 1)};

}  // namespace

std::uint64_t Random::next() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return state_ * 0x2545F4914F6CDD1Dull;
}

std::string Random::bytes(std::size_t n) {
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(next() >> 56);
  return out;
}

std::string mutated(Random& random, std::string s, std::string_view other) {
  constexpr std::size_t most = 256 * 1'024;
  for (std::size_t changes = 1 + random.below(8); changes > 0; --changes) {
    const std::size_t at = random.below(s.size() + 1), n = std::min(random.below(64), s.size() - at);
    switch (random.below(7)) {
      case 0:
        if (at < s.size())
          s[at] = static_cast<char>(static_cast<unsigned char>(s[at]) ^ (1u << random.below(8)));
        break;
      case 1:
        s.erase(at, n);
        break;
      case 2:
        if (s.size() < most) s.insert(at, std::string(s, at, n));
        break;
      case 3:
        s.insert(at, words[random.below(std::size(words))]);
        break;
      case 4:
        s.resize(at);
        break;
      case 5:
        s.insert(at, random.bytes(random.below(16)));
        break;
      default:
        if (!other.empty() && s.size() < most) s.insert(at, other.substr(random.below(other.size()), 200));
    }
  }
  return s;
}

std::vector<std::string_view> cut(Random& random, std::string_view body) {
  std::vector<std::string_view> pieces;
  for (std::size_t left = random.below(5); left > 0 && body.size() > 1; --left) {
    const std::size_t n = 1 + random.below(body.size() - 1);
    pieces.push_back(body.substr(0, n));
    body.remove_prefix(n);
  }
  if (!body.empty()) pieces.push_back(body);
  return pieces;
}

}  // namespace freellmapi::kit
