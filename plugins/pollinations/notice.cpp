#include "notice.hpp"

#include <algorithm>
#include <freellmapi/json.hpp>
#include <iterator>
#include <utility>

namespace freellmapi::pollinations {
namespace {

struct Opening {
  std::string_view words;
  int status;
};
// How the notices begin, and the status they were made from.
constexpr Opening openings[] = {
    {"The account behind this API key doesn't have enough credits.", 402},
    {"The API key used for this request has reached its budget.", 402},
    {"The API key used for this request only spends Quest Pollen", 402},
    {"The API key used for this request isn't allowed to use ", 403},
};

const Opening* opening_of(std::string_view text) noexcept {
  const auto found = std::find_if(std::begin(openings), std::end(openings),
                                  [&](const Opening& o) { return text.starts_with(o.words); });
  return found == std::end(openings) ? nullptr : found;
}

}  // namespace

bool may_be_notice(std::string_view text) noexcept {
  return std::any_of(std::begin(openings), std::end(openings),
                     [&](const Opening& o) { return o.words.starts_with(text.substr(0, o.words.size())); });
}

bool is_notice(std::string_view text) noexcept {
  return opening_of(text) != nullptr && text.find("](http") != text.npos;
}

std::string notice_as_error(std::string_view text) {
  const Opening* const opening = opening_of(text);
  const int status = opening == nullptr ? 402 : opening->status;
  boost::json::object error{{"code", status == 403 ? "FORBIDDEN" : "PAYMENT_REQUIRED"}, {"message", text}};
  return boost::json::serialize(boost::json::object{{"status", status}, {"error", std::move(error)}});
}

}  // namespace freellmapi::pollinations
