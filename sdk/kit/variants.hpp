// The same answer, sent otherwise: what a parser must not notice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kit/cases.hpp"

namespace freellmapi::kit {

struct Variant {
  std::string name;
  std::string body;
  std::vector<std::size_t> cuts;  ///< where the bytes are cut
};

/// Those of one aspect (whole to no_space) that make sense for the answer and are not skipped. "every-cut" is
/// one entry per place. REQUIRES: the fixture has an answer.
std::vector<Variant> variants(const Fixture& fixture, Aspect aspect);
/// The same of an answer that is no fixture's.
std::vector<Variant> variants(const Answer& answer, Aspect aspect);
std::vector<std::string_view> pieces(const Variant& variant);
/// The body without its [DONE], or nothing when it has none.
std::optional<std::string> without_done(const std::string& body);

inline constexpr std::size_t every_cut_limit = 16 * 1024;

}  // namespace freellmapi::kit
