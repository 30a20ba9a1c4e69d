// Calls a provider's table as the host does and writes down what came out, in the words of the fixture files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kit/fixture.hpp"

namespace freellmapi::kit {

/// What a parser made of an answer; neighbouring pieces of one kind are joined.
struct Parsed {
  std::string end;  ///< "ok" or the status
  json::array events;
  bool finished = false;
};

/// Feeds the pieces in order, then ends the body.
Parsed parse(const freellm_provider& provider, const Fixture& fixture, const Answer& answer,
             const std::vector<std::string_view>& pieces);

/// The answer of a provider with the extension "freellm.local/1"; throws when it has none.
Parsed answer_locally(const freellm_provider& provider, const Fixture& fixture);

/// {"method","path","headers","credential","body","output_bound","pieces"} or {"error"}.
json::object build(const freellm_provider& provider, const Fixture& fixture);

/// {"method","path","headers","credential"}; null when the provider has none.
json::value probe(const freellm_provider& provider);

json::object classify(const freellm_provider& provider, const Fixture& fixture, const Answer& answer);
json::array read_limits(const freellm_provider& provider, const Fixture& fixture, const Answer& answer);

}  // namespace freellmapi::kit
