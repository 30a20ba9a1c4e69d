// What the client has of an answer whose leg broke off, and how another leg is asked to go on with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "chat/event.hpp"
#include "chat/json_prefix.hpp"
#include "chat/request.hpp"
#include "chat/seam.hpp"
#include "policy/policy.hpp"
#include "relay/attempts.hpp"
#include "relay/encoder.hpp"

namespace freellmapi::relay {

/// The legs so far, added up.
struct Before {
  std::string text;   ///< what the client has; not blank, or empty: then the next leg answers afresh
  chat::Usage usage;  ///< theirs, where one gave something
  std::optional<chat::JsonPrefix> json;  ///< in a JSON mode: what `text` can still become
};

/// One per request, made when its first leg breaks off.
struct Continuation {
  /// Further legs, and for how long after the cut one may begin: the budget of the time before the first
  /// token may be over by then.
  static constexpr unsigned most_legs = 3;
  /// Of more text another model is not asked to read.
  static constexpr std::size_t most_text = std::size_t{1} << 20;
  /// A shorter beginning of an answer may be continued by the very same characters: the anchor tells.
  static constexpr std::size_t straight_from = 24;

  Before before;
  Failure told;  ///< to the client, when nobody goes on
  base::Instant no_leg_after{};
  std::size_t cut_lane = 0;                   ///< whose leg broke off
  bool came_back = false;                     ///< it has been asked again, for want of others
  std::optional<Action> again;                ///< the same lane, asked another way
  std::vector<policy::ModelIndex> reluctant;  ///< models that refused to go on straight

  // Of the leg in progress.
  chat::Going how = chat::Going::anchored;
  std::optional<chat::Request> request;

  chat::Going going(policy::ModelIndex index, const policy::Model& model) const {
    const bool straight = model.prefill && before.text.size() >= straight_from &&
                          std::find(reluctant.begin(), reluctant.end(), index) == reluctant.end();
    return straight ? chat::Going::straight : chat::Going::anchored;
  }
};

}  // namespace freellmapi::relay
