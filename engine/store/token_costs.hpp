// What tokens were billed at, learned per family of models and shape of input, over restarts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/sqlite.hpp"

namespace freellmapi::store {

struct TokenCostRow {
  std::uint64_t family = 0;  ///< a hash
  std::uint32_t cell = 0;
  std::uint64_t learned = 0;  ///< the learner's own word, as it was given
};

/// At most `most`.
base::Result<std::vector<TokenCostRow>> read_token_costs(Database& database, std::size_t most);
/// One transaction.
base::Result<void> write_token_costs(Database& database, std::span<const TokenCostRow> rows);

}  // namespace freellmapi::store
