#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>

#include "fixture.hpp"
#include "policy/document.hpp"

namespace freellmapi::policy::test {
namespace {

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + piece.size());
  while (out.size() < bytes) out += piece;
  return out;
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Hostile texts; each must be refused within a second and 64 MiB.
struct Hostile {
  std::string name;
  std::string (*text)();
  std::string said;  ///< the beginning of the first diagnostic
  friend void PrintTo(const Hostile& each, std::ostream* out) { *out << each.name; }
};

class HostileText : public testing::TestWithParam<Hostile> {};

TEST_P(HostileText, IsRefusedInASecondAndSixtyFourMebibytes) {
  const std::string text = GetParam().text();
  const long before = peak_kib();
  const std::clock_t start = std::clock();  // the processor's time: the machine may be busy
  const Outcome outcome = House{}(text);
  const std::clock_t took = std::clock() - start;
  EXPECT_EQ(outcome.policy, nullptr);
  ASSERT_FALSE(outcome.diagnostics.empty());
  EXPECT_EQ(outcome.diagnostics.front().text().substr(0, GetParam().said.size()), GetParam().said);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(took, CLOCKS_PER_SEC);
  EXPECT_LT(peak_kib() - before - static_cast<long>(text.size() / 1024), 64 * 1024);
#else
  (void)took;
  (void)before;
#endif
}

const std::vector<Hostile> hostile{
    {"alias_bomb",
     [] {
       std::string text = "a0: &a0 [x, x]\n";
       for (int i = 1; i < 30; ++i) {
         const std::string last = "*a" + std::to_string(i - 1);
         text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
       }
       return text;
     },
     "p.yaml:1:1: "},
    {"alias_loop", [] { return std::string("a: &a [*a]\n"); }, "p.yaml:1:1: "},
    {"fifty_megabytes", [] { return repeated("a: b\n", 50 << 20); }, "p.yaml: the file is larger than 1 MiB"},
    {"deep_brackets", [] { return std::string(100'000, '['); },
     "p.yaml:1:50001: too many brackets and commas"},
    {"brackets", [] { return std::string(1000, '['); }, "p.yaml:1:33: nested deeper than 64 levels"},
    {"braces", [] { return repeated("{a: ", 1000); }, "p.yaml:1:253: nested deeper than 64 levels"},
    {"dashes", [] { return repeated("- ", max_text_bytes); }, "p.yaml:1:129: nested deeper than 64 levels"},
    {"question_marks", [] { return repeated("? ", max_text_bytes - 2); }, "p.yaml:1:129: nested deeper"},
    {"deep_block",
     [] {
       std::string text;
       for (std::size_t i = 0; i < 1000; ++i) text += std::string(i, ' ') + "a:\n";
       return text;
     },
     "p.yaml:65:65: nested deeper than 64 levels"},
    {"wide_flow", [] { return "a: [" + repeated("b,", max_text_bytes - 8) + "]"; }, "p.yaml:1:"},
    {"many_lines",
     [] {
       std::string text;
       for (int i = 0; i < 60'000; ++i) text += "k" + std::to_string(i) + ": v\n";
       return text;
     },
     "p.yaml:10000:8: too many values in the file"},
    {"one_word", [] { return std::string(max_text_bytes, 'a'); }, "p.yaml:1:1: expected a mapping"},
    {"long_key", [] { return std::string(900, 'a') + ": 1\n"; }, "p.yaml:1:1: "},
    {"only_colons", [] { return std::string(max_text_bytes, ':'); }, "p.yaml:1:"},
    {"only_quotes", [] { return std::string(max_text_bytes, '\''); }, "p.yaml:1:1: "},
    {"open_quote", [] { return "\"" + std::string(max_text_bytes - 1, 'a'); }, "p.yaml:1:"},
    {"directives", [] { return repeated("%a\n", max_text_bytes - 3); }, "p.yaml:1:1: "},
    {"anchors", [] { return repeated("- &a\n", max_text_bytes - 5); }, "p.yaml:1:3: anchors"},
    {"not_utf8", [] { return std::string("version: 1\nchain: [\xc3\x28]\n"); },
     "p.yaml:2:9: the file is not UTF-8"},
    {"utf16",
     [] {
       return std::string(
           "\xff\xfe"
           "v\0",
           4);
     },
     "p.yaml:1:1: the file is not UTF-8"},
    {"nul", [] { return std::string("version: 1\n\0", 12); }, "p.yaml:2:1: control characters"},
    {"end_of_transmission", [] { return std::string("version: 1\n\x04 chain: [groq]\n"); },
     "p.yaml:2:1: control characters"},
};

INSTANTIATE_TEST_SUITE_P(Policy, HostileText, testing::ValuesIn(hostile),
                         [](const auto& each) { return each.param.name; });

TEST(Document, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(faults("\xef\xbb\xbfversion: 1\nchain: [groq]\n"), "");
}

TEST(Document, MayHaveWindowsLineEnds) { EXPECT_EQ(faults("version: 1\r\nchain:\r\n  - groq\r\n"), ""); }

}  // namespace
}  // namespace freellmapi::policy::test
