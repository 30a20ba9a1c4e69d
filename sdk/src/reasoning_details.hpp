// The reasoning_details of a gateway's answer, on their way through a client that knows nothing of them: they
// travel with the first tool call of the answer and go back to the model that made them.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Of one answer. What grows over the bound is given up: models do without.
class ReasoningDetails {
 public:
  static constexpr std::size_t max_bytes = std::size_t{256} << 10;

  explicit ReasoningDetails(std::string_view model) : model_(model) {}
  /// One frame's list; the pieces of one text become one.
  void add(const boost::json::array& pieces);
  /// {"gateway":{"model","reasoning_details"}}, once; "" when there is nothing to keep.
  std::string take();

 private:
  void add(const boost::json::object& piece);

  std::string model_;
  boost::json::array list_;
  std::size_t bytes_ = 0;
};

/// What an earlier answer of `model` kept in a message; null when there is none.
boost::json::value kept_details(const boost::json::object& message, std::string_view model);

}  // namespace freellmapi::sdk
