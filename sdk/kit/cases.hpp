// One fixture folder, run through a plugin: what README.md promises about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kit/fixture.hpp"

namespace freellmapi::kit {

/// What a folder shows, each judged by itself.
enum class Aspect {
  request,
  probe,
  keys,
  whole,  ///< the answer in one piece, or from a local provider
  byte_by_byte,
  every_cut,
  crlf,
  cr,
  comments,
  no_space,
  no_done,
  truncated,
  outcome,
  limits,
  answer  ///< of an endpoint beside chat
};
inline constexpr Aspect all_aspects[] = {
    Aspect::request,   Aspect::probe,     Aspect::keys,    Aspect::whole,    Aspect::byte_by_byte,
    Aspect::every_cut, Aspect::crlf,      Aspect::cr,      Aspect::comments, Aspect::no_space,
    Aspect::no_done,   Aspect::truncated, Aspect::outcome, Aspect::limits,   Aspect::answer};

/// Does the folder say anything about it?
bool shows(const Fixture& fixture, Aspect aspect);
/// The faults; none: it is as it should be. Throws std::exception when the plugin or the fixture makes no
/// sense at all.
std::vector<std::string> run_case(const freellm_provider& provider, const Fixture& fixture, Aspect aspect);
/// The provider that the folder is about; nullptr: the plugin has none of this id.
const freellm_provider* provider_of(const Fixture& fixture,
                                    const std::vector<const freellm_provider*>& providers);

}  // namespace freellmapi::kit
