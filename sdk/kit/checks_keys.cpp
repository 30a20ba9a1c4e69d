// The shape of keys. The host shows a plugin eight characters and the length, never more.
#include <algorithm>

#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

freellm_status judge_of(const Facts& facts, std::string_view key) {
  const freellm_provider& p = *facts.provider;
  // A buffer of its own, so that a look behind the eight characters is seen.
  const std::string first(key.substr(0, 8));
  return inside("check_key_shape", [&] { return p.check_key_shape(&p, text(first), key.size()); });
}

void need(const Facts& facts, Judge& judge) {
  if (facts.provider->check_key_shape == nullptr) judge.skip("it takes keys of any shape");
}

std::string good_key(const Facts& facts) {
  std::string key = facts.key_prefix;
  const std::size_t length = std::max<std::size_t>(facts.key_min_length, 40);
  for (char c = 'a'; key.size() < length; c = c == 'y' ? 'a' : static_cast<char>(c + 1)) key += c;
  return key;
}

}  // namespace

void add_key_checks(std::vector<Check>& checks) {
  Group group(checks, "keys");
  group.each("lengths", "every length from 0 to 64 KiB has an answer", [](const Facts& f, Judge& j) {
    need(f, j);
    std::string key(65'536, 'k');
    constexpr std::size_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 64, 200, 4'096, 65'536};
    for (const std::size_t n : lengths) {
      const freellm_status status = judge_of(f, std::string_view(key).substr(0, n));
      j.expect(status == FREELLM_OK || status == FREELLM_E_INVALID,
               [&] { return "length " + std::to_string(n) + ": " + status_word(status); });
    }
  });
  group.each("bytes", "characters that no key has do no harm", [](const Facts& f, Judge& j) {
    need(f, j);
    for (int c = 0; c < 256; ++c) {
      const freellm_status status = judge_of(f, std::string(24, static_cast<char>(c)));
      j.expect(status == FREELLM_OK || status == FREELLM_E_INVALID, "another status than OK and E_INVALID");
    }
  });
  group.each("manifest", "a key with the manifest's prefix and length is one", [](const Facts& f, Judge& j) {
    need(f, j);
    if (f.key_prefix.empty()) j.skip("the manifest names no prefix, and shapes may be anything");
    const std::string key = good_key(f);
    j.expect(judge_of(f, key) >= 0, [&] {
      return "\"" + key.substr(0, 8) + "...\" of " + std::to_string(key.size()) + " is refused";
    });
  });
  group.each("empty", "an empty key is none", [](const Facts& f, Judge& j) {
    need(f, j);
    j.expect(judge_of(f, "") < 0, "it is taken");
  });
  group.each("same", "the same key has the same answer every time", [](const Facts& f, Judge& j) {
    need(f, j);
    for (const std::string& key : {good_key(f), std::string("short"), std::string(100, 'x')}) {
      const freellm_status first = judge_of(f, key);
      for (int i = 0; i < 20; ++i) j.expect(judge_of(f, key) == first, "the answer changes");
    }
  });
}

}  // namespace freellmapi::kit
