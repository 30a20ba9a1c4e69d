// Parses and judges the head of a provider's answer. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "net/body_decoder.hpp"
#include "net/exchange.hpp"
#include "net/inflator.hpp"

namespace freellmapi::net {

struct ResponsePlan {
  int status = 0;
  std::size_t head_size = 0;  ///< with the empty line
  BodyPlan body;
  Coding coding = Coding::identity;
  bool keep_alive = false;
};

/// `bytes` begin with a head. Names become lower case in place; the views in `fields` point into `bytes`;
/// hop-by-hop fields are left out. Returns what makes the answer untrustworthy, or an empty view; a head that
/// is not whole is not told from one that is wrong. `to_head`: the request was a HEAD.
std::string_view parse_response_head(std::span<char> bytes, bool to_head, std::vector<Field>& fields,
                                     ResponsePlan& plan);

}  // namespace freellmapi::net
