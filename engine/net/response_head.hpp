// Parses and judges the head of a provider's answer. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/body_decoder.hpp"
#include "net/exchange.hpp"
#include "net/inflator.hpp"

namespace freellmapi::net {

struct ResponsePlan {
  int status = 0;
  BodyPlan body;
  Coding coding = Coding::identity;
  bool keep_alive = false;
};

/// `bytes` is a whole head that HeadScan has passed. Names become lower case in place; the views in `fields`
/// point into `bytes`; hop-by-hop fields are left out. Returns what makes the answer untrustworthy, or an
/// empty view. `to_head`: the request was a HEAD.
std::string_view parse_response_head(std::string& bytes, bool to_head, std::vector<Field>& fields,
                                     ResponsePlan& plan);

}  // namespace freellmapi::net
