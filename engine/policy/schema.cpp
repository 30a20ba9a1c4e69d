#include "policy/compile.hpp"

namespace freellmapi::policy {

std::string schema() { return "{}"; }

}  // namespace freellmapi::policy
