// A provider's own words on their way to a client.
#pragma once

#include <string>
#include <string_view>

#include "base/redact.hpp"

namespace freellmapi::relay {

/// The sentence without keys, links, e-mail addresses and ids of accounts, organisations, projects and users,
/// as printable text of at most 400 characters. "" stays "".
std::string told_sentence(std::string_view said, const base::Redactor& redactor);

}  // namespace freellmapi::relay
