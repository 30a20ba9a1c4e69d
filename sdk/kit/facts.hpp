// What a provider says of itself in its manifest, as far as other checks need it. Lenient: the manifest's own
// checks say what is wrong with it.
#pragma once

#include <freellmapi/abi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace freellmapi::kit {

struct ModelFacts {
  std::string id, kind = "chat";
  std::uint32_t flags = 0;  ///< FREELLM_MODEL_...
  std::uint64_t context = 0, max_output = 0;
};

struct Facts {
  const freellm_provider* provider = nullptr;
  std::string id, wire = "openai";
  bool local = false;          ///< answers by itself
  bool keys_required = false;  ///< the manifest's word
  bool keys_possible = false;  ///< there is a `keys`
  std::string key_prefix;
  std::uint64_t key_min_length = 0;
  std::vector<ModelFacts> models;

  bool openai() const { return wire == "openai"; }
  /// The chat models, at most 24; one that can do everything when the manifest names none.
  std::vector<ModelFacts> chat_models() const;
};

Facts read_facts(const freellm_provider& provider);

}  // namespace freellmapi::kit
