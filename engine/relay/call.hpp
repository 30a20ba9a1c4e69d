// The canonical request in the ABI's words.
#pragma once

#include <freellmapi/abi.h>

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/request.hpp"
#include "policy/policy.hpp"

namespace freellmapi::relay {

/// A freellm_call and the member array it points to. Views into the request: the request must outlive it. Not
/// movable while `call` is in use.
class PluginCall {
 public:
  /// `max_output`: the most output tokens that may be asked for; 0: nothing bounds them.
  PluginCall(const chat::Request& request, const policy::Model& model, std::string_view upstream_name,
             std::uint64_t max_output, std::uint64_t seed);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  /// Drops the member of that name, or gives it a new one. False when the call has no such member.
  bool repair(std::string_view field, std::string_view rename);

  const freellm_call& get() const noexcept { return call_; }

 private:
  boost::container::small_vector<freellm_member, 8> members_;
  std::string renamed_;
  freellm_call call_{};
};

}  // namespace freellmapi::relay
