// Compares what fixtures expect with what came out. Each function gives the first difference, "" when there
// is none.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace freellmapi::kit {

namespace json = boost::json;

/// Same values; 1 and 1.0 are the same, members in any order.
bool same(const json::value& a, const json::value& b);
/// Every member that `expected` names has that value; message_contains looks into the message.
std::string differs_in(const json::object& expected, const json::object& actual);
std::string differs_in_events(const json::array& expected, const json::array& actual);
/// `part` is a beginning of `whole`: the last text may be cut.
bool begins(const json::array& part, const json::array& whole);

}  // namespace freellmapi::kit
