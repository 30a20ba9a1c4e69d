// Two legs of one request beside each other, before either has a token.
#pragma once

#include <optional>

#include "net/beside.hpp"
#include "relay/leg.hpp"

namespace freellmapi::relay {

/// A leg is late when this share of its model's streams had their first token sooner.
inline constexpr double hedge_share = 0.9;

/// Lives in the frame of Run::race, which joins the second leg. Each leg is in the frame of its own attempt;
/// Run::under_way_ has them. Neither may encode before one has won.
struct Run::Race {
  Race(net::Core& core, Run& run)
      : second(core, &run, [](void* owner) { return static_cast<Run*>(owner)->second_leg(); }) {}

  net::Beside second;
  std::optional<End> second_end;  ///< nothing: it has not begun, or is under way
  bool won = false;
};

}  // namespace freellmapi::relay
