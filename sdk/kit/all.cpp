#include "kit/checks.hpp"

namespace freellmapi::kit {

std::vector<Check> all_checks() {
  std::vector<Check> checks;
  add_abi_checks(checks);
  add_minor_checks(checks);
  add_manifest_checks(checks);
  add_quota_checks(checks);
  add_key_checks(checks);
  add_request_checks(checks);
  add_stream_checks(checks);
  add_fixture_checks(checks);
  add_local_checks(checks);
  add_endpoint_checks(checks);
  add_error_checks(checks);
  add_limit_checks(checks);
  add_garbage_checks(checks);
  add_memory_checks(checks);
  add_state_checks(checks);
  add_secret_checks(checks);
  return checks;
}

}  // namespace freellmapi::kit
