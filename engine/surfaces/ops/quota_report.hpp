// Every counter of the ledger as JSON. Pure.
#pragma once

#include <string>

#include "quota/ledger.hpp"

namespace freellmapi::surfaces {

/// {"at","policy_version","counters":[...],"cooldowns":[...],"month":{...}}
std::string quota_report(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now);

}  // namespace freellmapi::surfaces
